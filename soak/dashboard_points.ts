/** Points of the series for the dashboard: all of them for who comes, what is new for who is there. */

import { columnsOf, shownOnly, unitOf } from "./plots.ts";
import { JUDGED, type SeriesStore } from "./series.ts";

/** Points of one series; times in seconds since the start of the run. */
export interface Points {
  readonly unit: string;
  readonly t: readonly number[];
  readonly v: readonly number[];
}

/** Points of a series a newcomer is given: what a screen shows. */
const MAX_POINTS = 480;
/** More than three digits behind the point are noise. */
const PRECISION = 1000;

/** See the module comment. */
export class PointSource {
  readonly #told = new Map<string, number>();

  constructor(private readonly series: Pick<SeriesStore, "of" | "names">) {}

  /** The whole of every series, in at most {@linkcode MAX_POINTS} points each. */
  all(): Readonly<Record<string, Points>> {
    return this.#named((name) => columnsOf(this.series.of(name), MAX_POINTS).map(({ t_s, middle }) => [t_s, middle]));
  }

  /** What came since the last call. */
  fresh(): Readonly<Record<string, Points>> {
    const points = this.#named((name) => {
      const samples = this.series.of(name);
      const told = this.#told.get(name) ?? -Infinity;
      let from = samples.length;
      while (from > 0 && (samples[from - 1]?.t_s ?? -Infinity) > told) from--;
      return samples.slice(from).slice(-MAX_POINTS).map(({ t_s, value }) => [t_s, value]);
    });
    for (const [name, { t }] of Object.entries(points)) this.#told.set(name, t.at(-1) ?? -Infinity);
    return points;
  }

  #named(take: (name: string) => readonly (readonly [t: number, v: number])[]): Readonly<Record<string, Points>> {
    const rounded = (value: number) => Math.round(value * PRECISION) / PRECISION;
    const judged = JUDGED.map(({ name }) => name);
    const others = shownOnly(this.series.names);
    return Object.fromEntries([...judged, ...others].flatMap((name) => {
      const points = take(name);
      const unit = JUDGED.find((kind) => kind.name === name)?.unit ?? unitOf(name);
      return points.length === 0 ? [] : [[name, {
        unit,
        t: points.map(([t]) => rounded(t)),
        v: points.map(([, v]) => rounded(v)),
      }]];
    }));
  }
}
