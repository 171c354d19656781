/** Small byte arrays cut out of common blocks: a buffer of its own costs the runtime ten times as much as a view. */

import { concat, utf8 } from "../protocol/mod.ts";

/** Bytes of a block; what is kept of one keeps all of it. */
const BLOCK_BYTES = 16_384;
/** Longer arrays get a buffer of their own, so that a block serves at least sixteen. */
const MAX_SHARED_BYTES = 1024;

const encoder = new TextEncoder();
let block = new Uint8Array(BLOCK_BYTES);
let words = new DataView(block.buffer);
let used = 0;

/** A byte array of this length, all zero, that shares its buffer with others but no byte. */
export function room(length: number): Uint8Array<ArrayBuffer> {
  if (length > MAX_SHARED_BYTES) return new Uint8Array(length);
  if (used + length > BLOCK_BYTES) {
    block = new Uint8Array(BLOCK_BYTES);
    words = new DataView(block.buffer);
    used = 0;
  }
  const piece = new Uint8Array(block.buffer, used, length);
  used += length;
  return piece;
}

/** A copy of the first `length` bytes. */
export function copyOf(bytes: Uint8Array, length: number = bytes.length): Uint8Array<ArrayBuffer> {
  const copy = room(length);
  copy.set(length === bytes.length ? bytes : bytes.subarray(0, length));
  return copy;
}

/** Bytes that are compared at once. */
const WORD_BYTES = 8;

/** Whether the bytes begin with others; quick where they are the piece that was cut out last. */
export function beginsWith(bytes: Uint8Array, start: Uint8Array<ArrayBuffer>, startWords: DataView): boolean {
  const { length } = start;
  if (bytes.length < length) return false;
  let at = 0;
  if (bytes.buffer === block.buffer) {
    const from = bytes.byteOffset;
    for (; at + WORD_BYTES <= length; at += WORD_BYTES) {
      if (words.getBigInt64(from + at) !== startWords.getBigInt64(at)) return false;
    }
  }
  for (; at < length; at++) if (bytes[at] !== start[at]) return false;
  return true;
}

/** Writes a text to the start of bytes that are as many at least; false if it is not ASCII. */
export function writeAscii(text: string, bytes: Uint8Array): boolean {
  const { read, written } = encoder.encodeInto(text, bytes);
  return read === text.length && written === read;
}

/** The bytes of a text, followed by room for more; undefined if it is not ASCII. */
export function ascii(text: string, more = 0): Uint8Array<ArrayBuffer> | undefined {
  const bytes = room(text.length + more);
  return writeAscii(text, bytes) ? bytes : undefined;
}

/** Text in UTF-8, followed by more bytes. */
export function encoded(text: string, more: Uint8Array): Uint8Array<ArrayBuffer> {
  // Nearly always ASCII.
  const bytes = ascii(text, more.length);
  if (bytes === undefined) return concat([utf8(text), more]);
  bytes.set(more, text.length);
  return bytes;
}
