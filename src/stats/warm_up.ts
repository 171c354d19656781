/** Where a series has settled. */

import { median } from "./quantile.ts";
import { inBlocks, type Sample } from "./sample.ts";
import { theilSen } from "./theil_sen.ts";

/** A longer start is no warm-up but behaviour to be judged. */
export const MAX_WARM_UP_SHARE = 0.2;
/** A cut that lowers the squared error by less than this is chance, and data thrown away. */
const MIN_GAIN = 0.1;
const BLOCKS = 100;
const MIN_BLOCKS = 20;

/**
 * End of the warm-up in seconds since the start of the run, by MSER: cut where the standard error of the rest is
 * smallest (White, "An effective truncation heuristic for bias reduction in simulation output", 1997), at most a fifth
 * of the series. The rule is applied to the deviations from the robust line through the second half: MSER itself takes a
 * trend for a warm-up.
 */
export function warmUpEnd(samples: readonly Sample[]): number {
  const first = samples[0]?.t_s ?? 0;
  const blocks = inBlocks(samples, BLOCKS, median);
  if (blocks.length < MIN_BLOCKS) return first;
  const half = blocks.slice(Math.floor(blocks.length / 2));
  const { slope } = theilSen(half.map(({ t_s }) => t_s), half.map(({ value }) => value), () => 0, 0.5);
  const deviations = blocks.map(({ t_s, value }) => value - slope * t_s);
  let [count, sum, squares] = [0, 0, 0];
  let [best, cut] = [Infinity, 0];
  let uncut = Infinity;
  for (let i = deviations.length - 1; i >= 0; i--) {
    // Shifting by the last value keeps the squares small against their sum.
    const deviation = (deviations[i] as number) - (deviations[deviations.length - 1] as number);
    count++;
    sum += deviation;
    squares += deviation * deviation;
    if (i > MAX_WARM_UP_SHARE * deviations.length) continue;
    const error = (squares - sum * sum / count) / (count * count);
    if (error <= best) [best, cut] = [error, i];
    uncut = error;
  }
  return best > (1 - MIN_GAIN) * uncut ? first : (blocks[cut] as Sample).t_s;
}
