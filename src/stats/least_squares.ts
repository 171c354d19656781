/** Linear least squares with a handful of columns. */

/** Columns that depend on each other leave a pivot below this share of their length. */
const SINGULAR = 1e-10;

/** A fitted model. */
export interface Fit {
  readonly coefficients: readonly number[];
  /** Sum of squared residuals. */
  readonly rss: number;
}

/** Ordinary least squares by the normal equations; undefined if the columns depend on each other. */
export function leastSquares(columns: readonly Float64Array[], y: Float64Array): Fit | undefined {
  const k = columns.length;
  const { gram, right } = normalEquations(columns, y);
  const factor = cholesky(gram, k);
  if (factor === undefined) return undefined;
  const coefficients = solve(factor, right, k);
  let rss = 0;
  for (let i = 0; i < y.length; i++) {
    let residual = y[i] as number;
    for (let c = 0; c < k; c++) residual -= (coefficients[c] as number) * ((columns[c] as Float64Array)[i] as number);
    rss += residual * residual;
  }
  return { coefficients, rss };
}

/** Residuals of a fit. */
export function residualsOf(columns: readonly Float64Array[], y: Float64Array, fit: Fit): Float64Array {
  return y.map((value, i) =>
    columns.reduce((rest, column, c) => rest - (fit.coefficients[c] ?? 0) * (column[i] as number), value)
  );
}

/**
 * How much the other columns inflate the variance of one coefficient, relative to a model of that column and a constant
 * (variance inflation factor, Marquardt 1970). The first column is the constant.
 */
export function varianceInflation(columns: readonly Float64Array[], of: number): number {
  const k = columns.length;
  const column = columns[of] as Float64Array;
  const { gram } = normalEquations(columns, column);
  const factor = cholesky(gram, k);
  if (factor === undefined) return Infinity;
  const unit = new Float64Array(k);
  unit[of] = 1;
  const inverse = solve(factor, unit, k)[of] as number;
  const centre = column.reduce((sum, value) => sum + value, 0) / column.length;
  return Math.max(1, inverse * column.reduce((sum, value) => sum + (value - centre) ** 2, 0));
}

function normalEquations(columns: readonly Float64Array[], y: Float64Array) {
  const k = columns.length;
  const gram = new Float64Array(k * k);
  const right = new Float64Array(k);
  for (let a = 0; a < k; a++) {
    const left = columns[a] as Float64Array;
    for (let b = 0; b <= a; b++) gram[a * k + b] = gram[b * k + a] = dot(left, columns[b] as Float64Array);
    right[a] = dot(left, y);
  }
  return { gram, right };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** Lower triangle L with L L' = gram; undefined if a column is a combination of those before it. */
function cholesky(gram: Float64Array, k: number): Float64Array | undefined {
  const l = new Float64Array(k * k);
  for (let a = 0; a < k; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = gram[a * k + b] as number;
      for (let c = 0; c < b; c++) sum -= (l[a * k + c] as number) * (l[b * k + c] as number);
      if (a !== b) l[a * k + b] = sum / (l[b * k + b] as number);
      else if (!(sum > SINGULAR * (gram[a * k + a] as number))) return undefined;
      else l[a * k + a] = Math.sqrt(sum);
    }
  }
  return l;
}

function solve(l: Float64Array, right: Float64Array, k: number): number[] {
  const x = Array.from(right);
  for (let a = 0; a < k; a++) {
    for (let c = 0; c < a; c++) x[a] = (x[a] as number) - (l[a * k + c] as number) * (x[c] as number);
    x[a] = (x[a] as number) / (l[a * k + a] as number);
  }
  for (let a = k - 1; a >= 0; a--) {
    for (let c = a + 1; c < k; c++) x[a] = (x[a] as number) - (l[c * k + a] as number) * (x[c] as number);
    x[a] = (x[a] as number) / (l[a * k + a] as number);
  }
  return x;
}
