/** The signed call. CONTRACT §5.1, §5.2; wire-format.md sections 5 and 6. */

import { utf8Briefly } from "./bytes.ts";
import { canonicalBytes, canonicalize } from "./canonical.ts";
import { type Identity, signText, verifyText } from "./keys.ts";
import type { Json } from "./json.ts";

/** What a call signature covers. */
export interface CallEnvelope {
  readonly capability: string;
  readonly version: string;
  readonly request_id: string;
  readonly from: string;
  readonly community: string;
  readonly timestamp: string;
  readonly body: Json;
}

/** Request headers of a call in the order they are sent. */
export const CALL_HEADERS = {
  capability: "X-HearthNet-Capability",
  version: "X-HearthNet-Capability-Version",
  request_id: "X-HearthNet-Request-Id",
  from: "X-HearthNet-From",
  community: "X-HearthNet-Community",
  timestamp: "X-HearthNet-Timestamp",
  signature: "X-HearthNet-Signature",
  token: "X-HearthNet-Token",
} as const;

/** Members of an envelope; their order is the canonical one. */
const MEMBERS = ["body", "capability", "community", "from", "request_id", "timestamp", "version"] as const;

/**
 * Signs the canonical envelope.
 *
 * @param body Canonical text of `envelope.body`, for callers that send it as well.
 */
export function signCall(identity: Identity, envelope: CallEnvelope, body = canonicalize(envelope.body)): string {
  return signText(identity, utf8Briefly(canonicalCall(envelope, body)));
}

/** The envelope as canonical text: its members are known, so that nothing needs sorting. */
function canonicalCall(envelope: CallEnvelope, body: string): string {
  if (Object.keys(envelope).length !== MEMBERS.length) return canonicalize({ ...envelope });
  const { capability, community, from, request_id, timestamp, version } = envelope;
  return `{"body":${body},"capability":${canonicalize(capability)},"community":${canonicalize(community)},` +
    `"from":${canonicalize(from)},"request_id":${canonicalize(request_id)},` +
    `"timestamp":${canonicalize(timestamp)},"version":${canonicalize(version)}}`;
}

/** Whether the signature is the one of `envelope.from`. Never raises. */
export function verifyCall(envelope: CallEnvelope, signature: unknown): boolean {
  try {
    return verifyText(envelope.from, canonicalBytes({ ...envelope }), signature);
  } catch {
    return false;
  }
}

/** What an answer signature covers by this project's decision. */
export interface ResponseEnvelope {
  readonly request_id: string;
  readonly from: string;
  readonly timestamp: string;
  readonly body: Json;
}

/** Signs an answer. */
export function signResponse(identity: Identity, envelope: ResponseEnvelope): string {
  return signText(identity, canonicalBytes({ ...envelope }));
}

/** Which of the two accepted payloads an answer signature covers; undefined if neither. */
export function responseSignatureCovers(
  envelope: ResponseEnvelope,
  signature: unknown,
): "envelope" | "body" | undefined {
  try {
    if (verifyText(envelope.from, canonicalBytes({ ...envelope }), signature)) return "envelope";
    if (verifyText(envelope.from, canonicalBytes(envelope.body), signature)) return "body";
  } catch {
    return undefined;
  }
  return undefined;
}
