/** Latency from the time a call was due: over the whole run, per capability, and per window as series. */

import type { Json } from "../../src/protocol/mod.ts";
import { LatencyHistogram, type StoredLatency } from "../../src/stats/latency_histogram.ts";
import type { Monitor, MonitorVerdict, Observation } from "../observation.ts";
import type { SeriesStore } from "../series.ts";

/** A window with fewer calls has no percentiles worth a point. */
const MIN_CALLS = 5;

/** Stored form of the latencies. */
export interface LatencyState {
  readonly by_capability: Readonly<Record<string, StoredLatency>>;
  readonly window: StoredLatency;
  readonly window_end: number;
}

/**
 * Windows are closed by time, also when nothing finishes in them. A call is recorded once, for its window and
 * capability; everything else is merged from that when it is asked for.
 */
export class LatencyMonitor implements Monitor {
  readonly name = "latency";
  /** Calls of the windows that are over. */
  readonly #past = new Map<string, LatencyHistogram>();
  /** A histogram for each capability, so that a fast target takes no more memory than a slow one. */
  #window = new Map<string, LatencyHistogram>();
  /** Calls of the window before the run was taken up again; they are among the past ones too. */
  #windowBefore = new LatencyHistogram();
  #windowEnd: number;

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
    let histogram = this.#window.get(capability);
    if (histogram === undefined) this.#window.set(capability, histogram = new LatencyHistogram());
    histogram.record(due, ended);
  }

  /** All calls so far. */
  get total(): LatencyHistogram {
    return merged([...this.#past.values(), ...this.#window.values()]);
  }

  /** All calls so far, capability by capability. */
  get byCapability(): ReadonlyMap<string, LatencyHistogram> {
    const names = new Set([...this.#past.keys(), ...this.#window.keys()]);
    return new Map([...names].map((name) => [name, merged([this.#past.get(name), this.#window.get(name)])]));
  }

  state(): Json {
    const state: LatencyState = {
      by_capability: Object.fromEntries([...this.byCapability].map(([name, one]) => [name, one.toJSON()])),
      window: this.#ofWindow().toJSON(),
      window_end: this.#windowEnd,
    };
    return state as unknown as Json;
  }

  restore(stored: Json): void {
    const state = stored as unknown as LatencyState;
    for (const [name, one] of Object.entries(state.by_capability)) {
      this.#past.set(name, LatencyHistogram.fromJSON(one));
    }
    this.#windowBefore = LatencyHistogram.fromJSON(state.window);
    this.#windowEnd = state.window_end;
  }

  /** Closes windows that are over. */
  tick(now: number): void {
    while (now >= this.#windowEnd) {
      this.#close();
      this.#windowEnd += this.windowMs;
    }
  }

  #close(): void {
    const window = this.#ofWindow();
    if (window.count >= MIN_CALLS) {
      const at = (this.#windowEnd - this.startedAt) / 1000;
      this.series.add("latency.p50", at, window.percentile(50) ?? 0);
      this.series.add("latency.p99", at, window.percentile(99) ?? 0);
    }
    for (const [name, histogram] of this.#window) {
      const past = this.#past.get(name);
      if (past === undefined) this.#past.set(name, histogram);
      else past.merge(histogram);
    }
    this.#window = new Map();
    this.#windowBefore = new LatencyHistogram();
  }

  #ofWindow(): LatencyHistogram {
    return merged([this.#windowBefore, ...this.#window.values()]);
  }

  /** Latency has no offence of its own: its series are judged for drift, and thresholds name limits. */
  verdict(): MonitorVerdict {
    const { name } = this;
    const calls = [...this.#past.values(), ...this.#window.values()].reduce((sum, { count }) => sum + count, 0);
    if (calls === 0) return { name, outcome: "idle", reason: "no call finished", offences: 0 };
    return { name, outcome: "sound", reason: `${calls} calls measured from when they were due`, offences: 0 };
  }
}

function merged(parts: readonly (LatencyHistogram | undefined)[]): LatencyHistogram {
  const all = new LatencyHistogram();
  for (const part of parts) if (part !== undefined && part.count > 0) all.merge(part);
  return all;
}
