/** Ready-made changes for proxy rules. */

import { fromUtf8, parseTimestamp, timestamp, utf8 } from "../protocol/mod.ts";
import type { ProxyRule } from "./proxy.ts";

const TIMESTAMPS = /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g;

/** Moves every whole-second timestamp in headers and body by so many milliseconds; a body that is no text stays. */
export function shiftTimestamps(byMs: number): NonNullable<ProxyRule["transform"]> {
  const shift = (text: string) =>
    text.replace(TIMESTAMPS, (found) => {
      const at = parseTimestamp(found);
      return at === undefined ? found : timestamp(at + byMs);
    });
  return ({ method, path, headers, body }) => ({
    method,
    path: shift(path),
    headers: headers.map(([name, value]) => [name, shift(value)] as const),
    body: shiftBody(body, shift),
  });
}

function shiftBody(body: Uint8Array, shift: (text: string) => string): Uint8Array {
  try {
    return utf8(shift(fromUtf8(body)));
  } catch {
    return body;
  }
}
