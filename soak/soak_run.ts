/** One run: load, monitors, readings, verdict, report. What starts and ends processes is around it. */

import { type Clock, timestamp } from "../src/protocol/mod.ts";
import type { Network } from "../src/wire/mod.ts";
import type { Target } from "../src/target/target.ts";
import { judgeSeries } from "../src/stats/judge_series.ts";
import { ConnectionPool } from "./connections.ts";
import { Engine } from "./engine.ts";
import { EventText } from "./event_text.ts";
import { Instrument } from "./instrument.ts";
import { AccountingMonitor, LOST_AFTER_MS } from "./monitors/accounting.ts";
import { ClockMonitor } from "./monitors/clock_offset.ts";
import { IntegrityMonitor } from "./monitors/integrity.ts";
import { LatencyMonitor } from "./monitors/latency.ts";
import { ManifestMonitor } from "./monitors/manifest.ts";
import { StreamMonitor } from "./monitors/streams.ts";
import type { Monitor, MonitorVerdict, Observation } from "./observation.ts";
import { loadRandom, type Prepared } from "./prepare.ts";
import { dueTimes, type Pace } from "./schedule.ts";
import { SeriesStore } from "./series.ts";
import { type Gap, reportedSeries, SOAK_SCHEMA, type SoakReport } from "./soak_report.ts";
import { conclude, judgeAll } from "./verdict.ts";
import { Thresholds } from "./thresholds.ts";
import { Watch } from "./watch.ts";

const MS_PER_SECOND = 1000;
const SECONDS_PER_HOUR = 3600;
/** Longest and shortest window of the latency series, and how many a run should have. */
const MAX_WINDOW_MS = 60_000;
const MIN_WINDOW_MS = 1000;
const WINDOWS_PER_RUN = 120;
/** Milliseconds a call may take: the documented default deadline (wire-format.md section 15). */
const CALL_DEADLINE_MS = 30_000;
/** Milliseconds after the load in which events still may appear, and the distance of looks. */
const SETTLE_MS = LOST_AFTER_MS + 4000;
const SETTLE_LOOK_MS = 250;
const PROGRESS_EVERY_MS = 1000;

/** Something done to the target on purpose, at a time of the run. */
export interface Disturbance {
  readonly atMs: number;
  readonly why: string;
  act(): Promise<void>;
  /** Milliseconds after the act in which the target is not judged for being away. */
  readonly settleMs: number;
}

export interface RunOptions {
  readonly clock: Clock;
  readonly network: Network;
  readonly target: Target;
  readonly prepared: Prepared;
  readonly pace: Pace;
  readonly rateText: string;
  /** Calls kept under way instead of a pace. */
  readonly concurrency?: number;
  readonly durationMs: number;
  readonly seed: number;
  readonly timeOrigin: number;
  readonly pid: () => number | undefined;
  readonly disturbances: readonly Disturbance[];
  /** Expressions as `latency.p99 < 250ms over 5m`. */
  readonly thresholds: readonly string[];
  /** End the load at the first threshold that is broken and at the first violation. */
  readonly failFast: boolean;
  /** Ends the run gracefully. */
  readonly signal: AbortSignal;
  readonly progress: (status: Status) => void;
}

/** What the live line shows. */
export interface Status {
  readonly elapsed_s: number;
  readonly duration_s: number;
  readonly calls: number;
  readonly p99: number | null;
  readonly errors: number;
  readonly rss: number | undefined;
  readonly acknowledged: number;
  readonly observed: number;
  readonly first: string | undefined;
}

/** See the module comment. */
export class SoakRun {
  readonly #series = new SeriesStore();
  readonly #instrument = new Instrument();
  readonly #gaps: Gap[] = [];
  readonly #operations: Record<string, number> = {};
  readonly #startedAt: number;
  readonly #startedWall: number;
  readonly #accounting: AccountingMonitor;
  readonly #integrity: IntegrityMonitor;
  readonly #latency: LatencyMonitor;
  readonly #clockMonitor = new ClockMonitor();
  readonly #monitors: readonly Monitor[];
  readonly #engine: Engine;
  readonly #pool: ConnectionPool;
  readonly #watch: Watch;
  readonly #thresholds: Thresholds;
  #acknowledged = 0;
  readonly #sequences: number[] = [];

