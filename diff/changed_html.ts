/** Two answers next to each other, as text and as hexadecimal, with the changed bytes marked. All text is escaped. */

import { fromUtf8Lossy } from "../src/protocol/mod.ts";
import { escapeHtmlLines } from "../src/report/escape.ts";
import { changedStretches, type Stretch, type Window, windowsOf } from "./changed.ts";

/** Bytes at the beginning that are always shown, and around everything changed. */
const HEAD_BYTES = 420;
const MARGIN_BYTES = 120;
/** Bytes of one side that are looked at, and that are shown at most. */
const MAX_COMPARED = 65_536;
const MAX_SHOWN = 6_144;
/** Bytes in a row of hexadecimal: eight fit beside their text on a phone. */
const ROW = 8;
const OFFSET_DIGITS = 4;

/** Markup of one side. */
export interface SideMarkup {
  readonly text: string;
  readonly hex: string;
}

/** Markup of both sides. */
export function changedMarkup(left: Uint8Array, right: Uint8Array): [left: SideMarkup, right: SideMarkup] {
  const [a, b] = [left.subarray(0, MAX_COMPARED), right.subarray(0, MAX_COMPARED)];
  const [x, y] = changedStretches(a, b);
  return [markup(a, x), markup(b, y)];
}

function markup(bytes: Uint8Array, changed: readonly Stretch[]): SideMarkup {
  const windows = bounded(windowsOf(bytes.length, changed, HEAD_BYTES, MARGIN_BYTES));
  return {
    text: windows.map((one) => textOf(bytes, one, changed)).join(""),
    hex: windows.map((one) => hexOf(bytes, one, changed)).join(""),
  };
}

/** A hostile answer may differ everywhere: what goes beyond the bound is left out. */
function bounded(windows: readonly Window[]): Window[] {
  let left = MAX_SHOWN;
  return windows.flatMap((one): Window[] => {
    if (!one.shown) return [one];
    const size = Math.min(left, one.to - one.from);
    left -= size;
    const end = one.from + size;
    return [
      ...(size === 0 ? [] : [{ ...one, to: end }]),
      ...(end < one.to ? [{ from: end, to: one.to, shown: false }] : []),
    ];
  });
}

function gap({ from, to }: Window, changed: readonly Stretch[]): string {
  const equal = changed.every((one) => one.to <= from || one.from >= to);
  return `<span class="gap">${to - from} ${equal ? "equal bytes" : "bytes not shown"}</span>`;
}

function textOf(bytes: Uint8Array, window: Window, changed: readonly Stretch[]): string {
  if (!window.shown) return gap(window, changed);
  return pieces(window, changed).map(({ from, to, marked }) => {
    const text = escapeHtmlLines(fromUtf8Lossy(bytes.subarray(from, to)).replaceAll("\r\n", "\n"));
    return marked ? `<mark>${text}</mark>` : text;
  }).join("");
}

/** The window cut where marking begins and ends. */
function pieces({ from, to }: Stretch, changed: readonly Stretch[]): (Stretch & { readonly marked: boolean })[] {
  const out: (Stretch & { readonly marked: boolean })[] = [];
  let at = from;
  for (const one of changed) {
    const [start, end] = [Math.max(one.from, from), Math.min(one.to, to)];
    if (start >= end) continue;
    if (start > at) out.push({ from: at, to: start, marked: false });
    out.push({ from: start, to: end, marked: true });
    at = end;
  }
  if (at < to) out.push({ from: at, to, marked: false });
  return out;
}

function hexOf(bytes: Uint8Array, window: Window, changed: readonly Stretch[]): string {
  if (!window.shown) return gap(window, changed) + "\n";
  const rows: string[] = [];
  for (let at = window.from - window.from % ROW; at < window.to; at += ROW) {
    const places = Array.from({ length: ROW }, (_, i) => at + i);
    const isMarked = (place: number) => changed.some(({ from, to }) => place >= from && place < to);
    const cell = (place: number, text: (byte: number) => string, blank: string) => {
      const byte = bytes[place];
      if (byte === undefined) return blank;
      return isMarked(place) ? `<mark>${text(byte)}</mark>` : text(byte);
    };
    const pairs = places.map((place) => cell(place, (byte) => byte.toString(16).padStart(2, "0"), "  ")).join(" ");
    const ascii = places.map((place) => cell(place, printable, " ")).join("");
    rows.push(`${at.toString(16).padStart(OFFSET_DIGITS, "0")}  ${pairs}  ${ascii}`);
  }
  return rows.join("\n").replaceAll("</mark><mark>", "") + "\n";
}

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? escapeHtmlLines(String.fromCharCode(byte)) : ".";
}
