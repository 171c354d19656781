/** Streams are whole: exactly one terminal frame, nothing after it, no break (wire-format.md section 7). */

import type { Json } from "../../src/protocol/mod.ts";
import { type Monitor, type MonitorVerdict, type Observation, Offences } from "../observation.ts";

/** Capabilities the load calls as streams. */
const STREAMING: readonly string[] = ["llm.chat", "file.read"];

/** See the module comment. Breaks during a declared interruption are the interruption's. */
export class StreamMonitor implements Monitor {
  readonly name = "streams";
  readonly #offences: Offences;
  #streams = 0;

  constructor(private readonly interrupted: (from: number, to: number) => boolean, startedAt: number) {
    this.#offences = new Offences(startedAt);
  }

  state(): Json {
    return { streams: this.#streams, offences: this.#offences.state() };
  }

  restore(state: Json): void {
    const { streams, offences } = state as { streams: number; offences: Json };
    this.#streams = streams;
    this.#offences.restore(offences);
  }

  observe(observation: Observation): void {
    if (observation.kind !== "call" || !STREAMING.includes(observation.capability)) return;
    const { streamProblem, capability, code, started, ended } = observation;
    if (streamProblem === undefined) {
      if (code === "ok") this.#streams++;
      return;
    }
    if (this.interrupted(started, ended)) return;
    this.#streams++;
    this.#offences.add(ended, `a stream of ${capability} ${streamProblem}`);
  }

  verdict(): MonitorVerdict {
    return this.#offences.verdict(this.name, this.#streams, `${this.#streams} streams, all with one terminal frame`);
  }
}
