/** Text of stored documents. CONTRACT §4.5; M05 §3.3: PDF with a text layer, and plain UTF-8 text. */

import { fromUtf8 } from "../../protocol/mod.ts";
import { pdfPages } from "./pdf.ts";
import type { Page } from "./passages.ts";

const PDF_MAGIC = "%PDF-";
// deno-lint-ignore no-control-regex -- control characters other than layout are what text does not have
const CONTROLS = /[\u0000-\u0008\u000b\u000e-\u001f\u007f]/;

/** Pages of a document, or undefined if it is neither PDF nor text. Pages without text are left in, empty. */
export function extractPages(bytes: Uint8Array): readonly Page[] | undefined {
  if (startsWith(bytes, PDF_MAGIC)) return pdfPages(bytes)?.map((text, i) => ({ text, number: i + 1 }));
  try {
    const text = fromUtf8(bytes);
    return CONTROLS.test(text) ? undefined : [{ text, number: undefined }];
  } catch {
    return undefined;
  }
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return [...text].every((character, i) => bytes[i] === character.charCodeAt(0));
}
