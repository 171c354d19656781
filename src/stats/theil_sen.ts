/** Slope of a series as the median of all pairwise slopes, with a confidence interval. */

import { normalQuantile } from "./normal.ts";
import { quantileSorted } from "./quantile.ts";

/** Up to this many points every pair counts (499,500 slopes); beyond, evenly spaced points stand for the rest. */
export const EXACT_POINTS = 1000;

/** A slope in value units per time unit of the points. */
export interface SlopeEstimate {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
  /** Points whose pairs were used. */
  readonly points: number;
}

/**
 * Theil-Sen slope (Theil 1950; Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968). The
 * interval takes the slopes at ranks (N ± C) / 2 with C = z sqrt(Var S), Sen's section 5.
 *
 * @param times Ascending; pairs of equal times are left out.
 * @param variance Variance of Mann-Kendall's S, corrected as the caller sees fit; an interval wider than the observed
 * slopes has infinite ends.
 * @param alpha One minus the confidence of the two-sided interval.
 * @throws {RangeError} If fewer than two different times are given.
 */
export function theilSen(
  times: ArrayLike<number>,
  values: ArrayLike<number>,
  variance: (points: number) => number,
  alpha: number,
): SlopeEstimate {
  const used = evenly(times.length, EXACT_POINTS);
  const slopes = new Float64Array(used.length * (used.length - 1) / 2);
  let count = 0;
  for (let j = 1; j < used.length; j++) {
    const tj = times[used[j] as number] as number;
    const vj = values[used[j] as number] as number;
    for (let i = 0; i < j; i++) {
      const span = tj - (times[used[i] as number] as number);
      if (span > 0) slopes[count++] = (vj - (values[used[i] as number] as number)) / span;
    }
  }
  if (count === 0) throw new RangeError(`Cannot fit a slope: current number of points is ${times.length}`);
  const sorted = slopes.subarray(0, count).sort();
  const reach = normalQuantile(1 - alpha / 2) * Math.sqrt(variance(used.length));
  const lowRank = Math.floor((count - reach) / 2) - 1;
  const highRank = Math.ceil((count + reach) / 2);
  return {
    slope: quantileSorted(sorted, 0.5),
    low: lowRank < 0 ? -Infinity : sorted[lowRank] as number,
    high: highRank >= count ? Infinity : sorted[highRank] as number,
    points: used.length,
  };
}

/** Indices 0 to `count - 1`, or `most` of them at even distance with both ends. */
function evenly(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round(i * (count - 1) / (most - 1)));
}
