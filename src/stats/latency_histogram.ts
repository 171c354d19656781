/** Latencies in a mergeable histogram, measured from the time a call was due. */

import { build, type Histogram } from "hdr-histogram-js";

/** Longest latency told apart, one hour in microseconds; longer ones count as this. */
export const MAX_LATENCY_US = 3_600_000_000;
/** Percentiles are right to 0.1% of their value. */
const DIGITS = 3;
const US_PER_MS = 1000;
/** Version of the stored form. */
const FORM = "hearthproof.latency/1";
/** More buckets than the histogram has cannot come from one. */
const MAX_BUCKETS = 40_000;

/** What the report says of a histogram; milliseconds, null without a value. */
export interface LatencySummary {
  readonly unit: "ms";
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
  readonly coordinated_omission_safe: true;
}

/** Stored form: buckets that are not empty as value in microseconds and count, and the exact largest value. */
export interface StoredLatency {
  readonly form: typeof FORM;
  readonly max_us: number;
  readonly buckets: readonly (readonly [value_us: number, count: number])[];
}

/**
 * An HDR histogram (Tene, HdrHistogram, 2012) of 1 µs to 1 h. Recording takes due time and answer time, not a duration
 * the caller measured from sending: a call that waited behind a stalled target has waited (Tene, "How not to measure
 * latency", 2013).
 */
export class LatencyHistogram {
  readonly #histogram: Histogram;
  /** The exact largest value; the histogram rounds it up to its bucket. */
  #maxUs = 0;

  /**
   * @param form `packed` takes about a tenth of the 185 kB of a `plain` one and a microsecond more per value: for the
   * many short stretches that windows are made of.
   */
  constructor(form: "plain" | "packed" = "plain") {
    this.#histogram = build({
      bitBucketSize: form === "packed" ? "packed" : 64,
      autoResize: false,
      lowestDiscernibleValue: 1,
      highestTrackableValue: MAX_LATENCY_US,
      numberOfSignificantValueDigits: DIGITS,
    });
  }

  /** Values recorded. */
  get count(): number {
    return this.#histogram.totalCount;
  }

  /**
   * Records a call that was answered, or given up, at `endMs` and due at `dueMs`, both in milliseconds of one monotonic
   * clock. A clock that is read before the due time gives zero.
   *
   * @throws {RangeError} If a time is not finite.
   */
  record(dueMs: number, endMs: number): void {
    if (!Number.isFinite(dueMs) || !Number.isFinite(endMs)) {
      throw new RangeError(`Cannot record a latency: current times are ${dueMs} and ${endMs}`);
    }
    this.#add(Math.round((endMs - dueMs) * US_PER_MS), 1);
  }

  /**
   * Latency in milliseconds that `percentile` percent of the calls did not exceed; null without calls.
   *
   * @throws {RangeError} If the percentile is outside 0 to 100.
   */
  percentile(percentile: number): number | null {
    if (!(percentile >= 0 && percentile <= 100)) {
      throw new RangeError(`Cannot take a percentile: current value is ${percentile}`);
    }
    if (this.count === 0) return null;
    return Math.min(this.#histogram.getValueAtPercentile(percentile), this.#maxUs) / US_PER_MS;
  }

  /** Largest latency in milliseconds, exact; null without calls. */
  get max(): number | null {
    return this.count === 0 ? null : this.#maxUs / US_PER_MS;
  }

  /** Adds all values of another histogram: percentiles of several machines come from here and are never averaged. */
  merge(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram);
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs);
  }

  summary(): LatencySummary {
    return {
      unit: "ms",
      p50: this.percentile(50),
      p90: this.percentile(90),
      p99: this.percentile(99),
      p999: this.percentile(99.9),
      max: this.max,
      coordinated_omission_safe: true,
    };
  }

  toJSON(): StoredLatency {
    const buckets: [number, number][] = [];
    const { recordedValuesIterator: recorded } = this.#histogram as unknown as Recorded;
    recorded.reset();
    while (recorded.hasNext()) {
      const { valueIteratedTo, countAtValueIteratedTo } = recorded.next();
      buckets.push([Math.min(valueIteratedTo, MAX_LATENCY_US), countAtValueIteratedTo]);
    }
    return { form: FORM, max_us: this.#maxUs, buckets };
  }

  /**
   * Reads what {@linkcode LatencyHistogram.toJSON} gave.
   *
   * @throws {RangeError} If the value is something else.
   */
  static fromJSON(value: unknown): LatencyHistogram {
    const stored = value as Partial<StoredLatency> | null;
    if (typeof stored !== "object" || stored === null || stored.form !== FORM) {
      throw new RangeError(`Cannot read a latency histogram: its form is not ${FORM}`);
    }
    const { buckets, max_us: maxUs } = stored;
    if (!Array.isArray(buckets) || buckets.length > MAX_BUCKETS || !isCount(maxUs, MAX_LATENCY_US)) {
      throw new RangeError("Cannot read a latency histogram: its buckets or its largest value are none");
    }
    const histogram = new LatencyHistogram();
    for (const [index, bucket] of buckets.entries()) {
      if (
        !Array.isArray(bucket) || !isCount(bucket[0], MAX_LATENCY_US) || !isCount(bucket[1], Number.MAX_SAFE_INTEGER)
      ) {
        throw new RangeError(`Cannot read a latency histogram: bucket ${index + 1} is no pair of value and count`);
      }
      if (bucket[1] > 0) histogram.#add(bucket[0], bucket[1]);
    }
    histogram.#maxUs = maxUs;
    return histogram;
  }

  #add(us: number, count: number): void {
    const value = Math.min(MAX_LATENCY_US, Math.max(0, us));
    this.#histogram.recordValueWithCount(value, count);
    this.#maxUs = Math.max(this.#maxUs, value);
  }
}

/** The part of the library's class that its interface leaves out. */
interface Recorded {
  readonly recordedValuesIterator: {
    reset(): void;
    hasNext(): boolean;
    next(): { readonly valueIteratedTo: number; readonly countAtValueIteratedTo: number };
  };
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most;
}
