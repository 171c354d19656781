/** Who may be a peer: the checks of a fetched manifest. wire-format.md section 17; IDN-063 to IDN-067. */

import {
  type CapabilityEntry,
  isNodeId,
  isObject,
  type Json,
  type JsonObject,
  parseTimestamp,
  parseVersion,
  verifyDocument,
} from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";

/** Entries of one manifest that are read; more are left out. */
const MAX_ENTRIES = 500;
/** Longest capability name that is kept. */
const MAX_NAME = 200;

/** What routing needs of an admitted peer. */
export interface PeerManifest {
  readonly nodeId: string;
  readonly entries: readonly CapabilityEntry[];
}

export type Admission =
  | { readonly ok: true; readonly manifest: PeerManifest }
  | { readonly ok: false; readonly reason: AdmissionRefusal };

export type AdmissionRefusal =
  | "malformed"
  | "self"
  | "invalid_signature"
  | "expired"
  | "foreign_community"
  | "no_member"
  | "revoked";

type AdmissionCore = Pick<NodeCore, "rules" | "community" | "communityId" | "identity" | "clock">;

/** Checks a fetched manifest; `known` tells whether the peer was admitted before. */
export function admit(core: AdmissionCore, document: Json, known: (nodeId: string) => boolean): Admission {
  const { rules, community, communityId, identity, clock } = core;
  if (!isObject(document)) return refuse("malformed");
  const { node_id: nodeId, capabilities } = document;
  if (!isNodeId(nodeId) || !Array.isArray(capabilities)) return refuse("malformed");
  if (nodeId === identity.id) return refuse("self");
  const signatureMatters = known(nodeId) ? rules.peerKeyPinned : rules.peerSignatureChecked;
  if (signatureMatters && !verifyDocument(nodeId, document)) return refuse("invalid_signature");
  const expires = parseTimestamp(document["expires_at"]);
  if (rules.peerExpiryChecked && (expires === undefined || expires <= clock.wall())) return refuse("expired");
  if (rules.peerCommunityChecked && document["community_id"] !== communityId) return refuse("foreign_community");
  if (community.isRevoked(nodeId)) return refuse("revoked");
  if (rules.peerMembershipChecked && !community.isMember(nodeId)) return refuse("no_member");
  const entries = capabilities.slice(0, MAX_ENTRIES).map(entryOf).filter((entry) => entry !== undefined);
  return { ok: true, manifest: { nodeId, entries } };
}

function refuse(reason: AdmissionRefusal): Admission {
  return { ok: false, reason };
}

/** A usable entry; anything else in the list is left out. */
function entryOf(value: Json): CapabilityEntry | undefined {
  if (!isObject(value)) return undefined;
  const { name, version, max_concurrent: limit } = value;
  if (typeof name !== "string" || name.length > MAX_NAME) return undefined;
  if (typeof version !== "string" || parseVersion(version) === undefined) return undefined;
  if (typeof limit !== "number" || !Number.isSafeInteger(limit) || limit < 1) return undefined;
  return {
    name,
    version,
    stability: String(value["stability"]),
    schema_hash: String(value["schema_hash"]),
    params: isObject(value["params"]) ? value["params"] as JsonObject : {},
    max_concurrent: limit,
  };
}
