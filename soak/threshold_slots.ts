/** Calls of short stretches of time, from which the windows of thresholds are made; slots of several testers merge. */

import { LatencyHistogram, type StoredLatency } from "../src/stats/latency_histogram.ts";
import type { Threshold } from "../src/stats/threshold.ts";
import type { Measured } from "../src/stats/threshold_judge.ts";

/** Windows are exact to a sixtieth of their width, and to a second. */
const SLOTS_PER_WINDOW = 60;
const MIN_SLOT_S = 1;
/** First words of the metrics that are of calls; the others are of series. */
const OF_CALLS: readonly string[] = ["latency", "errors", "calls"];
const PERCENTILES: Readonly<Record<string, number>> = { p50: 50, p90: 90, p99: 99, p999: 99.9, max: 100 };

/** Calls of a stretch of time. */
export class Slot {
  readonly latency = new LatencyHistogram("packed");
  calls = 0;
  errors = 0;

  /** Adds the calls of another tester, or of another stretch. */
  merge({ latency, calls, errors }: Slot): void {
    this.latency.merge(latency);
    this.calls += calls;
    this.errors += errors;
  }

  toJSON(): StoredSlot {
    const latency = this.latency.count === 0 ? null : this.latency.toJSON();
    return { calls: this.calls, errors: this.errors, latency };
  }

  static fromJSON({ calls, errors, latency }: StoredSlot): Slot {
    const slot = new Slot();
    slot.calls = calls;
    slot.errors = errors;
    if (latency !== null) slot.latency.merge(LatencyHistogram.fromJSON(latency));
    return slot;
  }
}

/** Stored form of a slot. */
export interface StoredSlot {
  readonly calls: number;
  readonly errors: number;
  readonly latency: StoredLatency | null;
}

/** A slot that is over, as a shard tells it. */
export interface ToldSlot {
  /** Place of the threshold among those of the shard. */
  readonly k: number;
  /** Number of the slot: it begins at `i` times its width. */
  readonly i: number;
  readonly slot: StoredSlot;
}

/** Width in seconds of the slots of a threshold's windows. */
export function slotWidth({ window_s }: Pick<Threshold, "window_s">): number {
  return Math.max(MIN_SLOT_S, (window_s ?? 0) / SLOTS_PER_WINDOW);
}

/** Slots a window of a threshold needs at once. */
export function slotsOfWindow({ window_s }: Pick<Threshold, "window_s">): number {
  return Math.ceil((window_s ?? 0) / slotWidth({ window_s })) + 2;
}

/** Whether a threshold is measured by calls, not by a series. */
export function isOfCalls({ metric }: Pick<Threshold, "metric">): boolean {
  return OF_CALLS.includes(metric.split(".")[0] ?? "");
}

/**
 * What a metric of calls was in a window.
 *
 * @param whole Whether calls were counted in all of the window: else it has no rate of calls.
 */
export function measureCalls(
  { metric }: Pick<Threshold, "metric">,
  slots: readonly Slot[],
  seconds: number,
  whole: boolean,
): Measured | undefined {
  const [subject = "", what = ""] = metric.split(".");
  const calls = slots.reduce((sum, slot) => sum + slot.calls, 0);
  if (subject === "calls") return whole && seconds > 0 ? { value: calls / seconds } : undefined;
  if (calls === 0) return undefined;
  if (subject === "errors") return { value: slots.reduce((sum, slot) => sum + slot.errors, 0) / calls };
  const merged = new LatencyHistogram();
  for (const { latency } of slots) merged.merge(latency);
  const value = merged.percentile(PERCENTILES[what] ?? 100);
  return value === null ? undefined : { value };
}
