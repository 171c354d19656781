/** Canonical JSON: the bytes that go under signatures and hashes. CONTRACT §1.2; wire-format.md section 2. */

import { utf8 } from "./bytes.ts";
import type { Json } from "./json.ts";

/**
 * Canonical text: members sorted by Unicode code point at every level, no white space, numbers in the shortest
 * ECMAScript form, non-ASCII unescaped.
 *
 * @throws {TypeError} If a number is not finite, a string holds a lone surrogate, or the value is not JSON.
 */
export function canonicalize(value: Json): string {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw new TypeError("Cannot canonicalize a string with a lone surrogate");
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`Cannot canonicalize a number: current value is ${value}`);
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "object": {
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map(canonicalize).join(",")}]`;
      const members = Object.keys(value).sort(compareCodePoints);
      return `{${members.map((name) => `${canonicalize(name)}:${canonicalize(value[name] as Json)}`).join(",")}}`;
    }
    default:
      throw new TypeError(`Cannot canonicalize a value of type ${typeof value}`);
  }
}

/** {@linkcode canonicalize} as UTF-8. */
export function canonicalBytes(value: Json): Uint8Array<ArrayBuffer> {
  return utf8(canonicalize(value));
}

/** Orders strings by Unicode code point; differs from `<` only beyond U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    if (xHigh !== yHigh) return xHigh ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

/** A copy of an object without the named members. */
export function without<T extends object>(value: T, ...names: string[]): { [member: string]: Json } {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}
