/**
 * Restarts that nobody declared: the uptime of the manifest goes back, or the process is another one. And a target that
 * does not come up again after a restart that was declared.
 */

import { isObject, type Json } from "../../src/protocol/mod.ts";
import { type Monitor, type MonitorVerdict, type Observation, Offences } from "../observation.ts";

/** Uptimes have whole seconds. */
const ROUNDING_S = 1;

/** See the module comment. */
export class RestartMonitor implements Monitor {
  readonly name = "restarts";
  readonly #offences: Offences;
  #uptime: number | undefined;
  #started: number | undefined;
  #uptimeAt = 0;
  #startedAt = 0;
  #looks = 0;
  #declared = 0;

  /** @param interrupted Whether a stretch of run milliseconds touches a declared gap. */
  constructor(startedAt: number, private readonly interrupted: (from: number, to: number) => boolean) {
    this.#offences = new Offences(startedAt);
  }

  observe(observation: Observation): void {
    if (observation.kind === "manifest" && isObject(observation.manifest)) {
      const { uptime_seconds: uptime } = observation.manifest;
      if (typeof uptime !== "number" || !Number.isFinite(uptime)) return;
      const before = this.#uptime;
      if (before !== undefined && uptime < before - ROUNDING_S) {
        this.#restarted(this.#uptimeAt, observation.at, `its uptime fell from ${before} s to ${uptime} s`);
      }
      this.#uptime = uptime;
      this.#uptimeAt = observation.at;
      this.#looks++;
    } else if (observation.kind === "sample" && observation.series === "process.started") {
      const before = this.#started;
      if (before !== undefined && observation.value !== before) {
        this.#restarted(this.#startedAt, observation.at, "its process is another one");
      }
      this.#started = observation.value;
      this.#startedAt = observation.at;
      this.#looks++;
    } else if (observation.kind === "not-back") {
      this.#looks++;
      this.#offences.add(observation.at, `the target did not come up again: ${observation.why}`);
    }
  }

  state(): Json {
    return {
      uptime: this.#uptime ?? null,
      started: this.#started ?? null,
      at: [this.#uptimeAt, this.#startedAt],
      looks: this.#looks,
      declared: this.#declared,
      offences: this.#offences.state(),
    };
  }

  restore(stored: Json): void {
    const { uptime, started, at, looks, declared, offences } = stored as unknown as {
      readonly uptime: number | null;
      readonly started: number | null;
      readonly at: readonly number[];
      readonly looks: number;
      readonly declared: number;
      readonly offences: Json;
    };
    this.#uptime = uptime ?? undefined;
    this.#started = started ?? undefined;
    [this.#uptimeAt = 0, this.#startedAt = 0] = at;
    this.#looks = looks;
    this.#declared = declared;
    this.#offences.restore(offences);
  }

  verdict(): MonitorVerdict {
    const declared = this.#declared === 0 ? "" : `, only those that were declared (seen ${this.#declared} times)`;
    return this.#offences.verdict(this.name, this.#looks, `no restart in ${this.#looks} looks${declared}`);
  }

  #restarted(from: number, to: number, how: string): void {
    if (this.interrupted(from, to)) this.#declared++;
    else this.#offences.add(to, `the target was restarted, which nobody declared: ${how}`);
  }
}
