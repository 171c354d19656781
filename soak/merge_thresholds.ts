/** Thresholds of shards that made one run: those on calls are judged once over merged windows, the others are of the target. */

import { MergedThresholds } from "./merged_thresholds.ts";
import type { RunState } from "./run_state.ts";
import type { SoakReport } from "./soak_report.ts";
import type { StoredSlot, ToldSlot } from "./threshold_slots.ts";
import { keepFuller } from "./window_log.ts";

const MS_PER_SECOND = 1000;

type Thresholds = SoakReport["thresholds"];

/** A shard as its journal shows it. */
export interface ThresholdPart {
  readonly state: RunState;
  /** Its own report, which judged what it saw itself. */
  readonly report: Pick<SoakReport, "thresholds" | "duration_s">;
  /** What it wrote down of its slots (window_log.ts). */
  readonly windows: readonly ToldSlot[];
}

/**
 * One object per threshold that all shards had, in the order of the first of them.
 *
 * @param whole Whether no shard of the run is missing: else nothing is known of how many calls there were.
 */
export function judgeTogether(parts: readonly ThresholdPart[], whole: boolean): Thresholds {
  const begun = Math.min(...parts.map(({ state }) => state.config.startedWall));
  const placed = parts.map((part) => ({ ...part, offset_s: (part.state.config.startedWall - begun) / MS_PER_SECOND }));
  const merged = new MergedThresholds(
    commonThresholds(parts),
    (from, to) =>
      !whole || placed.some(({ state, report, offset_s }) =>
        from < offset_s || to > offset_s + report.duration_s ||
        state.tally.interrupted((from - offset_s) * MS_PER_SECOND, (to - offset_s) * MS_PER_SECOND)
      ),
  );
  for (const expression of merged.expressions) {
    const slots = placed.flatMap((part) => slotsOf(part, expression, merged.widthOf(expression), part.offset_s));
    for (const { t_s, slot } of slots.toSorted((a, b) => a.t_s - b.t_s)) {
      // All that ends before this slot begins is there.
      merged.advance(expression, t_s);
      merged.add(expression, t_s, slot);
    }
    for (const { state } of placed) {
      const whole = state.thresholds.wholes()[state.config.thresholds.indexOf(expression)];
      if (whole !== undefined) merged.addWhole(expression, whole);
    }
  }
  merged.finish(Math.max(...placed.map(({ report, offset_s }) => offset_s + report.duration_s)));
  const judged = merged.reports();
  return commonThresholds(parts).flatMap((expression) => {
    const together = judged.get(expression);
    if (together !== undefined) return [together];
    return ofTarget(
      parts.flatMap(({ state, report }) => report.thresholds[state.config.thresholds.indexOf(expression)] ?? []),
    );
  });
}

/** Thresholds that every shard watched. */
export function commonThresholds(parts: readonly { readonly state: RunState }[]): readonly string[] {
  const [first, ...others] = parts.map(({ state }) => state.config.thresholds);
  return [...new Set(first)].filter((expression) => others.every((list) => list.includes(expression)));
}

/** Thresholds that some shards did not watch: they cannot be judged for the whole run. */
export function strayThresholds(parts: readonly { readonly state: RunState }[]): readonly string[] {
  const common = commonThresholds(parts);
  return [...new Set(parts.flatMap(({ state }) => state.config.thresholds))].filter((one) => !common.includes(one));
}

function slotsOf(
  { state, windows }: ThresholdPart,
  expression: string,
  width_s: number,
  offset_s: number,
): { readonly t_s: number; readonly slot: StoredSlot }[] {
  const place = state.config.thresholds.indexOf(expression);
  const known = new Map<string, ToldSlot>();
  // The journal knows what was not written down yet when the tester died.
  for (const told of [...windows, ...state.thresholds.fresh(Infinity)]) if (told.k === place) keepFuller(known, told);
  return [...known.values()].map(({ i, slot }) => ({ t_s: i * width_s + offset_s, slot }));
}

/** A limit on the target itself, from those who could see it: the worst of what they saw. */
export function ofTarget(all: Thresholds): Thresholds {
  const seen = all.filter(({ windows }) => windows > 0);
  const [first] = seen.length === 0 ? all : seen;
  if (first === undefined || seen.length < 2) return first === undefined ? [] : [first];
  const upper = /<=?/.test(first.expression);
  const values = seen.flatMap(({ worst }) => worst ?? []);
  const offences = seen.flatMap((one) => one.first_offence ?? []).toSorted((a, b) => a.from - b.from);
  return [{
    ...first,
    verdict: seen.some(({ verdict }) => verdict === "violated") ? "violated" : "kept",
    windows: seen.reduce((sum, { windows }) => sum + windows, 0),
    offences: seen.reduce((sum, one) => sum + one.offences, 0),
    worst: values.length === 0 ? null : upper ? Math.max(...values) : Math.min(...values),
    first_offence: offences[0] ?? null,
  }];
}
