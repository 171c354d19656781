/** The series of a run: samples by name, in bounded memory, and what each is judged by. */

import type { Json } from "../src/protocol/mod.ts";
import type { Sample } from "../src/stats/sample.ts";
import type { Keeper } from "./monitors/monitor.ts";
import type { Observation } from "./observation.ts";

const MS_PER_SECOND = 1000;

/** Samples kept per series: a day at one every 5 s. When full, every second one goes. */
export const MAX_SAMPLES = 20_000;

/** Series a run has at most, for the room they take. */
export const SAMPLED_SERIES = 24;

/** What is known of a series before any value. */
export interface SeriesKind {
  readonly name: string;
  readonly unit: string;
  /**
   * Rise below which a run shorter than {@linkcode SETTLING_S} calls nothing drift, in the unit of the series; of its
   * base and of the seconds it was watched.
   */
  readonly settlingRise: (base: number, watched_s: number) => number;
  /** The values depend on the target alone, not on what else the machine does. */
  readonly steady?: boolean;
  /** Growth that is drift, in the unit of the series per hour; absent: a share of its base. */
  readonly limitPerHour?: number;
  /** Share of calls below the values, 0 to 1: what the tester itself lags in that share is not the target's. */
  readonly lagShare?: number;
}

/**
 * Seconds in which a runtime still takes memory and compiles what it runs often. Within them a slope per hour says
 * little: only a rise that no settling explains counts.
 */
export const SETTLING_S = 900;

const MIB = 1_048_576;
/** Growth of a heap that is being filled for the first time in a minute; of the embedded node up to 36 MB were seen. */
const SETTLING_MEMORY_BYTES = 48 * MIB;
/** Share of it for every doubling of the minute: the embedded node took 60 MB in 4 minutes and 75 MB in 10. */
const SETTLING_PER_DOUBLING = 0.5;
const SETTLING_MINUTE_S = 60;
/** Connections of a load that comes and goes. */
const SETTLING_DESCRIPTORS = 32;
const SETTLING_THREADS = 8;
/** Files of a store grow in steps, and its write-ahead log comes and goes. */
const SETTLING_EVENT_BYTES = 4096;
const SETTLING_EVENT_SHARE = 0.5;
/** Latency moves with everything else on the machine. */
const SETTLING_LATENCY_MS = 5;
const SETTLING_LATENCY_SHARE = 0.25;

const memory = (name: string): SeriesKind => ({
  name,
  unit: "bytes",
  settlingRise: (_, watched_s) =>
    SETTLING_MEMORY_BYTES * (1 + SETTLING_PER_DOUBLING * Math.log2(Math.max(1, watched_s / SETTLING_MINUTE_S))),
  steady: true,
});
const latency = (name: string, lagShare: number): SeriesKind => ({
  name,
  unit: "ms",
  lagShare,
  settlingRise: (base) => Math.max(SETTLING_LATENCY_MS, SETTLING_LATENCY_SHARE * base),
});

/** In a day 1.5 GiB, less than half of what a heap may grow to; what is remembered of a run fills it in its first hours. */
const TESTER_HEAP_PER_HOUR = 64 * MIB;
/** The tester's own heap: judged by the same detector, and no part of the target's verdict. */
export const TESTER_HEAP: SeriesKind = { ...memory("tester.heap"), limitPerHour: TESTER_HEAP_PER_HOUR };

/** Series that are judged, in the order they are shown. */
export const JUDGED: readonly SeriesKind[] = [
  memory("memory.rss"),
  memory("memory.pss"),
  memory("memory.cgroup"),
  memory("memory.reported"),
  { name: "process.fds", unit: "descriptors", settlingRise: () => SETTLING_DESCRIPTORS },
  { name: "process.threads", unit: "threads", settlingRise: () => SETTLING_THREADS },
  {
    name: "storage.per_event",
    unit: "bytes",
    settlingRise: (base) => Math.max(SETTLING_EVENT_BYTES, SETTLING_EVENT_SHARE * base),
  },
  latency("latency.p50", 0.5),
  latency("latency.p99", 0.99),
];

interface StoredSeries {
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly every: number;
  readonly skipped: number;
}

/** See the module comment. */
export class SeriesStore implements Keeper {
  readonly name = "series";
  readonly #samples = new Map<string, Sample[]>();
  readonly #every = new Map<string, { every: number; skipped: number }>();

  observe(observation: Observation): void {
    if (observation.kind === "sample") this.add(observation.series, observation.at / MS_PER_SECOND, observation.value);
  }

  state(): Json {
    const stored = (name: string, samples: readonly Sample[]): StoredSeries => ({
      times: samples.map(({ t_s }) => t_s),
      values: samples.map(({ value }) => value),
      ...(this.#every.get(name) ?? { every: 1, skipped: 0 }),
    });
    return Object.fromEntries(
      [...this.#samples].map(([name, samples]) => [name, stored(name, samples)]),
    ) as unknown as Json;
  }

  restore(state: Json): void {
    for (const [name, one] of Object.entries(state as unknown as Readonly<Record<string, StoredSeries>>)) {
      const { times, values, every, skipped } = one;
      this.#samples.set(name, times.map((t_s, index) => ({ t_s, value: values[index] ?? 0 })));
      if (every > 1) this.#every.set(name, { every, skipped });
    }
  }

  add(name: string, t_s: number, value: number): void {
    let samples = this.#samples.get(name);
    if (samples === undefined) this.#samples.set(name, samples = []);
    const thinning = this.#every.get(name);
    if (thinning !== undefined && ++thinning.skipped < thinning.every) return;
    if (thinning !== undefined) thinning.skipped = 0;
    samples.push({ t_s, value });
    if (samples.length < MAX_SAMPLES) return;
    this.#samples.set(name, samples.filter((_, index) => index % 2 === 0));
    this.#every.set(name, { every: (thinning?.every ?? 1) * 2, skipped: 0 });
  }

  of(name: string): readonly Sample[] {
    return this.#samples.get(name) ?? [];
  }

  get names(): readonly string[] {
    return [...this.#samples.keys()];
  }
}
