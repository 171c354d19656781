import { assertEquals } from "@std/assert";
import { fromUtf8 } from "../protocol/mod.ts";
import { textPdf } from "./text_pdf.ts";

Deno.test("the cross-reference table of a PDF points at its objects", () => {
  const file = fromUtf8(textPdf(["hearth and ember", "", "a (bracketed) word"]));
  const table = Number(/startxref\n(\d+)\n/.exec(file)?.[1]);
  assertEquals(file.slice(table, table + 4), "xref");
  const offsets = [...file.slice(table).matchAll(/^(\d{10}) 00000 n/gm)].map((match) => Number(match[1]));
  assertEquals(offsets.length, 9);
  for (const [i, offset] of offsets.entries()) assertEquals(file.slice(offset).startsWith(`${i + 1} 0 obj\n`), true);
});

Deno.test("brackets in the text of a PDF are escaped", () => {
  assertEquals(fromUtf8(textPdf(["a (b) \\ c"])).includes("(a \\(b\\) \\\\ c) Tj"), true);
});
