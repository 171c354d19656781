/**
 * Virtual time of a replay. Nothing waits for real: when everything that runs has come to rest, time jumps to the
 * earliest thing somebody waits for, in the order in which it was recorded.
 */

import type { Clock } from "../protocol/mod.ts";
import { turn } from "./clock.ts";

/** Something that will happen. */
export interface Wait {
  /** When, as things stand now; Infinity if it cannot happen yet. */
  due(): number;
  /** Called once when its time has come. */
  fire(): void;
}

/** What a replayed clock answers from. */
export interface ClockRecords {
  /** End of the n-th sleep of so many milliseconds, if it was recorded. */
  sleepEnd(ms: number, ordinal: number): number | undefined;
  /** The n-th reading of the wall clock. */
  wall(ordinal: number, mono: number): number;
}

/** See the module comment. */
export class ReplayTime implements Clock {
  #now = 0;
  #waits: Wait[] = [];
  #pumping = false;
  #readings = 0;
  readonly #sleeps = new Map<number, number>();

  constructor(private readonly records: ClockRecords) {}

  wall(): number {
    return this.records.wall(this.#readings++, this.#now);
  }

  mono(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const ordinal = this.#sleeps.get(ms) ?? 0;
    this.#sleeps.set(ms, ordinal + 1);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const due = this.records.sleepEnd(ms, ordinal) ?? this.#now + Math.max(ms, 0);
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.cancel(wait);
        reject(signal?.reason);
      };
      const wait: Wait = {
        due: () => due,
        fire: () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
      };
      signal?.addEventListener("abort", stop, { once: true });
      this.add(wait);
    });
  }

  /** Time cannot be before `at` any more. */
  reach(at: number): void {
    this.#now = Math.max(this.#now, at);
  }

  add(wait: Wait): void {
    this.#waits.push(wait);
    this.changed();
  }

  cancel(wait: Wait): void {
    const at = this.#waits.indexOf(wait);
    if (at >= 0) this.#waits.splice(at, 1);
  }

  /** Resolves when the time has come. */
  until(at: number): Promise<void> {
    return new Promise((fire) => this.add({ due: () => at, fire }));
  }

  /** Something happened that may make a wait possible. */
  changed(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#pump();
  }

  async #pump(): Promise<void> {
    for (;;) {
      await turn();
      const next = this.#earliest();
      if (next === undefined) break;
      this.cancel(next.wait);
      this.reach(next.due);
      next.wait.fire();
    }
    this.#pumping = false;
  }

  #earliest(): { readonly wait: Wait; readonly due: number } | undefined {
    let best: { wait: Wait; due: number } | undefined;
    for (const wait of this.#waits) {
      const due = wait.due();
      if (due < (best?.due ?? Infinity)) best = { wait, due };
    }
    return best;
  }
}
