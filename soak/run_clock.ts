/** Time of a run: milliseconds since its start, going on after the tester was away. */

import type { Clock } from "../src/protocol/mod.ts";

/** Microseconds are fine enough, and short to write down. */
const STEPS_PER_MS = 1000;

/**
 * A clock whose `mono()` is the run's own time. Times of observations are comparable over a resume, and the journal
 * can keep them as they are.
 *
 * @param elapsedMs Run time at this moment: 0 for a new run.
 */
export function runClock(base: Clock, elapsedMs: number): Clock {
  const origin = base.mono() - elapsedMs;
  return {
    wall: () => base.wall(),
    mono: () => Math.round((base.mono() - origin) * STEPS_PER_MS) / STEPS_PER_MS,
    sleep: (ms, signal) => base.sleep(ms, signal),
  };
}
