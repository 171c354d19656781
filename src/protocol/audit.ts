/** The civil-defence audit chain. wire-format-experimental.md section 6: body, links, verification. */

import { createHash } from "node:crypto";
import { canonicalBytes, without } from "./canonical.ts";
import { hex } from "./bytes.ts";
import { type Identity, signDocument, verifyDocument } from "./keys.ts";
import type { JsonObject } from "./json.ts";

/** `prev_sha` of the first record. */
export const AUDIT_GENESIS = "0".repeat(64);

/** One record; `signature` is by the node that keeps the chain. */
export interface AuditRecord {
  readonly seq: number;
  readonly alert_id: string;
  readonly event: string;
  readonly actor: string;
  readonly at: string;
  readonly payload_sha: string;
  readonly prev_sha: string;
  readonly signature: string;
}

/** SHA-256 of the canonical document, in hex: what `payload_sha` is. */
export function auditPayloadSha(document: JsonObject): string {
  return sha256(document);
}

/** SHA-256 of a record's body, which is the record without its signature; the next `prev_sha`. */
export function auditBodySha(record: object): string {
  return sha256(without(record, "signature"));
}

function sha256(value: JsonObject): string {
  return hex(new Uint8Array(createHash("sha256").update(canonicalBytes(value)).digest()));
}

/** Appends to a chain: the next number, the link, the signature. */
export function nextAuditRecord(
  keeper: Identity,
  before: AuditRecord | undefined,
  entry: Omit<AuditRecord, "seq" | "prev_sha" | "signature">,
): AuditRecord {
  return signDocument(keeper, {
    ...entry,
    seq: before === undefined ? 0 : before.seq + 1,
    prev_sha: before === undefined ? AUDIT_GENESIS : auditBodySha(before),
  });
}

/** The first thing wrong with a chain. */
export interface AuditBreak {
  readonly seq: number;
  readonly why: "gap" | "signature" | "link";
}

/** Verifies records from genesis on, in any order; undefined if the chain holds. */
export function auditBreak(records: readonly AuditRecord[], keeper: string): AuditBreak | undefined {
  let before: AuditRecord | undefined;
  for (const record of records.toSorted((a, b) => a.seq - b.seq)) {
    const { seq } = record;
    if (seq !== (before === undefined ? 0 : before.seq + 1)) return { seq, why: "gap" };
    if (!verifyDocument(keeper, record)) return { seq, why: "signature" };
    if (record.prev_sha !== (before === undefined ? AUDIT_GENESIS : auditBodySha(before))) return { seq, why: "link" };
    before = record;
  }
  return undefined;
}
