/** Reads the audit chain as an auditor: what is new, or all of it from its start in slices of bounded size. */

import { createHash } from "node:crypto";
import {
  canonicalBytes,
  type Clock,
  isObject,
  type JsonObject,
  parseTimestamp,
  timestamp,
  verifyDocument,
  type WalkedRecord,
  without,
} from "../src/protocol/mod.ts";
import type { Actor } from "../src/target/actors.ts";
import type { Session, StreamAnswer } from "../src/target/session.ts";

/** An identity that may export, with the role it does so in. */
export interface Auditor {
  readonly actor: Actor;
  readonly role: string;
  /** CID of its role certificate. */
  readonly certificate: string;
}

/** What of a record is remembered. */
export interface SeenRecord extends WalkedRecord {
  readonly event: string;
  readonly alertId: string;
  /** Its time as the chain has it; empty if it has none. */
  readonly time: string;
  /** First hex digits of `whole`. */
  readonly digest: string;
}

/** Records as one reader got them, in the order they came; a reading may come in several of these. */
export interface AuditRead {
  readonly kind: "audit";
  readonly at: number;
  /** When the first question of the reading left. */
  readonly asked: number;
  /** 0 follows the chain; the others only read all of it. */
  readonly reader: number;
  /** Read from the first record on, to compare it with what is known. */
  readonly full: boolean;
  /** The same, as the journal asks for it. */
  readonly again: boolean;
  readonly first: boolean;
  /** The answer came to its end; nothing further was there. */
  readonly last: boolean;
  readonly records: readonly SeenRecord[];
  /** What was wrong with the export itself. */
  readonly problem?: string;
}

/** Names of the two headers of every civdef call. */
export const ROLE_HEADERS = { role: "X-HearthNet-CivDef-Role", certificate: "X-HearthNet-CivDef-Role-Cert" } as const;
export const EXPORT = "civdef.audit.export";
const DIGEST_DIGITS = 16;
/** Records of one observation, so that signatures do not hold up the load. */
const PORTION = 100;
/** Records one slice of a full reading should have. */
const SLICE_RECORDS = 5000;
const MS_PER_SECOND = 1000;
/** A slice ends this long before now, so that nothing can be added to it. */
const CLOSED_MS = 3000;
/** Milliseconds an export may take. */
const EXPORT_DEADLINE_MS = 60_000;

export interface AuditReaderOptions {
  readonly clock: Clock;
  readonly session: Session;
  readonly auditors: readonly Auditor[];
  readonly observe: (read: AuditRead) => void;
  /** Whether a record was verified before: its signature need not be checked again. */
  readonly knows: (seq: number, digest: string) => boolean;
  /** How far the chain was read, also before the tester was away. */
  readonly reached: () => Reached;
}

/** Times of the first and the last record that was read, and how many there are. */
export interface Reached {
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly entries: number;
}

/** How an export went: `ok`, an error code, or how the wire failed. */
interface Exported {
  readonly code: string;
  readonly frames: readonly { readonly event: string; readonly json?: unknown }[];
}

/** See the module comment. */
export class AuditReader {
  constructor(private readonly options: AuditReaderOptions) {}

  get readers(): number {
    return this.options.auditors.length;
  }

  /** Tries one export; the error code if it is refused. */
  async refusal(): Promise<string | undefined> {
    const now = timestamp(this.options.session.wall());
    const { code } = await this.#export(0, { from: now, to: now });
    return code === "ok" ? undefined : code;
  }

  /** Reads what is new since the last reading of this kind. */
  async readNew(): Promise<void> {
    const asked = this.options.clock.mono();
    const { last } = this.options.reached();
    const range = last === undefined ? {} : { from: last };
    await this.#slice({ reader: 0, full: false, asked, first: true, last: true }, range);
  }

  /** Reads the whole chain in slices; gives up at the first one that is not answered. */
  async readAll(reader: number): Promise<void> {
    const asked = this.options.clock.mono();
    const slices = this.#slices();
    for (const [index, range] of slices.entries()) {
      const last = index === slices.length - 1;
      if (!await this.#slice({ reader, full: true, asked, first: index === 0, last }, range)) return;
    }
  }

  #slices(): { readonly from?: string; readonly to?: string }[] {
    const { first, last, entries } = this.options.reached();
    const from = first === undefined ? undefined : parseTimestamp(first);
    const to = last === undefined ? undefined : parseTimestamp(last);
    const parts = Math.floor(entries / SLICE_RECORDS);
    if (from === undefined || to === undefined || parts === 0 || to - CLOSED_MS <= from) return [{}];
    const step = Math.max(MS_PER_SECOND, Math.floor((to - from) / parts / MS_PER_SECOND) * MS_PER_SECOND);
    const slices: { from?: string; to?: string }[] = [];
    let at = from;
    for (; at + step < to - CLOSED_MS; at += step) {
      slices.push({
        ...(slices.length === 0 ? {} : { from: timestamp(at) }),
        to: timestamp(at + step - MS_PER_SECOND),
      });
    }
    slices.push(slices.length === 0 ? {} : { from: timestamp(at) });
    return slices;
  }

