/** Where a run stands: what the live line, the dashboard, /metrics and OpenTelemetry show while it goes on. */

import type { Clock } from "../src/protocol/mod.ts";
import type { LatencySummary } from "../src/stats/latency_histogram.ts";
import { MIN_SAMPLES } from "../src/stats/judge_series.ts";
import type { InstrumentReport } from "./instrument.ts";
import type { EventCounts } from "./monitors/accounting.ts";
import type { MonitorVerdict, Offence } from "./observation.ts";
import type { RunState } from "./run_state.ts";
import { JUDGED, SeriesStore } from "./series.ts";
import type { Gap, SoakReport } from "./soak_report.ts";
import { conclude, judgeAll, type JudgedSeries, type SoakVerdict } from "./verdict.ts";

/**
 * Judging a long series takes tens of milliseconds in which no call leaves. One series is judged at a time, and the next
 * after this many times what that took: the tester's own work must not show in the 99th percentile it measures.
 */
const REST_PER_WORK = 200;
const MIN_REST_MS = 1000;
/** Seconds over which the rate shown is taken. */
const RATE_OVER_S = 10;
/** Offences remembered, over all monitors. */
const MAX_OFFENCES = 20;
const MS_PER_SECOND = 1000;
/** Series that tell the memory of a target, the one that shows most first. */
const MEMORY: readonly string[] = ["memory.rss", "memory.pss", "memory.cgroup", "memory.reported"];

/** One offence of a monitor. */
export interface SeenOffence extends Offence {
  readonly monitor: string;
}

/** One judged series so far; `verdict` is undefined until it was looked at once. */
export interface StandingSeries {
  readonly name: string;
  readonly unit: string;
  readonly last: number;
  readonly verdict: JudgedSeries["verdict"] | undefined;
}

/** See the module comment. Times in seconds since the start of the run, latencies in milliseconds. */
export interface Standing {
  readonly elapsed_s: number;
  readonly duration_s: number;
  /** Verdict if the run ended now, with what is not judged yet left out. */
  readonly verdict: SoakVerdict;
  readonly reason: string;
  readonly target: RunState["config"]["target"];
  readonly seed: number;
  readonly pace: string;
  readonly calls: number;
  readonly by_operation: Readonly<Record<string, number>>;
  /** Calls finished per second of late. */
  readonly rate: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly latency: LatencySummary;
  readonly events: EventCounts;
  readonly readable: boolean;
  readonly audit: { readonly judged: boolean; readonly entries: number; readonly verified: number };
  readonly monitors: readonly MonitorVerdict[];
  readonly thresholds: SoakReport["thresholds"];
  readonly series: readonly StandingSeries[];
  /** The series that stands for the memory of the target. */
  readonly memory: StandingSeries | undefined;
  /** The latest, newest first. */
  readonly offences: readonly SeenOffence[];
  readonly gaps: readonly Gap[];
  readonly instrument: InstrumentReport;
}

/** Looks at a run; cheap enough for once a second over days. */
export class Lookout {
  readonly #judged = new Map<string, JudgedSeries>();
  readonly #recent: { readonly at: number; readonly calls: number }[] = [];
  readonly #counted = new Map<string, number>();
  #offences: SeenOffence[] = [];
  #instrument: InstrumentReport;
  #turn = 0;
  #restUntil = 0;

  /** @param thresholdsElsewhere Thresholds are judged over what several processes see, so they are no verdict here. */
  constructor(
    private readonly state: RunState,
    private readonly clock: Clock,
    private readonly thresholdsElsewhere: boolean = false,
  ) {
    this.#instrument = state.instrument.report();
  }

  /** @param elapsed_s Run time now. @param duration_s Run time at the planned end. */
  look(elapsed_s: number, duration_s: number): Standing {
    const { state } = this;
    const { config, tally, accounting } = state;
    const gaps = tally.gaps(elapsed_s * MS_PER_SECOND);
    this.#work(gaps);
    const monitors = state.verdicts();
    this.#remember(monitors);
    const series = JUDGED.flatMap(({ name, unit }): StandingSeries[] => {
      const last = state.series.of(name).at(-1)?.value;
      return last === undefined ? [] : [{ name, unit, last, verdict: this.#judged.get(name)?.verdict }];
    });
    const { errors } = tally;
    const { verdict, reason } = conclude({
      saturated: this.#instrument.saturated ?? undefined,
      monitors,
      thresholds: this.thresholdsElsewhere ? [] : state.thresholds.findings(),
      series: [...this.#judged.values()],
      calls: tally.calls,
    });
    const { counts } = state.audit;
    return {
      elapsed_s,
      duration_s,
      verdict,
      reason,
      target: config.target,
      seed: config.seed,
      pace: config.rateText,
      calls: tally.calls,
      by_operation: tally.operations,
      rate: this.#rate(elapsed_s, tally.calls),
      errors,
      failed: Object.values(errors).reduce((sum, count) => sum + count, 0),
      latency: state.latency.total.summary(),
      events: accounting.counts,
      readable: config.readable,
      audit: { judged: counts.judged, entries: counts.entries, verified: counts.verified },
      monitors,
      thresholds: state.thresholds.reports(),
      series,
      memory: MEMORY.flatMap((name) => series.find((one) => one.name === name) ?? [])[0],
      offences: this.#offences,
      gaps,
      instrument: this.#instrument,
    };
  }

  /** The next piece of what takes long: one series, or the tester's own percentiles. */
  #work(gaps: readonly Gap[]): void {
    const begun = this.clock.mono();
    if (begun < this.#restUntil) return;
    const { series, instrument } = this.state;
    const there = JUDGED.filter(({ name }) => series.of(name).length >= MIN_SAMPLES);
    const memory = there.find(({ name }) => MEMORY.includes(name));
    // Every second turn is the memory's: its slope is what is looked at most.
    const turn = this.#turn++;
    const others = there.filter((one) => one !== memory);
    const kind = turn % 2 === 0 && memory !== undefined ? memory : others[(turn >> 1) % (others.length + 1)];
    if (kind === undefined) {
      this.#instrument = instrument.report();
    } else {
      const alone = new SeriesStore();
      for (const { t_s, value } of series.of(kind.name)) alone.add(kind.name, t_s, value);
      const [judged] = judgeAll(alone, gaps, (share) => instrument.lag(share));
      if (judged !== undefined) this.#judged.set(kind.name, judged);
    }
    const ended = this.clock.mono();
    this.#restUntil = ended + Math.max(MIN_REST_MS, REST_PER_WORK * (ended - begun));
  }

  #rate(at: number, calls: number): number {
    this.#recent.push({ at, calls });
    while ((this.#recent[1]?.at ?? Infinity) <= at - RATE_OVER_S) this.#recent.shift();
    const from = this.#recent[0];
    if (from === undefined || at <= from.at) return at > 0 ? calls / at : 0;
    return (calls - from.calls) / (at - from.at);
  }

  #remember(monitors: readonly MonitorVerdict[]): void {
    for (const { name: monitor, offences, first_offence: first, last_offence: last } of monitors) {
      const known = this.#counted.get(monitor) ?? 0;
      if (offences === known) continue;
      this.#counted.set(monitor, offences);
      const latest = last ?? first;
      const begun = known === 0 && first !== undefined && latest !== first ? [{ monitor, ...first }] : [];
      const now = latest === undefined ? [] : [{ monitor, ...latest }];
      this.#offences = [...now, ...begun, ...this.#offences].slice(0, MAX_OFFENCES);
    }
  }
}
