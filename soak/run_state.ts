/** All that judges one run, made from facts alone: the run feeds it, the journal keeps it, a report is made from it. */

import { Random, timestamp } from "../src/protocol/mod.ts";
import { Instrument } from "./instrument.ts";
import { LiveSet } from "./live_set.ts";
import { AccountingMonitor } from "./monitors/accounting.ts";
import { AuditMonitor } from "./monitors/audit.ts";
import { ClockMonitor } from "./monitors/clock_offset.ts";
import { CounterMonitor } from "./monitors/counters.ts";
import { ErrorMonitor } from "./monitors/errors.ts";
import { IntegrityMonitor } from "./monitors/integrity.ts";
import { LatencyMonitor } from "./monitors/latency.ts";
import { ManifestMonitor } from "./monitors/manifest.ts";
import type { Keeper, RunFacts } from "./monitors/monitor.ts";
import { NamedEventsMonitor } from "./monitors/named_events.ts";
import { RestartMonitor } from "./monitors/restarts.ts";
import { StreamMonitor } from "./monitors/streams.ts";
import { SubscriptionMonitor } from "./monitors/subscriptions.ts";
import type { Monitor, MonitorVerdict, Observation } from "./observation.ts";
import { SeriesStore } from "./series.ts";
import { type AuditReport, reportedSeries, SOAK_SCHEMA, type SoakReport } from "./soak_report.ts";
import { Tally } from "./tally.ts";
import { Thresholds } from "./thresholds.ts";
import { conclude, judgeAll, type JudgedSeries, judgeHeap } from "./verdict.ts";

const MS_PER_SECOND = 1000;
const SECONDS_PER_HOUR = 3600;
/** Longest and shortest window of the latency series, and how many a run should have. */
const MAX_WINDOW_MS = 60_000;
const MIN_WINDOW_MS = 1000;
const WINDOWS_PER_RUN = 120;

/** Name of the monitor of failing calls. */
const ERRORS = "errors";

/** What is known of a run when it starts; the header of its journal. No secret is in it. */
export interface RunConfig {
  readonly seed: number;
  readonly timeOrigin: number;
  /** Milliseconds since the epoch. */
  readonly startedWall: number;
  readonly durationMs: number;
  readonly rateText: string;
  readonly callers: number;
  readonly thresholds: readonly string[];
  readonly target: { readonly kind: string; readonly url: string; readonly dialect: string };
  readonly nodeId: string;
  readonly communityId: string;
  readonly readable: boolean;
  /** Head before the run; nothing below is ours. */
  readonly headBefore: number;
  /** Why the audit chain cannot be judged; absent where it can. */
  readonly auditUnreadable?: string;
  /** Which part of how many this process is. */
  readonly shard?: Shard;
  /** What the command line said, for a resume; options that name or hold secrets are not in it, their names are. */
  readonly options: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly secrets: readonly string[];
}

/** One of several processes that make one run; `index` from 1 to `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** How a run came to its end. */
export interface Ending {
  /** End of the load in run milliseconds. */
  readonly endMs: number;
  /** Why the load ended before its time; undefined if it did not. */
  readonly early: string | undefined;
  /** Why what was seen is not all there was to see: such a run is never called stable. */
  readonly incomplete: string | undefined;
  /** The disk that our journal has filled holds the target's data too: its failing calls are no fault of the target. */
  readonly diskShared?: boolean;
}

/** See the module comment. */
export class RunState {
  readonly series = new SeriesStore();
  readonly instrument = new Instrument();
  readonly tally = new Tally();
  readonly liveSet = new LiveSet((caller, sequence) => this.accounting.answered(caller, sequence));
  readonly accounting: AccountingMonitor;
  readonly integrity: IntegrityMonitor;
  readonly audit: AuditMonitor;
  readonly latency: LatencyMonitor;
  readonly clock = new ClockMonitor((from, to) => this.tally.interrupted(from, to));
  readonly thresholds: Thresholds;
  readonly monitors: readonly Monitor[];
  /** Everything with a state, in the order in which it is fed. */
  readonly keepers: readonly Keeper[];
  #judged: readonly JudgedSeries[] = [];

