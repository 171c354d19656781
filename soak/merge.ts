/**
 * One report of shards that made one run. Percentiles come from merged histograms, counts from united interval sets.
 * What all shards see of the one target (its memory, its audit chain) stands beside each other or counts once;
 * thresholds are judged once, over merged windows.
 */

import { LatencyHistogram } from "../src/stats/latency_histogram.ts";
import type { RestoredRun } from "./journal_restore.ts";
import { judgeTogether } from "./merge_thresholds.ts";
import { earliest, mergeAccounting, ofShard } from "./merge_accounting.ts";
import { AccountingMonitor, type AccountingState } from "./monitors/accounting.ts";
import type { MonitorVerdict } from "./observation.ts";
import { reportOf } from "./report_command.ts";
import { SETTLING_S } from "./series.ts";
import type { AuditReport, SoakReport } from "./soak_report.ts";
import type { ToldSlot } from "./threshold_slots.ts";
import { findingOf } from "./thresholds.ts";
import { conclude, type Findings } from "./verdict.ts";

/** A shard as its folder shows it. */
export interface MergedShard {
  readonly path: string;
  readonly index: number;
  readonly run: RestoredRun;
  /** What it wrote down for the thresholds of the whole run (window_log.ts). */
  readonly windows?: readonly ToldSlot[];
}

/**
 * @param missing Shards of the run that are not there, by number.
 * @param word What a shard is called.
 */
export function mergeShards(
  shards: readonly MergedShard[],
  missing: readonly number[],
  word: "shard" | "worker" = "shard",
): SoakReport {
  const parts = shards.toSorted((a, b) => a.index - b.index).map(({ path, index, run, windows = [] }) => ({
    label: `${word} ${index}`,
    index,
    run,
    state: run.state,
    windows,
    report: reportOf(run, path),
  }));
  const reports = parts.map(({ report }) => report);
  const first = reports[0];
  if (first === undefined) throw new RangeError("Cannot merge: current number of shards is 0");
  const monitors = mergeVerdicts(parts.map(({ label, report }) => ({ label, monitors: report.monitors })));
  const thresholds = judgeTogether(parts, missing.length === 0);
  const series = parts.flatMap(({ label, report }) =>
    report.series.map((one) => ({ ...one, name: `${one.name} (${label})` }))
  );
  const incomplete = [
    ...missing.map((index) => `${word} ${index} is missing`),
    ...parts.flatMap(({ label, run, report }) =>
      run.ending === undefined ? [`${label}: ${report.ended_early ?? "it has not come to its end"}`] : []
    ),
  ].join("; ");
  const calls = sum(reports, ({ load }) => load.calls);
  const saturated =
    parts.flatMap(({ label, report: { instrument } }) =>
      instrument.saturated === null ? [] : [`${label}: ${instrument.saturated}`]
    )[0];
  const findings: Findings = {
    saturated,
    monitors,
    thresholds: thresholds.map(findingOf),
    series: series.map((one) => ({
      kind: { name: one.name, unit: one.unit },
      verdict: { verdict: one.verdict, reason: one.reason },
      coarse: reports.some(({ duration_s }) => duration_s < SETTLING_S),
    })),
    calls,
    ...(incomplete === "" ? {} : { incomplete }),
  };
  const { verdict, reason } = conclude(findings);
  return {
    ...first,
    verdict,
    reason,
    started_at: reports.map(({ started_at }) => started_at).toSorted()[0] ?? first.started_at,
    duration_s: Math.max(...reports.map(({ duration_s }) => duration_s)),
    planned_s: Math.max(...reports.map(({ planned_s }) => planned_s)),
    ended_early: incomplete === ""
      ? reports.find(({ ended_early }) => ended_early !== null)?.ended_early ?? null
      : incomplete,
    load: {
      ...first.load,
      callers: sum(reports, ({ load }) => load.callers),
      calls,
      operations: summed(reports.map(({ load }) => load.operations)),
    },
    series,
    events: mergeEvents(parts),
    audit_chain: mergeAudit(reports.map(({ audit_chain }) => audit_chain)),
    latency: mergeLatency(parts),
    errors: summed(reports.map(({ errors }) => errors)),
    instrument: {
      ...first.instrument,
      heap_slope_per_hour: most(reports.map(({ instrument }) => instrument.heap_slope_per_hour)),
      heap_verdict: HEAP_VERDICTS.find((one) => reports.some(({ instrument }) => instrument.heap_verdict === one)) ??
        null,
      rss_bytes: sum(reports, ({ instrument }) => instrument.rss_bytes),
      send_lag_p99_ms: Math.max(...reports.map(({ instrument }) => instrument.send_lag_p99_ms)),
      loop_lag_p99_ms: Math.max(...reports.map(({ instrument }) => instrument.loop_lag_p99_ms)),
      saturated: saturated ?? null,
    },
    gaps: parts.flatMap(({ label, report }) => report.gaps.map((gap) => ({ ...gap, why: `${label}: ${gap.why}` }))),
    thresholds,
    monitors,
  };
}

