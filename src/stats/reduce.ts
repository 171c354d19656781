/** Samples -> the few points a trend is judged on. */

import { cycleFloors } from "./cycle_floors.ts";
import { kendallVariance } from "./mann_kendall.ts";
import { median } from "./quantile.ts";
import { inBlocks, type Sample } from "./sample.ts";
import { theilSen } from "./theil_sen.ts";

/** Points a trend is judged on: enough for its shape, few enough for all pairs and for noise that is nearly independent. */
export const POINTS = 120;
/** Fewer points make no trend. */
export const MIN_POINTS = 16;
/** Level of the intervals envelopes are compared by; any level orders them alike. */
const COMPARED_ALPHA = 0.05;
/** Floors taken together in an envelope, tried in turn. */
const ENVELOPES = [1, 2, 3, 4, 6] as const;

/** What a trend is judged on. */
export interface Reduced {
  readonly points: readonly Sample[];
  /** How they came about, for the report. */
  readonly method: string;
}

/**
 * A sawtooth becomes the lower envelope of its cycle floors; what is still long becomes medians of equal blocks of time
 * (Tukey, "Exploratory Data Analysis", 1977, 7A: medians keep a heavy tail out, and at a few time constants of the
 * noise apart they are nearly independent).
 */
export function reduceSeries(samples: readonly Sample[]): Reduced {
  const floors = cycleFloors(samples);
  if (floors.cycles.length === 0 || floors.samples.length < MIN_POINTS) {
    if (samples.length <= POINTS) return { points: samples, method: "samples" };
    return { points: inBlocks(samples, POINTS, median), method: "block medians" };
  }
  const { points, together } = envelope(inBlocks(floors.samples, 2 * POINTS, lowest));
  const collections = `floors of ${floors.cycles.join(" and ")} collections`;
  return { points, method: together === 1 ? collections : `${collections}, lowest of ${together}` };
}

/** The lower envelope whose slope is the most certain: partial collections need several floors to show a clean one. */
function envelope(floors: readonly Sample[]): { readonly points: readonly Sample[]; readonly together: number } {
  let best = { points: floors, together: 1 };
  let least = Infinity;
  for (const together of ENVELOPES) {
    const points = lowestOf(floors, together);
    if (points.length < MIN_POINTS) break;
    const values = points.map(({ value }) => value);
    const variance = kendallVariance(values);
    const { low, high } = theilSen(points.map(({ t_s }) => t_s), values, () => variance, COMPARED_ALPHA);
    if (high - low < least) [least, best] = [high - low, { points, together }];
  }
  return best;
}

function lowestOf(samples: readonly Sample[], together: number): Sample[] {
  const out: Sample[] = [];
  for (let from = 0; from + together <= samples.length; from += together) {
    out.push(samples.slice(from, from + together).reduce((low, sample) => sample.value < low.value ? sample : low));
  }
  return out;
}

function lowest(values: readonly number[]): number {
  return values.reduce((low, value) => Math.min(low, value), Infinity);
}