  constructor(private readonly options: RunOptions) {
    const { clock, network, prepared, durationMs, seed, timeOrigin } = options;
    const { session } = prepared;
    this.#startedAt = clock.mono();
    this.#startedWall = clock.wall();
    this.#thresholds = new Thresholds(options.thresholds, this.#series, this.#startedAt);
    const text = new EventText(timeOrigin.toString(36));
    const windowMs = Math.min(MAX_WINDOW_MS, Math.max(MIN_WINDOW_MS, durationMs / WINDOWS_PER_RUN));
    this.#accounting = new AccountingMonitor(text, prepared.readable, this.#startedAt);
    this.#integrity = new IntegrityMonitor(loadRandom(seed, "integrity"), this.#startedAt);
    this.#latency = new LatencyMonitor(this.#series, windowMs, this.#startedAt);
    this.#monitors = [
      this.#accounting,
      this.#integrity,
      new StreamMonitor((from, to) => this.#interrupted(from, to), this.#startedAt),
      new ManifestMonitor(session.nodeId, () => this.#clockMonitor.offset, this.#startedAt),
      this.#clockMonitor,
      this.#latency,
    ];
    this.#pool = new ConnectionPool(network, () => session.endpoint, { deadlineMs: CALL_DEADLINE_MS });
    const watchPool = new ConnectionPool(network, () => session.endpoint, { deadlineMs: CALL_DEADLINE_MS });
    this.#engine = new Engine({
      clock,
      hands: {
        session,
        text,
        callers: prepared.callers,
        random: loadRandom(seed, "load"),
        material: prepared.material,
        exchange: (request) => this.#pool.exchange(request),
        acknowledged: () => this.#acknowledged,
        nextSequence: (caller) => this.#sequences[caller] = (this.#sequences[caller] ?? -1) + 1,
      },
      operations: prepared.operations,
      monitors: [{ name: "run", observe: (o) => this.#note(o), verdict: () => IDLE }, ...this.#monitors],
      instrument: this.#instrument,
      startedAt: this.#startedAt,
    });
    this.#watch = new Watch({
      clock,
      startedAt: this.#startedAt,
      durationMs,
      communityId: session.communityId,
      headBefore: prepared.head,
      readable: prepared.readable,
      pid: options.pid,
      exchange: (request) => watchPool.exchange(request),
      acknowledged: () => this.#acknowledged,
      observe: (observation) => this.#engine.observe(observation),
      integrity: this.#integrity,
      instrument: this.#instrument,
      series: this.#series,
    });
  }

  /** Runs to the end of the duration or until the signal, and judges. */
  async run(): Promise<SoakReport> {
    const { durationMs, signal, pace, seed, concurrency } = this.options;
    const over = new AbortController();
    const stopped = new AbortController();
    const stopLoad = () => stopped.abort(new Error("the first violation ends the run"));
    const loadOver = AbortSignal.any([signal, over.signal, stopped.signal]);
    const beside = Promise.all([
      this.#watch.start(over.signal),
      this.#progress(over.signal, stopLoad),
      this.#disturb(loadOver),
    ]);
    if (concurrency === undefined) {
      await this.#engine.openModel(dueTimes(pace, loadRandom(seed, "pace")), durationMs, loadOver);
    } else await this.#engine.closedModel(concurrency, durationMs, loadOver);
    const ended = this.#elapsedMs();
    await this.#engine.drain(over.signal);
    await this.#settle();
    over.abort(new Error("the run is over"));
    await beside;
    if (this.options.prepared.readable) await this.#watch.rereadAll();
    await this.#watch.readHead();
    this.#latency.tick(this.options.clock.mono());
    this.#pool.close();
    return this.#report(ended);
  }

  #elapsedMs(): number {
    return this.options.clock.mono() - this.#startedAt;
  }

  #note(observation: Observation): void {
    if (observation.kind !== "call") return;
    this.#thresholds.observe(observation);
    const { capability, written } = observation;
    this.#operations[capability] = (this.#operations[capability] ?? 0) + 1;
    if (written !== undefined) this.#acknowledged = Math.max(this.#acknowledged, written.lamport);
  }

  /** Gives events that were acknowledged last the time to appear. */
  async #settle(): Promise<void> {
    const { clock, prepared } = this.options;
    if (!prepared.readable) return;
    const end = clock.mono() + SETTLE_MS;
    while (this.#accounting.pending > 0 && clock.mono() < end) {
      await this.#watch.readLog();
      if (this.#accounting.pending > 0) await clock.sleep(SETTLE_LOOK_MS);
    }
    await this.#watch.readLog();
  }

  async #disturb(signal: AbortSignal): Promise<void> {
    const { clock, disturbances } = this.options;
    for (const { atMs, why, act, settleMs } of disturbances) {
      await clock.sleep(Math.max(0, this.#startedAt + atMs - clock.mono()), signal).catch(() => {});
      if (signal.aborted) return;
      const from = this.#elapsedMs() / MS_PER_SECOND;
      const gap = { from, to: Infinity, why };
      this.#gaps.push(gap);
      this.#engine.observe({ kind: "interruption", at: clock.mono(), why });
      await act();
      gap.to = (this.#elapsedMs() + settleMs) / MS_PER_SECOND;
    }
  }

  #interrupted(from: number, to: number): boolean {
    const seconds = (at: number) => (at - this.#startedAt) / MS_PER_SECOND;
    return this.#gaps.some((gap) => seconds(from) <= gap.to && seconds(to) >= gap.from);
  }

  async #progress(signal: AbortSignal, stopLoad: () => void): Promise<void> {
    const { clock, progress, durationMs, failFast } = this.options;
    while (!signal.aborted) {
      const broken = this.#thresholds.advance(this.#elapsedMs() / MS_PER_SECOND);
      const violated = broken ?? this.#verdicts().find(({ outcome }) => outcome === "violated")?.reason;
      if (failFast && violated !== undefined) stopLoad();
      const { acknowledged, observed } = this.#accounting.counts;
      progress({
        elapsed_s: this.#elapsedMs() / MS_PER_SECOND,
        duration_s: durationMs / MS_PER_SECOND,
        calls: this.#engine.done,
        p99: this.#latency.total.percentile(99),
        errors: Object.values(this.#engine.errors).reduce((a, b) => a + b, 0),
        rss: this.#series.of("memory.rss").at(-1)?.value,
        acknowledged,
        observed,
        first: violated,
      });
      await clock.sleep(PROGRESS_EVERY_MS, signal).catch(() => {});
    }
  }

  #verdicts(): readonly MonitorVerdict[] {
    return this.#monitors.map((monitor) => monitor.verdict());
  }

  #report(endedMs: number): SoakReport {
    const { target, prepared, rateText, seed } = this.options;
    const gaps = this.#gaps.map((gap) => ({ ...gap, to: Math.min(gap.to, this.#elapsedMs() / MS_PER_SECOND) }));
    const series = judgeAll(this.#series, gaps);
    const monitors = this.#verdicts();
    const saturated = this.#instrument.saturated;
    this.#thresholds.finish(endedMs / MS_PER_SECOND);
    const thresholds = this.#thresholds.findings();
    const { verdict, reason } = conclude({ saturated, monitors, thresholds, series, calls: this.#engine.done });
    const counts = this.#accounting.counts;
    const first = this.#accounting.firstOffence;
    const hours = endedMs / MS_PER_SECOND / SECONDS_PER_HOUR;
    const heap = this.#series.of("tester.heap");
    return {
      schema: SOAK_SCHEMA,
      verdict,
      reason,
      started_at: timestamp(this.#startedWall),
      duration_s: endedMs / MS_PER_SECOND,
      seed,
      target: { kind: target.kind, url: target.url, dialect: target.dialect.name },
      load: {
        rate: rateText,
        callers: prepared.callers.length,
        calls: this.#engine.done,
        operations: this.#operations,
      },
      series: reportedSeries(series, hours > 0 ? counts.observed / hours : 0),
      events: { judged: prepared.readable, ...counts, ...(first === undefined ? {} : { first_offence: first }) },
      audit_chain: { ...NO_AUDIT },
      latency: {
        ...this.#latency.total.summary(),
        by_capability: Object.fromEntries(
          [...this.#latency.byCapability].sort(([a], [b]) => a < b ? -1 : 1).map(([name, h]) => [name, h.summary()]),
        ),
      },
      errors: this.#engine.errors,
      instrument: this.#instrument.report(judgeSeries(heap).slopePerHour),
      gaps,
      thresholds: this.#thresholds.reports(),
      monitors,
    };
  }
}

const IDLE: MonitorVerdict = { name: "run", outcome: "idle", reason: "", offences: 0 };
const NO_AUDIT = {
  judged: false,
  entries: 0,
  verified: 0,
  breaks: 0,
  rewrites: 0,
  equivocations: 0,
  reason: "reading it is not part of this version",
} as const;
