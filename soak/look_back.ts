/**
 * Finds events of ours below what was read already: a pushed event keeps the Lamport value its author gave it, so it may
 * come to lie under the head while the target is slow, or while the tester was away.
 */

import type { Clock } from "../src/protocol/mod.ts";
import type { AccountingMonitor } from "./monitors/accounting.ts";
import type { Observation } from "./observation.ts";
import type { SeenEvent } from "./seen_event.ts";

/** Overdue events looked for at once; what is really lost stays overdue until it is given up. */
const MAX_OVERDUE = 20;
/** Pages of one look back at most. */
const MAX_PAGES = 200;

export interface LookBackOptions {
  readonly clock: Clock;
  readonly accounting: AccountingMonitor;
  /** Lamport value up to which the log was read. */
  readonly reached: () => number;
  /** Events above a Lamport value; undefined without an answer. */
  readonly page: (after: number) => Promise<readonly SeenEvent[] | undefined>;
  readonly observe: (observation: Observation) => void;
}

/** See the module comment. */
export class LookBack {
  constructor(private readonly options: LookBackOptions) {}

  /** Looks for acknowledged events that the readings of what is new did not show. */
  async overdue(): Promise<void> {
    const { accounting, clock, reached } = this.options;
    // What is new is shown by the reading that comes to it: shown here as well, it would be there twice.
    for (const { lamport } of accounting.overdue(clock.mono(), MAX_OVERDUE, reached())) {
      const page = await this.options.page(lamport - 1);
      if (page !== undefined) this.#show(page.filter((event) => event.lamport === lamport), lamport - 1);
    }
  }

  /** Looks through everything between two Lamport values; false if not all of it could be read. */
  async through(from: number, to: number): Promise<boolean> {
    for (let after = from, pages = 0; after < to && pages < MAX_PAGES; pages++) {
      const page = await this.options.page(after);
      const last = page?.at(-1)?.lamport;
      if (page === undefined) return false;
      if (last === undefined) return true;
      this.#show(page.filter(({ lamport }) => lamport <= to), after);
      // A page may end among the events of one value.
      after = Math.max(after + 1, last - 1);
      if (pages + 1 === MAX_PAGES) return after >= to;
    }
    return true;
  }

  #show(page: readonly SeenEvent[], after: number): void {
    const { accounting, observe, clock } = this.options;
    const events = page.filter(({ own }) => own !== undefined && !accounting.knows(own.caller, own.sequence));
    if (events.length === 0) return;
    // It says nothing about how far the log was read: what is new above these may not have been.
    observe({ kind: "log", at: clock.mono(), after, events, complete: false, again: false, upTo: 0 });
  }
}
