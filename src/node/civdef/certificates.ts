/** Role certificates: what makes one valid, and who may use it. wire-format-experimental.md section 6. */

import { type JsonObject, parseTimestamp, tryParseJson, verifyDocument } from "../../protocol/mod.ts";
import { isObject } from "../../protocol/mod.ts";
import { type Call, type NodeCore, NodeError } from "../core.ts";
import type { CivdefStore } from "./store.ts";

/** Headers of every civdef call, as the request reader keys them. */
export const ROLE_HEADER = "x-hearthnet-civdef-role";
export const CERT_HEADER = "x-hearthnet-civdef-role-cert";
/** A certificate is a small document; anything larger is something else. */
const MAX_CERTIFICATE_BYTES = 16_384;

/** A certificate that was checked. */
export interface RoleCertificate {
  readonly holder: string;
  readonly role: string;
  readonly region: string;
  readonly scopes: readonly string[];
  readonly expires_at: string;
  readonly cid: string;
}

const invalid = (message: string) => new NodeError("civdef_cert_invalid", message);

/**
 * Checks a certificate document by itself: form, signature, trust root, expiry, region.
 *
 * @throws {NodeError} The first check that fails.
 */
export function checkCertificate(core: NodeCore, cid: string, document: JsonObject | undefined): RoleCertificate {
  if (document === undefined) {
    throw new NodeError("civdef_role_invalid", "Cannot use the certificate: it is no document");
  }
  const { holder, role, region, issuer, expires_at, scopes } = document;
  if (
    typeof holder !== "string" || typeof role !== "string" || typeof region !== "string" ||
    typeof issuer !== "string" || typeof expires_at !== "string" || !Array.isArray(scopes)
  ) {
    throw invalid("Cannot use the certificate: a member is missing or has another form");
  }
  if (!verifyDocument(issuer, document)) throw invalid("Cannot use the certificate: its signature is wrong");
  if (issuer !== core.options.root.id) {
    throw new NodeError("civdef_cert_unrecognised", "Cannot use the certificate: its issuer is no trust root");
  }
  const expires = parseTimestamp(expires_at);
  if (expires === undefined || expires <= core.clock.wall()) {
    throw invalid("Cannot use the certificate: it has expired");
  }
  if (!core.rules.regionCovers(core.rules.civdefAuthority, region)) {
    throw new NodeError("civdef_region_unsupported", `Cannot use the certificate: there is no adapter for its region`);
  }
  return { holder, role, region, expires_at, cid, scopes: scopes.filter((scope) => typeof scope === "string") };
}

/** A certificate document by the CID of its blob. @throws {NodeError} `not_found`. */
export function certificateBlob(core: NodeCore, cid: string): JsonObject | undefined {
  const blob = core.blobs.blob(cid);
  if (blob === undefined) throw new NodeError("not_found", "Cannot use the certificate: there is no such blob");
  if (blob.size_bytes > MAX_CERTIFICATE_BYTES) return undefined;
  const bytes = core.blobs.read(cid);
  const value = bytes === undefined ? undefined : tryParseJson(bytes);
  return isObject(value) ? value : undefined;
}

/**
 * The role a call is made in, from its headers: both there, certificate registered, still valid, of the caller, of that
 * role, with the scope.
 *
 * @throws {NodeError} The first check that fails.
 */
export function requireRole(core: NodeCore, store: CivdefStore, call: Call, scope: string): RoleCertificate {
  const role = call.headers?.get(ROLE_HEADER);
  const cid = call.headers?.get(CERT_HEADER);
  if (role === undefined || cid === undefined) {
    throw new NodeError("civdef_audit_required", "Cannot act for civil defence: the role headers are missing");
  }
  const document = store.certificate(cid);
  if (document === undefined) {
    throw new NodeError("civdef_role_invalid", "Cannot act for civil defence: the certificate is not registered");
  }
  const certificate = checkCertificate(core, cid, document);
  if (certificate.holder !== call.caller) {
    throw new NodeError("civdef_cert_not_owned", "Cannot act for civil defence: the certificate is another's");
  }
  if (certificate.role !== role) {
    throw new NodeError("civdef_role_invalid", "Cannot act for civil defence: the certificate is for another role");
  }
  if (!certificate.scopes.includes(scope)) {
    throw new NodeError("civdef_cert_out_of_scope", `Cannot act for civil defence: the certificate lacks ${scope}`);
  }
  return certificate;
}
