/** Which counters of two sides must agree, given what happened before: some depend on the moment or on a pace. */

import { isObject, type JsonObject } from "../src/protocol/mod.ts";
import { bothLimited } from "./bursts.ts";
import type { Sink } from "./compare_values.ts";
import type { Observation } from "./observation.ts";
import { addressOf, AT_REST, type PlannedStep } from "./plan.ts";

/** Gauges that are the same for all once everything has ended. */
const GAUGES = /^metrics\.hearthnet_(active_streams|llm_concurrent)\b/;
/** It also counts what was generated until a cancellation arrived, so that only what comes on top can be compared. */
const TOKENS = "hearthnet_llm_tokens_generated_total";
const LIMITED = "hearthnet_rate_limited_total";
/** Times taken are another unit, not another machine, from this factor on… */
const UNIT_FACTOR = 100;
/** …if the larger one is at least so many milliseconds. */
const UNIT_LEAST_MS = 100;

/** Watches steps, then judges readings of `/metrics`. */
export class CounterWatch {
  /** Capabilities with bursts or cancelled calls: how many of those count as what depends on the moment. */
  readonly #uncertain = new Set<string>();
  /** Capabilities of which both sides refused calls for being too many. */
  readonly #limited = new Set<string>();
  /** Left minus right of the tokens at the last reading at rest. */
  #tokens: ReadonlyMap<string, number> | undefined;

  /** Whether any results depend on the moment by now. */
  get uncertain(): boolean {
    return this.#uncertain.size > 0;
  }

  /** Notes what a step makes uncertain. */
  note({ step }: PlannedStep, left: Observation, right: Observation): void {
    const names = capabilitiesOf(step);
    if (!["cancel_after", "repeat", "parallel"].some((name) => name in step)) return;
    this.#tokens = undefined;
    for (const name of names) this.#uncertain.add(name);
    if (names.length === 1 && bothLimited(left, right)) this.#limited.add(names[0] ?? "");
  }

  /** Whether a difference at this place of a reading says anything. */
  counts(path: string, { origin }: PlannedStep): boolean {
    if (!path.startsWith("metrics.")) return true;
    if (path.startsWith(`metrics.${TOKENS}`)) return false;
    if (GAUGES.test(path)) return origin === AT_REST;
    const capability = /capability="([^"]*)"/.exec(path)?.[1];
    return capability === undefined || !this.#uncertain.has(capability);
  }

  /** Reports what can be told of counters that {@linkcode counts} leaves out. */
  compare(planned: PlannedStep, left: Observation, right: Observation, sink: Sink): void {
    for (const [name, a] of left.sums ?? []) {
      const b = right.sums?.get(name);
      if (b === undefined || Math.max(a, b) < UNIT_LEAST_MS || Math.max(a, b) < Math.min(a, b) * UNIT_FACTOR) continue;
      sink("semantic", `metrics.${name}`, String(Math.round(a)), String(Math.round(b)), false);
    }
    const [a, b] = [samplesOf(left), samplesOf(right)];
    if (a === undefined || b === undefined) return;
    for (const name of this.#limited) {
      const [one, other] = [a, b].map((samples) => counted(samples, name) ? "counted" : "not counted");
      if (one !== other) sink("semantic", `metrics.${LIMITED}{capability="${name}"}`, `${one}`, `${other}`, false);
    }
    if (planned.origin === AT_REST) this.#increments(a, b, sink);
  }

  #increments(a: JsonObject, b: JsonObject, sink: Sink): void {
    const names = new Set([a, b].flatMap((one) => Object.keys(one)).filter((name) => name.startsWith(TOKENS)));
    const before = this.#tokens;
    const now = new Map([...names].map((name) => [name, Number(a[name] ?? 0) - Number(b[name] ?? 0)]));
    this.#tokens = now;
    if (before === undefined) return;
    for (const [name, apart] of now) {
      if (apart === (before.get(name) ?? 0)) continue;
      sink("semantic", `metrics.${name}`, `${a[name] ?? "absent"}`, `${b[name] ?? "absent"}`, false);
    }
  }
}

function capabilitiesOf(step: PlannedStep["step"]): readonly string[] {
  if (step.do !== "call" || step.names === undefined) return [addressOf(step)];
  return Array.from({ length: step.names }, (_, index) => `${step.capability}_${index}`);
}

function samplesOf({ value }: Observation): JsonObject | undefined {
  return isObject(value) && isObject(value.metrics) ? value.metrics : undefined;
}

function counted(samples: JsonObject, capability: string): boolean {
  return Object.entries(samples).some(([name, value]) =>
    name.startsWith(`${LIMITED}{`) && name.includes(`capability="${capability}"`) && Number(value) > 0
  );
}
