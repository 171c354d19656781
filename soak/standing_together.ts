/** Where a run of several workers stands, from where each stands. */

import type { LatencyHistogram } from "../src/stats/latency_histogram.ts";
import { mergeVerdicts, sum, summed } from "./merge.ts";
import type { EventCounts } from "./monitors/accounting.ts";
import type { Standing } from "./standing.ts";
import { findingOf } from "./thresholds.ts";
import type { SoakVerdict } from "./verdict.ts";

/** The one that counts most first. */
const VERDICTS: readonly SoakVerdict[] = ["invalid", "violated", "drifting", "inconclusive", "stable"];
/** Offences shown. */
const MAX_OFFENCES = 20;

/** What is made of all workers at once: percentiles cannot be added or averaged, and thresholds are of the whole run. */
export interface Merged {
  readonly latency: LatencyHistogram;
  readonly thresholds: Standing["thresholds"];
}

/**
 * @param standings By the number of the worker.
 * @throws {RangeError} If there is none.
 */
export function together(standings: ReadonlyMap<number, Standing>, { latency, thresholds }: Merged): Standing {
  const workers = [...standings].sort(([a], [b]) => a - b);
  const all = workers.map(([, standing]) => standing);
  const worst = all.toSorted((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict))[0];
  if (worst === undefined) throw new RangeError("Cannot show workers: current number is 0");
  const broken = thresholds.map(findingOf).find(({ verdict }) => verdict === "violated");
  const outranked = broken !== undefined && VERDICTS.indexOf(worst.verdict) > VERDICTS.indexOf("violated");
  const instruments = all.map(({ instrument }) => instrument);
  return {
    ...worst,
    ...(outranked ? { verdict: "violated" as const, reason: `${broken.expression}: ${broken.reason}` } : {}),
    elapsed_s: Math.max(...all.map(({ elapsed_s }) => elapsed_s)),
    duration_s: Math.max(...all.map(({ duration_s }) => duration_s)),
    calls: sum(all, ({ calls }) => calls),
    by_operation: summed(all.map(({ by_operation }) => by_operation)),
    rate: sum(all, ({ rate }) => rate),
    errors: summed(all.map(({ errors }) => errors)),
    failed: sum(all, ({ failed }) => failed),
    latency: latency.summary(),
    events: summed(all.map(({ events }) => ({ ...events }))) as unknown as EventCounts,
    readable: all.every(({ readable }) => readable),
    audit: all.map(({ audit }) => audit).toSorted((a, b) => b.entries - a.entries)[0] ?? worst.audit,
    monitors: mergeVerdicts(workers.map(([index, { monitors }]) => ({ label: `worker ${index}`, monitors }))),
    thresholds,
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
