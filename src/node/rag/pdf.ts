/** Text of simple PDF files: pages in tree order, content streams plain or Flate, strings in single-byte encodings. */

import { inflateSync } from "node:zlib";
import { contentText } from "./pdf_content.ts";

/** Bounds against hostile files. */
const MAX_STREAM_BYTES = 16 * 1024 * 1024;
const MAX_PAGES = 2000;
const MAX_TREE_DEPTH = 32;

/** One indirect object: its dictionary text, and its stream bytes as Latin-1 if it has any. */
interface PdfObject {
  readonly dictionary: string;
  readonly stream: string | undefined;
}

/** Text of each page, or undefined if the file has no readable page. */
export function pdfPages(bytes: Uint8Array): readonly string[] | undefined {
  const objects = readObjects(latin1(bytes));
  const pages = pageOrder(objects);
  if (pages.length === 0) return undefined;
  return pages.map((page) => contents(page, objects).map((stream) => contentText(stream)).join("\n").trim());
}

function latin1(bytes: Uint8Array): string {
  // Not TextDecoder: its "latin1" is windows-1252, which would not give the bytes back.
  let text = "";
  for (let at = 0; at < bytes.length; at += TEXT_SLICE) {
    text += String.fromCharCode(...bytes.subarray(at, at + TEXT_SLICE));
  }
  return text;
}

function readObjects(file: string): ReadonlyMap<number, PdfObject> {
  const objects = new Map<number, PdfObject>();
  const header = /(\d+)\s+\d+\s+obj\b/g;
  for (let match = header.exec(file); match !== null; match = header.exec(file)) {
    const start = header.lastIndex;
    const end = file.indexOf("endobj", start);
    const streamAt = file.indexOf("stream", start);
    if (streamAt !== -1 && (end === -1 || streamAt < end)) {
      const dictionary = file.slice(start, streamAt);
      const dataAt = streamAt + "stream".length + (file.startsWith("\r\n", streamAt + "stream".length) ? 2 : 1);
      const length = /\/Length\s+(\d+)(?!\s+\d+\s+R)/.exec(dictionary);
      const declared = dataAt + Number(length?.[1] ?? -1);
      const stop = length !== null && /^\s*endstream/.test(file.slice(declared, declared + MAX_GAP))
        ? declared
        : file.indexOf("endstream", dataAt);
      if (stop === -1) break;
      objects.set(Number(match[1]), { dictionary, stream: file.slice(dataAt, stop) });
      header.lastIndex = stop;
    } else if (end !== -1) {
      objects.set(Number(match[1]), { dictionary: file.slice(start, end), stream: undefined });
      header.lastIndex = end;
    } else break;
  }
  return objects;
}

/** Bytes turned into text at once; an argument list cannot be much longer. */
const TEXT_SLICE = 8192;
/** Line ends between the data of a stream and its closing word. */
const MAX_GAP = 16;

function reference(dictionary: string, name: string): number | undefined {
  const match = new RegExp(`/${name}\\s+(\\d+)\\s+\\d+\\s+R`).exec(dictionary);
  return match === null ? undefined : Number(match[1]);
}

function references(dictionary: string, name: string): number[] {
  const list = new RegExp(`/${name}\\s*\\[([^\\]]*)\\]`).exec(dictionary)?.[1];
  if (list === undefined) return [];
  return [...list.matchAll(/(\d+)\s+\d+\s+R/g)].map((match) => Number(match[1]));
}

/** Pages in the order of the page tree; in the order of the file if there is no tree. */
function pageOrder(objects: ReadonlyMap<number, PdfObject>): readonly PdfObject[] {
  const catalog = [...objects.values()].find((o) => /\/Type\s*\/Catalog\b/.test(o.dictionary));
  const root = catalog === undefined ? undefined : reference(catalog.dictionary, "Pages");
  const ordered: PdfObject[] = [];
  const visit = (id: number, depth: number): void => {
    const object = objects.get(id);
    if (object === undefined || depth > MAX_TREE_DEPTH || ordered.length >= MAX_PAGES) return;
    if (/\/Type\s*\/Page\b/.test(object.dictionary)) ordered.push(object);
    else for (const kid of references(object.dictionary, "Kids")) visit(kid, depth + 1);
  };
  if (root !== undefined) visit(root, 0);
  if (ordered.length > 0) return ordered;
  return [...objects.values()].filter((o) => /\/Type\s*\/Page\b/.test(o.dictionary)).slice(0, MAX_PAGES);
}

function contents(page: PdfObject, objects: ReadonlyMap<number, PdfObject>): string[] {
  const one = reference(page.dictionary, "Contents");
  const ids = one === undefined ? references(page.dictionary, "Contents") : [one];
  return ids.flatMap((id) => {
    const object = objects.get(id);
    const text = object && decoded(object);
    return text === undefined ? [] : [text];
  });
}

function decoded({ dictionary, stream }: PdfObject): string | undefined {
  if (stream === undefined) return undefined;
  if (!/\/Filter\b/.test(dictionary)) return stream;
  if (!/\/Filter\s*\[?\s*\/FlateDecode\s*\]?/.test(dictionary)) return undefined;
  try {
    const bytes = Uint8Array.from(stream, (character) => character.charCodeAt(0) & 0xff);
    return latin1(inflateSync(bytes, { maxOutputLength: MAX_STREAM_BYTES }));
  } catch {
    return undefined;
  }
}
