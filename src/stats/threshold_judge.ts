/** Thresholds over sliding windows, so that late decay fails a run that was fine on average. */

import { autoregressiveFactor } from "./autocorrelation.ts";
import { kendallVariance } from "./mann_kendall.ts";
import { median } from "./quantile.ts";
import { inBlocks, type Sample } from "./sample.ts";
import { theilSen } from "./theil_sen.ts";
import { keeps, type Threshold } from "./threshold.ts";

/** What a metric was in a window, in the unit of the threshold. */
export interface Measured {
  readonly value: number;
  /** Confidence interval of an estimate; a window offends only if all of it does. */
  readonly interval?: readonly [low: number, high: number];
}

/** A window that broke the threshold. */
export interface Offence {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** What was judged so far, for the journal. */
export interface StoredJudge {
  readonly next: number | null;
  readonly windows: number;
  readonly offences: number;
  readonly first: Offence | null;
  readonly worst: number | null;
}

export type ThresholdVerdict = "kept" | "violated" | "inconclusive";

/** Gives the metric of the window between two times in seconds; undefined if nothing is known of it. */
export type Measure = (from: number, to: number) => Measured | undefined;

/** A run shorter than its window is not judged by less than this share of it. */
const MIN_WINDOW_SHARE = 0.5;
const SECONDS_PER_HOUR = 3600;
/** Fewer samples give no slope worth judging. */
const MIN_SLOPE_SAMPLES = 12;
/** More points do not make the slope of a window more certain, only slower. */
const MAX_SLOPE_POINTS = 120;
/** Level of the interval of a slope in a window. */
const SLOPE_ALPHA = 0.05;

/** Judges one threshold as the run goes on, in constant memory; the measure holds the data. */
export class ThresholdJudge {
  #next: number | undefined;
  #windows = 0;
  #offences = 0;
  #first: Offence | undefined;
  #worst: number | undefined;

  /**
   * @param start Time the judged part begins at, in seconds: the end of the warm-up.
   * @param step_s Distance between the ends of two windows in seconds.
   */
  constructor(
    readonly threshold: Threshold,
    private readonly measure: Measure,
    private readonly start: number,
    private readonly step_s: number,
  ) {
    if (!(step_s > 0)) throw new RangeError(`Cannot slide a window: current step is ${step_s}`);
  }

  /**
   * Judges every whole window that ends by `now`. A threshold of the whole run is judged by {@linkcode finish} only.
   *
   * @returns The first offence so far, for `--fail-fast`.
   */
  advance(now: number): Offence | undefined {
    const width = this.threshold.window_s;
    if (width !== null) {
      for (let end = this.#next ?? this.start + width; end <= now; end += this.step_s) {
        this.#judge(end - width, end);
        this.#next = end + this.step_s;
      }
    }
    return this.#first;
  }

  /** Ends the run: judges what is left, and a run shorter than its window if it reaches half of it. */
  finish(end: number): Offence | undefined {
    const width = this.threshold.window_s;
    if (width === null) this.#judge(this.start, end);
    else {
      this.advance(end);
      if (this.#next === undefined && end - this.start >= MIN_WINDOW_SHARE * width) this.#judge(this.start, end);
    }
    return this.#first;
  }

  toJSON(): StoredJudge {
    return {
      next: this.#next ?? null,
      windows: this.#windows,
      offences: this.#offences,
      first: this.#first ?? null,
      worst: this.#worst ?? null,
    };
  }

  /** Takes what {@linkcode ThresholdJudge.toJSON} gave. */
  restore(stored: StoredJudge): void {
    this.#next = stored.next ?? undefined;
    this.#windows = stored.windows;
    this.#offences = stored.offences;
    this.#first = stored.first ?? undefined;
    this.#worst = stored.worst ?? undefined;
  }

  /** Inconclusive if no window could be measured. */
  get verdict(): ThresholdVerdict {
    return this.#offences > 0 ? "violated" : this.#windows > 0 ? "kept" : "inconclusive";
  }

  /** One object of `thresholds` (design.md, "Report fields"); times in seconds, values in the unit of the limit. */
  report() {
    return {
      expression: this.threshold.expression,
      window_s: this.threshold.window_s,
      verdict: this.verdict,
      windows: this.#windows,
      offences: this.#offences,
      worst: this.#worst ?? null,
      first_offence: this.#first ?? null,
    };
  }

  #judge(from: number, to: number): void {
    const measured = this.measure(from, to);
    if (measured === undefined || !Number.isFinite(measured.value)) return;
    const { value, interval } = measured;
    const upper = this.threshold.operator.startsWith("<");
    this.#windows++;
    if (this.#worst === undefined || (upper ? value > this.#worst : value < this.#worst)) this.#worst = value;
    const kindest = interval === undefined ? value : upper ? interval[0] : interval[1];
    if (keeps(this.threshold, value) || keeps(this.threshold, kindest)) return;
    this.#offences++;
    this.#first ??= { from, to, value };
  }
}

/** Slope per hour of the samples in a window, as thresholds on slopes need it; undefined with too few of them. */
export function windowSlope(samples: readonly Sample[], from: number, to: number): Measured | undefined {
  const inside = samples.filter(({ t_s }) => t_s >= from && t_s <= to);
  const [first, last] = [inside[0], inside[inside.length - 1]];
  if (inside.length < MIN_SLOPE_SAMPLES || first === undefined || last === undefined || first.t_s === last.t_s) {
    return undefined;
  }
  const points = inside.length > MAX_SLOPE_POINTS ? inBlocks(inside, MAX_SLOPE_POINTS, median) : inside;
  const times = points.map(({ t_s }) => t_s);
  const values = points.map(({ value }) => value);
  const line = theilSen(times, values, () => 0, SLOPE_ALPHA).slope;
  const residuals = values.map((value, i) => value - line * (times[i] ?? 0));
  const variance = kendallVariance(values) * autoregressiveFactor(residuals);
  const { slope, low, high } = theilSen(times, values, () => variance, SLOPE_ALPHA);
  return { value: slope * SECONDS_PER_HOUR, interval: [low * SECONDS_PER_HOUR, high * SECONDS_PER_HOUR] };
}
