/** Where a run of several workers stands, from where each stands. */

import type { LatencySummary } from "../src/stats/latency_histogram.ts";
import { mergeThresholds, mergeVerdicts, most, sum, summed } from "./merge.ts";
import type { EventCounts } from "./monitors/accounting.ts";
import type { Standing } from "./standing.ts";
import type { SoakVerdict } from "./verdict.ts";

/** The one that counts most first. */
const VERDICTS: readonly SoakVerdict[] = ["invalid", "violated", "drifting", "inconclusive", "stable"];
/** Offences shown. */
const MAX_OFFENCES = 20;

/**
 * Percentiles cannot be added or averaged: until the histograms are merged at the end, the highest of each is shown.
 *
 * @param standings By the number of the worker.
 * @throws {RangeError} If there is none.
 */
export function together(standings: ReadonlyMap<number, Standing>): Standing {
  const workers = [...standings].sort(([a], [b]) => a - b);
  const all = workers.map(([, standing]) => standing);
  const worst = all.toSorted((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict))[0];
  if (worst === undefined) throw new RangeError("Cannot show workers: current number is 0");
  const instruments = all.map(({ instrument }) => instrument);
  return {
    ...worst,
    elapsed_s: Math.max(...all.map(({ elapsed_s }) => elapsed_s)),
    duration_s: Math.max(...all.map(({ duration_s }) => duration_s)),
    calls: sum(all, ({ calls }) => calls),
    by_operation: summed(all.map(({ by_operation }) => by_operation)),
    rate: sum(all, ({ rate }) => rate),
    errors: summed(all.map(({ errors }) => errors)),
    failed: sum(all, ({ failed }) => failed),
    latency: highest(all.map(({ latency }) => latency)),
    events: summed(all.map(({ events }) => ({ ...events }))) as unknown as EventCounts,
    readable: all.every(({ readable }) => readable),
    audit: all.map(({ audit }) => audit).toSorted((a, b) => b.entries - a.entries)[0] ?? worst.audit,
    monitors: mergeVerdicts(workers.map(([index, { monitors }]) => ({ label: `worker ${index}`, monitors }))),
    thresholds: mergeThresholds(all.map(({ thresholds }) => thresholds)),
    series: workers.flatMap(([index, { series }]) =>
      series.map((one) => ({ ...one, name: `${one.name} (worker ${index})` }))
    ),
    memory: all.find(({ memory }) => memory !== undefined)?.memory,
    offences: all.flatMap(({ offences }) => offences).toSorted((a, b) => b.at_s - a.at_s).slice(0, MAX_OFFENCES),
    gaps: all.flatMap(({ gaps }) => gaps),
    instrument: {
      ...worst.instrument,
      rss_bytes: sum(instruments, ({ rss_bytes }) => rss_bytes),
      send_lag_p99_ms: Math.max(...instruments.map((one) => one.send_lag_p99_ms)),
      loop_lag_p99_ms: Math.max(...instruments.map((one) => one.loop_lag_p99_ms)),
    },
  };
}

function highest(summaries: readonly LatencySummary[]): LatencySummary {
  const top = (pick: (summary: LatencySummary) => number | null) => most(summaries.map(pick));
  return {
    ...summaries[0] as LatencySummary,
    p50: top(({ p50 }) => p50),
    p90: top(({ p90 }) => p90),
    p99: top(({ p99 }) => p99),
    p999: top(({ p999 }) => p999),
    max: top(({ max }) => max),
  };
}
