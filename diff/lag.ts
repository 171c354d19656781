/** How long the tester itself was held up: what it does not see in time then says nothing of the targets. */

import type { Clock } from "../src/protocol/mod.ts";
import type { Observation } from "./observation.ts";

/** Milliseconds between two looks at the clock. */
const TICK_MS = 100;
/** A deadline says nothing of a target if the tester was held up for this share of it. */
const HELD_SHARE = 0.5;

/** Runs `work`; `heldMs` is how much later than asked the tester came back to its own clock meanwhile. */
export async function watched<T>(clock: Clock, work: () => Promise<T>): Promise<{ value: T; heldMs: number }> {
  const done = new AbortController();
  let heldMs = 0;
  const watch = async () => {
    while (!done.signal.aborted) {
      const began = clock.mono();
      const ended = await clock.sleep(TICK_MS, done.signal).then(() => false, () => true);
      heldMs += Math.max(0, clock.mono() - began - TICK_MS);
      if (ended) return;
    }
  };
  const watching = watch();
  try {
    const value = await work();
    done.abort();
    await watching;
    return { value, heldMs };
  } finally {
    done.abort();
  }
}

/** Whether the time a step took is that of the targets: the tester was not held up for most of it. */
export function timesTold(...seen: readonly Observation[]): boolean {
  const longest = Math.max(...seen.map(({ ms, spanMs = 0 }) => Math.max(ms, spanMs)));
  const heldMs = Math.max(...seen.map(({ heldMs = 0 }) => heldMs));
  return heldMs === 0 || heldMs < longest * HELD_SHARE;
}

/** Why nothing can be told of a step: one side ran into its deadline while the tester itself hardly came to run. */
export function heldUp(left: Observation, right: Observation): string | undefined {
  const late = [left, right].filter(({ failure }) => failure === "deadline");
  const [one] = late;
  if (one === undefined || late.length > 1) return undefined;
  const heldMs = Math.max(left.heldMs ?? 0, right.heldMs ?? 0);
  if (heldMs === 0 || heldMs < one.ms * HELD_SHARE) return undefined;
  return `the tester itself was held up for ${Math.round(heldMs)} of ${Math.round(one.ms)} ms`;
}
