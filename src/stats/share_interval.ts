/** How sure a share is that was counted. */

/**
 * Interval of the true share behind `hits` of `trials`, both 0 to 1 (Wilson, "Probable inference, the law of succession,
 * and statistical inference", 1927): honest also for few trials and for shares near 0. Without trials it is 0 to 1.
 *
 * @param z Quantile of the standard normal distribution the interval reaches to on either side.
 */
export function shareInterval(hits: number, trials: number, z: number): readonly [low: number, high: number] {
  if (trials <= 0) return [0, 1];
  const share = hits / trials;
  const square = z * z / trials;
  const middle = share + square / 2;
  const half = z * Math.sqrt(share * (1 - share) / trials + square / (4 * trials));
  return [Math.max(0, (middle - half) / (1 + square)), Math.min(1, (middle + half) / (1 + square))];
}
