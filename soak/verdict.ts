/** From monitors, series and the tester's own state to one verdict. */

import {
  DEFAULT_LIMIT_SHARE,
  judgeFamily,
  SECONDS_PER_HOUR,
  type SeriesVerdict,
  waitText,
} from "../src/stats/judge_series.ts";
import { median } from "../src/stats/quantile.ts";
import type { Excluded } from "../src/stats/sample.ts";
import type { MonitorVerdict } from "./observation.ts";
import { JUDGED, type SeriesKind, type SeriesStore, SETTLING_S, TESTER_HEAP } from "./series.ts";
import { valueText } from "./value_text.ts";

/** Parts of a short run of which the first and the last are compared. */
const FIFTHS = 5;
/** Share of a rise that is left between the middles of the first and of the last part. */
const SEEN_SHARE = 1 - 1 / FIFTHS;
const SECONDS_PER_MINUTE = 60;

export type SoakVerdict = "stable" | "drifting" | "violated" | "inconclusive" | "invalid";

/** A judged series. */
export interface JudgedSeries {
  readonly kind: SeriesKind;
  readonly verdict: SeriesVerdict;
  /** Judged by the coarser limit of a short run. */
  readonly coarse?: boolean;
}

/**
 * Judges every series that has samples, together.
 *
 * @param lag Milliseconds the tester itself lags in a share of the cases, 0 to 1.
 */
export function judgeAll(
  series: SeriesStore,
  excluded: readonly Excluded[],
  lag: (share: number) => number = () => 0,
): readonly JudgedSeries[] {
  return judgeKinds(JUDGED, series, excluded, lag);
}

/** Judges the tester's own heap by the same rules; undefined where it was not measured. */
export function judgeHeap(series: SeriesStore, excluded: readonly Excluded[]): JudgedSeries | undefined {
  return judgeKinds([TESTER_HEAP], series, excluded, () => 0)[0];
}

function judgeKinds(
  wanted: readonly SeriesKind[],
  series: SeriesStore,
  excluded: readonly Excluded[],
  lag: (share: number) => number,
): readonly JudgedSeries[] {
  const kinds = wanted.filter(({ name }) => series.of(name).length > 0);
  const limits = kinds.map((kind) => coarseLimit(kind, series));
  const verdicts = judgeFamily(kinds.map(({ name, unit }, index) => {
    const limit = limits[index] ?? kinds[index]?.limitPerHour;
    const show = (value: number) => valueText(value, unit);
    return {
      samples: series.of(name),
      options: { excluded, show, ...(limit === undefined ? {} : { limitPerHour: limit }) },
    };
  }));
  return kinds.flatMap((kind, index) => {
    const found = verdicts[index];
    if (found === undefined) return [];
    const verdict = kind.lagShare === undefined ? found : notOurs(found, kind, lag(kind.lagShare));
    return limits[index] === undefined
      ? [{ kind, verdict }]
      : [{ kind, verdict: settling(verdict, kind, series), coarse: true }];
  });
}

/** A call waits for a processor at least so often: to leave, at the target, and when its answer is there. */
const WAITS_PER_CALL = 3;

/** A latency that rises by no more than what the tester's own lag explains says nothing of the target. */
function notOurs(verdict: SeriesVerdict, kind: SeriesKind, lag: number): SeriesVerdict {
  const { slopePerHour: slope, line } = verdict;
  if (verdict.verdict !== "drifting" || slope === null || line === null) return verdict;
  const seconds = line[1].t_s - line[0].t_s;
  const rise = slope / SECONDS_PER_HOUR * seconds;
  if (rise > WAITS_PER_CALL * lag) return verdict;
  return {
    ...verdict,
    verdict: "inconclusive",
    reason: `it rose by ${valueText(rise, kind.unit)} in ${valueText(seconds, "s")}, and the tester itself lags ` +
      `${valueText(lag, kind.unit)} whenever it waits for a processor: a machine with more rest would tell whose it is`,
  };
}

/**
 * In a run this short a rise that is real, but no more than a process takes while it settles, is neither stable nor a
 * leak; and one that is more is a leak, though the line may not be fitted well enough to say how fast.
 */
