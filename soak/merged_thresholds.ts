/** Thresholds on calls, judged once over what several testers sent together: slots merge, and percentiles come after. */

import { SlidingSlots } from "../src/stats/sliding_slots.ts";
import { parseThreshold, type Threshold } from "../src/stats/threshold.ts";
import { ThresholdJudge } from "../src/stats/threshold_judge.ts";
import { isOfCalls, measureCalls, Slot, slotsOfWindow, slotWidth, type StoredSlot } from "./threshold_slots.ts";
import { SOAK_METRICS } from "./thresholds.ts";

/** Slots one tester may be behind another while a run goes on; what comes later than that no window sees. */
const SLACK_SLOTS = 120;

/** A stretch of run seconds in which not all testers counted. */
export type Uncounted = (from_s: number, to_s: number) => boolean;

interface Merged {
  readonly threshold: Threshold;
  readonly slots: SlidingSlots<Slot> | undefined;
  readonly all: Slot;
  readonly judge: ThresholdJudge;
}

/** See the module comment. Thresholds on series, which are of the one target, are left out. */
export class MergedThresholds {
  readonly #merged = new Map<string, Merged>();

  /** @throws {ThresholdError} If an expression cannot be understood. */
  constructor(expressions: readonly string[], uncounted: Uncounted) {
    for (const text of expressions) {
      const threshold = parseThreshold(text, SOAK_METRICS);
      if (!isOfCalls(threshold)) continue;
      const { window_s } = threshold;
      const [width, all] = [slotWidth(threshold), new Slot()];
      const slots = window_s === null
        ? undefined
        : new SlidingSlots(width, slotsOfWindow(threshold) + SLACK_SLOTS, () => new Slot());
      const measure = (from: number, to: number) =>
        measureCalls(threshold, slots?.within(from, to) ?? [all], to - from, !uncounted(from, to));
      this.#merged.set(text, { threshold, slots, all, judge: new ThresholdJudge(threshold, measure, 0, width) });
    }
  }

  /** Expressions that are judged here. */
  get expressions(): readonly string[] {
    return [...this.#merged.keys()];
  }

  /** Adds a slot of one tester that begins at a run time in seconds. */
  add(expression: string, t_s: number, stored: StoredSlot): void {
    this.#merged.get(expression)?.slots?.at(t_s)?.merge(Slot.fromJSON(stored));
  }

  /** Adds the calls of the whole run of one tester. */
  addWhole(expression: string, slot: Slot): void {
    this.#merged.get(expression)?.all.merge(slot);
  }

  /** Seconds the slots of an expression last. */
  widthOf(expression: string): number {
    const merged = this.#merged.get(expression);
    return merged === undefined ? 0 : slotWidth(merged.threshold);
  }

  /** Judges the windows of an expression that ended by `now_s`; its text if one was broken. */
  advance(expression: string, now_s: number): string | undefined {
    return this.#merged.get(expression)?.judge.advance(now_s) === undefined ? undefined : expression;
  }

  /** Ends the run at a run time in seconds. */
  finish(end_s: number): void {
    for (const { judge } of this.#merged.values()) judge.finish(end_s);
  }

  /** Objects of the report's `thresholds`, by expression. */
  reports(): ReadonlyMap<string, ReturnType<ThresholdJudge["report"]>> {
    return new Map([...this.#merged].map(([text, { judge }]) => [text, judge.report()]));
  }
}
