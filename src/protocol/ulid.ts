/** ULIDs: event ids, request ids, token ids. CONTRACT §1.6; GLOSSARY Identifiers. */

import type { Random } from "./random.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** The form of a ULID. */
export const ULID_PATTERN = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Whether the text is a ULID. */
export function isUlid(text: unknown): text is string {
  return typeof text === "string" && ULID_PATTERN.test(text);
}

/** A ULID of the given time (milliseconds since the epoch) with 80 random bits. */
export function ulid(timeMs: number, random: Random): string {
  let value = Math.trunc(timeMs);
  let head = "";
  for (let i = 0; i < 10; i++) {
    head = ALPHABET[value % 32] + head;
    value = Math.floor(value / 32);
  }
  let tail = "";
  for (const byte of random.bytes(16)) tail += ALPHABET[byte % 32];
  return head + tail;
}

/**
 * Milliseconds since the epoch of a ULID.
 *
 * @throws {SyntaxError} If the text is not a ULID.
 */
export function ulidTime(text: string): number {
  if (!isUlid(text)) throw new SyntaxError("Cannot read the time of a text that is no ULID");
  let value = 0;
  for (const character of text.slice(0, 10)) value = value * 32 + ALPHABET.indexOf(character);
  return value;
}

/** Makes ULIDs that strictly increase: a repeated or earlier time is moved one millisecond past the last one. */
export class UlidSource {
  #last = 0;
  constructor(private readonly now: () => number, private readonly random: Random) {}

  next(): string {
    this.#last = Math.max(this.#last + 1, Math.trunc(this.now()));
    return ulid(this.#last, this.random);
  }
}