function settling(verdict: SeriesVerdict, kind: SeriesKind, series: SeriesStore): SeriesVerdict {
  const { interval, slopePerHour: slope, line, p, alpha } = verdict;
  if (interval === null || slope === null || line === null) return verdict;
  const drifts = verdict.verdict === "drifting";
  const samples = series.of(kind.name).filter(({ t_s }) => !within(t_s, verdict.excluded));
  const base = Math.abs(median(samples.map(({ value }) => value)));
  const rise = riseOf(samples.map(({ value }) => value));
  const seconds = (samples.at(-1)?.t_s ?? 0) - (samples[0]?.t_s ?? 0);
  const allowed = kind.settlingRise(base, seconds);
  const said = `it ${rise < 0 ? "fell" : "rose"} by ${valueText(Math.abs(rise), kind.unit)} in ${
    valueText(seconds, "s")
  }`;
  // A slope fitted to the last part of a short run may be steep and yet have made little.
  if (drifts && (kind.steady !== true || rise >= SEEN_SHARE * allowed)) return verdict;
  if (kind.steady === true && rise >= allowed && p < alpha) {
    const reason = `${said}; a process that settles takes ${valueText(allowed, kind.unit)} at most`;
    return { ...verdict, verdict: "drifting", reason, longer_s: null };
  }
  const longer = Math.max(0, SETTLING_S - (samples.at(-1)?.t_s ?? 0));
  const more = `${waitText(longer)} more tell settling from growth that goes on`;
  if (verdict.verdict !== "stable" && kind.steady === true) {
    const [growth, low, high, limit] = [slope, ...interval, verdict.limitPerHour].map((value) =>
      valueText(value, kind.unit)
    );
    const reason =
      `${said}; slope ${growth}/h, interval ${low} to ${high}, limit ${limit} in a run this short: ${more}`;
    return { ...verdict, verdict: "inconclusive", reason, longer_s: longer };
  }
  if (verdict.verdict !== "stable" || interval[0] <= 0 || slope < DEFAULT_LIMIT_SHARE * base) return verdict;
  return {
    ...verdict,
    verdict: "inconclusive",
    reason: `${said}, which may be a process settling in its first ${SETTLING_S / SECONDS_PER_MINUTE} minutes: ${more}`,
    longer_s: longer,
  };
}

function within(t_s: number, windows: readonly Excluded[]): boolean {
  return windows.some(({ from, to, why }) => why !== "warm-up" && t_s >= from && t_s <= to);
}

/** From the median of the first fifth to that of the last; medians, so that a single collection does not count. */
function riseOf(values: readonly number[]): number {
  const part = Math.max(1, Math.floor(values.length / FIFTHS));
  return median(values.slice(-part)) - median(values.slice(0, part));
}

/**
 * Growth per hour that counts in a run too short to tell a leak from a process that has just started: all that it may
 * rise while it settles, in the time that was watched. Undefined where the run is long enough for the usual limit.
 */
function coarseLimit(kind: SeriesKind, series: SeriesStore): number | undefined {
  const samples = series.of(kind.name);
  const watched = (samples.at(-1)?.t_s ?? 0) - (samples[0]?.t_s ?? 0);
  if (watched >= SETTLING_S || watched <= 0) return undefined;
  const base = Math.abs(median(samples.map(({ value }) => value)));
  return Math.max(DEFAULT_LIMIT_SHARE * base, kind.settlingRise(base, watched) / watched * SECONDS_PER_HOUR);
}

/** What the verdict of a run rests on. */
export interface Findings {
  readonly saturated: string | undefined;
  readonly monitors: readonly MonitorVerdict[];
  readonly thresholds: readonly { readonly expression: string; readonly verdict: string; readonly reason: string }[];
  readonly series: readonly {
    readonly kind: Pick<SeriesKind, "name" | "unit">;
    readonly verdict: { readonly verdict: string; readonly reason: string };
    readonly coarse?: boolean;
  }[];
  /** Calls finished. */
  readonly calls: number;
  /** Why what was seen is not all there was to see. */
  readonly incomplete?: string | undefined;
}

/** One word, and the sentence that explains it. First that applies: invalid, violated, drifting, inconclusive, stable. */
export function conclude(findings: Findings): { readonly verdict: SoakVerdict; readonly reason: string } {
  const { saturated, monitors, thresholds, series, calls, incomplete } = findings;
  if (saturated !== undefined) return { verdict: "invalid", reason: `the tester was the bottleneck: ${saturated}` };
  const violated = monitors.filter(({ outcome }) => outcome === "violated");
  const first = violated.toSorted((a, b) => (a.first_offence?.at_s ?? 0) - (b.first_offence?.at_s ?? 0))[0];
  if (first !== undefined) return { verdict: "violated", reason: `${first.name}: ${first.reason}` };
  const broken = thresholds.find(({ verdict }) => verdict === "violated");
  if (broken !== undefined) return { verdict: "violated", reason: `${broken.expression}: ${broken.reason}` };
  const drifting = series.find(({ verdict }) => verdict.verdict === "drifting");
  if (drifting !== undefined) {
    return { verdict: "drifting", reason: `${drifting.kind.name}: ${drifting.verdict.reason}` };
  }
  if (incomplete !== undefined) return { verdict: "inconclusive", reason: incomplete };
  if (calls === 0) return { verdict: "inconclusive", reason: "no call finished" };
  if (series.length === 0) return { verdict: "inconclusive", reason: "there was no series to judge" };
  const open = series.find(({ verdict }) => verdict.verdict === "inconclusive");
  if (open !== undefined) {
    return { verdict: "inconclusive", reason: `${open.kind.name}: ${open.verdict.reason}` };
  }
  const unsure = monitors.find(({ outcome }) => outcome === "inconclusive");
  if (unsure !== undefined) return { verdict: "inconclusive", reason: `${unsure.name}: ${unsure.reason}` };
  const short = series.some(({ coarse }) => coarse === true)
    ? `, which are coarse in a run this short: ${SETTLING_S / SECONDS_PER_MINUTE} minutes or more see slow leaks`
    : "";
  return {
    verdict: "stable",
    reason: `nothing was violated and ${series.length} series stay below their limits${short}`,
  };
}
