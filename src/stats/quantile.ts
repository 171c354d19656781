/** Order statistics: quantile, median, median absolute deviation. */

/** Makes the median absolute deviation of normal noise its standard deviation: 1 / Phi^-1(3/4). */
export const MAD_TO_SIGMA = 1.4826;

/**
 * Quantile of values in ascending order, linear between neighbours (definition 7 of Hyndman & Fan, "Sample quantiles
 * in statistical packages", 1996).
 *
 * @throws {RangeError} If there are no values or `p` is outside 0 to 1.
 */
export function quantileSorted(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) throw new RangeError("Cannot take a quantile: there are no values");
  if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot take a quantile: current value of p is ${p}`);
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

/** Quantile of values in any order; leaves them as they are. */
export function quantile(values: ArrayLike<number>, p: number): number {
  return quantileSorted(Float64Array.from(values).sort(), p);
}

export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/**
 * Median absolute deviation scaled to the standard deviation of normal noise (Hampel, "The influence curve and its role
 * in robust estimation", 1974).
 */
export function madSigma(values: ArrayLike<number>): number {
  const centre = median(values);
  return MAD_TO_SIGMA * median(Float64Array.from(values, (value) => Math.abs(value - centre)));
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
}
