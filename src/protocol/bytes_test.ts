import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  base32,
  base64url,
  concat,
  equalBytes,
  fromBase64Tolerant,
  fromBase64url,
  fromHex,
  fromUtf8,
  fromUtf8Lossy,
  hex,
  utf8,
  utf8Briefly,
} from "./bytes.ts";

const bytes = fc.uint8Array({ maxLength: 80 });
const wellFormed = fc.string({ unit: "binary" }).filter((text) => text.isWellFormed());

Deno.test("base64url and hexadecimal come back to the same bytes", () => {
  fc.assert(fc.property(bytes, (b) => {
    assertEquals(fromBase64url(base64url(b)), b);
    assertEquals(fromHex(hex(b)), b);
    assert(!/[+/=]/.test(base64url(b)));
  }));
});

Deno.test("every base64url text has one spelling", () => {
  for (const text of ["A", "AAA=", "AA==", "A+A/", "A A", "AB", "AAB"]) {
    assertThrows(() => fromBase64url(text), SyntaxError);
  }
  assertEquals(fromBase64url(""), new Uint8Array());
});

Deno.test("the tolerant reader takes both alphabets, padded or not", () => {
  fc.assert(fc.property(bytes, (b) => {
    const padded = b.toBase64();
    for (const text of [padded, padded.replaceAll("=", ""), base64url(b), b.toBase64({ alphabet: "base64url" })]) {
      assertEquals(fromBase64Tolerant(text), b);
    }
  }));
  assertThrows(() => fromBase64Tolerant("AA AA"), SyntaxError);
});

Deno.test("base32 has the values of RFC 4648", () => {
  const known = [["", ""], ["f", "MY"], ["fo", "MZXQ"], ["foo", "MZXW6"], ["foob", "MZXW6YQ"], ["fooba", "MZXW6YTB"]];
  for (const [plain = "", coded = ""] of known) assertEquals(base32(utf8(plain)), coded);
});

Deno.test("UTF-8 comes back, bad sequences are refused or shown", () => {
  fc.assert(fc.property(wellFormed, (text) => assertEquals(fromUtf8(utf8(text)), text)));
  assertThrows(() => fromUtf8(Uint8Array.of(0xc3)), TypeError);
  assertEquals(fromUtf8Lossy(Uint8Array.of(0x61, 0xc3)), "a\ufffd");
});

Deno.test("joined parts are equal to the whole, and only equal bytes are equal", () => {
  fc.assert(fc.property(bytes, fc.nat(80), (b, at) => {
    assert(equalBytes(concat([b.subarray(0, at), b.subarray(at)]), b));
    if (b.length > 0) assert(!equalBytes(b, b.map((x, i) => i === at % b.length ? x ^ 1 : x)));
    assert(!equalBytes(b, concat([b, Uint8Array.of(0)])));
  }));
});

Deno.test("text encoded for the moment is that of the encoder, until the next one", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assertEquals(utf8Briefly(text), utf8(text))));
  for (const text of ["", "x".repeat(4096), "水".repeat(4096), "x".repeat(4097), "水".repeat(9000)]) {
    assertEquals(utf8Briefly(text), utf8(text));
  }
});
