import { assertEquals } from "@std/assert";
import { utf8 } from "../../protocol/mod.ts";
import { extractPages } from "./extract.ts";
import { samplePdf } from "./testing.ts";

const texts = (bytes: Uint8Array) => extractPages(bytes)?.map(({ text, number }) => [number, text]);

Deno.test("pages come in the order of the page tree, plain and deflated", () => {
  const pages = ["BT /F1 12 Tf 72 720 Td (first page) Tj ET", "BT (second) Tj 0 -14 Td (line two) Tj ET"];
  const expected = [[1, "first page"], [2, "second\nline two"]];
  assertEquals(texts(samplePdf(pages)), expected);
  assertEquals(texts(samplePdf(pages, { flate: true })), expected);
});

Deno.test("strings with escapes, nesting, hexadecimal digits and kerning are read", () => {
  const content = String.raw`BT (a \(b\) (c) \101\n) Tj [(wa) 20 (ter) -300 (mill)] TJ <48 69> ' ET`;
  assertEquals(texts(samplePdf([content])), [[1, "a (b) (c) A\nwater mill\nHi"]]);
});

Deno.test("a page that only draws has no text", () => {
  assertEquals(texts(samplePdf(["q 1 0 0 1 0 0 cm 10 10 100 100 re f Q"])), [[1, ""]]);
});

Deno.test("text is one document without pages, other bytes are none", () => {
  assertEquals(extractPages(utf8("Grüße\n")), [{ text: "Grüße\n", number: undefined }]);
  assertEquals(extractPages(Uint8Array.of(0xff, 0xfe, 0, 1)), undefined);
  assertEquals(extractPages(utf8("a\u0000b")), undefined);
  assertEquals(extractPages(utf8("%PDF-1.4 and nothing else")), undefined);
});
