/** The only place that reads real time or sets a timer; everything else is given a {@linkcode Clock}. */

import { setImmediate } from "node:timers";
import type { Clock } from "../protocol/mod.ts";

/** Longest delay a timer of the runtime can hold (2^31 - 1 ms); longer sleeps are made of several. */
const MAX_TIMER_MS = 2_147_483_647;

/**
 * Calls `fire` once after `ms`. The returned function cancels it. For the live network only, whose deadlines are real
 * by nature and too many for {@linkcode Clock.sleep}.
 */
export function alarm(ms: number, fire: () => void): () => void {
  const timer = setTimeout(fire, Math.min(Math.max(ms, 0), MAX_TIMER_MS));
  return () => clearTimeout(timer);
}

/** Resolves after everything that can run now has run: one turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function realSleep(ms: number, signal?: AbortSignal): Promise<void> {
  let left = ms;
  for (; left > MAX_TIMER_MS; left -= MAX_TIMER_MS) await realSleepOnce(MAX_TIMER_MS, signal);
  await realSleepOnce(left, signal);
}

function realSleepOnce(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = alarm(ms, () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Real time. With an origin, the wall clock starts there and runs on at real speed. */
export function systemClock(origin?: { readonly wallMs: number }): Clock {
  const began = performance.now();
  return {
    wall: () => origin === undefined ? Date.now() : Math.floor(origin.wallMs + performance.now() - began),
    mono: () => performance.now(),
    sleep: realSleep,
  };
}

/**
 * A wall clock that stands still at `timeOriginMs` while `mono()` and `sleep()` are those of `base`. With it one seed
 * gives equal bytes, however long a run takes.
 */
export function steadyClock(timeOriginMs: number, base: Clock = systemClock()): Clock {
  return {
    wall: () => timeOriginMs,
    mono: () => base.mono(),
    sleep: (ms, signal) => base.sleep(ms, signal),
  };
}

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/**
 * Time that moves only when told. With `advanceOnSleep` (the default) a sleep moves it at once; without, sleepers wait
 * for {@linkcode VirtualClock.advance}.
 */
export class VirtualClock implements Clock {
  #now = 0;
  #sleepers: Sleeper[] = [];
  readonly #origin: number;
  readonly #advanceOnSleep: boolean;

  constructor(options: { readonly wallMs?: number; readonly advanceOnSleep?: boolean } = {}) {
    this.#origin = options.wallMs ?? 0;
    this.#advanceOnSleep = options.advanceOnSleep ?? true;
  }

  wall(): number {
    return Math.floor(this.#origin + this.#now);
  }

  mono(): number {
    return this.#now;
  }

  /** How many sleepers wait; tests use it to know that the code under test has come to rest. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#advanceOnSleep) {
      this.advance(ms);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        due: this.#now + ms,
        wake: () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  /** Moves the time forward and wakes whoever is due, earliest first. */
  advance(ms: number): void {
    this.#now += Math.max(ms, 0);
    const due = this.#sleepers.filter((sleeper) => sleeper.due <= this.#now).sort((a, b) => a.due - b.due);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.due > this.#now);
    for (const sleeper of due) sleeper.wake();
  }
}
