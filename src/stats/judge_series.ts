/** One series -> drifting, stable or inconclusive. */

import { autoregressiveFactor, hamedRaoFactor } from "./autocorrelation.ts";
import { type ChangePoint, changePoints } from "./change_point.ts";
import { minimumDetectable, secondsToDecide } from "./detectable.ts";
import { holmLevels } from "./holm.ts";
import { kendallVariance, mannKendall } from "./mann_kendall.ts";
import { normalQuantile, studentWidening } from "./normal.ts";
import { median } from "./quantile.ts";
import { MIN_POINTS, reduceSeries } from "./reduce.ts";
import { checkSamples, type Excluded, type Sample, withoutWindows } from "./sample.ts";
import { type Part, type Shape, shapeOf } from "./shape.ts";
import { type SlopeEstimate, theilSen } from "./theil_sen.ts";
import { warmUpEnd } from "./warm_up.ts";

export const SECONDS_PER_HOUR = 3600;
const SECONDS_PER_MINUTE = 60;
const HOURS_PER_DAY = 24;
/** Longest waits that are told in minutes and in hours. */
const MOST_MINUTES = 120;
const MOST_HOURS = 72;
/** Growth of 1% of the base per hour doubles a process in four days: what an operator would call a leak. */
export const DEFAULT_LIMIT_SHARE = 0.01;
/** One false alarm in a hundred healthy series, since only the lower end of the interval raises one. */
export const DEFAULT_ALPHA = 0.02;
/** Strong autocorrelation leaves few independent values; fewer degrees of freedom are not believed. */
const MIN_FREEDOM = 4;
/** Probability with which the stated minimum detectable slope is found. */
export const DEFAULT_POWER = 0.9;
/** Fewer samples are no series. */
export const MIN_SAMPLES = 30;

/** How a series is judged. */
export interface JudgeOptions {
  /** Growth per hour that counts as drift, in the unit of the values; without it `limitShare` of the base. */
  readonly limitPerHour?: number;
  readonly limitShare?: number;
  /** One minus the confidence of the interval. */
  readonly alpha?: number;
  readonly power?: number;
  /** Declared windows: faults, pauses, gaps. */
  readonly excluded?: readonly Excluded[];
  /** End of the warm-up in seconds since the start; without it it is looked for. */
  readonly warmUpEnd?: number;
  /** How slopes are written in the reason; without it as plain numbers. */
  readonly show?: (value: number) => string;
}

/** What was found. Slopes are in value units per hour. */
export interface SeriesVerdict {
  readonly verdict: "drifting" | "stable" | "inconclusive";
  /** One sentence with the numbers. */
  readonly reason: string;
  readonly slopePerHour: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  readonly limitPerHour: number;
  readonly minimumDetectablePerHour: number | null;
  /** Samples judged, after exclusions. */
  readonly samples: number;
  /** Ends of the fitted line, in seconds and value units; it runs through the middle of what `parts` explain. */
  readonly line: readonly [from: Sample, to: Sample] | null;
  /** The line with what `parts` explain, at the points it was fitted to; just its ends where there are no parts. */
  readonly curve: readonly Sample[];
  readonly method: string;
  readonly parts: readonly Part[];
  /** Changes of level that the fitted parts do not explain, and fitted steps and late starts, in seconds. */
  readonly changes: readonly { readonly t_s: number; readonly p: number | null }[];
  /** Two-sided probability of the trend under none. */
  readonly p: number;
  readonly alpha: number;
  readonly excluded: readonly Excluded[];
  /** Seconds of further watching that would probably decide; null when decided or not known. */
  readonly longer_s: number | null;
}

interface Prepared {
  readonly samples: readonly Sample[];
  readonly excluded: readonly Excluded[];
  readonly method: string;
  readonly shape: Shape;
  readonly times: readonly number[];
  readonly adjusted: readonly number[];
  /** The same points with all that was explained. */
  readonly whole: readonly number[];
  readonly factor: number;
  readonly base: number;
  readonly p: number;
}

/**
 * Judges one series. Drifting: the interval of the slope lies above zero and the estimate reaches the limit. Stable: the
 * upper end of the interval is below the limit. Else inconclusive, with the time that would probably decide. That
 * something is absent is concluded from where an interval lies and never from a test that found nothing (Schuirmann,
 * "A comparison of the two one-sided tests procedure", 1987).
 *
 * @throws {RangeError} If samples are out of order or not finite.
 */
export function judgeSeries(samples: readonly Sample[], options: JudgeOptions = {}): SeriesVerdict {
  return decide(prepare(samples, options), options, options.alpha ?? DEFAULT_ALPHA);
}

/**
 * Judges the series of one run together, so that `alpha` holds for all of them (Holm 1979).
 *
 * @throws {RangeError} If samples are out of order or not finite.
 */
