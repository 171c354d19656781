/** Limits the operator names, judged over sliding windows while the run goes on. */

import type { Json } from "../src/protocol/mod.ts";
import { SlidingSlots } from "../src/stats/sliding_slots.ts";
import { type Metric, METRICS, parseThreshold, type Threshold } from "../src/stats/threshold.ts";
import { type Measured, type StoredJudge, ThresholdJudge, windowSlope } from "../src/stats/threshold_judge.ts";
import type { Keeper, RunFacts } from "./monitors/monitor.ts";
import type { Observation } from "./observation.ts";
import type { SeriesStore } from "./series.ts";
import {
  isOfCalls,
  measureCalls,
  Slot,
  slotsOfWindow,
  slotWidth,
  type StoredSlot,
  type ToldSlot,
} from "./threshold_slots.ts";

const MS_PER_SECOND = 1000;
/** Where the values of a metric's first word come from. */
const SERIES: Readonly<Record<string, string>> = {
  memory: "memory.rss",
  fds: "process.fds",
  threads: "process.threads",
  storage: "storage.bytes",
};

/** Metrics a run measures. */
export const SOAK_METRICS: Readonly<Record<string, Metric>> = METRICS;

interface StoredThreshold {
  readonly expression: string;
  readonly judge: StoredJudge;
  readonly all: StoredSlot;
  readonly slots: { readonly newest: number | null; readonly slots: readonly (readonly [number, StoredSlot])[] } | null;
  readonly due: number;
}

/** One threshold with the calls its windows need. */
class Watched {
  readonly judge: ThresholdJudge;
  readonly #slots: SlidingSlots<Slot> | undefined;
  /** Of the whole run, for a threshold without a window. */
  #all = new Slot();
  /** Number of the last slot that was told to others. */
  #told = -Infinity;
  /** Time in seconds at which the next slot is full, and windows may end. */
  #due = 0;
  readonly #slot_s: number;

