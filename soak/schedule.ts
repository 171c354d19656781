/** When calls are due. The schedule decides, never the answers (open model): a stalled target cannot hide. */

import type { Random } from "../src/protocol/mod.ts";

const MS_PER_SECOND = 1000;

/** Calls per second over time. */
export type Pace =
  | { readonly kind: "constant"; readonly perSecond: number }
  /** From one rate to the other, linearly over `overMs`, then constant. */
  | { readonly kind: "ramp"; readonly from: number; readonly to: number; readonly overMs: number }
  /** Independent arrivals with this mean. */
  | { readonly kind: "poisson"; readonly perSecond: number };

/** Due times in milliseconds from the start, ascending, without end. */
export function* dueTimes(pace: Pace, random: Random): Generator<number, never, void> {
  switch (pace.kind) {
    case "constant":
      for (let n = 0;; n++) yield n * MS_PER_SECOND / pace.perSecond;
    case "poisson":
      for (let at = 0;;) {
        yield at;
        // unit() is below 1, so the logarithm is finite.
        at += -Math.log(1 - random.unit()) * MS_PER_SECOND / pace.perSecond;
      }
    case "ramp":
      for (let n = 0;; n++) yield rampDue(pace, n);
  }
}

/** Time at which the rate's integral reaches `n` calls. */
function rampDue({ from, to, overMs }: Pace & { kind: "ramp" }, n: number): number {
  const seconds = overMs / MS_PER_SECOND;
  const during = (from + to) / 2 * seconds;
  if (n >= during) return overMs + (n - during) / to * MS_PER_SECOND;
  const growth = (to - from) / seconds;
  if (growth === 0) return n / from * MS_PER_SECOND;
  return (Math.sqrt(from * from + 2 * growth * n) - from) / growth * MS_PER_SECOND;
}

/** The highest rate a pace reaches, calls per second. */
export function peakRate(pace: Pace): number {
  return pace.kind === "ramp" ? Math.max(pace.from, pace.to) : pace.perSecond;
}

/** Reads `20/s`, `20`, `600/m`, `5..50/s` (a ramp over `overMs`), `poisson:20/s`; undefined if it is none. */
export function readPace(text: string, overMs: number): Pace | undefined {
  const match = /^(poisson:)?(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?(?:\/(s|m|h))?$/.exec(text);
  if (match === null) return undefined;
  const per = { s: 1, m: 60, h: 3600 }[match[4] ?? "s"] ?? 1;
  const first = Number(match[2]) / per;
  if (match[3] !== undefined) {
    const to = Number(match[3]) / per;
    return match[1] !== undefined || first < 0 || to <= 0 ? undefined : { kind: "ramp", from: first, to, overMs };
  }
  if (first <= 0) return undefined;
  return { kind: match[1] === undefined ? "constant" : "poisson", perSecond: first };
}
