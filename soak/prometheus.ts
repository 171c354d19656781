/**
 * A standing as Prometheus text (exposition format 0.0.4). Names are `hearthproof_soak_*` in base units; what a target
 * invents becomes a label only within bounds.
 */

import { bounded, visible } from "../src/report/escape.ts";
import type { LatencyHistogram } from "../src/stats/latency_histogram.ts";
import type { Standing } from "./standing.ts";
import type { SoakVerdict } from "./verdict.ts";

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Upper ends of the latency buckets in seconds: five a decade where calls usually are. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** A latency is stored as the upper end of its own bucket, at most 0.1% above what it was. */
const STORED_ABOVE = 1.001;
const US_PER_SECOND = 1_000_000;
const MS_PER_SECOND = 1000;
const MAX_LABEL = 120;
/** Values of one label; a hostile target may invent error codes without end. */
const MAX_LABELS = 50;
const VERDICTS: readonly SoakVerdict[] = ["stable", "drifting", "violated", "inconclusive", "invalid"];

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

function label(value: string): string {
  return visible(bounded(value, MAX_LABEL)).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${label(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${numberText(value)}`;
}

/** The metrics of a run. @param latency The histogram of all calls; absent where several workers have one each. */
export function prometheusText(standing: Standing, latency: LatencyHistogram | undefined): string {
  const lines: string[] = [];
  const metric = (type: "counter" | "gauge", name: string, help: string, samples: readonly Sample[]) => {
    if (samples.length === 0) return;
    lines.push(`# HELP hearthproof_soak_${name} ${help}`, `# TYPE hearthproof_soak_${name} ${type}`);
    for (const [labels, value] of samples) lines.push(line(`hearthproof_soak_${name}`, labels, value));
  };
  const one = (value: number): readonly Sample[] => [[{}, value]];
  const { events, instrument, series, monitors } = standing;
  metric("gauge", "elapsed_seconds", "Run time so far.", one(standing.elapsed_s));
  metric("gauge", "planned_seconds", "Run time at the planned end.", one(standing.duration_s));
  metric(
    "gauge",
    "verdict",
    "1 for the verdict so far, 0 for the others.",
    VERDICTS.map((verdict) => [{ verdict }, verdict === standing.verdict ? 1 : 0]),
  );
  metric("counter", "calls_total", "Finished calls by operation.", labelled("operation", standing.by_operation));
  metric("counter", "failed_calls_total", "Finished calls that failed, all codes.", one(standing.failed));
  metric("counter", "errors_total", "Finished calls that failed, by code.", labelled("code", standing.errors));
  if (latency !== undefined) lines.push(...histogram(latency));
  metric(
    "gauge",
    "events",
    "Events caused by the run, by what became of them.",
    Object.entries(events).map(([state, count]) => [{ state }, count]),
  );
  metric("gauge", "audit_entries", "Records seen in the audit chain.", one(standing.audit.entries));
  metric("gauge", "audit_verified", "Records of it that were verified.", one(standing.audit.verified));
  metric(
    "counter",
    "offences_total",
    "Offences by monitor.",
    monitors.map(({ name: monitor, offences }) => [{ monitor }, offences]),
  );
  metric(
    "counter",
    "threshold_broken_windows_total",
    "Windows in which a threshold was broken.",
    standing.thresholds.slice(0, MAX_LABELS).map(({ expression, offences }) => [{ expression }, offences]),
  );
  metric(
    "gauge",
    "series_value",
    "Latest value of a judged series, in its unit.",
    series.map(({ name, unit, last }) => [{ series: name, unit }, last]),
  );
  const judged = series.flatMap(({ name, unit, verdict }) => verdict === undefined ? [] : [{ name, unit, verdict }]);
  metric(
    "gauge",
    "series_slope_per_hour",
    "Fitted slope of a judged series so far, in its unit per hour.",
    judged.flatMap(({ name, unit, verdict }): Sample[] =>
      verdict.slopePerHour === null ? [] : [[{ series: name, unit }, verdict.slopePerHour]]
    ),
  );
  metric(
    "gauge",
    "series_limit_per_hour",
    "Slope from which a series counts as drifting, in its unit per hour.",
    judged.map(({ name, unit, verdict }) => [{ series: name, unit }, verdict.limitPerHour]),
  );
  metric(
    "gauge",
    "series_drifting",
    "1 for a series that drifts so far, else 0.",
    judged.map(({ name, verdict }) => [{ series: name }, verdict.verdict === "drifting" ? 1 : 0]),
  );
  metric("gauge", "tester_resident_memory_bytes", "Memory of the tester itself.", one(instrument.rss_bytes));
  metric(
    "gauge",
    "tester_send_lag_seconds",
    "99th percentile of how late calls leave, for no fault of the target.",
    one(instrument.send_lag_p99_ms / MS_PER_SECOND),
  );
  metric(
    "gauge",
    "tester_loop_lag_seconds",
    "99th percentile of how late timers of the tester fire.",
    one(instrument.loop_lag_p99_ms / MS_PER_SECOND),
  );
  metric(
    "gauge",
    "tester_saturated",
    "1 while the tester itself is the bottleneck, which makes the run invalid.",
    one(instrument.saturated === null ? 0 : 1),
  );
  return lines.join("\n") + "\n";
}

/** The values of one label; beyond the bound they are summed up as `other`. */
function labelled(name: string, counts: Readonly<Record<string, number>>): readonly Sample[] {
  const all = Object.entries(counts).sort(([a], [b]) => a < b ? -1 : 1);
  const rest = all.slice(MAX_LABELS).reduce((sum, [, count]) => sum + count, 0);
  const shown = new Map<string, number>();
  for (const [value, count] of all.slice(0, MAX_LABELS)) {
    const text = bounded(value, MAX_LABEL);
    shown.set(text, (shown.get(text) ?? 0) + count);
  }
  if (rest > 0) shown.set("other", (shown.get("other") ?? 0) + rest);
  return [...shown].map(([value, count]) => [{ [name]: value }, count]);
}

/** Latencies as a histogram: its buckets may be added up over several testers, percentiles may not. */
function histogram(latency: LatencyHistogram): readonly string[] {
  const name = "hearthproof_soak_latency_seconds";
  const counts = BUCKETS_S.map(() => 0);
  let sum = 0;
  for (const [us, count] of latency.toJSON().buckets) {
    sum += us / US_PER_SECOND * count;
    BUCKETS_S.forEach((end, at) => {
      if (us <= end * US_PER_SECOND * STORED_ABOVE) counts[at] = (counts[at] ?? 0) + count;
    });
  }
  return [
    `# HELP ${name} Latency of all calls from the moment they were due.`,
    `# TYPE ${name} histogram`,
    ...BUCKETS_S.map((end, at) => line(`${name}_bucket`, { le: String(end) }, counts[at] ?? 0)),
    line(`${name}_bucket`, { le: "+Inf" }, latency.count),
    line(`${name}_sum`, {}, sum),
    line(`${name}_count`, {}, latency.count),
  ];
}
