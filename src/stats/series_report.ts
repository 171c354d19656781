/** A verdict as the report has it: one object of `series` (design.md, "Report fields"). */

import type { SeriesVerdict } from "./judge_series.ts";
import type { Excluded } from "./sample.ts";

/** What the verdict does not know of its series. */
export interface SeriesNaming {
  readonly name: string;
  readonly unit: string;
  /** Events stored per hour during the judged time; without it there is no slope per event. */
  readonly eventsPerHour?: number;
}

/** One object of `series`; slopes are in `unit` per hour, null where there were too few samples to fit one. */
export interface SeriesReport {
  readonly name: string;
  readonly unit: string;
  readonly verdict: "drifting" | "stable" | "inconclusive";
  readonly reason: string;
  readonly slope_per_hour: number | null;
  readonly slope_per_1000_events: number | null;
  /** An end that is not bounded is null. */
  readonly interval: readonly [low: number | null, high: number | null];
  readonly limit_per_hour: number;
  readonly minimum_detectable_slope_per_hour: number | null;
  readonly samples: number;
  readonly method: string;
  readonly excluded: readonly Excluded[];
  /** What the series is made of besides its line: saturating, step, wave, late. */
  readonly parts: readonly string[];
  readonly change_points: readonly { readonly t_s: number; readonly p: number | null }[];
  readonly p_value: number;
  readonly alpha: number;
  /** Ends of the fitted line, for the plot. */
  readonly line: readonly { readonly t_s: number; readonly value: number }[];
  /** Seconds of further watching that would probably decide. */
  readonly longer_s: number | null;
}

const EVENTS = 1000;

/** Names a verdict for the report. Numbers JSON cannot hold become null. */
export function seriesReport(verdict: SeriesVerdict, naming: SeriesNaming): SeriesReport {
  const { eventsPerHour } = naming;
  const perEvents = verdict.slopePerHour !== null && eventsPerHour !== undefined && eventsPerHour > 0
    ? verdict.slopePerHour / eventsPerHour * EVENTS
    : null;
  return {
    name: naming.name,
    unit: naming.unit,
    verdict: verdict.verdict,
    reason: verdict.reason,
    slope_per_hour: finite(verdict.slopePerHour),
    slope_per_1000_events: finite(perEvents),
    interval: [finite(verdict.interval?.[0] ?? null), finite(verdict.interval?.[1] ?? null)],
    limit_per_hour: verdict.limitPerHour,
    minimum_detectable_slope_per_hour: finite(verdict.minimumDetectablePerHour),
    samples: verdict.samples,
    method: verdict.method,
    excluded: verdict.excluded,
    parts: verdict.parts,
    change_points: verdict.changes,
    p_value: verdict.p,
    alpha: verdict.alpha,
    line: verdict.line ?? [],
    longer_s: finite(verdict.longer_s),
  };
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
