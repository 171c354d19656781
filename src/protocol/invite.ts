/** Invitation blobs. CONTRACT §4.17; M13 §3.1; wire-format.md section 10. */

import { base64url, fromBase64url } from "./bytes.ts";
import { canonicalBytes } from "./canonical.ts";
import { type Identity, signDocument } from "./keys.ts";
import { isObject, type JsonObject, parseJson } from "./json.ts";

/** Both spellings readers accept; the first is the contract's. */
export const INVITE_PREFIXES = ["ed25519:", "hearthnet://v1/"] as const;
/** Default life of an invitation, in seconds. */
export const INVITE_TTL_SECONDS = 86_400;

/** Signs the document as the inviter and encodes it. */
export function encodeInvite(
  inviter: Identity,
  document: JsonObject,
  prefix: (typeof INVITE_PREFIXES)[number] = INVITE_PREFIXES[0],
): string {
  return prefix + base64url(canonicalBytes(signDocument(inviter, document)));
}

/**
 * Decodes an invitation in either spelling; its signature is not checked.
 *
 * @throws {SyntaxError} If prefix, base64url or JSON is wrong.
 */
export function decodeInvite(blob: string): JsonObject {
  const prefix = INVITE_PREFIXES.find((p) => blob.startsWith(p));
  if (prefix === undefined) throw new SyntaxError("Cannot decode invitation: unknown prefix");
  const value = parseJson(fromBase64url(blob.slice(prefix.length)));
  if (!isObject(value)) throw new SyntaxError("Cannot decode invitation: it is no object");
  return value;
}
