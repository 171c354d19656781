/** Thresholds of a run of several workers while it goes on: each tells its slots, and all are judged as one. */

import { MergedThresholds } from "./merged_thresholds.ts";
import { ofTarget } from "./merge_thresholds.ts";
import type { SoakReport } from "./soak_report.ts";
import type { Standing } from "./standing.ts";
import type { ToldSlot } from "./threshold_slots.ts";

/** See the module comment. What counts in the end is judged from what the workers wrote down (merge_thresholds.ts). */
export class LiveThresholds {
  readonly #merged: MergedThresholds;
  /** Run seconds up to which each living worker has told everything. */
  readonly #reached: Map<number, number>;
  /** From here on all workers tell; before, in a run that was resumed, they do not. */
  #since = 0;
  #gaps: Standing["gaps"] = [];

  constructor(private readonly expressions: readonly string[], workers: readonly number[]) {
    this.#reached = new Map(workers.map((index) => [index, -Infinity]));
    this.#merged = new MergedThresholds(
      expressions,
      (from, to) => from < this.#since || this.#gaps.some((gap) => from <= gap.to && to >= gap.from),
    );
  }

  /** Takes what a worker tells; the expression that is broken, if any. */
  tell(worker: number, slots: readonly ToldSlot[], upTo_s: number): string | undefined {
    if (!Number.isFinite(this.#reached.get(worker) ?? 0)) this.#since = Math.max(this.#since, upTo_s);
    this.#reached.set(worker, upTo_s);
    for (const { k, i, slot } of slots) {
      const expression = this.expressions[k];
      if (expression !== undefined) this.#merged.add(expression, i * this.#merged.widthOf(expression), slot);
    }
    return this.#advance();
  }

  /** A worker has ended: nobody waits for it any longer. */
  left(worker: number): void {
    this.#reached.delete(worker);
  }

  /** Objects of the report's `thresholds` so far, in their order. */
  reports(standings: readonly Standing[]): SoakReport["thresholds"] {
    this.#gaps = standings.flatMap(({ gaps }) => gaps);
    const judged = this.#merged.reports();
    return this.expressions.flatMap((expression, place) => {
      const together = judged.get(expression);
      return together === undefined ? ofTarget(standings.flatMap((one) => one.thresholds[place] ?? [])) : [together];
    });
  }

  #advance(): string | undefined {
    const now = Math.min(...this.#reached.values());
    let broken: string | undefined;
    // Without workers there is nobody to wait for, and nothing new.
    for (const expression of Number.isFinite(now) ? this.#merged.expressions : []) {
      broken ??= this.#merged.advance(expression, now);
    }
    return broken;
  }
}
