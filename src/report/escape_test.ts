import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { bounded, escapeHtml, escapeHtmlLines, escapeXml, visible, visibleLines } from "./escape.ts";

Deno.test("visible shows what a terminal would act on", () => {
  const shown: [text: string, expected: string][] = [
    ["plain ä 漢 🙂", "plain ä 漢 🙂"],
    ["\x1b[31mred", "\\u{1B}[31mred"],
    ["a\nb\r\tc", "a\\nb\\r\\tc"],
    ["nul\0del\x7fc1\x9b", "nul\\u{0}del\\u{7F}c1\\u{9B}"],
    ["abc\u202Etxt.exe", "abc\\u{202E}txt.exe"],
    ["\u2066\u200b\ufeff\u2028", "\\u{2066}\\u{200B}\\u{FEFF}\\u{2028}"],
    ["\ud800x", "\\u{D800}x"],
    ["\u{E0041}", "\\u{E0041}"],
  ];
  for (const [text, expected] of shown) assertEquals(visible(text), expected);
});

Deno.test("visibleLines keeps line feeds and shows carriage returns", () => {
  assertEquals(visibleLines("HTTP/1.1 200 OK\r\n\r\nbody"), ["HTTP/1.1 200 OK\\r", "\\r", "body"]);
});

Deno.test("escapeHtml leaves nothing that opens a tag, an entity or a quote", () => {
  assertEquals(
    escapeHtml(`<script>alert("1")</script>&amp;'\``),
    "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&#39;&#96;",
  );
  assertEquals(escapeHtmlLines("a\n<b>"), "a\n&lt;b&gt;");
});

Deno.test("no escaped text holds an active character", () => {
  // deno-lint-ignore no-control-regex -- control characters are what must be gone
  const active = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f<>"'`\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assertEquals(active.test(escapeHtmlLines(text)), false);
    assertEquals(active.test(escapeXml(text)), false);
    assertEquals(visible(text).isWellFormed(), true);
    assertEquals(visible(visible(text)), visible(text));
  }));
});

Deno.test("bounded cuts between characters and tells the rest", () => {
  assertEquals(bounded("abc", 3), "abc");
  assertEquals(bounded("abcdef", 3), "abc… (3 more characters)");
  assertEquals(bounded("a🙂b", 2), "a… (3 more characters)");
});
