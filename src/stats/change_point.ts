/** Where the level of a series changed. */

import { ranks } from "./autocorrelation.ts";

/** A change of level. */
export interface ChangePoint {
  /** Index of the first point after the change. */
  readonly index: number;
  /** Approximate probability of such a split without a change. */
  readonly p: number;
}

const MIN_SIDE = 8;
const MAX_CHANGES = 5;

/**
 * The most likely change of level (Pettitt, "A non-parametric approach to the change-point problem", 1979). Chosen over
 * least-squares segmentation because it needs no noise model, as everything else here that ranks: outliers do not make
 * changes.
 *
 * @param factor Enlargement of the variance through autocorrelation, at least 1.
 */
export function pettitt(values: ArrayLike<number>, factor = 1): ChangePoint | undefined {
  const n = values.length;
  if (n < 2 * MIN_SIDE) return undefined;
  const ranked = ranks(values);
  let sum = 0;
  let [most, index] = [-1, 0];
  for (let t = 1; t < n; t++) {
    sum += ranked[t - 1] as number;
    const score = Math.abs(2 * sum - t * (n + 1));
    if (score > most) [most, index] = [score, t];
  }
  return { index, p: Math.min(1, 2 * Math.exp(-6 * most * most / ((n ** 3 + n ** 2) * factor))) };
}

/** All changes at level `alpha` by splitting again on both sides, in order of time, at most five (Vostrikova 1981). */
export function changePoints(values: readonly number[], alpha: number, factor = 1): ChangePoint[] {
  const found: ChangePoint[] = [];
  const open: [from: number, to: number][] = [[0, values.length]];
  for (let span = open.shift(); span !== undefined && found.length < MAX_CHANGES; span = open.shift()) {
    const [from, to] = span;
    const change = pettitt(values.slice(from, to), factor);
    if (change === undefined || change.p > alpha) continue;
    const index = from + change.index;
    found.push({ index, p: change.p });
    open.push([from, index], [index, to]);
  }
  return found.sort((a, b) => a.index - b.index);
}