export function judgeFamily(
  family: readonly { readonly samples: readonly Sample[]; readonly options?: JudgeOptions }[],
  alpha: number = DEFAULT_ALPHA,
): SeriesVerdict[] {
  const prepared = family.map(({ samples, options }) => prepare(samples, options ?? {}));
  const levels = holmLevels(prepared.map(({ p }) => p), alpha);
  return prepared.map((one, index) => decide(one, family[index]?.options ?? {}, levels[index] ?? alpha));
}

function prepare(samples: readonly Sample[], options: JudgeOptions): Prepared {
  checkSamples(samples);
  const declared = options.excluded ?? [];
  const outside = withoutWindows(samples, declared);
  const start = samples[0]?.t_s ?? 0;
  const settled = options.warmUpEnd ?? warmUpEnd(outside);
  const excluded = settled > start ? [{ from: start, to: settled, why: "warm-up" }, ...declared] : declared;
  const judged = outside.filter(({ t_s }) => settled <= start || t_s > settled);
  const { points, method } = reduceSeries(judged);
  const times = points.map(({ t_s }) => t_s);
  const values = points.map(({ value }) => value);
  const shape = shapeOf(times, values);
  const adjusted = values.map((value, i) => value - (shape.explained[i] ?? 0)).slice(shape.from);
  const judgedTimes = times.slice(shape.from);
  const enough = judgedTimes.length > 1 && (judgedTimes[judgedTimes.length - 1] ?? 0) > (judgedTimes[0] ?? 0);
  const factor = enough ? factorOf(judgedTimes, adjusted) : 1;
  return {
    samples: judged,
    excluded,
    method,
    shape,
    times: judgedTimes,
    adjusted,
    whole: values.slice(shape.from),
    factor,
    base: values.length > 0 ? Math.abs(median(values)) : 0,
    p: enough ? mannKendall(adjusted, factor * shape.inflation).p : 1,
  };
}

/** What autocorrelation around the line multiplies the variance of its slope by. */
function factorOf(times: readonly number[], values: readonly number[]): number {
  const { slope } = theilSen(times, values, () => 0, DEFAULT_ALPHA);
  const residuals = values.map((value, i) => value - slope * (times[i] ?? 0));
  return Math.max(hamedRaoFactor(residuals), autoregressiveFactor(residuals));
}

/** Whether the points drift also with the drop that was fitted beside the line. */
function driftsAsAWhole(one: Prepared, limit: number, alpha: number): boolean {
  const plain = { ...one, adjusted: one.whole, factor: factorOf(one.times, one.whole), inflation: 1 };
  const { slope, low } = slopeOf(plain, alpha);
  return low > 0 && slope * SECONDS_PER_HOUR >= limit;
}

function decide(one: Prepared, options: JudgeOptions, alpha: number): SeriesVerdict {
  const limit = options.limitPerHour ?? (options.limitShare ?? DEFAULT_LIMIT_SHARE) * one.base;
  const common = {
    limitPerHour: limit,
    samples: one.samples.length,
    parts: one.shape.parts,
    p: one.p,
    alpha,
    excluded: one.excluded,
  };
  const first = one.times[0] ?? 0;
  const last = one.times[one.times.length - 1] ?? 0;
  if (one.samples.length < MIN_SAMPLES || one.times.length < MIN_POINTS || !(last > first)) {
    return { ...common, ...undecidable(one) };
  }
  const estimate = slopeOf({ ...one, inflation: one.shape.inflation }, alpha);
  const [slope, low, high] = [estimate.slope, estimate.low, estimate.high].map((value) => value * SECONDS_PER_HOUR) as [
    number,
    number,
    number,
  ];
  const halfWidth = Math.max(high - slope, slope - low);
  const error = halfWidth / normalQuantile(1 - alpha / 2);
  const constant = one.samples.every(({ value }) => value === one.samples[0]?.value);
  const grows = low > 0 && slope >= limit;
  // Growth that a drop undoes may be garbage that was not collected yet: one drop is no cycle to tell it by.
  const undone = grows && one.shape.drops && !driftsAsAWhole(one, limit, alpha);
  const verdict = grows && !undone ? "drifting" : high < limit || constant ? "stable" : "inconclusive";
  const longer = undone
    ? last - first
    : verdict === "inconclusive"
    ? secondsToDecide(last - first, slope, halfWidth, limit)
    : null;
  const level = median(one.adjusted.map((value, i) => value - estimate.slope * (one.times[i] ?? 0)));
  const explained = Array.from(one.shape.explained.slice(one.shape.from));
  const middle = level + median(explained);
  const line = [first, last].map((t_s) => ({ t_s, value: middle + estimate.slope * t_s })) as [Sample, Sample];
  return {
    ...common,
    verdict,
    reason: reasonOf(undone ? "undone" : verdict, [slope, low, high, limit].map(options.show ?? short), longer),
    slopePerHour: slope,
    interval: [low, high],
    minimumDetectablePerHour: minimumDetectable(error, limit, alpha, options.power ?? DEFAULT_POWER),
    line,
    curve: one.shape.parts.length === 0
      ? line
      : one.times.map((t_s, i) => ({ t_s, value: level + estimate.slope * t_s + (explained[i] ?? 0) })),
    method: methodOf(one),
    changes: changesOf(one, estimate.slope, alpha),
    longer_s: longer === null || Number.isFinite(longer) ? longer : null,
  };
}

