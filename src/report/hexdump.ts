/** Bytes of an exchange for people: as text and as hexadecimal, both bounded. */

import { fromUtf8Lossy } from "../protocol/mod.ts";

/** Bytes in a row: eight fit beside their text on a phone. */
const ROW = 8;
const OFFSET_DIGITS = 4;
const HEX_WIDTH = ROW * 3 - 1;

/** Rows of offset, hexadecimal and ASCII; what is no printable ASCII shows as a full stop. */
export function hexRows(bytes: Uint8Array): string[] {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = bytes.subarray(at, at + ROW);
    const pairs = Array.from(row, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const ascii = Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    rows.push(`${at.toString(16).padStart(OFFSET_DIGITS, "0")}  ${pairs.padEnd(HEX_WIDTH)}  ${ascii}`);
  }
  return rows;
}

/** The first `limit` bytes as text and as rows. */
export function showBytes(bytes: Uint8Array, limit: number): { text: string; rows: string[] } {
  const shown = bytes.subarray(0, limit);
  return { text: fromUtf8Lossy(shown), rows: hexRows(shown) };
}
