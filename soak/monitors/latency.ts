/** Latency from the time a call was due: over the whole run, per capability, and per window as series. */

import type { Json } from "../../src/protocol/mod.ts";
import { LatencyHistogram, type StoredLatency } from "../../src/stats/latency_histogram.ts";
import type { Monitor, MonitorVerdict, Observation } from "../observation.ts";
import type { SeriesStore } from "../series.ts";

/** A window with fewer calls has no percentiles worth a point. */
const MIN_CALLS = 5;

/** Stored form of the latencies. */
export interface LatencyState {
  readonly total: StoredLatency;
  readonly by_capability: Readonly<Record<string, StoredLatency>>;
  readonly window: StoredLatency;
  readonly window_end: number;
}

/** Windows are closed by time, also when nothing finishes in them. */
export class LatencyMonitor implements Monitor {
  readonly name = "latency";
  readonly total = new LatencyHistogram();
  readonly #byCapability = new Map<string, LatencyHistogram>();
  /** A histogram, so that a fast target takes no more memory than a slow one. */
  #window = new LatencyHistogram();
  #windowEnd: number;
  #calls = 0;

  /** @param windowMs Length of a window. */
  constructor(
    private readonly series: SeriesStore,
    private readonly windowMs: number,
    private readonly startedAt: number,
  ) {
    this.#windowEnd = startedAt + windowMs;
  }

  observe(observation: Observation): void {
    if (observation.kind !== "call") return;
    const { due, ended, capability } = observation;
    this.tick(ended);
    this.#calls++;
    this.total.record(due, ended);
    let histogram = this.#byCapability.get(capability);
    if (histogram === undefined) this.#byCapability.set(capability, histogram = new LatencyHistogram());
    histogram.record(due, ended);
    this.#window.record(due, ended);
  }

  state(): Json {
    const state: LatencyState = {
      total: this.total.toJSON(),
      by_capability: Object.fromEntries([...this.#byCapability].map(([name, one]) => [name, one.toJSON()])),
      window: this.#window.toJSON(),
      window_end: this.#windowEnd,
    };
    return state as unknown as Json;
  }

  restore(stored: Json): void {
    const state = stored as unknown as LatencyState;
    this.total.merge(LatencyHistogram.fromJSON(state.total));
    for (const [name, one] of Object.entries(state.by_capability)) {
      this.#byCapability.set(name, LatencyHistogram.fromJSON(one));
    }
    this.#window = LatencyHistogram.fromJSON(state.window);
    this.#windowEnd = state.window_end;
    this.#calls = this.total.count;
  }

  /** Closes windows that are over. */
  tick(now: number): void {
    while (now >= this.#windowEnd) {
      if (this.#window.count >= MIN_CALLS) {
        const at = (this.#windowEnd - this.startedAt) / 1000;
        this.series.add("latency.p50", at, this.#window.percentile(50) ?? 0);
        this.series.add("latency.p99", at, this.#window.percentile(99) ?? 0);
      }
      if (this.#window.count > 0) this.#window = new LatencyHistogram();
      this.#windowEnd += this.windowMs;
    }
  }

  get byCapability(): ReadonlyMap<string, LatencyHistogram> {
    return this.#byCapability;
  }

  /** Latency has no offence of its own: its series are judged for drift, and thresholds name limits. */
  verdict(): MonitorVerdict {
    const { name } = this;
    if (this.#calls === 0) return { name, outcome: "idle", reason: "no call finished", offences: 0 };
    return { name, outcome: "sound", reason: `${this.#calls} calls measured from when they were due`, offences: 0 };
  }
}
