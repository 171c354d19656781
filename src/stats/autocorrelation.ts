/** Autocorrelation of a series and what it does to the variance of a trend. */

import { mean } from "./quantile.ts";

/** Lags beyond a quarter of the series rest on too few products (Box & Jenkins, "Time Series Analysis", 1970, 2.1). */
const LAG_SHARE = 4;
/** Correlations inside the 90% band of white noise count as none (Hamed & Rao 1998). */
const SIGNIFICANT_Z = 1.645;
const MAX_RHO = 0.98;

/** Correlation of the series with itself `lag` steps later, in -1 to 1; 0 for a constant series. */
export function autocorrelation(values: ArrayLike<number>, lag: number): number {
  const centre = mean(values);
  let products = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const a = (values[i] as number) - centre;
    squares += a * a;
    if (i >= lag) products += a * ((values[i - lag] as number) - centre);
  }
  return squares > 0 ? products / squares : 0;
}

/**
 * First autocorrelation of the noise behind residuals of a fitted trend, corrected for the bias (1 + 4 rho) / n of the
 * estimate (Marriott & Pope, "Bias in the estimation of autocorrelations", 1954) and one more 1 / n for the slope.
 */
export function noiseCorrelation(residuals: ArrayLike<number>): number {
  const n = residuals.length;
  if (n < 8) return 0;
  const corrected = (n * autocorrelation(residuals, 1) + 2) / (n - 4);
  return Math.max(0, Math.min(MAX_RHO, corrected));
}

/** Ranks from 1, ties with their mean rank. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i)
    .sort((a, b) => (values[a] as number) - (values[b] as number));
  const out = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1] as number] === values[order[from] as number]) to++;
    for (let k = from; k <= to; k++) out[order[k] as number] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return out;
}

/**
 * Factor by which autocorrelation enlarges the variance of Mann-Kendall's S, from the significant autocorrelations of
 * the ranks of the residuals (Hamed & Rao, "A modified Mann-Kendall trend test for autocorrelated data", 1998).
 * Never below 1: negative correlation is not taken as a gain.
 */
export function hamedRaoFactor(residuals: ArrayLike<number>): number {
  const n = residuals.length;
  if (n < 8) return 1;
  const ranked = ranks(residuals);
  const significant = SIGNIFICANT_Z / Math.sqrt(n);
  let sum = 0;
  for (let lag = 1; lag <= Math.floor(n / LAG_SHARE); lag++) {
    const rho = autocorrelation(ranked, lag);
    if (Math.abs(rho) > significant) sum += (n - lag) * (n - lag - 1) * (n - lag - 2) * rho;
  }
  return Math.max(1, 1 + 2 * sum / (n * (n - 1) * (n - 2)));
}

/**
 * The same factor for noise of a first-order autoregressive process (Yue & Wang, "The Mann-Kendall test modified by
 * effective sample size", 2004; the sum is Bayley & Hammersley's of 1946).
 */
export function autoregressiveFactor(residuals: ArrayLike<number>): number {
  const n = residuals.length;
  const rho = noiseCorrelation(residuals);
  let sum = 0;
  let power = 1;
  for (let lag = 1; lag < n; lag++) {
    power *= rho;
    sum += (1 - lag / n) * power;
  }
  return 1 + 2 * sum;
}
