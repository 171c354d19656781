/** What a series could have shown, and how long it takes to see more. */

import { normalQuantile } from "./normal.ts";

/**
 * The error of a slope falls with the time watched to the power of 1.5, at a constant rate of samples (Weatherhead et
 * al., "Factors affecting the detection of trends", 1998, eq. 2).
 */
const ERROR_POWER = 1.5;
/** An estimate right at the limit would need for ever; half the limit is close enough to ask for. */
const CLOSEST_SHARE = 0.5;

/**
 * Smallest true slope that is found drifting with probability `power`, in the unit of `error`: its interval must lie
 * above zero and its estimate reach the limit (power of a one-sided normal test; Bloom, "Minimum detectable effects",
 * 1995, for the first).
 *
 * @param error Standard error of the slope.
 */
export function minimumDetectable(error: number, limit: number, alpha: number, power: number): number {
  const reach = normalQuantile(power);
  return Math.max((normalQuantile(1 - alpha / 2) + reach) * error, limit + reach * error);
}

/**
 * Seconds of further watching until an interval as wide as this would decide.
 *
 * @param watched Seconds judged so far.
 * @param halfWidth Half of the interval now.
 */
export function secondsToDecide(watched: number, slope: number, halfWidth: number, limit: number): number {
  const room = slope >= limit ? slope : limit - slope;
  const needed = Math.max(room, CLOSEST_SHARE * limit);
  if (!(needed > 0)) return Infinity;
  return Math.max(0, watched * ((halfWidth / needed) ** (1 / ERROR_POWER) - 1));
}
