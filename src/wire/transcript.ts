/**
 * What a transcript consists of: records in the order in which things happened inside a scope (one case, one worker).
 * The file form is written by transcript_writer.ts and read by transcript_reader.ts.
 */

import { isObject, type Json, type JsonObject } from "../protocol/mod.ts";
import type { WireFailureKind } from "./network.ts";

/** Schema name in the header line. */
export const TRANSCRIPT_SCHEMA = "hearthproof.transcript/1";

/**
 * What happened.
 *
 * - `begin`: the scope opened; `wall` is the wall clock.
 * - `dial`: a connection attempt ended; `failure` if it failed; `fingerprint` and (first time) `bytes` = DER for TLS.
 * - `listen`, `accept`: own listener and a connection it took.
 * - `out`, `in`: bytes. `half-close`, `close`, `reset`: done by us.
 * - `eof`, `deadline`, `broken`: how a read ended without bytes. `unsent`: a write failed.
 * - `exchange`: numbers the HTTP exchange that starts on the connection.
 * - `fact`: an observation by `name` and `ordinal`. `sleep`: a finished wait. `wall`: the wall clock was read anew.
 */
export type RecordKind =
  | "begin"
  | "dial"
  | "listen"
  | "accept"
  | "out"
  | "in"
  | "eof"
  | "deadline"
  | "broken"
  | "unsent"
  | "half-close"
  | "close"
  | "reset"
  | "exchange"
  | "fact"
  | "sleep"
  | "wall";

/** One line of a transcript. Which optional members are there depends on `direction`. */
export interface TranscriptRecord {
  readonly scope: string;
  /** Number of the connection or listener within the scope, from 1; 0 for the scope itself. */
  readonly connection: number;
  readonly direction: RecordKind;
  /** Milliseconds since the scope began, to 0.01. */
  readonly at: number;
  readonly bytes?: Uint8Array;
  readonly host?: string;
  readonly port?: number;
  readonly tls?: boolean;
  /** Listener that took the connection (`accept`). */
  readonly listener?: number;
  readonly fingerprint?: string;
  readonly failure?: { readonly kind: WireFailureKind | "error"; readonly message: string };
  readonly name?: string;
  /** How often the same name (`fact`), duration (`sleep`) or any reading (`wall`) came before. */
  readonly ordinal?: number;
  readonly value?: Json;
  /** Duration asked for (`sleep`) or wall clock in milliseconds since the epoch (`begin`, `wall`). */
  readonly ms?: number;
  readonly exchange?: number;
}

/** Takes records as they come. */
export interface TranscriptSink {
  record(record: TranscriptRecord): void;
}

/** Forgets everything; for a soak that runs for a day. */
export const nullSink: TranscriptSink = { record: () => {} };

/** Keeps the records of a scope in memory. */
export class MemorySink implements TranscriptSink {
  readonly records: TranscriptRecord[] = [];
  record(record: TranscriptRecord): void {
    this.records.push(record);
  }
}

/** Records of one exchange of a scope: from its mark to the next mark on the same connection, in order. */
export function recordsOfExchange(records: readonly TranscriptRecord[], exchange: number): TranscriptRecord[] {
  const mark = records.findIndex((record) => record.direction === "exchange" && record.exchange === exchange);
  const first = records[mark];
  if (first === undefined) return [];
  const own = records.slice(mark + 1).filter(({ connection }) => connection === first.connection);
  const next = own.findIndex(({ direction }) => direction === "exchange");
  return next < 0 ? own : own.slice(0, next);
}

/** Rounds a time to the precision of the transcript. */
export function roundTime(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** Record to one line of JSON, without the line feed. */
export function encodeRecord(record: TranscriptRecord): string {
  const { bytes, ...rest } = record;
  return JSON.stringify(bytes === undefined ? rest : { ...rest, bytes: bytes.toBase64() });
}

const KINDS: ReadonlySet<string> = new Set<RecordKind>([
  "begin",
  "dial",
  "listen",
  "accept",
  "out",
  "in",
  "eof",
  "deadline",
  "broken",
  "unsent",
  "half-close",
  "close",
  "reset",
  "exchange",
  "fact",
  "sleep",
  "wall",
]);

/**
 * Line to record.
 *
 * @throws {SyntaxError} If the object is no record.
 */
export function decodeRecord(line: JsonObject): TranscriptRecord {
  const { scope, connection, direction, at, bytes } = line;
  if (typeof scope !== "string" || typeof connection !== "number" || typeof at !== "number") {
    throw new SyntaxError("Cannot read a transcript record: scope, connection or at is missing");
  }
  if (typeof direction !== "string" || !KINDS.has(direction)) {
    throw new SyntaxError(
      `Cannot read a transcript record: current value of direction is ${JSON.stringify(direction)}`,
    );
  }
  for (const [member, type] of Object.entries(OPTIONAL)) {
    if (line[member] === undefined || typeof line[member] === type) continue;
    throw new SyntaxError(`Cannot read a transcript record: current value of ${member} is no ${type}`);
  }
  if (line.failure !== undefined && !isFailure(line.failure)) {
    throw new SyntaxError("Cannot read a transcript record: failure has no kind or message");
  }
  // Every member was looked at above.
  const rest = line as unknown as TranscriptRecord;
  return typeof bytes === "string" ? { ...rest, bytes: Uint8Array.fromBase64(bytes) } : rest;
}

/** Types of the members that need not be there. */
const OPTIONAL = {
  bytes: "string",
  host: "string",
  port: "number",
  tls: "boolean",
  listener: "number",
  fingerprint: "string",
  name: "string",
  ordinal: "number",
  ms: "number",
  exchange: "number",
} as const;

function isFailure(value: Json): boolean {
  return isObject(value) && typeof value.kind === "string" && typeof value.message === "string";
}