/**
 * Sen's interval for independent noise, widened by the square root of what autocorrelation and the parts cost, and by
 * Student's quantile for the effective number of values (n over the factor, Bayley & Hammersley 1946). Widening ranks
 * instead, as the variance enters Sen's formula, runs out of slopes long before it runs out of meaning.
 */
function slopeOf(
  one: Pick<Prepared, "times" | "adjusted" | "factor"> & { readonly inflation: number },
  alpha: number,
): SlopeEstimate {
  const variance = kendallVariance(one.adjusted);
  const { slope, low, high, points } = theilSen(one.times, one.adjusted, () => variance, alpha);
  const freedom = Math.max(MIN_FREEDOM, one.adjusted.length / one.factor - 2);
  const widening = Math.sqrt(one.factor * one.inflation) * studentWidening(1 - alpha / 2, freedom);
  return { slope, low: slope - (slope - low) * widening, high: slope + (high - slope) * widening, points };
}

function changesOf(one: Prepared, slope: number, alpha: number): SeriesVerdict["changes"] {
  const residuals = one.adjusted.map((value, i) => value - slope * (one.times[i] ?? 0));
  const found = changePoints(residuals, alpha, one.factor)
    .map(({ index, p }: ChangePoint) => ({ t_s: one.times[index] ?? 0, p }));
  const fitted = one.shape.changes.map((t_s) => ({ t_s, p: null }));
  return [...fitted, ...found].sort((a, b) => a.t_s - b.t_s);
}

function undecidable(one: Prepared) {
  const samples = one.samples.length;
  const first = one.samples[0]?.t_s ?? 0;
  const watched = (one.samples[samples - 1]?.t_s ?? 0) - first;
  const missing = Math.max(MIN_SAMPLES / Math.max(1, samples), MIN_POINTS / Math.max(1, one.times.length)) - 1;
  const longer = samples > 1 && watched > 0 ? watched * Math.max(0, missing) : null;
  return {
    verdict: "inconclusive" as const,
    reason: samples > 1 && !(watched > 0)
      ? `all ${samples} samples are of one moment`
      : `only ${samples} samples and ${one.times.length} points to judge, ${MIN_SAMPLES} and ${MIN_POINTS} are needed`,
    slopePerHour: null,
    interval: null,
    minimumDetectablePerHour: null,
    line: null,
    curve: [],
    method: one.method,
    changes: [],
    longer_s: longer,
  };
}

function methodOf(one: Prepared): string {
  const parts = one.shape.parts.map((part) => PART_TEXT[part]);
  const less = parts.length === 0 ? "" : `, ${parts.join(" and ")} fitted beside it`;
  return `Theil-Sen on ${one.method}${less}; Sen interval, variance by Hamed-Rao and Yue-Wang x ${
    (one.factor * one.shape.inflation).toFixed(1)
  }`;
}

const PART_TEXT: Readonly<Record<Part, string>> = {
  saturating: "a filling that saturates",
  step: "one step",
  wave: "a wave",
  late: "a late start",
};

function reasonOf(
  verdict: SeriesVerdict["verdict"] | "undone",
  [slope = "", low = "", high = "", limit = ""]: readonly string[],
  longer: number | null,
): string {
  const numbers = `slope ${slope}/h, interval ${low} to ${high}, limit ${limit}`;
  if (verdict === "drifting") return `${numbers}: the interval lies above zero and the slope reaches the limit`;
  if (verdict === "stable") return `${numbers}: the upper end of the interval is below the limit`;
  const wait = longer !== null && Number.isFinite(longer)
    ? `about ${waitText(longer)} more would probably decide`
    : "no time is known that would decide";
  if (verdict === "undone") return `${numbers}: it grows, but not over the drop in between; ${wait}`;
  return `${numbers}: neither drifting nor stable; ${wait}`;
}

/** `5 min`, `7 h`, `12 days`; never less than a minute. */
export function waitText(seconds: number): string {
  const minutes = Math.max(1, Math.ceil(seconds / SECONDS_PER_MINUTE));
  if (minutes <= MOST_MINUTES) return `${minutes} min`;
  const hours = Math.ceil(seconds / SECONDS_PER_HOUR);
  return hours <= MOST_HOURS ? `${hours} h` : `${Math.ceil(hours / HOURS_PER_DAY)} days`;
}

/** Four significant digits, without exponent where that is readable. */
function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : value > 0 ? "infinity" : "-infinity";
}