  /** One export, handed over in portions; false if it was not answered to its end. */
  async #slice(
    reading: Pick<AuditRead, "reader" | "full" | "asked" | "first" | "last">,
    range: { readonly from?: string; readonly to?: string },
  ): Promise<boolean> {
    const { clock, observe, session } = this.options;
    const { code, frames } = await this.#export(reading.reader, range);
    const complete = code === "ok";
    const problem = complete
      ? problemOf(frames, session.nodeId)
      : code === "civdef_audit_chain_broken"
      ? "the target itself says that its audit chain is broken"
      : undefined;
    if (!complete && problem === undefined) return false;
    const records = frames.filter(({ event, json }) => event === "record" && isObject(json));
    for (let from = 0; from === 0 || from < records.length; from += PORTION) {
      const portion = records.slice(from, from + PORTION).map(({ json }) => this.#seen(json as JsonObject));
      const end = from + PORTION >= records.length;
      observe({
        kind: "audit",
        at: clock.mono(),
        asked: reading.asked,
        reader: reading.reader,
        full: reading.full,
        again: reading.full,
        first: reading.first && from === 0,
        last: reading.last && end && complete,
        records: portion.sort((a, b) => a.seq - b.seq),
        ...(end && problem !== undefined ? { problem } : {}),
      });
      await clock.sleep(0);
    }
    return complete;
  }

  #seen(record: JsonObject): SeenRecord {
    const { nodeId } = this.options.session;
    const { seq, prev_sha, event, alert_id, actor, at } = record;
    const whole = sha(record);
    const digest = whole.slice(0, DIGEST_DIGITS);
    const number = typeof seq === "number" ? seq : -1;
    const signed = this.options.knows(number, digest) || verifyDocument(nodeId, record) ||
      (typeof actor === "string" && verifyDocument(actor, record));
    return {
      seq: number,
      body: sha(without(record, "signature")),
      whole,
      time: typeof at === "string" && parseTimestamp(at) !== undefined ? at : "",
      digest,
      prev: typeof prev_sha === "string" ? prev_sha : null,
      signed,
      event: typeof event === "string" ? event : "",
      alertId: typeof alert_id === "string" ? alert_id : "",
    };
  }

  async #export(reader: number, range: { readonly from?: string; readonly to?: string }): Promise<Exported> {
    const { session, auditors } = this.options;
    const auditor = auditors[reader];
    if (auditor === undefined) return { code: "no_auditor", frames: [] };
    const result = await session.stream(auditor.actor, EXPORT, { ...range }, {
      headers: roleHeaders(auditor),
      deadlineMs: EXPORT_DEADLINE_MS,
    });
    const frames = result.sse?.frames ?? [];
    return { code: codeOfExport(result), frames };
  }
}

/** Adds the two role headers to a call. */
export function roleHeaders({ role, certificate }: Pick<Auditor, "role" | "certificate">) {
  return (headers: readonly (readonly [string, string])[]): [string, string][] => [
    ...headers.map(([name, value]): [string, string] => [name, value]),
    [ROLE_HEADERS.role, role],
    [ROLE_HEADERS.certificate, certificate],
  ];
}

function codeOfExport({ answer, sse }: StreamAnswer): string {
  const body = answer.status === 200 ? undefined : bodyOf(answer.body);
  if (sse === undefined) return typeof body?.error === "string" ? body.error : answer.failure?.kind ?? "no_stream";
  const last = sse.frames.at(-1);
  if (last?.event === "done") return "ok";
  const error = last?.event === "error" && isObject(last.json) ? last.json.error : undefined;
  return typeof error === "string" ? error : answer.failure?.kind ?? "no_terminal_frame";
}

function bodyOf(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What signed batches and the last frame say must be what was sent. */
function problemOf(frames: Exported["frames"], keeper: string): string | undefined {
  let [count, head] = [0, ""];
  for (const { event, json } of frames) {
    if (!isObject(json)) continue;
    if (event === "record") {
      count++;
      head = sha(without(json, "signature"));
    } else if (event === "batch") {
      if (!verifyDocument(keeper, json)) return `the batch up to record ${String(json.to_seq)} has no valid signature`;
      if (json.head_sha !== head) return `the batch up to record ${String(json.to_seq)} names another head`;
    } else if (event === "done" && typeof json.records === "number" && json.records !== count) {
      return `an export of ${count} records says that it has ${json.records}`;
    }
  }
  return undefined;
}

function sha(value: JsonObject): string {
  return createHash("sha256").update(canonicalBytes(value)).digest("hex");
}
