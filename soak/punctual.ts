/**
 * Waits for moments more exactly than timers do. The runtime's timers count whole milliseconds and fire up to one late,
 * which would stand in every latency that is measured from when a call was due.
 */

import type { Clock } from "../src/protocol/mod.ts";

/** Timers are set earlier by at most this many milliseconds. */
const MAX_LEAD_MS = 2;
/** How the lead follows what timers do: their lateness stays below it three times in four. */
const LATER_MS = 0.03;
const EARLIER_MS = 0.01;

/** See the module comment. Where timers are exact, it does nothing but sleep. */
export class Punctual {
  /** Milliseconds by which timers are set earlier. */
  #lead = 0;

  /** @param turn Lets everything else run once; called again and again for the fraction of a millisecond that is left. */
  constructor(private readonly clock: Clock, private readonly turn: () => Promise<void>) {}

  /** Resolves at `mono()` time `at` or as soon after as can be, at once when it is past, early when aborted. */
  async until(at: number, signal: AbortSignal): Promise<void> {
    const { clock } = this;
    const wait = at - clock.mono();
    if (wait <= 0 || signal.aborted) return;
    // Moments closer together than timers are exact are not worth a processor that never rests.
    const lead = wait > this.#lead ? this.#lead : 0;
    await clock.sleep(wait - lead, signal).catch(() => {});
    this.#learn(clock.mono() - at + lead);
    while (clock.mono() < at && !signal.aborted) await this.turn();
  }

  /** @param late Milliseconds by which a timer fired late. */
  #learn(late: number): void {
    const step = late > this.#lead ? LATER_MS : -EARLIER_MS;
    this.#lead = Math.min(MAX_LEAD_MS, Math.max(0, this.#lead + step));
  }
}
