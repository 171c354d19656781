/** What the plots of a report show: the samples of a run's series with what was found in them. */

import { cycleFloors } from "../src/stats/cycle_floors.ts";
import type { Excluded, Sample } from "../src/stats/sample.ts";
import { withoutWindows } from "../src/stats/sample.ts";
import type { RunState } from "./run_state.ts";
import { JUDGED } from "./series.ts";

/** A stretch of samples drawn as one: their lowest, middle and highest value. */
export interface Column {
  readonly t_s: number;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** One plot; times in seconds since the start of the run. */
export interface Plot {
  readonly name: string;
  readonly unit: string;
  /** Undefined for series that are shown and not judged. */
  readonly verdict: string | undefined;
  readonly reason: string;
  readonly columns: readonly Column[];
  /** Lowest values between collections; empty where the series is no sawtooth. */
  readonly floors: readonly Sample[];
  /** The fitted line, and the slope of it and of both ends of its interval, per second. */
  readonly fit: Fit | undefined;
  readonly excluded: readonly Excluded[];
}

export interface Fit {
  readonly from: Sample;
  readonly to: Sample;
  /** The line with the steps, waves and fillings that were fitted beside it. */
  readonly curve: readonly Sample[];
  /** Slopes in value units per second. */
  readonly low: number;
  readonly high: number;
}

/** Columns of a plot: what a screen can show. */
export const MAX_COLUMNS = 480;
/** Floors that are drawn. */
const MAX_FLOORS = 240;
const SECONDS_PER_HOUR = 3600;

/** At most `count` stretches of equal time; a spike stays visible in `high`. */
export function columnsOf(samples: readonly Sample[], count: number = MAX_COLUMNS): readonly Column[] {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return [];
  const width = (last.t_s - first.t_s) / count;
  const stretches = Map.groupBy(
    samples,
    ({ t_s }) => width > 0 ? Math.min(count - 1, Math.floor((t_s - first.t_s) / width)) : 0,
  );
  return [...stretches.values()].map((stretch) => {
    const values = stretch.map(({ value }) => value).sort((a, b) => a - b);
    const middle = values[Math.floor(values.length / 2)] ?? 0;
    const t_s = stretch.reduce((sum, sample) => sum + sample.t_s, 0) / stretch.length;
    return { t_s, low: values[0] ?? middle, middle, high: values.at(-1) ?? middle };
  });
}

function thinned(samples: readonly Sample[], count: number): readonly Sample[] {
  const every = Math.ceil(samples.length / count);
  return every <= 1 ? samples : samples.filter((_, index) => index % every === 0);
}

/** Unit of a series that is only shown. */
export function unitOf(name: string): string {
  if (/(heap|rss|memory|bytes)/.test(name)) return "bytes";
  if (name.endsWith(".percent")) return "%";
  return /(lag|latency|offset|_ms)/.test(name) ? "ms" : "";
}

/** Series that are shown and not judged; when a process started tells one from another and is no series to look at. */
export function shownOnly(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== "process.started" && !JUDGED.some((kind) => kind.name === name)).sort();
}

/** The plots of a run whose report was made: judged series first, then the tester's own. @param label Names a shard. */
export function plotsOf(state: RunState, label = ""): readonly Plot[] {
  const named = (name: string) => label === "" ? name : `${name} (${label})`;
  const judged = state.judged.map(({ kind, verdict }): Plot => {
    const samples = state.series.of(kind.name);
    const { line, interval, curve } = verdict;
    const floors = cycleFloors(withoutWindows(samples, verdict.excluded));
    return {
      name: named(kind.name),
      unit: kind.unit,
      verdict: verdict.verdict,
      reason: verdict.reason,
      columns: columnsOf(samples),
      floors: floors.cycles.length === 0 ? [] : thinned(floors.samples, MAX_FLOORS),
      fit: line === null || interval === null ? undefined : {
        from: line[0],
        to: line[1],
        curve,
        low: interval[0] / SECONDS_PER_HOUR,
        high: interval[1] / SECONDS_PER_HOUR,
      },
      excluded: verdict.excluded,
    };
  });
  const shown = shownOnly(state.series.names);
  const others = shown.map((name): Plot => ({
    name: named(name),
    unit: unitOf(name),
    verdict: undefined,
    reason: name.startsWith("tester.") ? "of the tester itself" : "shown, not judged",
    columns: columnsOf(state.series.of(name)),
    floors: [],
    fit: undefined,
    excluded: [],
  }));
  return [...judged, ...others].filter(({ columns }) => columns.length > 1);
}
