/** Reduction of a sawtooth to what remains after each collection. */

import { madSigma, median } from "./quantile.ts";
import type { Sample } from "./sample.ts";

/** A fall counts as a collection from this many robust deviations of the ordinary moves. */
const FALL_SIGMAS = 4;
/** A fall is at least this share of the largest one; the noise of a nearly noiseless climb is not. */
const FALL_SHARE = 0.1;
/** Fewer collections do not make a cycle. */
const MIN_CYCLES = 6;
/** Noise jumps up as often as down; a sawtooth hardly ever jumps up. */
const MAX_RISES_PER_FALL = 0.25;
/** Collections of collections of collections: young, old, full. */
const MAX_LEVELS = 3;

/** What is left of a series after removing what collections take back. */
export interface Floors {
  readonly samples: readonly Sample[];
  /** Collections seen, per level; empty if the series is no sawtooth and `samples` is the series itself. */
  readonly cycles: readonly number[];
}

/**
 * The lower envelope of a garbage-collected series: the lowest sample of every cycle, a cycle being what lies between
 * two collections. What survives a collection is the live set, the only part a leak can show in (Jones, Hosking & Moss,
 * "The Garbage Collection Handbook", 2011, 1.2 and 9). Floors that form a sawtooth of their own (young collections
 * under full ones) are reduced again. The piece before the first and the one after the last collection have no floor.
 */
export function cycleFloors(series: readonly Sample[]): Floors {
  let samples = series;
  const cycles: number[] = [];
  while (cycles.length < MAX_LEVELS) {
    const falls = collections(samples);
    if (falls.length < MIN_CYCLES) break;
    cycles.push(falls.length);
    samples = lowest(samples, falls);
  }
  return { samples, cycles };
}

/** Indices of the samples right after a collection; none if the falls do not look like collections. */
function collections(samples: readonly Sample[]): number[] {
  if (samples.length < 2 * MIN_CYCLES) return [];
  const moves = Float64Array.from(
    { length: samples.length - 1 },
    (_, i) => (samples[i + 1] as Sample).value - (samples[i] as Sample).value,
  );
  const usual = median(moves);
  const largest = moves.reduce((most, move) => Math.max(most, -move), 0);
  const threshold = Math.max(FALL_SIGMAS * madSigma(moves), FALL_SHARE * largest, Math.abs(usual));
  if (!(threshold > 0)) return [];
  const falls: number[] = [];
  let rises = 0;
  for (const [i, move] of moves.entries()) {
    if (move < -threshold) falls.push(i + 1);
    else if (move - usual > threshold) rises++;
  }
  return rises > MAX_RISES_PER_FALL * falls.length ? [] : falls;
}

function lowest(samples: readonly Sample[], starts: readonly number[]): Sample[] {
  return starts.slice(0, -1).map((start, cycle) => {
    let low = samples[start] as Sample;
    for (let i = start; i < (starts[cycle + 1] as number); i++) {
      const sample = samples[i] as Sample;
      if (sample.value < low.value) low = sample;
    }
    return low;
  });
}
