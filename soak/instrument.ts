/** The tester watches itself: a saturated tester makes a run invalid and never blames the target. */

import { getHeapStatistics } from "node:v8";
import type { Json } from "../src/protocol/mod.ts";
import type { SeriesVerdict } from "../src/stats/judge_series.ts";
import { quantile } from "../src/stats/quantile.ts";
import type { Keeper } from "./monitors/monitor.ts";
import type { Observation } from "./observation.ts";
import { valueText } from "./value_text.ts";

/**
 * Above these the tester measures itself, milliseconds. One call in twenty must be late: a single hiccup of a busy
 * machine does not make a run of hours worthless, and the percentiles of the report show it all the same.
 */
const MAX_SEND_LAG_MS = 250;
const MAX_LOOP_LAG_MS = 250;
/** Above this share of what its heap may grow to, the tester spends its time collecting garbage. */
const MAX_HEAP_SHARE = 0.85;
/** Values kept for the percentiles; older ones are overwritten. */
const KEPT = 20_000;
/** Precision of the values in the journal. */
const KEPT_PER_MS = 100;

/** Fields of the report's `instrument`. */
export interface InstrumentReport {
  readonly heap_slope_per_hour: number | null;
  /** The tester's own heap by the same detector; null where too little was measured to say anything. */
  readonly heap_verdict: "stable" | "drifting" | "inconclusive" | null;
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

/** See the module comment. Lags are told directly: they are worth no line of the journal per call. */
export class Instrument implements Keeper {
  readonly name = "instrument";
  readonly #sendLag = new Ring();
  readonly #loopLag = new Ring();
  #overflow = 0;
  /** The least the heap was at two looks in a row: what collections leave, at most. */
  #heap = 0;
  #heapBefore = 0;
  /** Memory of the process that measured; a later one that only reports must not take its place. */
  #rss: number | undefined;

  /** @param heapLimit Bytes the heap may grow to. */
  constructor(private readonly heapLimit: number = getHeapStatistics().heap_size_limit) {}

  observe(observation: Observation): void {
    if (observation.kind !== "sample" || observation.series !== "tester.heap") return;
    this.#heap = Math.min(this.#heapBefore, observation.value);
    this.#heapBefore = observation.value;
  }

  state(): Json {
    const rss = this.#rss ?? Deno.memoryUsage().rss;
    return {
      send: this.#sendLag.state(),
      loop: this.#loopLag.state(),
      overflow: this.#overflow,
      rss,
      heap: this.#heap,
    };
  }

  restore(state: Json): void {
    const { send, loop, overflow, rss, heap, heap_before } = state as unknown as {
      readonly send: Json;
      readonly loop: Json;
      readonly overflow: number;
      readonly rss: number;
      /** Absent in journals of versions that did not look at it. */
      readonly heap?: number;
      readonly heap_before?: number;
    };
    this.#sendLag.restore(send);
    this.#loopLag.restore(loop);
    this.#overflow = overflow;
    this.#rss = rss;
    this.#heap = heap ?? 0;
    this.#heapBefore = heap_before ?? 0;
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
    if (this.#heap > MAX_HEAP_SHARE * this.heapLimit) {
      return `memory: the heap takes ${valueText(this.#heap, "bytes")} of ${valueText(this.heapLimit, "bytes")}`;
    }
    return this.#overflow > 0 ? `queue: ${this.#overflow} due calls found no place` : undefined;
  }

  /** @param heap The tester's heap as it was judged. */
  report(heap?: SeriesVerdict): InstrumentReport {
    return {
      heap_slope_per_hour: heap?.slopePerHour ?? null,
      heap_verdict: heap?.verdict ?? null,
      rss_bytes: this.#rss ?? Deno.memoryUsage().rss,
      send_lag_p99_ms: this.#sendLag.p99(),
      loop_lag_p99_ms: this.#loopLag.p99(),
      saturated: this.saturated ?? null,
    };
  }
}
