/** Reads a transcript back. The file may have been changed or be hostile: size and lines are limited. */

import { createReadStream } from "node:fs";
import { createZstdDecompress } from "node:zlib";
import { createBLAKE3 } from "hash-wasm";
import { concat, fromUtf8, isObject, type JsonObject } from "../protocol/mod.ts";
import { MAX_TRANSCRIPT_BYTES, MAX_TRANSCRIPT_LINE_BYTES } from "./limits.ts";
import { decodeRecord, TRANSCRIPT_SCHEMA, type TranscriptRecord } from "./transcript.ts";

/** A transcript in memory. */
export interface Transcript {
  readonly header: JsonObject;
  /** Records by scope, scopes in the order of the file. */
  readonly scopes: ReadonlyMap<string, readonly TranscriptRecord[]>;
  /** CID over the uncompressed lines. */
  readonly digest: string;
}

/** Bounds of {@linkcode readTranscript}. */
export interface TranscriptLimits {
  readonly maxBytes?: number;
  readonly maxLineBytes?: number;
}

const LF = 10;

/**
 * Reads a file written by {@linkcode TranscriptWriter}.
 *
 * @throws {SyntaxError} If it is no transcript, or cut short.
 * @throws {RangeError} If a limit is exceeded.
 */
export async function readTranscript(path: string, limits: TranscriptLimits = {}): Promise<Transcript> {
  const hasher = (await createBLAKE3(256)).init();
  const scopes = new Map<string, TranscriptRecord[]>();
  let header: JsonObject | undefined;
  for await (const { line, raw } of linesOf(path, limits)) {
    hasher.update(raw);
    if (header === undefined) header = headerOf(line);
    else {
      const record = decodeRecord(line);
      const records = scopes.get(record.scope);
      if (records === undefined) scopes.set(record.scope, [record]);
      else records.push(record);
    }
  }
  if (header === undefined) throw new SyntaxError(`Cannot read the transcript ${path}: it is empty`);
  return { header, scopes, digest: `blake3:${hasher.digest("hex")}` };
}

function headerOf(line: JsonObject): JsonObject {
  if (line.schema !== TRANSCRIPT_SCHEMA) {
    throw new SyntaxError(`Cannot read the transcript: current value of schema is ${JSON.stringify(line.schema)}`);
  }
  return line;
}

async function* linesOf(
  path: string,
  limits: TranscriptLimits,
): AsyncGenerator<{ readonly line: JsonObject; readonly raw: Uint8Array }> {
  const maxBytes = limits.maxBytes ?? MAX_TRANSCRIPT_BYTES;
  const maxLine = limits.maxLineBytes ?? MAX_TRANSCRIPT_LINE_BYTES;
  const file = createReadStream(path);
  const plain = createZstdDecompress();
  file.on("error", (error: Error) => plain.destroy(error));
  file.pipe(plain);
  let total = 0;
  let held = 0;
  let partial: Uint8Array[] = [];
  try {
    for await (const chunk of plain) {
      const bytes = new Uint8Array(chunk as Uint8Array);
      total += bytes.length;
      if (total > maxBytes) throw new RangeError(`Cannot read the transcript: it is longer than ${maxBytes} bytes`);
      for (let from = 0; from < bytes.length;) {
        const found = bytes.indexOf(LF, from);
        const end = found < 0 ? bytes.length : found + 1;
        partial.push(bytes.subarray(from, end));
        held += end - from;
        if (held > maxLine) throw new RangeError(`Cannot read the transcript: a line is longer than ${maxLine} bytes`);
        from = end;
        if (found < 0) break;
        const raw = concat(partial);
        partial = [];
        held = 0;
        yield { line: parseLine(raw), raw };
      }
    }
  } finally {
    file.destroy();
    plain.destroy();
  }
  if (held > 0) throw new SyntaxError("Cannot read the transcript: the last line is cut short");
}

/** The lines are our own output, so the fast parser of the runtime does; their form is checked afterwards. */
function parseLine(raw: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(raw));
  } catch (error) {
    throw new SyntaxError(`Cannot read a transcript line: ${error instanceof Error ? error.message : error}`);
  }
  if (!isObject(value)) throw new SyntaxError("Cannot read a transcript line: it is no object");
  return value;
}
