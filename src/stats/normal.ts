/** The standard normal distribution. */

const SERIES_LIMIT = 6;
const TAIL_STEPS = 60;
const BISECTIONS = 80;
const FARTHEST = 40;

/**
 * Probability that a standard normal value exceeds `z`. Below 6 by Marsaglia's Taylor series ("Evaluating the normal
 * distribution", 2004), above by Laplace's continued fraction of the Mills ratio.
 */
export function normalTail(z: number): number {
  if (Number.isNaN(z)) return NaN;
  if (z < 0) return 1 - normalTail(-z);
  if (z > FARTHEST) return 0;
  const density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
  if (z < SERIES_LIMIT) {
    let sum = z;
    let term = z;
    for (let k = 3; term > sum * Number.EPSILON / 2 && term > 0; k += 2) {
      term *= z * z / k;
      sum += term;
    }
    return Math.max(0, 0.5 - sum * density);
  }
  let fraction = z;
  for (let k = TAIL_STEPS; k > 0; k--) fraction = z + k / fraction;
  return density / fraction;
}

/**
 * The value a standard normal variable stays below with probability `p`.
 *
 * @throws {RangeError} If `p` is not strictly between 0 and 1.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`Cannot invert the normal distribution: current value of p is ${p}`);
  if (p < 0.5) return -upperQuantile(p);
  return upperQuantile(1 - p);
}

/** The non-negative value exceeded with probability `tail`, by bisection. */
function upperQuantile(tail: number): number {
  let low = 0;
  let high = FARTHEST;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Student's quantile relative to the normal one: how much wider an interval is when its variance rests on few values.
 * Cornish-Fisher expansion of three terms (Fisher & Cornish, "The percentile points of distributions having known
 * cumulants", 1960), within 1% from four degrees of freedom on for the levels of intervals.
 */
export function studentWidening(p: number, freedom: number): number {
  const z = Math.abs(normalQuantile(p));
  const z2 = z * z;
  const first = (z2 + 1) / 4;
  const second = ((5 * z2 + 16) * z2 + 3) / 96;
  const third = (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  return 1 + first / freedom + second / freedom ** 2 + third / freedom ** 3;
}
