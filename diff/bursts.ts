/** Comparing what came of calls made in a row or at once: how many are granted depends on the pace. */

import type { Observation } from "./observation.ts";

/** Where a difference goes. */
export type BurstSink = (left: string, right: string) => void;

/** How a burst was made. */
export interface Pace {
  /** All at once, so that budgets refill little while they are made. */
  readonly together: boolean;
  /** Names called in turn, quick calls that only budgets limit: with several names the budget of all of them. */
  readonly names?: number;
}

/** Calls in a row: granted ones may differ by this share, since budgets refill while calls are made. */
const IN_A_ROW_TOLERANCE = 0.35;
/** Calls made at once: a busy machine spreads them, so that a place may be free again before the last one comes. */
const TOGETHER_TOLERANCE = 0.2;
/** The share that the faster side may be granted more: both count in whole calls, at moments of their own. */
const NOISE = 0.05;
/** Calls per second that a budget gives back (wire-format.md section 15), with what a pace of our own may be off. */
const REFILL_PER_SECOND = 10 * 1.5;
/** The same for the budget of all names, whose calls are too many for a pace to be far off. */
const TOTAL_REFILL_PER_SECOND = 100 * 1.2;
const MS_PER_SECOND = 1000;
const TOO_MANY = 429;
/** No answer at all: what is done with calls above the hard limit. */
const DROPPED = 0;

const isLimit = (status: number) => status === TOO_MANY || status === DROPPED;
const kinds = (list: readonly number[]) => [...new Set(list)].sort((a, b) => a - b).join(", ");

/** Whether both sides refused some of the calls for being too many. */
export function bothLimited(left: Observation, right: Observation): boolean {
  return [left, right].every(({ outcomes = [] }) => outcomes.some((status) => status === TOO_MANY));
}

/**
 * Compares outcomes; what the pace of the calls does not explain is reported. True if the answers that stand for the
 * two bursts are not to be compared: they may be of different kinds.
 */
export function compareBursts(one: Observation, other: Observation, pace: Pace, sink: BurstSink): boolean {
  const [left, right] = [one.outcomes ?? [], other.outcomes ?? []];
  const granted = (list: readonly number[]) => list.filter((status) => !isLimit(status));
  const [a, b] = [granted(left).length, granted(right).length];
  const most = Math.max(a, b);
  const tolerated = most * (pace.together ? TOGETHER_TOLERANCE : IN_A_ROW_TOLERANCE);
  // Of calls made at once either kind may come last.
  if (kinds(left) === kinds(right) && Math.abs(a - b) <= tolerated) return one.status !== other.status;
  const alike = kinds(granted(left)) === kinds(granted(right));
  if (pace.names !== undefined) {
    // All may have come in one moment, or evenly while the burst lasted: a refill that was there was used or not.
    const longest = Math.max(one.spanMs ?? 0, other.spanMs ?? 0);
    const [perSecond, unsure] = pace.names > 1
      ? [TOTAL_REFILL_PER_SECOND, most * NOISE]
      : [REFILL_PER_SECOND, tolerated];
    if (alike && Math.abs(a - b) <= longest / MS_PER_SECOND * perSecond + unsure) return true;
  }
  // Calls that were made slower find more of the budget; that side may then have no refusal at all.
  const slower = (one.spanMs ?? 0) - (other.spanMs ?? 0);
  const more = slower > 0 ? a - b : b - a;
  const refilled = Math.abs(slower) / MS_PER_SECOND * REFILL_PER_SECOND;
  const least = -most * NOISE;
  if (alike && more >= least && more <= refilled + tolerated) return true;
  sink(`${a} of ${left.length} (${kinds(left)})`, `${b} of ${right.length} (${kinds(right)})`);
  return true;
}
