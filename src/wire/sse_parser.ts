/** Strict incremental parser of server-sent events. Oddities become problems of the frame; they never stop it. */

import { concat, fromUtf8, fromUtf8Lossy, type Json, tryParseJson } from "../protocol/mod.ts";
import { type Received, WireError } from "./network.ts";

/** One frame, ended by an empty line. */
export interface SseFrame {
  /** Value of `event:`; "message" when there is none, as browsers have it. */
  readonly event: string;
  /** The data lines joined by line feeds. */
  readonly data: string;
  readonly dataLines: readonly string[];
  /** `data` as strict JSON; absent if it is none. */
  readonly json?: Json;
  /** Value of `id:`, if sent. */
  readonly id?: string;
  /** `mono()` at the arrival of its last byte. */
  readonly at: number;
  /** Exact bytes including the empty line. */
  readonly raw: Uint8Array;
  /** Deviations from the form of wire-format.md section 7. */
  readonly problems: readonly string[];
}

/** A comment line. */
export interface SseComment {
  readonly text: string;
  readonly at: number;
}

/** Bounds of the parser. */
export interface SseLimits {
  readonly maxFrameBytes: number;
  readonly maxFrames: number;
}

const LF = 10;
const CR = 13;
const BOM = [0xef, 0xbb, 0xbf];

/** Feed it pieces of a body; it hands out frames. How the bytes are cut makes no difference but for `at`. */
export class SseParser {
  readonly comments: SseComment[] = [];
  #partial: Uint8Array[] = [];
  #partialBytes = 0;
  #lines: Uint8Array[] = [];
  #count = 0;
  #failure: WireError | undefined;
  #empty = true;

  constructor(private readonly limits: SseLimits) {}

  /** `limit`, once a frame was too long or there were too many. */
  get failure(): WireError | undefined {
    return this.#failure;
  }

  /** Bytes of a frame that has not ended. */
  get trailing(): Uint8Array {
    return concat([...this.#lines, ...this.#partial]);
  }

  /**
   * Takes bytes, returns the frames they complete. After a `failure` it takes no more.
   */
  feed({ bytes, at }: Received): SseFrame[] {
    const frames: SseFrame[] = [];
    for (let from = 0; from < bytes.length && this.#failure === undefined;) {
      const found = bytes.indexOf(LF, from);
      const end = found < 0 ? bytes.length : found + 1;
      const piece = bytes.subarray(from, end);
      from = end;
      this.#partial.push(piece);
      this.#partialBytes += piece.length;
      if (this.#partialBytes > this.limits.maxFrameBytes) {
        this.#failure = new WireError(
          "limit",
          `Cannot read the stream: a frame is longer than ${this.limits.maxFrameBytes} bytes`,
        );
        break;
      }
      if (found < 0) break;
      const line = this.#partial.length === 1 ? piece : concat(this.#partial);
      this.#partial = [];
      this.#lines.push(line);
      const blank = line.length === 1 || (line.length === 2 && line[0] === CR);
      if (!blank) {
        this.#empty = false;
        continue;
      }
      const frame = this.#empty ? undefined : this.#frame(at);
      this.#lines = [];
      this.#partialBytes = 0;
      this.#empty = true;
      if (frame === undefined) continue;
      if (++this.#count > this.limits.maxFrames) {
        this.#failure = new WireError(
          "limit",
          `Cannot read the stream: it has more than ${this.limits.maxFrames} frames`,
        );
        break;
      }
      frames.push(frame);
    }
    return frames;
  }

  /** A frame of the collected lines; undefined if they are comments only. */
  #frame(at: number): SseFrame | undefined {
    const problems: string[] = [];
    const raw = concat(this.#lines);
    let event: string | undefined;
    let id: string | undefined;
    const dataLines: string[] = [];
    let fields = 0;
    for (const [index, line] of this.#lines.slice(0, -1).entries()) {
      const text = this.#text(line, problems, index === 0);
      if (text.startsWith(":")) {
        this.comments.push({ text: text.slice(1).replace(/^ /, ""), at });
        continue;
      }
      fields++;
      const colon = text.indexOf(":");
      const name = colon < 0 ? text : text.slice(0, colon);
      const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
      if (colon < 0) problems.push(`field ${JSON.stringify(name.slice(0, 40))} has no colon`);
      if (name === "data") dataLines.push(value);
      else if (name === "event") {
        if (event !== undefined) problems.push("more than one event line");
        event = value;
      } else if (name === "id") id = value;
      else if (name !== "retry") problems.push(`unknown field ${JSON.stringify(name.slice(0, 40))}`);
    }
    if (fields === 0) return undefined;
    if (event === undefined || event === "") problems.push("no event line");
    if (dataLines.length === 0) problems.push("no data line");
    if (dataLines.length > 1) problems.push(`${dataLines.length} data lines instead of one`);
    const data = dataLines.join("\n");
    const json = tryParseJson(data);
    if (json === undefined && dataLines.length > 0) problems.push("data is not JSON");
    return {
      event: event === undefined || event === "" ? "message" : event,
      data,
      dataLines,
      at,
      raw,
      problems,
      ...(json === undefined ? {} : { json }),
      ...(id === undefined ? {} : { id }),
    };
  }

  #text(line: Uint8Array, problems: string[], first: boolean): string {
    let bytes = line.subarray(0, -1);
    if (bytes[bytes.length - 1] === CR) {
      bytes = bytes.subarray(0, -1);
      if (!problems.includes(CRLF_PROBLEM)) problems.push(CRLF_PROBLEM);
    }
    if (bytes.includes(CR)) problems.push("a carriage return inside a line");
    if (first && BOM.every((byte, at) => bytes[at] === byte)) {
      problems.push("a byte order mark");
      bytes = bytes.subarray(BOM.length);
    }
    try {
      return fromUtf8(bytes);
    } catch {
      problems.push("invalid UTF-8");
      return fromUtf8Lossy(bytes);
    }
  }
}

const CRLF_PROBLEM = "lines end with CR LF instead of LF";