interface Part {
  readonly label: string;
  readonly index: number;
  readonly run: RestoredRun;
  readonly report: SoakReport;
}

function mergeEvents(parts: readonly Part[]): SoakReport["events"] {
  const states = parts.map(({ run, index }) =>
    ofShard(run.state.accounting.state() as unknown as AccountingState, index)
  );
  const judged = parts.every(({ report }) => report.events.judged);
  const merged = new AccountingMonitor(judged, 0);
  merged.restore(states.reduce(mergeAccounting) as unknown as Parameters<typeof merged.restore>[0]);
  const { firstOffence } = merged;
  return { judged, ...merged.counts, ...(firstOffence === undefined ? {} : { first_offence: firstOffence }) };
}

function mergeLatency(parts: readonly Part[]): SoakReport["latency"] {
  const total = new LatencyHistogram();
  const byCapability = new Map<string, LatencyHistogram>();
  for (const { run: { state: { latency } } } of parts) {
    total.merge(latency.total);
    for (const [name, histogram] of latency.byCapability) {
      const known = byCapability.get(name) ?? new LatencyHistogram();
      known.merge(histogram);
      byCapability.set(name, known);
    }
  }
  const sorted = [...byCapability].sort(([a], [b]) => a < b ? -1 : 1);
  return {
    ...total.summary(),
    by_capability: Object.fromEntries(sorted.map(([name, histogram]) => [name, histogram.summary()])),
  };
}

/** All shards read one chain: the one that read most counts, and whatever any of them found. */
function mergeAudit(chains: readonly AuditReport[]): AuditReport {
  const judged = chains.filter((chain) => chain.judged);
  const used = judged.length > 0 ? judged : chains;
  const top = (pick: (chain: AuditReport) => number) => Math.max(0, ...used.map(pick));
  const first = used.map((chain) => chain.first_offence).reduce(earliest, undefined);
  const reason = used.find((chain) => chain.reason !== undefined)?.reason;
  return {
    judged: judged.length > 0,
    entries: top(({ entries }) => entries),
    verified: top(({ verified }) => verified),
    breaks: top(({ breaks }) => breaks),
    rewrites: top(({ rewrites }) => rewrites),
    equivocations: top(({ equivocations }) => equivocations),
    ...(reason === undefined ? {} : { reason }),
    ...(first === undefined ? {} : { first_offence: first }),
  };
}

/** Worst first. */
const HEAP_VERDICTS = ["drifting", "inconclusive", "stable"] as const;
/** Worst first. */
const OUTCOMES: readonly MonitorVerdict["outcome"][] = ["violated", "inconclusive", "sound", "idle"];

/** One verdict per monitor: the worst of all shards, with its reason, and the first offence of any. */
export function mergeVerdicts(
  shards: readonly { readonly label: string; readonly monitors: readonly MonitorVerdict[] }[],
): readonly MonitorVerdict[] {
  const names = [...new Set(shards.flatMap(({ monitors }) => monitors.map(({ name }) => name)))];
  return names.map((name) => {
    const all = shards.flatMap(({ label, monitors }) =>
      monitors.filter((monitor) => monitor.name === name).map((monitor) => ({ label, monitor }))
    );
    const offence = all.map(({ monitor }) => monitor.first_offence).reduce(earliest, undefined);
    const outcome = OUTCOMES.find((one) => all.some(({ monitor }) => monitor.outcome === one)) ?? "idle";
    const worst = all.find(({ monitor }) =>
      monitor.outcome === outcome && (offence === undefined || monitor.first_offence === offence)
    ) ?? all.find(({ monitor }) =>
      monitor.outcome === outcome
    );
    return {
      name,
      outcome,
      reason: `${worst?.label}: ${worst?.monitor.reason}`,
      offences: all.reduce((count, { monitor }) => count + monitor.offences, 0),
      ...(offence === undefined ? {} : { first_offence: offence }),
    };
  });
}

/** Sum of one number of each. */
export function sum<T>(list: readonly T[], pick: (one: T) => number): number {
  return list.reduce((total, one) => total + pick(one), 0);
}

/** Counts of the same name added. */
export function summed(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total = new Map<string, number>();
  for (const [name, count] of counts.flatMap((one) => Object.entries(one))) {
    total.set(name, (total.get(name) ?? 0) + count);
  }
  return Object.fromEntries([...total].sort());
}

/** The highest that is known. */
export function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
