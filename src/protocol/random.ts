/** Seeded randomness. One seed and one path of labels give one stream, whatever ran before. */

import { createHash, hash } from "node:crypto";
import { utf8 } from "./bytes.ts";

/** Reads `0x…` or decimal. Returns undefined if the text is no non-negative safe integer. */
export function parseSeed(text: string): number | undefined {
  if (!/^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** SHA-256 of the seed and the labels: 32 bytes, independent for each path. */
export function deriveBytes(seed: number | string, ...labels: (string | number)[]): Uint8Array<ArrayBuffer> {
  const hash = createHash("sha256");
  for (const part of [seed, ...labels]) {
    const bytes = utf8(String(part));
    hash.update(`${bytes.length}:`);
    hash.update(bytes);
  }
  return new Uint8Array(hash.digest());
}

/** A digest. */
const BLOCK_BYTES = 32;
/** Room for the digits of a counter of blocks. */
const COUNTER_BYTES = 20;
const encoder = new TextEncoder();

/** A deterministic stream of random numbers: SHA-256 in counter mode. */
export class Random {
  /** The key, and behind it the counter as decimal text. */
  readonly #input: Uint8Array<ArrayBuffer>;
  readonly #digits: Uint8Array<ArrayBuffer>;
  #counter = 0;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  readonly #view = new DataView(this.#block.buffer);
  /** Nothing is drawn yet. */
  #at = BLOCK_BYTES;

  constructor(seed: number | string, ...labels: (string | number)[]) {
    const key = deriveBytes(seed, ...labels);
    this.#input = new Uint8Array(key.length + COUNTER_BYTES);
    this.#input.set(key);
    this.#digits = this.#input.subarray(key.length);
  }

  /** The next `count` bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      if (this.#at === this.#block.length) this.#refill();
      const take = Math.min(count - filled, this.#block.length - this.#at);
      out.set(this.#block.subarray(this.#at, this.#at + take), filled);
      this.#at += take;
      filled += take;
    }
    return out;
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const at = this.#at;
    if (at + 4 > this.#block.length) return new DataView(this.bytes(4).buffer).getUint32(0);
    this.#at = at + 4;
    return this.#view.getUint32(at);
  }

  /** An integer from 0 to `bound - 1`, without modulo bias. */
  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new RangeError(`Cannot draw below a bound: current value is ${bound}`);
    }
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const value = this.uint32();
      if (value < limit) return value % bound;
    }
  }

  /** A number in [0, 1). */
  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("Cannot pick from an empty list");
    return items[this.below(items.length)] as T;
  }

  /** A lower-case word of letters, for titles and names that must be unique. */
  word(length = 8): string {
    let out = "";
    for (let i = 0; i < length; i++) out += String.fromCharCode(97 + this.below(26));
    return out;
  }

  #refill(): void {
    const { written } = encoder.encodeInto(String(this.#counter++), this.#digits);
    const input = this.#input.subarray(0, this.#digits.byteOffset + written);
    // As text it comes back in half the time.
    this.#block.setFromHex(hash("sha256", input, "hex"));
    this.#at = 0;
  }
}
