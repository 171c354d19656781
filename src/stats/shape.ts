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
  /** The step that was fitted goes down: what grew before it may be what it took away. */
  readonly drops: boolean;
}

/** A part with its parameter: its columns, and those of its derivative by the parameter. */
interface Candidate {
  readonly part: Part;
  /** In shares of the run: time constant or position; of a wave its periods in the run. */
  readonly parameter: number;
  readonly columns: readonly Float64Array[];
  readonly derivatives: readonly Float64Array[];
}

/**
 * A part is believed if it improves the Bayesian information criterion by this much: "very strong" evidence (Kass &
 * Raftery, "Bayes factors", 1995, 3.2).
 */
const MIN_GAIN = 10;
/**
 * A late start needs the plain criterion only, its parameter counted once: doubting it would excuse a leak, believing it
 * costs certainty and nothing else.
 */
const LATE = { gain: 0, parameterCost: 1 } as const;
/** A part found by search costs what its coefficients and its parameter cost, and the parameter twice (Zhang & Siegmund 2007). */
const PARAMETER_COST = 2;
const MAX_PARTS = 2;
/** Points each part needs: fewer are fitted rather than explained. */
const POINTS_PER_PART = 24;
/** A part that inflates the variance more than this cannot be told from a trend. */
const MAX_INFLATION = 400;
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
/** Steps between two neighbours of a grid when the best is refined. */
const REFINEMENTS = 17;
/** A start later than this leaves too little to tell its slope from noise. */
const LATE_RANGE = [0.15, 0.6] as const;
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
    drops: false,
  };
  if (n < POINTS_PER_PART || !(scale > 0) || !(span > 0)) return straight;
  const y = Float64Array.from(values, (value) => (value - (values[0] ?? 0)) / scale);
  const line = [u.map(() => 1), u];
  let chosen: Candidate[] = [];
  let criterion = informationCriterion(line, y, []);
  while (chosen.length < MAX_PARTS && n >= POINTS_PER_PART * (chosen.length + 1)) {
    const before = [...line, ...chosen.flatMap(({ columns }) => columns)];
    const offers = bestOfEachPart(u, y, before, chosen.map(({ part }) => part))
      .filter((candidate) => inflationOf(u, [...chosen, candidate]) <= MAX_INFLATION)
      .map((candidate) => ({
        candidate,
        value: informationCriterion([...before, ...candidate.columns], y, [...chosen, candidate]),
      }));
    const lateValue = offers.find(({ candidate }) => candidate.part === "late")?.value ?? Infinity;
    let best: Candidate | undefined;
    let least = criterion;
    for (const { candidate, value } of offers) {
      // What excuses growth must also beat growth that starts late by the full margin.
      const bar = candidate.part === "late" ? criterion - LATE.gain : Math.min(criterion, lateValue) - MIN_GAIN;
      if (value < bar && value < least) [best, least] = [candidate, value];
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
  const stepColumn = nuisance.find(({ part }) => part === "step")?.columns[0];
  let drops = false;
  for (let c = late === undefined ? 2 : 3; c < columns.length; c++) {
    const factor = (fit?.coefficients[c] ?? 0) * unit.scale;
    if (columns[c] === stepColumn) drops = factor < 0;
    for (let i = 0; i < y.length; i++) {
      explained[i] = (explained[i] as number) + factor * ((columns[c] as Float64Array)[i] as number);
    }
  }
  const saturating = chosen.find(({ part }) => part === "saturating");
  return {
    parts: chosen.map(({ part }) => part),
    from: judgedFrom(u, chosen),
    explained,
    inflation: inflationOf(u, chosen),
    changes: chosen.filter(({ part }) => part === "step" || part === "late")
      .map(({ parameter }) => unit.first + parameter * unit.span),
    timeConstant: saturating === undefined ? undefined : saturating.parameter * unit.span,
    drops,
  };
}

/** Variance of the slope beside the parts and the uncertainty of their parameters, where the slope is judged. */
function inflationOf(u: Float64Array, chosen: readonly Candidate[]): number {
  const nuisance = chosen.filter(({ part }) => part !== "late");
  if (nuisance.length === 0) return 1;
  const from = judgedFrom(u, chosen);
  const columns = [u.map(() => 1), u, ...nuisance.flatMap((one) => [...one.columns, ...one.derivatives])];
  return varianceInflation(columns.map((column) => column.slice(from)), 1);
}

/** Index of the first point the slope is judged from. */
function judgedFrom(u: Float64Array, chosen: readonly Candidate[]): number {
  const late = chosen.find(({ part }) => part === "late");
  return late === undefined ? 0 : u.findIndex((time) => time >= late.parameter);
}

function bestOfEachPart(
  u: Float64Array,
  y: Float64Array,
  before: readonly Float64Array[],
  taken: readonly Part[],
): Candidate[] {
  const found: Candidate[] = [];
  for (const { part, parameters, refined, make } of FAMILIES) {
    if (taken.includes(part)) continue;
    let best: Candidate | undefined;
    let least = Infinity;
    const attempt = (parameter: number) => {
      const candidate = make(u, parameter);
      const fit = leastSquares([...before, ...candidate.columns], y);
      // Only growth that speeds up is a late start: growth that slows down is judged as a whole.
      if (fit === undefined || (part === "late" && (fit.coefficients[before.length] ?? 0) <= 0)) return;
      if (fit.rss < least) [best, least] = [candidate, fit.rss];
    };
    for (const parameter of parameters) {
      if (part !== "late" || u.filter((time) => time >= parameter).length >= POINTS_PER_PART) attempt(parameter);
    }
    for (const finer of best === undefined || !refined ? [] : around(best, parameters)) attempt(finer);
    if (best !== undefined) found.push(best);
  }
  return found;
}

/** Parameters between the neighbours of the best one on its grid. */
function around({ parameter }: Candidate, parameters: readonly number[]): number[] {
  const index = parameters.indexOf(parameter);
  const [low, high] = [parameters[index - 1] ?? parameter, parameters[index + 1] ?? parameter];
  return grid(low, high, REFINEMENTS, true);
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
  return { part: "wave", parameter: frequency, columns: [sine, cosine], derivatives: [] };
}

function late(u: Float64Array, at: number): Candidate {
  return { part: "late", parameter: at, columns: [u.map((time) => Math.max(0, time - at))], derivatives: [] };
}

const FAMILIES: readonly {
  readonly part: Part;
  readonly parameters: readonly number[];
  /** Whether a misfit between two parameters of the grid would show as a trend. */
  readonly refined: boolean;
  readonly make: (u: Float64Array, parameter: number) => Candidate;
}[] = [
  {
    part: "saturating",
    parameters: grid(MIN_TIME_CONSTANT, MAX_TIME_CONSTANT, TIME_CONSTANTS, true),
    refined: true,
    make: saturating,
  },
  { part: "step", parameters: grid(STEP_RANGE[0], STEP_RANGE[1], STEPS, false), refined: false, make: step },
  { part: "wave", parameters: grid(WAVE_RANGE[0], WAVE_RANGE[1], WAVES, true), refined: true, make: wave },
  { part: "late", parameters: grid(LATE_RANGE[0], LATE_RANGE[1], LATE_STARTS, false), refined: false, make: late },
];

function grid(low: number, high: number, count: number, geometric: boolean): number[] {
  return Array.from({ length: count }, (_, i) => {
    const share = i / (count - 1);
    return geometric ? low * (high / low) ** share : low + (high - low) * share;
  });
}

function informationCriterion(columns: readonly Float64Array[], y: Float64Array, parts: readonly Candidate[]): number {
  const fitted = whitened(columns, y);
  if (fitted === undefined) return Infinity;
  const n = y.length;
  const parameters = columns.length + 1 +
    parts.reduce((sum, { part }) => sum + (part === "late" ? LATE.parameterCost : PARAMETER_COST), 0);
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