  constructor(
    readonly threshold: Threshold,
    private readonly series: SeriesStore,
    private readonly interrupted: (from: number, to: number) => boolean,
    /** Others send as well, so that no rate of calls is known here. */
    private readonly part: boolean,
  ) {
    const slot = this.#slot_s = slotWidth(threshold);
    if (threshold.window_s !== null) this.#slots = new SlidingSlots(slot, slotsOfWindow(threshold), () => new Slot());
    this.judge = new ThresholdJudge(threshold, (from, to) => this.#measure(from, to), 0, slot);
  }

  toJSON(): StoredThreshold {
    return {
      expression: this.threshold.expression,
      judge: this.judge.toJSON(),
      all: this.#all.toJSON(),
      slots: this.#slots?.toJSON((slot) => slot.toJSON()) ?? null,
      due: this.#due,
    };
  }

  restore(stored: StoredThreshold): void {
    this.judge.restore(stored.judge);
    this.#all = Slot.fromJSON(stored.all);
    if (stored.slots !== null) this.#slots?.restore(stored.slots, (slot) => Slot.fromJSON(slot));
    this.#due = stored.due;
  }

  /** Judges windows as time passes, so that a journal that is read again judges the same ones. */
  pass(t_s: number): void {
    if (t_s < this.#due) return;
    this.judge.advance(t_s);
    this.#due = t_s + this.#slot_s;
  }

  add(t_s: number, ms: number, capability: string, ok: boolean): void {
    if ((this.threshold.capability ?? capability) !== capability) return;
    const slot = this.#slots === undefined ? this.#all : this.#slots.at(t_s);
    if (slot === undefined) return;
    slot.calls++;
    if (!ok) slot.errors++;
    if (this.threshold.metric.startsWith("latency.")) slot.latency.record(0, ms);
  }

  /** Of the whole run; undefined for a threshold with a window. */
  get whole(): Slot | undefined {
    return this.#slots === undefined ? this.#all : undefined;
  }

  /** Slots that ended before a time and were not told yet. */
  *fresh(now_s: number): Generator<readonly [index: number, slot: StoredSlot]> {
    if (!isOfCalls(this.threshold)) return;
    const before = Math.floor(now_s / this.#slot_s);
    for (const [index, slot] of this.#slots?.entries() ?? []) {
      if (index <= this.#told || index >= before || slot.calls === 0) continue;
      yield [index, slot.toJSON()];
    }
    this.#told = Math.max(this.#told, before - 1);
  }

  #measure(from: number, to: number): Measured | undefined {
    const [subject = "", what = ""] = this.threshold.metric.split(".");
    const name = SERIES[subject];
    if (name !== undefined) {
      const samples = this.series.of(name);
      if (what === "slope") return windowSlope(samples, from, to);
      const inside = samples.filter(({ t_s }) => t_s >= from && t_s <= to).map(({ value }) => value);
      return inside.length === 0 ? undefined : { value: Math.max(...inside) };
    }
    const slots = this.#slots === undefined ? [this.#all] : this.#slots.within(from, to);
    // Calls of a fault or a gap are not counted, so such a window has no rate.
    const whole = !this.part && !this.interrupted(from * MS_PER_SECOND, to * MS_PER_SECOND);
    return measureCalls(this.threshold, slots, to - from, whole);
  }
}

/** All thresholds of a run. */
export class Thresholds implements Keeper {
  readonly name = "thresholds";
  readonly #watched: readonly Watched[];

  /**
   * @param facts `part`: this process is one of several that make the run.
   * @throws {ThresholdError} If an expression cannot be understood.
   */
  constructor(
    expressions: readonly string[],
    series: SeriesStore,
    private readonly facts: Pick<RunFacts, "startedAt" | "interrupted"> & { readonly part?: boolean },
  ) {
    this.#watched = expressions.map((text) =>
      new Watched(parseThreshold(text, SOAK_METRICS), series, facts.interrupted, facts.part ?? false)
    );
  }

  /** Calls that touch a declared fault or gap are left out of all windows. */
  observe(observation: Observation): void {
    if (observation.kind !== "call") return;
    const { due, ended, code, capability } = observation;
    const t_s = (ended - this.facts.startedAt) / MS_PER_SECOND;
    const counts = this.#watched.length > 0 && !this.facts.interrupted(due, ended);
    for (const one of this.#watched) {
      one.pass(t_s);
      if (counts) one.add(t_s, Math.max(0, ended - due), capability, code === "ok");
    }
  }

  state(): Json {
    return this.#watched.map((one) => one.toJSON()) as unknown as Json;
  }

  restore(state: Json): void {
    const stored = new Map((state as unknown as StoredThreshold[]).map((one) => [one.expression, one]));
    for (const one of this.#watched) {
      const known = stored.get(one.threshold.expression);
      if (known !== undefined) one.restore(known);
    }
  }

  /** Judges the windows that are over; the expression of the first that is broken, if any. */
  advance(now_s: number): string | undefined {
    let broken: string | undefined;
    for (const { judge, threshold } of this.#watched) {
      if (judge.advance(now_s) !== undefined) broken ??= threshold.expression;
    }
    return broken;
  }

  finish(end_s: number): void {
    for (const { judge } of this.#watched) judge.finish(end_s);
  }

  reports(): readonly ReturnType<ThresholdJudge["report"]>[] {
    return this.#watched.map(({ judge }) => judge.report());
  }

  /**
   * Slots of calls that ended before a time and were not told yet, for who merges those of several testers. After a
   * restore those at hand are told once more.
   */
  fresh(now_s: number): readonly ToldSlot[] {
    return this.#watched.flatMap((one, k) => [...one.fresh(now_s)].map(([i, slot]) => ({ k, i, slot })));
  }

  /** Calls of the whole run for each threshold without a window. */
  wholes(): readonly (Slot | undefined)[] {
    return this.#watched.map(({ whole }) => whole);
  }

  /** For the verdict of the run. */
  findings(): readonly ThresholdFinding[] {
    return this.reports().map(findingOf);
  }
}

/** What a threshold adds to the verdict of the run. */
export interface ThresholdFinding {
  readonly expression: string;
  readonly verdict: string;
  readonly reason: string;
}

/** How a threshold was kept or broken, in words. */
export function findingOf(report: ReturnType<ThresholdJudge["report"]>): ThresholdFinding {
  const { expression, verdict, offences, windows, first_offence: first } = report;
  const reason = first === null
    ? windows === 0 ? "nothing could be measured" : `kept in ${windows} windows`
    : `broken in ${offences} of ${windows} windows, first from ${first.from.toFixed(0)} to ${
      first.to.toFixed(0)
    } s with ${Number(first.value.toPrecision(4))}`;
  return { expression, verdict, reason };
}
