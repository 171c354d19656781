/** Generated series with known truth, for measuring the detector. */

import { Random } from "../protocol/mod.ts";
import type { Sample } from "./sample.ts";

/** One hour sampled every 5 s. */
export const RUN_S = 3600;
export const PERIOD_S = 5;
/** Level every series has; noise and amplitudes are stated in percent of it. */
export const BASE = 100;

/** A kind of series, healthy in itself; a leak may be added to it. */
export interface Kind {
  readonly name: string;
  /** Noise and amplitudes in percent of the base, for the table. */
  readonly noise: string;
  readonly make: (random: Random) => Float64Array;
}

/** A way to leak: growth since the start per unit of slope, in hours. */
export interface Leak {
  readonly name: string;
  readonly grow: (random: Random) => Float64Array;
}

const COUNT = RUN_S / PERIOD_S;
const NOISE = 0.3;
/** Of the smallest sawtooth: what lies between two collections must stand out of it. */
const FINE_NOISE = 0.1;

/** Times and values as samples. */
export function series(values: Float64Array): Sample[] {
  return Array.from(values, (value, i) => ({ t_s: i * PERIOD_S, value }));
}

/** A standard normal value (Box & Muller 1958). */
export function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
}

function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random.unit();
}

function noisy(random: Random, sigma: number, shape: (t_s: number) => number = () => 0): Float64Array {
  return Float64Array.from({ length: COUNT }, (_, i) => BASE + shape(i * PERIOD_S) + sigma * gaussian(random));
}

/** Garbage grows between collections of given spacing; `left` is the share of it a collection leaves. */
function collected(
  random: Random,
  amplitude: number,
  meanGap: number,
  gap: () => number,
  left: () => number,
  sigma: number,
): Float64Array {
  const rate = amplitude / meanGap;
  let garbage = amplitude * random.unit();
  let next = gap();
  return Float64Array.from({ length: COUNT }, (_, i) => {
    garbage += rate * PERIOD_S;
    if (i * PERIOD_S >= next) {
      // Collections fall anywhere between two samples.
      garbage = left() * garbage + rate * PERIOD_S * random.unit();
      next = i * PERIOD_S + gap();
    }
    return BASE + garbage + sigma * gaussian(random);
  });
}

function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random.unit());
}

export const HEALTHY: readonly Kind[] = [
  { name: "flat", noise: "normal 0.5%", make: (random) => noisy(random, 0.5) },
  {
    name: "sawtooth",
    noise: "amplitude 5-12%, period 40-120 s ± 20%, normal 0.3%",
    make: (random) => {
      const period = between(random, 40, 120);
      return collected(
        random,
        between(random, 5, 12),
        period,
        () => period * between(random, 0.8, 1.2),
        () => 0,
        NOISE,
      );
    },
  },
  {
    name: "irregular collection",
    noise: "amplitude 2-5%, gaps 15 s + exponential of mean 15-30 s, 4 in 10 leave 10-40%, normal 0.1%",
    make: (random) => {
      const spread = between(random, 15, 30);
      return collected(
        random,
        between(random, 2, 5),
        15 + spread,
        () => 15 + exponential(random, spread),
        () => random.unit() < 0.4 ? between(random, 0.1, 0.4) : 0,
        FINE_NOISE,
      );
    },
  },
  {
    name: "filling cache",
    noise: "amplitude 20-60%, time constant 1/60-1/6 of the run, normal 0.3%",
    make: (random) => {
      const [amplitude, tau] = [between(random, 20, 60), between(random, RUN_S / 60, RUN_S / 6)];
      return noisy(random, NOISE, (t) => amplitude * (1 - Math.exp(-t / tau)));
    },
  },
  {
    name: "wave",
    noise: "amplitude 1-5%, 2-8 periods, normal 0.3%",
    make: (random) => {
      const [amplitude, periods, phase] = [between(random, 1, 5), between(random, 2, 8), random.unit()];
      return noisy(random, NOISE, (t) => amplitude * Math.sin(2 * Math.PI * (phase + periods * t / RUN_S)));
    },
  },
  {
    name: "step after warm-up",
    noise: "step 2-10% at 10-50% of the run, normal 0.3%",
    make: (random) => {
      const [height, at] = [between(random, 2, 10), between(random, 0.1, 0.5) * RUN_S];
      return noisy(random, NOISE, (t) => t >= at ? height : 0);
    },
  },
  {
    name: "heavy tail",
    noise: "Student t with 2 degrees of freedom, scale 0.5%",
    make: (random) =>
      Float64Array.from(
        { length: COUNT },
        () => BASE + 0.5 * gaussian(random) / Math.sqrt((gaussian(random) ** 2 + gaussian(random) ** 2) / 2),
      ),
  },
  {
    name: "autocorrelated",
    noise: "first-order, correlation 0.95 per sample, deviation 0.2%",
    make: (random) => autocorrelated(random, 0.95, 0.2),
  },
];

function autocorrelated(random: Random, rho: number, sigma: number): Float64Array {
  let state = sigma * gaussian(random);
  return Float64Array.from({ length: COUNT }, () => {
    state = rho * state + Math.sqrt(1 - rho * rho) * sigma * gaussian(random);
    return BASE + state;
  });
}

function growing(shape: (t_s: number) => number): Float64Array {
  return Float64Array.from({ length: COUNT }, (_, i) => shape(i * PERIOD_S) / RUN_S);
}

export const LEAKS: readonly Leak[] = [
  { name: "linear", grow: () => growing((t) => t) },
  {
    name: "in steps",
    grow: (random) => {
      const width = RUN_S / between(random, 8, 24);
      const phase = random.unit();
      return growing((t) => width * (Math.floor(t / width + phase) - Math.floor(phase)));
    },
  },
  {
    name: "starting late",
    grow: (random) => {
      const start = between(random, 0.2, 0.5) * RUN_S;
      return growing((t) => Math.max(0, t - start));
    },
  },
];
