/** Co-signatures under community decisions. CONTRACT §4.18, §7.2; wire-format.md section 10. */

import { canonicalBytes, isObject, type Json, type JsonObject, type Level, verifyText } from "../../protocol/mod.ts";
import type { CoSignedKind, EventsRules } from "../rules/events.ts";

/** Most entries that are looked at; a hostile list must not cost a signature check per entry without end. */
const MAX_ENTRIES = 256;

/**
 * The payloads a co-signature may cover: with `client_id` (CONTRACT §4.18) or without (§7.2).
 * Which one is undecidable from the text, so either counts.
 */
export function coSignedPayloads(kind: CoSignedKind, data: JsonObject): JsonObject[] {
  const core: JsonObject = {};
  for (const name of [kind === "revoked" ? "reason" : "new_level", "target_node_id"]) {
    if (data[name] !== undefined) core[name] = data[name];
  }
  const client = data["client_id"];
  return client === undefined ? [core] : [{ client_id: client, ...core }, core];
}

/** Ids of the co-signers that count; repeated where the rules do not ask for distinct ones. */
export function validCoSigners(
  rules: EventsRules,
  kind: CoSignedKind,
  data: JsonObject,
  levelOf: (nodeId: string) => Level,
): string[] {
  const list = data["co_signers"];
  if (!Array.isArray(list)) return [];
  const payloads = rules.coSignedForms(coSignedPayloads(kind, data)).map(canonicalBytes);
  const counted: string[] = [];
  for (const entry of list.slice(0, MAX_ENTRIES)) {
    const signer = signerOf(entry);
    if (signer === undefined || (rules.coSignersDistinct && counted.includes(signer.nodeId))) continue;
    const valid = payloads.some((payload) => verifyText(signer.nodeId, payload, signer.signature));
    if (rules.coSignerCounts(levelOf(signer.nodeId), valid)) counted.push(signer.nodeId);
  }
  return counted;
}

/** Distinct co-signers the decision needs under a policy. */
export function coSignersNeeded(rules: EventsRules, kind: CoSignedKind, policy: JsonObject): number {
  const { policyMember, fallback } = rules.coSigned[kind];
  const value = policyMember === undefined ? undefined : policy[policyMember];
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : fallback;
}

function signerOf(entry: Json): { nodeId: string; signature: Json | undefined } | undefined {
  if (!isObject(entry) || typeof entry["node_id"] !== "string") return undefined;
  return { nodeId: entry["node_id"], signature: entry["signature"] };
}
