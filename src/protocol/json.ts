/** JSON values and a strict reader: what `JSON.parse` lets through silently is refused here. */

import { fromUtf8 } from "./bytes.ts";

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

/** A JSON object. */
export type JsonObject = { [member: string]: Json };

/** Deepest nesting that is read; deeper documents are refused before the stack is at risk. */
export const MAX_JSON_DEPTH = 128;

/** Limits of {@linkcode parseJson}. */
export interface JsonLimits {
  /** Deepest nesting; default {@linkcode MAX_JSON_DEPTH}. */
  readonly maxDepth?: number;
  /** Repeated member names: refuse them (default) or let the last one win, as `JSON.parse` does. */
  readonly duplicates?: "refuse" | "last";
}

/** Whether a value is a JSON object (not null, not an array). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Parses strict JSON: UTF-8 without a byte order mark, finite numbers, no repeated member names, no lone surrogates,
 * bounded nesting (wire-format.md section 2).
 *
 * @throws {SyntaxError} If the text is not such a document; the message says what and where.
 */
export function parseJson(input: string | Uint8Array, limits: JsonLimits = {}): Json {
  const text = typeof input === "string" ? input : decode(input);
  return new Reader(text, limits.maxDepth ?? MAX_JSON_DEPTH, limits.duplicates ?? "refuse").document();
}

/** Parses strict JSON and returns undefined instead of raising. */
export function tryParseJson(input: string | Uint8Array, limits: JsonLimits = {}): Json | undefined {
  try {
    return parseJson(input, limits);
  } catch {
    return undefined;
  }
}

function decode(bytes: Uint8Array): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new SyntaxError("Cannot parse JSON: it starts with a byte order mark");
  }
  try {
    return fromUtf8(bytes);
  } catch {
    throw new SyntaxError("Cannot parse JSON: it is not valid UTF-8");
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// deno-lint-ignore no-control-regex -- control characters are what a JSON string must not hold
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\n\r]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class Reader {
  #at = 0;
  #depth = 0;
  constructor(
    private readonly text: string,
    private readonly maxDepth: number,
    private readonly duplicates: "refuse" | "last",
  ) {}

  document(): Json {
    const value = this.#value();
    this.#space();
    if (this.#at !== this.text.length) this.#fail("text after the document");
    return value;
  }

  #fail(what: string): never {
    throw new SyntaxError(`Cannot parse JSON: ${what} at character ${this.#at}`);
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.text);
    this.#at = SPACE.lastIndex;
  }

  #value(): Json {
    this.#space();
    const first = this.text[this.#at];
    switch (first) {
      case "{":
        return this.#nested(() => this.#object());
      case "[":
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > this.maxDepth) this.#fail(`nesting deeper than ${this.maxDepth}`);
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #word<T extends Json>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.#at)) this.#fail("an unknown word");
    this.#at += word.length;
    return value;
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.text);
    if (match === null) this.#fail(this.#at >= this.text.length ? "end of text" : "an unexpected character");
    const value = Number(match[0]);
    if (!Number.isFinite(value)) this.#fail("a number outside the double range");
    this.#at = NUMBER.lastIndex;
    return value;
  }

  #string(): string {
    this.#at++;
    let out = "";
    for (;;) {
      PLAIN.lastIndex = this.#at;
      PLAIN.test(this.text);
      out += this.text.slice(this.#at, PLAIN.lastIndex);
      this.#at = PLAIN.lastIndex;
      const next = this.text[this.#at];
      if (next === '"') {
        this.#at++;
        if (!out.isWellFormed()) this.#fail("a lone surrogate");
        return out;
      }
      if (next !== "\\") this.#fail(next === undefined ? "end of text in a string" : "a control character in a string");
      const code = this.text[this.#at + 1] ?? "";
      if (code === "u") {
        const digits = this.text.slice(this.#at + 2, this.#at + 6);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail("a bad escape");
        out += String.fromCharCode(parseInt(digits, 16));
        this.#at += 6;
      } else {
        const plain = ESCAPES[code];
        if (plain === undefined) this.#fail("a bad escape");
        out += plain;
        this.#at += 2;
      }
    }
  }

  #array(): Json[] {
    const items: Json[] = [];
    this.#space();
    if (this.text[this.#at] === "]") {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(this.#value());
      this.#space();
      const next = this.text[this.#at];
      if (next !== "," && next !== "]") this.#fail("a missing comma or bracket");
      this.#at++;
      if (next === "]") return items;
    }
  }

  #object(): JsonObject {
    const members: JsonObject = {};
    this.#space();
    if (this.text[this.#at] === "}") {
      this.#at++;
      return members;
    }
    for (;;) {
      this.#space();
      if (this.text[this.#at] !== '"') this.#fail("a member without a name");
      const name = this.#string();
      this.#space();
      if (this.text[this.#at] !== ":") this.#fail("a missing colon");
      this.#at++;
      if (this.duplicates === "refuse" && Object.hasOwn(members, name)) this.#fail("a repeated member name");
      const value = this.#value();
      if (name === "__proto__") {
        Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
      } else members[name] = value;
      this.#space();
      const next = this.text[this.#at];
      if (next !== "," && next !== "}") this.#fail("a missing comma or brace");
      this.#at++;
      if (next === "}") return members;
    }
  }
}
