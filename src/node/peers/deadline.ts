/** An abort signal that fires when a parent does or when time is up. */

import type { Clock } from "../../protocol/mod.ts";

export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether time was up before {@linkcode Deadline.stop}. */
  expired(): boolean;
  /** Takes the time limit away; the parent still aborts. */
  stop(): void;
}

/** A deadline `ms` from now. `stop` has to be called, or the timer runs out by itself. */
export function deadlineIn(ms: number, clock: Clock, ...parents: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  const timer = new AbortController();
  let late = false;
  const follow = () => {
    timer.abort();
    controller.abort();
  };
  for (const parent of parents) {
    if (parent.aborted) follow();
    else parent.addEventListener("abort", follow, { once: true, signal: controller.signal });
  }
  clock.sleep(ms, timer.signal).then(() => {
    late = true;
    controller.abort();
  }, () => {});
  return { signal: controller.signal, expired: () => late, stop: () => timer.abort() };
}
