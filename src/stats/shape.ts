/** What besides a straight line explains a series: a filling cache, one step, a wave, a late start. */

import { noiseCorrelation } from "./autocorrelation.ts";
import { type Fit, leastSquares, residualsOf, varianceInflation } from "./least_squares.ts";

/** Parts a series may be made of besides its line. */
export type Part = "saturating" | "step" | "wave" | "late";

/** A series taken apart. */
export interface Shape {
  readonly parts: readonly Part[];
  /** Index of the first point the slope is judged from; above 0 only for a trend that starts late. */
  readonly from: number;
  /** What the parts without line and constant add at each point. */
  readonly explained: Float64Array;
  /** Variance of the slope relative to that of a line alone: the price of telling the parts from a trend. */
  readonly inflation: number;
  /** Times of steps and late starts, in the unit of the times given. */
  readonly changes: readonly number[];
  /** Time constant of the filling, in the unit of the times given. */
  readonly timeConstant: number | undefined;
}

/** A part with its parameter: its columns, and those of its derivative by the parameter. */
interface Candidate {
  readonly part: Part;
  /** Share of the run: time constant, position or period, by part. */
  readonly parameter: number;
  readonly columns: readonly Float64Array[];
  readonly derivatives: readonly Float64Array[];
}

/**
 * A part is believed if it improves the Bayesian information criterion by this much: "very strong" evidence (Kass &
 * Raftery, "Bayes factors", 1995, 3.2).
 */
const MIN_GAIN = 10;
/** A part found by search costs what its coefficients and its parameter cost, and the parameter twice (Zhang & Siegmund 2007). */
const PARAMETER_COST = 2;
const MAX_PARTS = 2;
/** Fewer points cannot carry a part. */
const MIN_POINTS = 16;
/**
 * Longest time constant of a filling as a share of the judged time. A longer one cannot be told from a trend; a sixth of
 * the whole run is promised, which is at most a fifth of what is left after the warm-up.
 */
const MAX_TIME_CONSTANT = 0.21;
const MIN_TIME_CONSTANT = 0.02;
const TIME_CONSTANTS = 24;
/** A step later than this leaves too little after it to see that it was the only one. */
const STEP_RANGE = [0.04, 0.7] as const;
/** Closer than the points of a reduced series, so that no step falls between two candidates. */
const STEPS = 133;
/** Two waves in the whole run are 1.6 in what is left after the longest warm-up; more than 16 average out. */
const WAVE_RANGE = [1.55, 16] as const;
const WAVES = 90;
const LATE_RANGE = [0.15, 0.75] as const;
const LATE_STARTS = 25;

/**
 * Takes a series apart by forward selection under the Bayesian information criterion with first-order autoregressive
 * errors (Schwarz 1978; exact Gaussian likelihood with the first point scaled, Prais & Winsten 1954). Joint estimation
 * of trend and disturbance, instead of smoothing first, keeps a leak from hiding in the part that was removed (Frisch &
 * Waugh 1933).
 */
export function shapeOf(times: readonly number[], values: readonly number[]): Shape {
  const n = values.length;
  const first = times[0] ?? 0;
  const span = (times[n - 1] ?? 0) - first;
  const u = Float64Array.from(times, (time) => span > 0 ? (time - first) / span : 0);
  const scale = values.reduce((most, value) => Math.max(most, Math.abs(value - (values[0] ?? 0))), 0);
  const straight: Shape = {
    parts: [],
    from: 0,
    explained: new Float64Array(n),
    inflation: 1,
    changes: [],
    timeConstant: undefined,
  };
  if (n < MIN_POINTS || !(scale > 0) || !(span > 0)) return straight;
  const y = Float64Array.from(values, (value) => (value - (values[0] ?? 0)) / scale);
  const line = [u.map(() => 1), u];
  let chosen: Candidate[] = [];
  let criterion = informationCriterion(line, y, 0);
  while (chosen.length < MAX_PARTS) {
    const before = [...line, ...chosen.flatMap(({ columns }) => columns)];
    let best: Candidate | undefined;
    let least = criterion - MIN_GAIN;
    for (const candidate of bestOfEachPart(u, y, before, chosen.map(({ part }) => part))) {
      const next = informationCriterion([...before, ...candidate.columns], y, chosen.length + 1);
      if (next < least) [best, least] = [candidate, next];
    }
    if (best === undefined) break;
    chosen = [...chosen, best];
    criterion = least;
  }
  return chosen.length === 0 ? straight : assemble(u, y, chosen, { first, span, scale });
}

