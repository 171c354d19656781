/** The tester watches itself: a saturated tester makes a run invalid and never blames the target. */

import type { Json } from "../src/protocol/mod.ts";
import { quantile } from "../src/stats/quantile.ts";
import type { Keeper } from "./monitors/monitor.ts";

/**
 * Above these the tester measures itself, milliseconds. One call in twenty must be late: a single hiccup of a busy
 * machine does not make a run of hours worthless, and the percentiles of the report show it all the same.
 */
const MAX_SEND_LAG_MS = 250;
const MAX_LOOP_LAG_MS = 250;
/** Values kept for the percentiles; older ones are overwritten. */
const KEPT = 20_000;
/** Precision of the values in the journal. */
const KEPT_PER_MS = 100;

/** Fields of the report's `instrument`. */
export interface InstrumentReport {
  readonly heap_slope_per_hour: number | null;
  readonly rss_bytes: number;
  readonly send_lag_p99_ms: number;
  readonly loop_lag_p99_ms: number;
  readonly saturated: string | null;
}

/** Keeps the latest values in a ring. */
class Ring {
  #values: number[] = [];
  #at = 0;

  state(): Json {
    return { values: this.#values.map((value) => Math.round(value * KEPT_PER_MS) / KEPT_PER_MS), at: this.#at };
  }

  restore(state: Json): void {
    const { values, at } = state as { values: number[]; at: number };
    this.#values = [...values];
    this.#at = at;
  }

  add(value: number): void {
    if (this.#values.length < KEPT) this.#values.push(value);
    else this.#values[this.#at++ % KEPT] = value;
  }

  p99(): number {
    return this.at(0.99);
  }

  /** What one value in twenty exceeds. */
  p95(): number {
    return this.at(0.95);
  }

  /** What the given share of the values is below. */
  at(share: number): number {
    return this.#values.length === 0 ? 0 : quantile(this.#values, share);
  }
}

/** See the module comment. It is fed directly: its own lag is worth no line of the journal per call. */
export class Instrument implements Keeper {
  readonly name = "instrument";
  readonly #sendLag = new Ring();
  readonly #loopLag = new Ring();
  #overflow = 0;
  /** Memory of the process that measured; a later one that only reports must not take its place. */
  #rss: number | undefined;

  observe(): void {}

  state(): Json {
    const rss = this.#rss ?? Deno.memoryUsage().rss;
    return { send: this.#sendLag.state(), loop: this.#loopLag.state(), overflow: this.#overflow, rss };
  }

  restore(state: Json): void {
    const { send, loop, overflow, rss } = state as { send: Json; loop: Json; overflow: number; rss: number };
    this.#sendLag.restore(send);
    this.#loopLag.restore(loop);
    this.#overflow = overflow;
    this.#rss = rss;
  }

  /** A call left this many milliseconds after it was due, for no fault of the target. */
  sent(lagMs: number): void {
    this.#rss = undefined;
    this.#sendLag.add(Math.max(0, lagMs));
  }

  /** A timer fired this many milliseconds late. */
  looped(lagMs: number): void {
    this.#loopLag.add(Math.max(0, lagMs));
  }

  /** A due call could not even be queued. */
  overflowed(): void {
    this.#overflow++;
  }

  /** Milliseconds calls leave or timers fire late, whichever is more, in the given share of the cases. */
  lag(share: number): number {
    return Math.max(this.#sendLag.at(share), this.#loopLag.at(share));
  }

  /** Which resource of the tester was the bottleneck; undefined if none. */
  get saturated(): string | undefined {
    const send = this.#sendLag.p95();
    const loop = this.#loopLag.p95();
    if (loop > MAX_LOOP_LAG_MS) return `processor: the event loop lags ${loop.toFixed(0)} ms (p95)`;
    if (send > MAX_SEND_LAG_MS) return `sending: calls leave ${send.toFixed(0)} ms after they are due (p95)`;
    return this.#overflow > 0 ? `queue: ${this.#overflow} due calls found no place` : undefined;
  }

  report(heapSlopePerHour: number | null): InstrumentReport {
    return {
      heap_slope_per_hour: heapSlopePerHour,
      rss_bytes: this.#rss ?? Deno.memoryUsage().rss,
      send_lag_p99_ms: this.#sendLag.p99(),
      loop_lag_p99_ms: this.#loopLag.p99(),
      saturated: this.saturated ?? null,
    };
  }
}
