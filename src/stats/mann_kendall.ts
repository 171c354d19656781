/** Mann-Kendall test: does a series tend upwards? */

import { normalTail } from "./normal.ts";

/** Kendall's S with its variance for independent values. */
export interface KendallScore {
  /** Rising pairs minus falling pairs. */
  readonly s: number;
  readonly variance: number;
}

/** Outcome of the trend test. */
export interface Trend {
  /** Standardised score, with continuity correction. */
  readonly z: number;
  /** Two-sided probability of so strong a trend without one. */
  readonly p: number;
  /** Correlation of value with time, -1 to 1. */
  readonly tau: number;
}

/** Score of a series in order of time, ties corrected (Mann 1945; Kendall, "Rank Correlation Methods", 1975, 4.2). */
export function kendallScore(values: ArrayLike<number>): KendallScore {
  let s = 0;
  for (let j = 1; j < values.length; j++) {
    for (let i = 0; i < j; i++) s += Math.sign((values[j] as number) - (values[i] as number));
  }
  return { s, variance: kendallVariance(values) };
}

/** Variance of S for independent values in any order, ties corrected. */
export function kendallVariance(values: ArrayLike<number>): number {
  const term = (n: number) => n * (n - 1) * (2 * n + 5);
  const sorted = Float64Array.from(values).sort();
  let ties = 0;
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (to < sorted.length && sorted[to] === sorted[from]) to++;
    if (to - from > 1) ties += term(to - from);
    from = to;
  }
  return (term(sorted.length) - ties) / 18;
}

/**
 * The test.
 *
 * @param factor Enlargement of the variance through autocorrelation, at least 1.
 */
export function mannKendall(values: ArrayLike<number>, factor = 1): Trend {
  const { s, variance } = kendallScore(values);
  const n = values.length;
  const z = variance > 0 ? (s - Math.sign(s)) / Math.sqrt(variance * factor) : 0;
  return { z, p: Math.min(1, 2 * normalTail(Math.abs(z))), tau: n > 1 ? s / (n * (n - 1) / 2) : 0 };
}