function assemble(
  u: Float64Array,
  y: Float64Array,
  chosen: readonly Candidate[],
  unit: { readonly first: number; readonly span: number; readonly scale: number },
): Shape {
  const late = chosen.find(({ part }) => part === "late");
  const nuisance = chosen.filter(({ part }) => part !== "late");
  const columns = [u.map(() => 1), u, ...(late?.columns ?? []), ...nuisance.flatMap((one) => one.columns)];
  const fit = whitened(columns, y)?.fit;
  const explained = new Float64Array(y.length);
  for (let c = late === undefined ? 2 : 3; c < columns.length; c++) {
    const factor = (fit?.coefficients[c] ?? 0) * unit.scale;
    for (let i = 0; i < y.length; i++) {
      explained[i] = (explained[i] as number) + factor * ((columns[c] as Float64Array)[i] as number);
    }
  }
  const from = late === undefined ? 0 : u.findIndex((time) => time >= late.parameter);
  const judged = [u.map(() => 1), u, ...nuisance.flatMap((one) => [...one.columns, ...one.derivatives])]
    .map((column) => column.slice(from));
  const saturating = chosen.find(({ part }) => part === "saturating");
  return {
    parts: chosen.map(({ part }) => part),
    from,
    explained,
    inflation: nuisance.length === 0 ? 1 : varianceInflation(judged, 1),
    changes: chosen.filter(({ part }) => part === "step" || part === "late")
      .map(({ parameter }) => unit.first + parameter * unit.span),
    timeConstant: saturating === undefined ? undefined : saturating.parameter * unit.span,
  };
}

function* bestOfEachPart(
  u: Float64Array,
  y: Float64Array,
  before: readonly Float64Array[],
  taken: readonly Part[],
): Generator<Candidate> {
  for (const { part, parameters, make } of FAMILIES) {
    if (taken.includes(part)) continue;
    let best: Candidate | undefined;
    let least = Infinity;
    for (const parameter of parameters) {
      const candidate = make(u, parameter);
      const fit = leastSquares([...before, ...candidate.columns], y);
      // Only growth that speeds up is a late start: growth that slows down is judged as a whole.
      if (fit === undefined || (part === "late" && (fit.coefficients[before.length] ?? 0) <= 0)) continue;
      if (fit.rss < least) [best, least] = [candidate, fit.rss];
    }
    if (best !== undefined) yield best;
  }
}

function saturating(u: Float64Array, tau: number): Candidate {
  const decay = u.map((time) => Math.exp(-time / tau));
  return {
    part: "saturating",
    parameter: tau,
    columns: [decay],
    derivatives: [u.map((t, i) => t * (decay[i] as number))],
  };
}

function step(u: Float64Array, at: number): Candidate {
  return { part: "step", parameter: at, columns: [u.map((time) => time >= at ? 1 : 0)], derivatives: [] };
}

function wave(u: Float64Array, frequency: number): Candidate {
  const angle = 2 * Math.PI * frequency;
  const sine = u.map((time) => Math.sin(angle * time));
  const cosine = u.map((time) => Math.cos(angle * time));
  return { part: "wave", parameter: 1 / frequency, columns: [sine, cosine], derivatives: [] };
}

function late(u: Float64Array, at: number): Candidate {
  return { part: "late", parameter: at, columns: [u.map((time) => Math.max(0, time - at))], derivatives: [] };
}

const FAMILIES: readonly {
  readonly part: Part;
  readonly parameters: readonly number[];
  readonly make: (u: Float64Array, parameter: number) => Candidate;
}[] = [
  {
    part: "saturating",
    parameters: grid(MIN_TIME_CONSTANT, MAX_TIME_CONSTANT, TIME_CONSTANTS, true),
    make: saturating,
  },
  { part: "step", parameters: grid(STEP_RANGE[0], STEP_RANGE[1], STEPS, false), make: step },
  { part: "wave", parameters: grid(WAVE_RANGE[0], WAVE_RANGE[1], WAVES, true), make: wave },
  { part: "late", parameters: grid(LATE_RANGE[0], LATE_RANGE[1], LATE_STARTS, false), make: late },
];

function grid(low: number, high: number, count: number, geometric: boolean): number[] {
  return Array.from({ length: count }, (_, i) => {
    const share = i / (count - 1);
    return geometric ? low * (high / low) ** share : low + (high - low) * share;
  });
}

function informationCriterion(columns: readonly Float64Array[], y: Float64Array, parts: number): number {
  const fitted = whitened(columns, y);
  if (fitted === undefined) return Infinity;
  const n = y.length;
  const parameters = columns.length + 1 + PARAMETER_COST * parts;
  // A perfect fit would give minus infinity; rounding leaves about this much of values scaled to one.
  const rss = Math.max(fitted.fit.rss, n * Number.EPSILON);
  return n * Math.log(rss / n) - Math.log(1 - fitted.rho ** 2) + parameters * Math.log(n);
}

/** Least squares with first-order autoregressive errors: fit, estimate the correlation, whiten, fit again. */
function whitened(columns: readonly Float64Array[], y: Float64Array): { fit: Fit; rho: number } | undefined {
  const plain = leastSquares(columns, y);
  if (plain === undefined) return undefined;
  const rho = noiseCorrelation(residualsOf(columns, y, plain));
  const whiten = (column: Float64Array) =>
    column.map((value, i) => i === 0 ? Math.sqrt(1 - rho * rho) * value : value - rho * (column[i - 1] as number));
  const fit = leastSquares(columns.map(whiten), whiten(y));
  return fit === undefined ? undefined : { fit, rho };
}
