/** Threshold expressions: `latency.p99 < 250ms over 5m`, `errors.rate(market.post) < 1%`. */

/** What a metric is measured in; every number is kept in the unit named here. */
export type Dimension = "ms" | "share" | "bytes" | "count";
export type Per = "h" | "s";
export type Operator = "<" | "<=" | ">" | ">=";

/** One expression understood. */
export interface Threshold {
  /** As it was written, without outer and doubled blanks. */
  readonly expression: string;
  readonly metric: string;
  /** The one capability whose calls count; absent: all calls. */
  readonly capability?: string;
  readonly operator: Operator;
  /** In the dimension of the metric, per hour or per second if `per` says so. */
  readonly limit: number;
  readonly dimension: Dimension;
  readonly per: Per | undefined;
  /** Width of the sliding window in seconds; null: the whole run. */
  readonly window_s: number | null;
}

/** A metric that can be judged. */
export interface Metric {
  readonly dimension: Dimension;
  readonly per?: Per;
  /** Can be asked of the calls of one capability, as in `latency.p99(market.post)`. */
  readonly ofCalls?: boolean;
}

/** An expression that cannot be understood; the message is one line and names what is wrong. */
export class ThresholdError extends Error {
  override readonly name = "ThresholdError";
}

const LATENCY: Metric = { dimension: "ms", ofCalls: true };
const SIZE: Metric = { dimension: "bytes" };
const GROWTH: Metric = { dimension: "bytes", per: "h" };

/** Every metric of a soak, by name. */
export const METRICS: Readonly<Record<string, Metric>> = {
  "latency.p50": LATENCY,
  "latency.p90": LATENCY,
  "latency.p99": LATENCY,
  "latency.p999": LATENCY,
  "latency.max": LATENCY,
  "errors.rate": { dimension: "share", ofCalls: true },
  "calls.rate": { dimension: "count", per: "s", ofCalls: true },
  "memory.max": SIZE,
  "memory.slope": GROWTH,
  "storage.max": SIZE,
  "storage.slope": GROWTH,
  "fds.max": { dimension: "count" },
  "fds.slope": { dimension: "count", per: "h" },
  "threads.max": { dimension: "count" },
  "threads.slope": { dimension: "count", per: "h" },
};

/** Factors to the unit of the dimension. B with k, M, G are decimal; Ki, Mi, Gi binary (IEC 80000-13). */
const UNITS: Readonly<Record<Dimension, Readonly<Record<string, number>>>> = {
  ms: { us: 0.001, "µs": 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
  share: { "": 1, "%": 0.01 },
  bytes: {
    B: 1,
    kB: 1e3,
    KB: 1e3,
    MB: 1e6,
    GB: 1e9,
    KiB: 2 ** 10,
    MiB: 2 ** 20,
    GiB: 2 ** 30,
  },
  count: { "": 1 },
};
/** Seconds of a time unit, for `/h` and `over 5m`. */
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 };
const MAX_LENGTH = 200;
const PATTERN =
  /^([a-z][a-z0-9_.]*)(?:\(([a-z][a-z0-9_.-]*)\))? ?(<=|>=|<|>) ?([+-]?\d+(?:\.\d+)?) ?([a-zA-Zµ%]*)(?: ?\/ ?([a-zA-Z]+))?(?: over ((?:\d+(?:\.\d+)? ?[a-z]+ ?)+))?$/;

/**
 * Reads an expression: METRIC, for metrics of calls `(CAPABILITY)` behind it, one of `< <= > >=`, a number with unit, for rates and slopes `/s`, `/m`, `/h` or `/d`,
 * and `over DURATION` for a sliding window, as `90s`, `15m`, `24h` or `1h30m`.
 *
 * @throws {ThresholdError} If metric, unit or form are unknown.
 */
export function parseThreshold(text: string, metrics: Readonly<Record<string, Metric>> = METRICS): Threshold {
  const expression = text.trim().replace(/\s+/g, " ");
  const shown = expression.length > MAX_LENGTH ? `${expression.slice(0, MAX_LENGTH)}…` : expression;
  const wrong = (what: string): never => {
    throw new ThresholdError(`Cannot use the threshold "${shown}": ${what}`);
  };
  if (expression.length > MAX_LENGTH) return wrong(`it is longer than ${MAX_LENGTH} characters`);
  const match = PATTERN.exec(expression);
  if (match === null) {
    return wrong("it must look like 'latency.p99 < 250ms over 5m' (metric, comparison, number with unit, window)");
  }
  const [, metric = "", capability, operator = "", number = "", unit = "", per, window] = match;
  const known = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  if (known === undefined) {
    return wrong(`the metric ${metric} is unknown; there are ${Object.keys(metrics).join(", ")}`);
  }
  if (capability !== undefined && known.ofCalls !== true) {
    return wrong(`${metric} is not of calls, leave out (${capability})`);
  }
  const units = UNITS[known.dimension];
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor === undefined) {
    const allowed = Object.keys(units).map((name) => name === "" ? "a plain number" : name).join(", ");
    return wrong(`${metric} takes ${allowed}, current unit is "${unit}"`);
  }
  return {
    expression,
    metric,
    ...(capability === undefined ? {} : { capability }),
    operator: operator as Operator,
    limit: Number(number) * factor * perFactor(metric, known, per, wrong),
    dimension: known.dimension,
    per: known.per,
    window_s: window === undefined ? null : windowSeconds(window, wrong),
  };
}

/** Whether a value keeps the threshold. */
export function keeps({ operator, limit }: Pick<Threshold, "operator" | "limit">, value: number): boolean {
  switch (operator) {
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
  }
}

function perFactor(
  metric: string,
  { per }: Metric,
  given: string | undefined,
  wrong: (what: string) => never,
): number {
  if (per === undefined) {
    return given === undefined ? 1 : wrong(`${metric} is not measured per time, leave out /${given}`);
  }
  if (given === undefined) return wrong(`${metric} is measured per time, add /${per}`);
  const seconds = Object.hasOwn(SECONDS, given) ? SECONDS[given] : undefined;
  if (seconds === undefined) return wrong(`a rate is per s, m, h or d, current value is /${given}`);
  return (SECONDS[per] as number) / seconds;
}

/** Seconds of `90s`, `15m`, `24h` or `1h30m`. */
function windowSeconds(text: string, wrong: (what: string) => never): number {
  let sum = 0;
  for (const [, value, unit = ""] of text.matchAll(/(\d+(?:\.\d+)?) ?([a-z]+)/g)) {
    const seconds = Object.hasOwn(SECONDS, unit) ? SECONDS[unit] : undefined;
    if (seconds === undefined) return wrong(`a window is in s, m, h or d, current unit is "${unit}"`);
    sum += Number(value) * seconds;
  }
  return sum > 0 ? sum : wrong("the window must be longer than nothing");
}
