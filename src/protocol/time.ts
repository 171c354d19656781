/** Timestamps on the wire (CONTRACT §1.1) and the clock everything is given. */

/** Whole-second UTC form; the only one used outside traces and logs. */
export const TIMESTAMP_PATTERN = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const TRACE_PATTERN = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/;

/** Writes `YYYY-MM-DDTHH:MM:SSZ`; the fraction of the second is dropped. */
export function timestamp(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== last.second) last = { second, text: new Date(second * 1000).toISOString().replace(".000Z", "Z") };
  return last.text;
}

/** Load asks for the same second again and again. */
let last = { second: 0, text: "1970-01-01T00:00:00Z" };

/** Milliseconds since the epoch of an RFC 3339 UTC timestamp, or undefined if it is none or no real date. */
export function parseTimestamp(text: unknown): number | undefined {
  if (typeof text !== "string" || !TRACE_PATTERN.test(text)) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  return timestamp(ms).slice(0, 19) === text.slice(0, 19) ? ms : undefined;
}

/** Time as everything here sees it. Implementations: `src/wire/clock.ts`. */
export interface Clock {
  /** Milliseconds since the epoch. */
  wall(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  mono(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
