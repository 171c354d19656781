/** Counters of the target's own metrics only grow; a restart may set them back (Prometheus data model, counters). */

import type { Json } from "../../src/protocol/mod.ts";
import { type Monitor, type MonitorVerdict, type Observation, Offences } from "../observation.ts";

/** See the module comment. */
export class CounterMonitor implements Monitor {
  readonly name = "counters";
  readonly #offences: Offences;
  #counters = 0;
  #readings = 0;

  /** @param interrupted Whether a stretch of run milliseconds touches a declared gap. */
  constructor(startedAt: number, private readonly interrupted: (from: number, to: number) => boolean) {
    this.#offences = new Offences(startedAt);
  }

  observe(observation: Observation): void {
    if (observation.kind !== "metrics") return;
    const { at, since, counters, fallen } = observation;
    this.#readings++;
    this.#counters = Math.max(this.#counters, counters);
    if (this.interrupted(since, at)) return;
    for (const { key, before, after } of fallen) {
      this.#offences.add(at, `the counter ${key} fell from ${before} to ${after}`);
    }
  }

  state(): Json {
    return { counters: this.#counters, readings: this.#readings, offences: this.#offences.state() };
  }

  restore(stored: Json): void {
    const { counters, readings, offences } = stored as { counters: number; readings: number; offences: Json };
    this.#counters = counters;
    this.#readings = readings;
    this.#offences.restore(offences);
  }

  verdict(): MonitorVerdict {
    const text = `${this.#counters} counters of the target read ${this.#readings} times, none fell`;
    return this.#offences.verdict(this.name, this.#counters, text);
  }
}
