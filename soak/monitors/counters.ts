/** Counters of the target's own metrics only grow; a restart may set them back (Prometheus data model, counters). */

import type { Json } from "../../src/protocol/mod.ts";
import { type MetricsRead, type Monitor, type MonitorVerdict, type Observation, Offences } from "../observation.ts";

/** Counters followed; a target may name any number of them. */
const MAX_COUNTERS = 500;

/** See the module comment. */
export class CounterMonitor implements Monitor {
  readonly name = "counters";
  readonly #last = new Map<string, number>();
  readonly #offences: Offences;
  #readings = 0;
  #at = 0;

  /** @param interrupted Whether a stretch of run milliseconds touches a declared gap. */
  constructor(startedAt: number, private readonly interrupted: (from: number, to: number) => boolean) {
    this.#offences = new Offences(startedAt);
  }

  observe(observation: Observation): void {
    if (observation.kind === "metrics") this.#read(observation);
  }

  state(): Json {
    return { last: [...this.#last], readings: this.#readings, at: this.#at, offences: this.#offences.state() };
  }

  restore(stored: Json): void {
    const { last, readings, at, offences } = stored as unknown as {
      readonly last: readonly (readonly [string, number])[];
      readonly readings: number;
      readonly at: number;
      readonly offences: Json;
    };
    for (const [key, value] of last) this.#last.set(key, value);
    this.#readings = readings;
    this.#at = at;
    this.#offences.restore(offences);
  }

  verdict(): MonitorVerdict {
    const text = `${this.#last.size} counters of the target read ${this.#readings} times, none fell`;
    return this.#offences.verdict(this.name, this.#last.size, text);
  }

  #read({ at, counters }: MetricsRead): void {
    // After a restart counters begin again, and some only appear when they are counted for the first time.
    if (this.interrupted(this.#at, at)) this.#last.clear();
    this.#at = at;
    this.#readings++;
    for (const [key, value] of Object.entries(counters)) {
      const before = this.#last.get(key);
      if (before === undefined && this.#last.size >= MAX_COUNTERS) continue;
      this.#last.set(key, value);
      if (before !== undefined && value < before) {
        this.#offences.add(at, `the counter ${key} fell from ${before} to ${value}`);
      }
    }
  }
}
