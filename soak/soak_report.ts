/** soak-report.json (design.md "Report fields"). Field names are fixed; what a kind of target cannot show is null. */

import type { LatencySummary } from "../src/stats/latency_histogram.ts";
import type { Excluded } from "../src/stats/sample.ts";
import type { ThresholdJudge } from "../src/stats/threshold_judge.ts";
import type { InstrumentReport } from "./instrument.ts";
import type { EventCounts } from "./monitors/accounting.ts";
import type { MonitorVerdict, Offence } from "./observation.ts";
import type { JudgedSeries, SoakVerdict } from "./verdict.ts";

export const SOAK_SCHEMA = "hearthproof.soak/1";

/** One object of `series`; slopes in `unit` per hour. */
export interface SeriesReport {
  readonly name: string;
  readonly unit: string;
  readonly verdict: string;
  readonly reason: string;
  readonly slope_per_hour: number | null;
  readonly slope_per_1000_events: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  readonly limit_per_hour: number;
  readonly minimum_detectable_slope_per_hour: number | null;
  readonly samples: number;
  readonly method: string;
  readonly excluded: readonly Excluded[];
  readonly longer_s: number | null;
}

const EVENTS = 1000;

/** State of the audit chain of the target. */
export interface AuditReport {
  readonly judged: boolean;
  readonly entries: number;
  readonly verified: number;
  readonly breaks: number;
  readonly rewrites: number;
  readonly equivocations: number;
  readonly reason?: string;
  readonly first_offence?: Offence;
}

/** A declared or noticed pause. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly why: string;
}

/** The report of one run; times in seconds since its start. */
export interface SoakReport {
  readonly schema: typeof SOAK_SCHEMA;
  readonly verdict: SoakVerdict;
  readonly reason: string;
  readonly started_at: string;
  readonly duration_s: number;
  /** How long it was to take, with what the tester was away. */
  readonly planned_s: number;
  /** Why it ended before that; null if it did not. */
  readonly ended_early: string | null;
  readonly seed: number;
  readonly target: { readonly kind: string; readonly url: string; readonly dialect: string };
  readonly load: {
    readonly rate: string;
    readonly callers: number;
    readonly calls: number;
    readonly operations: Readonly<Record<string, number>>;
  };
  readonly series: readonly SeriesReport[];
  readonly events: EventCounts & { readonly judged: boolean; readonly first_offence?: Offence };
  readonly audit_chain: AuditReport;
  readonly latency: LatencySummary & { readonly by_capability: Readonly<Record<string, LatencySummary>> };
  readonly errors: Readonly<Record<string, number>>;
  readonly instrument: InstrumentReport;
  readonly gaps: readonly Gap[];
  readonly thresholds: readonly ReturnType<ThresholdJudge["report"]>[];
  readonly monitors: readonly MonitorVerdict[];
}

/** The `series` member. @param eventsPerHour How fast the log grew, for slopes per 1,000 events; 0 where unknown. */
export function reportedSeries(series: readonly JudgedSeries[], eventsPerHour: number): readonly SeriesReport[] {
  return series.map(({ kind, verdict }) => ({
    name: kind.name,
    unit: kind.unit,
    verdict: verdict.verdict,
    reason: verdict.reason,
    slope_per_hour: verdict.slopePerHour,
    slope_per_1000_events: verdict.slopePerHour === null || eventsPerHour === 0
      ? null
      : verdict.slopePerHour / eventsPerHour * EVENTS,
    interval: verdict.interval,
    limit_per_hour: verdict.limitPerHour,
    minimum_detectable_slope_per_hour: verdict.minimumDetectablePerHour,
    samples: verdict.samples,
    method: verdict.method,
    excluded: verdict.excluded,
    longer_s: verdict.longer_s,
  }));
}
