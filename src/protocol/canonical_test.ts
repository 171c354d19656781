import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { canonicalBytes, canonicalize, compareCodePoints, without } from "./canonical.ts";
import { fromUtf8 } from "./bytes.ts";
import { type Json, parseJson } from "./json.ts";

const jsonValue = fc.jsonValue({ stringUnit: "grapheme" }) as fc.Arbitrary<Json>;

Deno.test("the canonical text reads as the same value and is its own canonical text", () => {
  fc.assert(fc.property(jsonValue, (value) => {
    const text = canonicalize(value);
    assertEquals(JSON.stringify(parseJson(text)).length, text.length);
    assertEquals(canonicalize(parseJson(text)), text);
    assertEquals(fromUtf8(canonicalBytes(value)), text);
  }));
});

Deno.test("the order in which members were written does not show", () => {
  fc.assert(fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.integer()), (object) => {
    const backwards = Object.fromEntries(Object.entries(object).reverse());
    assertEquals(canonicalize(backwards), canonicalize(object));
  }));
});

Deno.test("names sort by code point, numbers are shortest", () => {
  assertEquals(canonicalize({ "\u{1f600}": 1, "\uff5e": 2, a: 3, A: 4 }), '{"A":4,"a":3,"\uff5e":2,"\u{1f600}":1}');
  assertEquals(canonicalize([1.0, 1.10, -0, 1e21, 1e-7, 100]), "[1,1.1,0,1e+21,1e-7,100]");
});

Deno.test("comparison by code point orders as the arrays of code points do", () => {
  const text = fc.string({ unit: "binary" }).filter((t) => t.isWellFormed());
  fc.assert(fc.property(text, text, (a, b) => {
    const [x, y] = [a, b].map((t) => [...t].map((c) => c.codePointAt(0) ?? 0)) as [number[], number[]];
    const at = x.findIndex((point, i) => point !== y[i]);
    const expected = at === -1 ? x.length - y.length : y[at] === undefined ? 1 : (x[at] ?? 0) - (y[at] ?? 0);
    assertEquals(Math.sign(compareCodePoints(a, b)), Math.sign(expected));
  }));
});

Deno.test("what is no JSON is refused", () => {
  for (const value of [NaN, Infinity, "\ud800", { "\ud800": 1 }, undefined, () => 1]) {
    assertThrows(() => canonicalize(value as unknown as Json), TypeError);
  }
});

Deno.test("members are left out by name", () => {
  assertEquals(without({ a: 1, b: 2, signature: "x" }, "signature", "b"), { a: 1 });
});
