/** Measures the detector on generated series. */

import { Random } from "../protocol/mod.ts";
import { judgeSeries } from "./judge_series.ts";
import { median } from "./quantile.ts";
import { HEALTHY, type Kind, type Leak, LEAKS, series } from "./synthetic.ts";

/** Leaks are tried at this multiple of the minimum detectable slope stated for the same series without its leak. */
export const LEAK_FACTOR = 1.5;

/** One line of the table. Shares are of all series of the row. */
export interface TrialRow {
  readonly name: string;
  readonly noise: string;
  readonly leaking: boolean;
  readonly drifting: number;
  readonly stable: number;
  readonly inconclusive: number;
  /** Median of the stated minimum detectable slope, in percent of the base per hour. */
  readonly detectable: number;
}

/** A row to be measured. */
export interface Trial {
  readonly name: string;
  readonly kind: Kind;
  readonly leak?: Leak;
}

const kindNamed = (name: string) => HEALTHY.find((kind) => kind.name === name) as Kind;
const leakNamed = (name: string) => LEAKS.find((leak) => leak.name === name) as Leak;

function leaking(leak: string, kind: string, name: string): Trial {
  return { name, kind: kindNamed(kind), leak: leakNamed(leak) };
}

export const TRIALS: readonly Trial[] = [
  ...HEALTHY.map((kind): Trial => ({ name: kind.name, kind })),
  leaking("linear", "flat", "linear leak"),
  leaking("linear", "sawtooth", "leak under a sawtooth"),
  leaking("in steps", "flat", "leak in steps"),
  leaking("starting late", "flat", "leak starting late"),
  leaking("linear", "irregular collection", "leak under irregular collection"),
  leaking("linear", "filling cache", "leak under a filling cache"),
  leaking("linear", "wave", "leak under a wave"),
  leaking("linear", "heavy tail", "leak in a heavy tail"),
  leaking("linear", "autocorrelated", "leak in autocorrelated noise"),
];

/** Runs one row over `count` series; equal arguments give equal rows. */
export function measure(trial: Trial, count: number, seed: number): TrialRow {
  const counts = { drifting: 0, stable: 0, inconclusive: 0 };
  const stated: number[] = [];
  for (let run = 0; run < count; run++) {
    const random = new Random(seed, trial.kind.name, run);
    const values = trial.kind.make(random);
    const healthy = judgeSeries(series(values));
    const detectable = healthy.minimumDetectablePerHour ?? Infinity;
    stated.push(detectable);
    if (trial.leak === undefined) {
      counts[healthy.verdict]++;
      continue;
    }
    const slope = LEAK_FACTOR * detectable;
    const growth = trial.leak.grow(random);
    counts[judgeSeries(series(values.map((value, i) => value + slope * (growth[i] as number)))).verdict]++;
  }
  return {
    name: trial.name,
    noise: trial.kind.noise,
    leaking: trial.leak !== undefined,
    drifting: counts.drifting / count,
    stable: counts.stable / count,
    inconclusive: counts.inconclusive / count,
    detectable: median(stated),
  };
}

/** What the detector promises. Shares of the series of a row. */
export const TARGETS = { healthyDrifting: 0.01, healthyStable: 0.9, leakDrifting: 0.99 } as const;

export function meetsTargets({ leaking, drifting, stable }: TrialRow): boolean {
  if (leaking) return drifting >= TARGETS.leakDrifting;
  return drifting <= TARGETS.healthyDrifting && stable >= TARGETS.healthyStable;
}

/** The rows as a table for people. */
export function tableLines(rows: readonly TrialRow[]): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`.padStart(8);
  const head = `${"kind".padEnd(32)} drifting   stable  unclear  MDS %/h  met  noise`;
  return [
    head,
    ...rows.map((row) =>
      `${row.name.padEnd(32)} ${percent(row.drifting)} ${percent(row.stable)} ${percent(row.inconclusive)} ` +
      `${row.detectable.toFixed(2).padStart(8)}  ${meetsTargets(row) ? "yes" : "NO "}  ${row.noise}`
    ),
  ];
}
