import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { isObject, parseJson, tryParseJson } from "./json.ts";
import { utf8 } from "./bytes.ts";

const wellFormed = fc.string().filter((text) => text.isWellFormed());

Deno.test("every value that JSON can hold is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: "grapheme" }), (text) => assertEquals(parseJson(text), JSON.parse(text))),
  );
});

Deno.test("whatever is accepted, JSON.parse accepts too", () => {
  const soup = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\ 0123456789.-+eEtrufalsn/b\n\u0000'.split("")) });
  fc.assert(
    fc.property(soup, (text) => {
      const value = tryParseJson(text);
      if (value !== undefined) assertEquals(value, JSON.parse(text));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("strings come back through their escapes", () => {
  fc.assert(fc.property(wellFormed, (text) => assertEquals(parseJson(JSON.stringify(text)), text)));
  assertEquals(parseJson('"\\ud83d\\ude00\\/\\u0041"'), "😀/A");
});

Deno.test("what JSON.parse lets through is refused", () => {
  for (const text of ['{"a":1,"a":2}', '"\\ud800"', "1e999", "-1e999", '{"a":{"b":1,"b":1}}']) {
    JSON.parse(text);
    assertThrows(() => parseJson(text), SyntaxError);
  }
});

Deno.test("malformed texts are refused", () => {
  const bad = [
    "",
    " ",
    "{",
    "[1,]",
    '{"a":1,}',
    "01",
    "+1",
    ".5",
    "1.",
    "NaN",
    "'a'",
    '"\n"',
    "[1] 2",
    '{"a" 1}',
    "nul",
    '"\\x"',
  ];
  for (const text of bad) assertThrows(() => parseJson(text), SyntaxError);
});

Deno.test("bytes must be UTF-8 without a byte order mark", () => {
  assertEquals(parseJson(utf8('{"ü":[]}')), { ü: [] });
  assertThrows(() => parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)), SyntaxError, "byte order mark");
  assertThrows(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)), SyntaxError, "UTF-8");
});

Deno.test("nesting is bounded", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  parseJson(nested(128));
  assertThrows(() => parseJson(nested(129)), SyntaxError, "nesting");
  assertThrows(() => parseJson(nested(100_000)), SyntaxError, "nesting");
  parseJson(nested(3), { maxDepth: 3 });
});

Deno.test("repeated names can be let through, and no name reaches a prototype", () => {
  assertEquals(parseJson('{"a":1,"a":2}', { duplicates: "last" }), { a: 2 });
  const value = parseJson('{"__proto__":{"polluted":true}}');
  assertEquals(Object.keys(value as object), ["__proto__"]);
  assertEquals(({} as { polluted?: boolean }).polluted, undefined);
});

Deno.test("only objects are objects", () => {
  assertEquals([{}, [], null, "x", 1, undefined].map(isObject), [true, false, false, false, false, false]);
});
