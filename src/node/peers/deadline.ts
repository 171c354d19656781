/** An abort signal that fires when a parent does or when time is up. */

import type { Clock } from "../../protocol/mod.ts";

export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether time was up. */
  expired(): boolean;
  /** Takes the time limit away; the parents still abort. */
  stop(): void;
  /** Lets go of timer and parents; has to be called at the end of the work. */
  end(): void;
}

/** A deadline `ms` from now. */
export function deadlineIn(ms: number, clock: Clock, ...parents: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  const timer = new AbortController();
  let late = false;
  const end = () => {
    timer.abort();
    for (const parent of parents) parent.removeEventListener("abort", follow);
  };
  const follow = () => {
    end();
    controller.abort();
  };
  for (const parent of parents) parent.addEventListener("abort", follow, { once: true });
  if (parents.some(({ aborted }) => aborted)) follow();
  clock.sleep(ms, timer.signal).then(() => {
    late = true;
    follow();
  }, () => {});
  return { signal: controller.signal, expired: () => late, stop: () => timer.abort(), end };
}
