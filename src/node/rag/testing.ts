/** Documents for tests. */

import { deflateSync } from "node:zlib";
import { concat, utf8 } from "../../protocol/mod.ts";

/** A PDF with one content stream per page; without cross-reference table, which the reader does not need. */
export function samplePdf(pages: readonly string[], options: { readonly flate?: boolean } = {}): Uint8Array {
  const first = 3;
  const parts: Uint8Array[] = [utf8("%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n")];
  // Pages stand in the file backwards, so that only the page tree gives their order.
  const kids = pages.map((_, i) => `${first + 2 * i} 0 R`).join(" ");
  parts.push(utf8(`2 0 obj\n<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>\nendobj\n`));
  for (const [i, content] of [...pages.entries()].reverse()) {
    const id = first + 2 * i;
    const raw = utf8(content);
    const data = options.flate ? new Uint8Array(deflateSync(raw)) : raw;
    const filter = options.flate ? " /Filter /FlateDecode" : "";
    parts.push(
      utf8(`${id} 0 obj\n<< /Type /Page /Parent 2 0 R /Contents ${id + 1} 0 R >>\nendobj\n`),
      utf8(`${id + 1} 0 obj\n<< /Length ${data.length}${filter} >>\nstream\n`),
      data,
      utf8("\nendstream\nendobj\n"),
    );
  }
  return concat([...parts, utf8("trailer\n<< /Root 1 0 R >>\n%%EOF\n")]);
}
