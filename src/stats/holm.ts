/** Many series, one promise: correction for the number of tests. */

/**
 * Level each test is held to so that any false alarm among all has probability `alpha` at most (Holm, "A simple
 * sequentially rejective multiple test procedure", 1979): the smallest p-value against alpha / m, the next against
 * alpha / (m - 1), until one is not rejected; those after it stay at the level that stopped.
 */
export function holmLevels(pValues: readonly number[], alpha: number): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => (pValues[a] as number) - (pValues[b] as number));
  const levels = new Array<number>(pValues.length).fill(alpha);
  let stopped: number | undefined;
  for (const [rank, index] of order.entries()) {
    const level = stopped ?? alpha / (pValues.length - rank);
    levels[index] = level;
    if ((pValues[index] as number) > level) stopped = level;
  }
  return levels;
}
