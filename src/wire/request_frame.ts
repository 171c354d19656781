/**
 * Heads of requests kept as bytes. Load sends heads that differ in an id, a time and a signature: such a head is the
 * bytes of an earlier one with these values written over, and need not be joined and encoded anew.
 */

import { room, writeAscii } from "./byte_block.ts";
import type { Endpoint, HeaderList, HttpRequest } from "./network.ts";

/** A head as far as the value of its last header. What follows (that value, the length, the body) is always new. */
interface Frame {
  readonly method: string;
  readonly path: string;
  readonly endpoint: Endpoint;
  /** Names and values of the headers. */
  readonly headers: HeaderList;
  /** Where the value of each header begins in `bytes`. */
  readonly starts: readonly number[];
  readonly bytes: Uint8Array;
}

/** Frames remembered; a mix of operations has a few dozen. */
const FRAMES = 64;
const frames: (Frame | undefined)[] = new Array(FRAMES).fill(undefined);
/** Longer heads are not remembered. */
const MAX_HEAD = 4096;
const MAX_ASCII = 0x7f;

/** Names of headers whose lines are remembered; a case may make up any number of others. */
const MAX_LINE_STARTS = 256;
const lineStarts = new Map<string, string>();

/** The end of the line before, and a header line as far as its value: one text instead of three to join. */
export function lineStart(name: string): string {
  const known = lineStarts.get(name);
  if (known !== undefined) return known;
  const start = `\r\n${name}: `;
  if (lineStarts.size < MAX_LINE_STARTS) lineStarts.set(name, start);
  return start;
}

/** The frame of a request stands where the lengths of its values put it, which are what it must agree in. */
function slotOf({ path, headers }: HttpRequest): number {
  let sum = path.length;
  for (let at = 0; at < headers.length - 1; at++) sum += (headers[at] as HeaderList[number])[1].length;
  return sum % FRAMES;
}

/**
 * Remembers a head.
 *
 * @param head Text of the whole head, which ends with the headers of the request and a length that was added to them.
 * @param bytes The request, with the head in front.
 */
export function rememberFrame(endpoint: Endpoint, request: HttpRequest, head: string, bytes: Uint8Array): void {
  if (head.length > MAX_HEAD) return;
  const { method, path, headers } = request;
  const starts: number[] = [];
  let end = head.lastIndexOf(lineStart("Content-Length"));
  const tail = end - (headers.at(-1)?.[1].length ?? 0);
  for (const [name, value] of headers.toReversed()) {
    const start = end - value.length;
    starts.unshift(start);
    end = start - lineStart(name).length;
  }
  frames[slotOf(request)] = { method, path, endpoint, headers, starts, bytes: bytes.slice(0, tail) };
}

/** The bytes of a request whose head differs from a remembered one only in values of the same length. */
export function framed(endpoint: Endpoint, request: HttpRequest, body: string): Uint8Array<ArrayBuffer> | undefined {
  const { method, path, headers } = request;
  const frame = frames[slotOf(request)];
  if (
    frame === undefined || frame.method !== method || frame.path !== path || frame.endpoint !== endpoint ||
    frame.headers.length !== headers.length
  ) return undefined;
  const last = headers.length - 1;
  for (let at = 0; at <= last; at++) {
    const [name, value] = headers[at] as HeaderList[number];
    const [known, before] = frame.headers[at] as HeaderList[number];
    if (name !== known || (at < last && value.length !== before.length)) return undefined;
  }
  const value = (headers[last] as HeaderList[number])[1];
  const tail = `${value}${lineStart("Content-Length")}${body.length}\r\n\r\n${body}`;
  const { length } = frame.bytes;
  const bytes = room(length + tail.length);
  bytes.set(frame.bytes);
  for (let at = 0; at < last; at++) {
    const [, value] = headers[at] as HeaderList[number];
    const [, before] = frame.headers[at] as HeaderList[number];
    if (value !== before && !put(bytes, frame.starts[at] as number, value)) return undefined;
  }
  const rest = new Uint8Array(bytes.buffer, bytes.byteOffset + length, tail.length);
  return writeAscii(tail, rest) ? bytes : undefined;
}

/** {@linkcode writeAscii} for the few characters of a value, which need no view of their own so. */
function put(bytes: Uint8Array, from: number, text: string): boolean {
  let all = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    bytes[from + at] = code;
    all |= code;
  }
  return all <= MAX_ASCII;
}
