/**
 * Lines of the journal. Each is a chain link and a record: 32 hex digits of SHA-256 over the link before and the
 * record, a space, the record as JSON, a line feed. So a torn tail, a changed byte and a missing line are all seen.
 */

import { createHash } from "node:crypto";
import type { Json } from "../src/protocol/mod.ts";
import type { Observation } from "./observation.ts";
import type { RunConfig } from "./run_state.ts";

export const JOURNAL_FORMAT = "hearthproof.journal/1";
/** Link before the first line of a journal. */
export const FIRST_LINK = "0".repeat(32);
const LINK_DIGITS = FIRST_LINK.length;
const LINE_FEED = 10;

/** First line of every segment; with it a segment can be read alone. */
export interface HeadRecord {
  readonly t: "head";
  readonly format: typeof JOURNAL_FORMAT;
  readonly segment: number;
  /** Number of this line in the whole journal. */
  readonly line: number;
  /** Link of the line before. */
  readonly prev: string;
  readonly config: RunConfig;
}

/** State of one keeper after all observations up to line `from`. */
export interface StateRecord {
  readonly t: "state";
  readonly name: string;
  readonly from: number;
  /** Written on its own, after an offence that no kept observation shows; else part of a whole set. */
  readonly alone: boolean;
  readonly state: Json;
}

/** How a run ended, for its report. */
export interface StoredEnding {
  readonly endMs: number;
  readonly early: string | null;
}

export type JournalRecord =
  | HeadRecord
  | StateRecord
  /** The set of states of this segment is whole. */
  | { readonly t: "full" }
  | { readonly t: "obs"; readonly list: readonly Observation[] }
  /** Everything before is on the disk. */
  | { readonly t: "mark"; readonly at: number }
  /** The run came to its end and was reported. */
  | { readonly t: "end"; readonly ending: StoredEnding };

/** Link of a line. @param prev Link of the line before. @param record The record's JSON. */
export function linkOf(prev: string, record: string): string {
  return createHash("sha256").update(prev).update(record).digest("hex").slice(0, LINK_DIGITS);
}

/** A line that was read and whose link is right. */
export interface JournalLine {
  readonly line: number;
  readonly record: JournalRecord;
}

/** What could be read of one segment. */
export interface ReadSegment {
  readonly head: HeadRecord;
  readonly lines: readonly JournalLine[];
  /** Link of the last line that counts. */
  readonly link: string;
  /** Bytes at the end that do not count, and why; 0 in a whole segment. */
  readonly cutBytes: number;
  readonly cutWhy?: string;
}

/** Reads a segment up to its first line that is torn or wrong; undefined if not even its head is whole. */
export function readSegment(bytes: Uint8Array): ReadSegment | undefined {
  const decoder = new TextDecoder();
  const lines: JournalLine[] = [];
  let head: HeadRecord | undefined;
  let link = "";
  let at = 0;
  let why: string | undefined;
  while (at < bytes.length) {
    const end = bytes.indexOf(LINE_FEED, at);
    if (end < 0) {
      why = "the last line is torn";
      break;
    }
    const text = decoder.decode(bytes.subarray(at, end));
    const json = text.slice(LINK_DIGITS + 1);
    const record = recordOf(json);
    if (head === undefined && record?.t === "head" && record.format === JOURNAL_FORMAT) link = record.prev;
    const wanted = record === undefined ? "" : linkOf(link, json);
    if (record === undefined || (head === undefined && record.t !== "head") || !text.startsWith(`${wanted} `)) {
      why = `line ${lines.length + 1} does not follow from the one before`;
      break;
    }
    if (head === undefined) head = record as HeadRecord;
    lines.push({ line: head.line + lines.length, record });
    link = wanted;
    at = end + 1;
  }
  if (head === undefined) return undefined;
  return { head, lines, link, cutBytes: bytes.length - at, ...(why === undefined ? {} : { cutWhy: why }) };
}

function recordOf(json: string): JournalRecord | undefined {
  try {
    const value = JSON.parse(json) as JournalRecord | null;
    return typeof value === "object" && value !== null && typeof value.t === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Elements of an array that are turned into text in one go: some milliseconds. */
const PIECE = 5000;

/** JSON text in pieces, so that whoever writes a large state can let others run in between. */
export function* jsonPieces(value: Json, depth = 0): Generator<string> {
  if (depth > 2 || typeof value !== "object" || value === null) {
    yield JSON.stringify(value);
  } else if (Array.isArray(value)) {
    yield "[";
    for (let i = 0; i < value.length; i += PIECE) {
      yield (i === 0 ? "" : ",") + JSON.stringify(value.slice(i, i + PIECE)).slice(1, -1);
    }
    yield "]";
  } else {
    let separator = "{";
    for (const [name, member] of Object.entries(value)) {
      yield `${separator}${JSON.stringify(name)}:`;
      yield* jsonPieces(member, depth + 1);
      separator = ",";
    }
    yield separator === "{" ? "{}" : "}";
  }
}
