/** How far the target's clock is ahead of ours; it is used to read its timestamps, and may not move. */

import type { Json } from "../../src/protocol/mod.ts";
import { type Monitor, type MonitorVerdict, type Observation, Offences } from "../observation.ts";

/** Answers carry whole seconds: half of one is the expected rounding. */
const ROUNDING_MS = 500;
/** Offsets kept; the median of the latest ones is the estimate. */
export const KEPT = 101;
/** Answers between two looks whether it moved. */
const LOOK_EVERY = 25;
/** A manifest lives 30 s and is renewed every 20 s (wire-format.md section 9): 10 s is what clocks may differ by. */
export const MAX_OFFSET_MS = 10_000;

interface State {
  readonly offsets: readonly number[];
  readonly at: number;
  readonly seen: number;
  /** Absent in journals of versions that did not look for moves. */
  readonly first?: number | null;
  readonly offences?: Json;
}

/** See the module comment. */
export class ClockMonitor implements Monitor {
  readonly name = "clock";
  readonly #offences = new Offences(0);
  #offsets: number[] = [];
  #at = 0;
  #seen = 0;
  /** The offset it had when enough answers were seen; undefined before. */
  #first: number | undefined;

  /** @param interrupted Whether a stretch touches a declared fault: our clock may be wrong on purpose then. */
  constructor(private readonly interrupted: (from: number, to: number) => boolean = () => false) {}

  observe(observation: Observation): void {
    if (observation.kind !== "call" || observation.clocks === undefined) return;
    if (this.interrupted(observation.started, observation.ended)) return;
    const { target, ours } = observation.clocks;
    this.#seen++;
    this.#offsets[this.#at++ % KEPT] = target + ROUNDING_MS - ours;
    if (this.#seen % LOOK_EVERY === 0 && this.#seen >= KEPT) this.#look(observation.ended);
  }

  state(): Json {
    return {
      offsets: [...this.#offsets],
      at: this.#at,
      seen: this.#seen,
      first: this.#first ?? null,
      offences: this.#offences.state(),
    };
  }

  restore(state: Json): void {
    const { offsets, at, seen, first, offences } = state as unknown as State;
    this.#offsets = [...offsets];
    this.#at = at;
    this.#seen = seen;
    this.#first = first ?? undefined;
    if (offences !== undefined) this.#offences.restore(offences);
  }

  /** Milliseconds the target is ahead; 0 before any answer. */
  get offset(): number {
    const sorted = this.#offsets.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  verdict(): MonitorVerdict {
    const { name } = this;
    if (this.#seen === 0) return { name, outcome: "idle", reason: "no answer carried a time", offences: 0 };
    const reason = `the target's clock is ${aheadText(this.offset)}`;
    if (this.#offences.count === 0 && Math.abs(this.offset) > MAX_OFFSET_MS) {
      return { name, outcome: "inconclusive", reason: `${reason}: one of them is wrong`, offences: 0 };
    }
    return this.#offences.verdict(name, this.#seen, reason);
  }

  #look(at: number): void {
    const { offset } = this;
    const first = this.#first ??= offset;
    if (Math.abs(offset - first) <= MAX_OFFSET_MS) return;
    this.#offences.add(at, `the target's clock moved: it was ${aheadText(first)}, and is ${aheadText(offset)}`);
    this.#first = offset;
  }
}

function aheadText(offset: number): string {
  return `${Math.abs(Math.round(offset))} ms ${offset < 0 ? "behind" : "ahead of"} ours`;
}
