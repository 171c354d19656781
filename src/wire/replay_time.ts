/**
 * Virtual time of a replay. Nothing waits for real: when everything that runs has come to rest, time jumps to the
 * earliest thing somebody waits for, in the order in which it was recorded.
 */

import type { Clock } from "../protocol/mod.ts";
import { alarm, turn } from "./clock.ts";

/**
 * Real milliseconds without any activity before time jumps to something that was not recorded: enough for work of the
 * code under replay that takes turns of the event loop of its own, such as cryptography in a thread.
 */
const QUIET_MS = 5;

/** Something that will happen. */
export interface Wait {
  /** When it was recorded to happen, as things stand now; Infinity if it was not recorded or cannot happen yet. */
  due(): number;
  /** When it happens otherwise, a deadline for instance; used when nothing recorded is left to happen. */
  guess?(): number;
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
  #changes = 0;
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
    const recorded = this.records.sleepEnd(ms, ordinal) ?? Infinity;
    const otherwise = this.#now + Math.max(ms, 0);
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.cancel(wait);
        reject(signal?.reason);
      };
      const wait: Wait = {
        due: () => recorded,
        guess: () => otherwise,
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
    this.#changes++;
    if (this.#pumping) return;
    this.#pumping = true;
    this.#pump();
  }

  async #pump(): Promise<void> {
    while (this.#waits.length > 0) {
      await turn();
      let next = this.#earliest((wait) => wait.due());
      if (next === undefined) {
        const changes = this.#changes;
        await new Promise<void>((resolve) => alarm(QUIET_MS, resolve));
        await turn();
        if (changes !== this.#changes) continue;
        next = this.#earliest((wait) => wait.guess?.() ?? Infinity);
        if (next === undefined) break;
      }
      this.cancel(next.wait);
      this.reach(next.due);
      next.wait.fire();
      // What the event sets off runs before the loop looks again.
      await turn();
    }
    this.#pumping = false;
  }

  #earliest(time: (wait: Wait) => number): { readonly wait: Wait; readonly due: number } | undefined {
    let best: { wait: Wait; due: number } | undefined;
    for (const wait of this.#waits) {
      const due = time(wait);
      if (due < (best?.due ?? Infinity)) best = { wait, due };
    }
    return best;
  }
}
