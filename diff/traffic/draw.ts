/** What templates draw from: fast-check for values, names learned so far, and actors within their rate budgets. */

import * as fc from "fast-check";
import type { JsonObject } from "../../src/protocol/mod.ts";
import type { ActorLevel, VectorStep } from "../../src/runner/vector_steps.ts";
import type { Cast, PlannedStep, StepLaw } from "../plan.ts";

/** What both sides offer, as templates need to know it. */
export interface Offer {
  /** Capability names both sides advertise. */
  readonly capabilities: ReadonlySet<string>;
  /** A model of embed.text, llm.chat by capability name. */
  readonly models: ReadonlyMap<string, string>;
  readonly websocket: boolean;
  readonly sync: boolean;
  readonly pubsub: boolean;
}

/** A kind of traffic. One line in an index adds it. */
export interface Template {
  /** `market.post/valid`; profiles weigh and exclude by it. */
  readonly name: string;
  /** How often it is taken relative to the others; default 1. */
  readonly weight?: number;
  /** Capability that has to be offered. */
  readonly needs?: string;
  /** Other things that have to be there. */
  readonly when?: (offer: Offer) => boolean;
  /** The steps; undefined when nothing suitable was learned yet. */
  readonly make: (draw: Draw) => readonly PlannedStep[] | undefined;
}

/** Options of a drawn call besides its input. */
export type CallParts = Omit<Extract<VectorStep, { do: "call" }>, "do" | "as" | "capability" | "input">;

type Generator = fc.GeneratorValue;

/** Calls one identity makes of one capability: a budget refills by ten a second, so ten at once are safe. */
const CALLS_PER_ACTOR = 9;
/** Names kept per kind; older ones are still reachable for duplicates and late references by chance. */
const MAX_KNOWN = 200;

/** Without the bias towards small values that fast-check has by default: the kinds in the middle count as much. */
const uniform = (min: number, max: number) => fc.noBias(fc.integer({ min, max }));

/** First letter of the actors that exhaust a budget. */
export const BURSTER = "b";

/** See the module comment. */
export class Draw {
  readonly #g: Generator;
  readonly #known = new Map<string, string[]>();
  readonly #calls = new Map<string, number>();
  #counter = 0;
  #turn = 0;

  constructor(seed: number, readonly cast: Cast, readonly offer: Offer) {
    // fast-check takes 32-bit seeds.
    const [generator] = fc.sample(fc.gen(), { seed: seed | 0, numRuns: 1 });
    if (generator === undefined) throw new Error("Cannot generate: fast-check gave no generator");
    this.#g = generator;
  }

  /** An integer of the range, both ends included. */
  int(min: number, max: number): number {
    return this.#g(uniform, min, max);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.#g(uniform, 0, items.length - 1)] as T;
  }

  /** True once in so many draws. */
  once(outOf: number): boolean {
    return this.#g(uniform, 0, outOf - 1) === 0;
  }

  /** Words with accents, emoji and characters that escape. */
  text(): string {
    return Array.from({ length: this.int(1, 6) }, () => this.pick(WORDS)).join(" ");
  }

  /** A client id no other step has. */
  clientId(): string {
    return `c${++this.#counter}-${this.int(0, 9999)}`;
  }

  /** A lower-case word no other step has. */
  word(): string {
    return `w${++this.#counter}`;
  }

  /** An actor of a level whose budget for the capability is not used up; undefined if there is none left. */
  actor(capability: string, level: ActorLevel = "member"): string | undefined {
    const names = this.#named(level);
    for (let i = 0; i < names.length; i++) {
      const name = names[(this.#turn + i) % names.length] ?? "";
      const key = `${name} ${capability}`;
      const calls = this.#calls.get(key) ?? 0;
      if (calls >= CALLS_PER_ACTOR) continue;
      this.#calls.set(key, calls + 1);
      this.#turn += i + 1;
      return name;
    }
    return undefined;
  }

  /** Another actor of a level, for its id only. */
  other(not: string, level: ActorLevel = "member"): string | undefined {
    const names = this.#named(level).filter((name) => name !== not);
    return names.length === 0 ? undefined : this.pick(names);
  }

  /** Actors of a level; those kept for bursts are asked for by name only. */
  #named(level: ActorLevel): string[] {
    return Object.keys(this.cast).filter((name) => this.cast[name] === level && !name.startsWith(BURSTER));
  }

  /** Whether the same actor may call once more. */
  again(actor: string, capability: string): boolean {
    const key = `${actor} ${capability}`;
    const calls = this.#calls.get(key) ?? 0;
    if (calls >= CALLS_PER_ACTOR) return false;
    this.#calls.set(key, calls + 1);
    return true;
  }

  /** A new name for a learned value; `note` is kept with it. */
  save(kind: string, note = ""): string {
    const name = `${kind}${++this.#counter}`;
    const list = this.#known.get(kind) ?? [];
    list.push(`${name}|${note}`);
    if (list.length > MAX_KNOWN) list.shift();
    this.#known.set(kind, list);
    return name;
  }

  /** A name learned before, with its note. */
  known(kind: string): { readonly name: string; readonly note: string } | undefined {
    const list = this.#known.get(kind);
    if (list === undefined || list.length === 0) return undefined;
    const [name = "", note = ""] = this.pick(list).split("|");
    return { name, note };
  }
}

/** A call step. */
export function call(
  origin: string,
  as: string,
  capability: string,
  input: JsonObject,
  law?: StepLaw,
  parts: CallParts = {},
): PlannedStep {
  return planned(origin, {
    do: "call",
    as,
    capability,
    ...(parts.body === undefined ? { input: structuredClone(input) } : {}),
    ...parts,
  }, law);
}

/** Any step. */
export function planned(origin: string, step: VectorStep, law?: StepLaw): PlannedStep {
  return { origin, step, ...(law === undefined ? {} : { law }) };
}

/** The law that a call succeeds. */
export function succeeds(requirement: string): StepLaw {
  return { requirement, status: [200] };
}

/** The law that a call is refused; the codes are alternatives. */
export function refused(requirement: string, status: number, ...error: string[]): StepLaw {
  return { requirement, status: [status], error };
}

/** Codes for bad bodies, which are interchangeable (spec README, ambiguity 7). */
export const BAD = ["bad_request", "schema_mismatch"];

const WORDS = [
  "hearth",
  "Brücke",
  "well",
  "🔥",
  "line\nbreak",
  '"quoted"',
  "back\\slash",
  "tab\there",
  "é",
  "e\u0301",
  "Z",
  "a/b",
  "日本",
  "firewood",
  "borrow",
  "ladder",
];

/** A law or none. */
export type StepLawLike = StepLaw | undefined;
