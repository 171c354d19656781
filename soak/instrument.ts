/** The tester watches itself: a saturated tester makes a run invalid and never blames the target. */

import { quantile } from "../src/stats/quantile.ts";

/** Above these the tester measures itself; milliseconds, 99th percentile over the run. */
const MAX_SEND_LAG_MS = 250;
const MAX_LOOP_LAG_MS = 250;
/** Values kept for the percentiles; older ones are overwritten. */
const KEPT = 20_000;

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
  readonly #values: number[] = [];
  #at = 0;

  add(value: number): void {
    if (this.#values.length < KEPT) this.#values.push(value);
    else this.#values[this.#at++ % KEPT] = value;
  }

  p99(): number {
    return this.#values.length === 0 ? 0 : quantile(this.#values, 0.99);
  }
}

/** See the module comment. */
export class Instrument {
  readonly #sendLag = new Ring();
  readonly #loopLag = new Ring();
  #overflow = 0;

  /** A call left this many milliseconds after it was due, for no fault of the target. */
  sent(lagMs: number): void {
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

  /** Which resource of the tester was the bottleneck; undefined if none. */
  get saturated(): string | undefined {
    const send = this.#sendLag.p99();
    const loop = this.#loopLag.p99();
    if (loop > MAX_LOOP_LAG_MS) return `processor: the event loop lags ${loop.toFixed(0)} ms (p99)`;
    if (send > MAX_SEND_LAG_MS) return `sending: calls leave ${send.toFixed(0)} ms after they are due (p99)`;
    return this.#overflow > 0 ? `queue: ${this.#overflow} due calls found no place` : undefined;
  }

  report(heapSlopePerHour: number | null): InstrumentReport {
    return {
      heap_slope_per_hour: heapSlopePerHour,
      rss_bytes: Deno.memoryUsage().rss,
      send_lag_p99_ms: this.#sendLag.p99(),
      loop_lag_p99_ms: this.#loopLag.p99(),
      saturated: this.saturated ?? null,
    };
  }
}