  constructor(readonly config: RunConfig) {
    const { seed, nodeId, communityId, readable, durationMs } = config;
    const facts: RunFacts = {
      startedAt: 0,
      seed,
      nodeId,
      communityId,
      readable,
      durationMs,
      interrupted: (from, to) => this.tally.interrupted(from, to),
    };
    const windowMs = Math.min(MAX_WINDOW_MS, Math.max(MIN_WINDOW_MS, durationMs / WINDOWS_PER_RUN));
    this.thresholds = new Thresholds(config.thresholds, this.series, { ...facts, part: config.shard !== undefined });
    this.accounting = new AccountingMonitor(readable, facts.startedAt);
    this.integrity = new IntegrityMonitor(new Random(seed, "soak", "integrity"), facts.startedAt);
    this.audit = new AuditMonitor(facts.startedAt, config.auditUnreadable);
    this.latency = new LatencyMonitor(this.series, windowMs, facts.startedAt);
    this.monitors = [
      this.accounting,
      this.integrity,
      this.audit,
      new StreamMonitor(facts.interrupted, facts.startedAt),
      new ManifestMonitor(nodeId, () => this.clock.offset, facts.startedAt, facts.interrupted),
      new NamedEventsMonitor(readable, facts.startedAt),
      new SubscriptionMonitor(facts.startedAt, facts.interrupted),
      new CounterMonitor(facts.startedAt, facts.interrupted),
      new RestartMonitor(facts.startedAt, facts.interrupted),
      new ErrorMonitor(this.series, windowMs, facts.startedAt, facts.interrupted),
      this.clock,
      this.latency,
    ];
    // The tally comes first: monitors ask it for gaps.
    this.keepers = [this.tally, this.series, ...this.monitors, this.thresholds, this.liveSet, this.instrument];
  }

  observe(observation: Observation): void {
    for (const keeper of this.keepers) keeper.observe(observation);
  }

  verdicts(): readonly MonitorVerdict[] {
    return this.monitors.map((monitor) => monitor.verdict());
  }

  /** Offences of all monitors so far. */
  get offences(): number {
    return this.monitors.reduce((sum, monitor) => sum + monitor.verdict().offences, 0);
  }

  /** Events that nobody could look for are neither lost nor accounted for. */
  #lookedUp(verdict: MonitorVerdict): MonitorVerdict {
    const { pending } = this.accounting;
    if (pending === 0 || verdict.outcome !== "sound") return verdict;
    const reason = `${pending} acknowledged events were not looked up: the log was not read to its end afterwards`;
    return { ...verdict, outcome: "inconclusive", reason };
  }

  /** Failing calls on a disk that the tester has filled say nothing of the target. */
  #excused(verdict: MonitorVerdict): MonitorVerdict {
    if (verdict.name !== ERRORS || verdict.outcome !== "violated") return verdict;
    return { ...verdict, outcome: "inconclusive", reason: `${verdict.reason}, on a disk that was full` };
  }

  /** The series as the report judged them; empty before it was made. */
  get judged(): readonly JudgedSeries[] {
    return this.#judged;
  }

  /** The report of what was seen; made once, since it judges the thresholds to the end. */
  report({ endMs, early, incomplete, diskShared = false }: Ending): SoakReport {
    const { tally, accounting, latency, config } = this;
    const gaps = tally.gaps(Math.max(endMs, tally.last));
    const series = this.#judged = judgeAll(this.series, gaps, (share) => this.instrument.lag(share));
    const seen = this.verdicts().map((one) => one.name === accounting.name ? this.#lookedUp(one) : one);
    const monitors = diskShared ? seen.map((one) => this.#excused(one)) : seen;
    this.thresholds.finish(endMs / MS_PER_SECOND);
    const findings = {
      saturated: this.instrument.saturated,
      monitors,
      thresholds: this.thresholds.findings(),
      series,
      calls: tally.calls,
      incomplete,
    };
    const { verdict, reason } = conclude(findings);
    const counts = accounting.counts;
    const first = accounting.firstOffence;
    const hours = endMs / MS_PER_SECOND / SECONDS_PER_HOUR;
    const capabilities = [...latency.byCapability].sort(([a], [b]) => a < b ? -1 : 1);
    return {
      schema: SOAK_SCHEMA,
      verdict,
      reason,
      started_at: timestamp(config.startedWall),
      duration_s: endMs / MS_PER_SECOND,
      planned_s: (config.durationMs + tally.awayMs) / MS_PER_SECOND,
      ended_early: incomplete ?? early ?? null,
      seed: config.seed,
      target: config.target,
      load: { rate: config.rateText, callers: config.callers, calls: tally.calls, operations: tally.operations },
      series: reportedSeries(series, hours > 0 ? counts.observed / hours : 0),
      events: { judged: config.readable, ...counts, ...(first === undefined ? {} : { first_offence: first }) },
      audit_chain: auditReport(this.audit),
      latency: {
        ...latency.total.summary(),
        by_capability: Object.fromEntries(capabilities.map(([name, histogram]) => [name, histogram.summary()])),
      },
      errors: tally.errors,
      instrument: this.instrument.report(judgeHeap(this.series, gaps)?.verdict),
      gaps,
      thresholds: this.thresholds.reports(),
      monitors,
    };
  }
}

function auditReport({ counts, reason, firstOffence }: AuditMonitor): AuditReport {
  return {
    ...counts,
    ...(reason === undefined ? {} : { reason }),
    ...(firstOffence === undefined ? {} : { first_offence: firstOffence }),
  };
}
