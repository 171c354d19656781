/** PDF files with a text layer, as the documents that every ingesting node has to read (core-kb conflict "media types"). */

import { concat, utf8 } from "../protocol/mod.ts";

/** Objects before the pages: catalogue, page tree, font. */
const FIRST_PAGE_ID = 4;
/** Words per line: a line must stay on the page for extractors that look at positions. */
const WORDS_PER_LINE = 12;
const PAGE_SIZE = "[0 0 595 842]";
const HEADER = "%PDF-1.4\n";

/**
 * A PDF of A4 pages in Helvetica, one per text; an empty text gives a page without text. ASCII only, plain content
 * streams, with a cross-reference table.
 */
export function textPdf(pages: readonly string[]): Uint8Array {
  const kids = pages.map((_, i) => `${FIRST_PAGE_ID + 2 * i} 0 R`).join(" ");
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ...pages.flatMap((text, i) => {
      const content = pageContent(text);
      return [
        `<< /Type /Page /Parent 2 0 R /MediaBox ${PAGE_SIZE} /Resources << /Font << /F1 3 0 R >> >> ` +
        `/Contents ${FIRST_PAGE_ID + 2 * i + 1} 0 R >>`,
        `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
      ];
    }),
  ];
  const parts: Uint8Array[] = [utf8(HEADER)];
  const offsets: number[] = [];
  let at = HEADER.length;
  for (const [i, object] of objects.entries()) {
    const bytes = utf8(`${i + 1} 0 obj\n${object}\nendobj\n`);
    offsets.push(at);
    at += bytes.length;
    parts.push(bytes);
  }
  const rows = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const size = objects.length + 1;
  parts.push(utf8(
    `xref\n0 ${size}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`,
  ));
  return concat(parts);
}

/** Small type, so that pages of thousands of words keep their words apart, whatever falls off the sheet. */
function pageContent(text: string): string {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return "0 0 10 10 re f";
  const lines: string[] = [];
  for (let i = 0; i < words.length; i += WORDS_PER_LINE) lines.push(words.slice(i, i + WORDS_PER_LINE).join(" "));
  const shown = lines.map((line) => `(${line.replace(/[\\()]/g, "\\$&")}) Tj T*`).join("\n");
  return `BT\n/F1 6 Tf\n7 TL\n40 800 Td\n${shown}\nET`;
}
