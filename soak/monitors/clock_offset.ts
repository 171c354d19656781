/** How far the target's clock is ahead of ours. Reported, and used to read its timestamps; no offence by itself. */

import type { Json } from "../../src/protocol/mod.ts";
import type { Monitor, MonitorVerdict, Observation } from "../observation.ts";

/** Answers carry whole seconds: half of one is the expected rounding. */
const ROUNDING_MS = 500;
/** Offsets kept; the median of the latest ones is the estimate. */
const KEPT = 101;

/** See the module comment. */
export class ClockMonitor implements Monitor {
  readonly name = "clock";
  #offsets: number[] = [];
  #at = 0;
  #seen = 0;

  /** @param interrupted Whether a stretch touches a declared fault: our clock may be wrong on purpose then. */
  constructor(private readonly interrupted: (from: number, to: number) => boolean = () => false) {}

  observe(observation: Observation): void {
    if (observation.kind !== "call" || observation.clocks === undefined) return;
    if (this.interrupted(observation.started, observation.ended)) return;
    const { target, ours } = observation.clocks;
    this.#seen++;
    this.#offsets[this.#at++ % KEPT] = target + ROUNDING_MS - ours;
  }

  state(): Json {
    return { offsets: [...this.#offsets], at: this.#at, seen: this.#seen };
  }

  restore(state: Json): void {
    const { offsets, at, seen } = state as { offsets: number[]; at: number; seen: number };
    this.#offsets = [...offsets];
    this.#at = at;
    this.#seen = seen;
  }

  /** Milliseconds the target is ahead; 0 before any answer. */
  get offset(): number {
    const sorted = this.#offsets.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  verdict(): MonitorVerdict {
    const { name } = this;
    if (this.#seen === 0) return { name, outcome: "idle", reason: "no answer carried a time", offences: 0 };
    return {
      name,
      outcome: "sound",
      reason: `the target's clock is ${Math.round(this.offset)} ms ahead of ours`,
      offences: 0,
    };
  }
}
