/** The audit chain a node keeps: appending, checking at start, handing out. wire-format-experimental.md section 6. */

import {
  AUDIT_GENESIS,
  auditBodySha,
  auditPayloadSha,
  type AuditRecord,
  type JsonObject,
  signDocument,
  timestamp,
  verifyDocument,
} from "../../protocol/mod.ts";
import type { Frame, NodeCore } from "../core.ts";
import type { CivdefStore } from "./store.ts";

/** Records read from the disk at once. */
const PAGE = 500;
/** Bounds of a range without ends; timestamps sort as texts. */
const EVER = { from: "", to: "9999" } as const;

/** What is recorded; the rest is the chain's. */
export interface AuditEntry {
  readonly alert_id: string;
  readonly event: string;
  readonly actor: string;
  /** The audited document. */
  readonly payload: JsonObject;
}

/** See the module comment. */
export class AuditChain {
  #last: AuditRecord | undefined;
  readonly #broken: boolean;

  constructor(
    private readonly core: Pick<NodeCore, "identity" | "rules" | "clock">,
    private readonly store: CivdefStore,
  ) {
    this.#last = store.lastRecord();
    this.#broken = !this.#holds();
  }

  /** The stored chain did not hold when it was opened: nothing may be added to it (CIV-072). */
  get broken(): boolean {
    return this.#broken;
  }

  /** Adds a record, and a checkpoint where one is due. To be called inside a transaction of the store. */
  append(entry: AuditEntry): AuditRecord {
    const record = this.#add(entry);
    const { auditCheckpointEvery: every } = this.core.rules;
    if ((record.seq + 1) % every === every - 1) {
      const head = { from_seq: record.seq + 2 - every, to_seq: record.seq, head_sha: auditBodySha(record) };
      this.#add({ alert_id: "", event: "checkpointed", actor: this.core.identity.id, payload: head });
    }
    return record;
  }

  /** The frames of an export: records, a signed batch after every 1000, and the end. */
  *export(range: { readonly from?: string; readonly to?: string }, reader: string): Generator<Frame, number> {
    const { rules, identity } = this.core;
    let [above, count, first, head] = [-1, 0, 0, ""];
    for (let page = this.#page(above, range); page.length > 0; page = this.#page(above, range)) {
      for (const stored of page) {
        const record = rules.exportedRecord(stored, reader, identity);
        above = stored.seq;
        if (count % rules.auditBatch === 0) first = record.seq;
        count++;
        head = auditBodySha(record);
        yield { event: "record", data: { ...record } };
        if (count % rules.auditBatch !== 0) continue;
        const batch = { from_seq: first, to_seq: record.seq, count: rules.auditBatch, head_sha: head };
        yield { event: "batch", data: signDocument(identity, batch) };
      }
    }
    if (this.#broken) {
      const message = "Cannot vouch for the chain: it did not hold when the node started";
      yield { event: "error", data: { error: "civdef_audit_chain_broken", message } };
    } else yield { event: "done", data: { records: count, head_sha: head } };
    return count;
  }

  #page(above: number, range: { readonly from?: string; readonly to?: string }): AuditRecord[] {
    return this.store.records(above, range.from ?? EVER.from, range.to ?? EVER.to, PAGE);
  }

  #add({ payload, ...entry }: AuditEntry): AuditRecord {
    const { identity, rules, clock } = this.core;
    const before = this.#last;
    const seq = before === undefined ? 0 : before.seq + 1;
    const record = signDocument(identity, {
      ...entry,
      seq,
      at: timestamp(clock.wall()),
      payload_sha: auditPayloadSha(payload),
      prev_sha: rules.auditPrevSha(before === undefined ? AUDIT_GENESIS : auditBodySha(before), seq),
    });
    this.store.addRecord(record);
    this.#last = record;
    return record;
  }

  /** Numbers and links of all records, and the signature of the last one, which covers them all through the links. */
  #holds(): boolean {
    let before: AuditRecord | undefined;
    for (let page = this.#page(-1, EVER); page.length > 0; page = this.#page(before?.seq ?? -1, EVER)) {
      for (const record of page) {
        if (record.seq !== (before === undefined ? 0 : before.seq + 1)) return false;
        if (record.prev_sha !== (before === undefined ? AUDIT_GENESIS : auditBodySha(before))) return false;
        before = record;
      }
    }
    return before === undefined || verifyDocument(this.core.identity.id, before);
  }
}
