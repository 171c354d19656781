/** What templates draw from: fast-check for values, names learned so far, and actors within their rate budgets. */

import * as fc from "fast-check";
import { type JsonObject, Random } from "../../src/protocol/mod.ts";
import type { ActorLevel, VectorStep } from "../../src/runner/vector_steps.ts";
import type { Cast, PlannedStep, StepLaw } from "../plan.ts";

/** What both sides offer, as templates need to know it. */
export interface Offer {
  /** Capability names both sides advertise. */
  readonly capabilities: ReadonlySet<string>;
  /** A model of embed.text, llm.chat by capability name. */
  readonly models: ReadonlyMap<string, string>;
  /** Another model by capability name, where the first target has one. */
  readonly otherModels: ReadonlyMap<string, string>;
  /** Versions both sides advertise, as `llm.chat@2.0`. */
  readonly versions: ReadonlySet<string>;
  readonly websocket: boolean;
  readonly sync: boolean;
  readonly pubsub: boolean;
  /** Every side has a second node, and what the two gossip passes through proxies of the tester. */
  readonly gossip?: boolean;
}

/** A kind of traffic. One line in an index adds it. */
export interface Template {
  /** `market.post/valid`; profiles weigh and exclude by it (profile_default.yaml). */
  readonly name: string;
  /** Capability that has to be offered. */
  readonly needs?: string;
  /** Other things that have to be there. */
  readonly when?: (offer: Offer) => boolean;
  /** The steps; undefined when nothing suitable was learned yet. */
  readonly make: (draw: Draw) => readonly PlannedStep[] | undefined;
}

/** Options of a drawn call besides its input. */
export type CallParts = Omit<Extract<VectorStep, { do: "call" }>, "do" | "as" | "capability" | "input">;

/** Calls one identity makes of one capability: a budget refills by ten a second, so ten at once are safe. */
const CALLS_PER_ACTOR = 9;
/** Names kept per kind; older ones are still reachable for duplicates and late references by chance. */
const MAX_KNOWN = 200;

/** Without the bias towards small values that fast-check has by default: the kinds in the middle count as much. */
const UNIFORM = fc.noBias(fc.nat({ max: 0x7fff_ffff }));
/** Values generated at a time: one by one they cost a second for a plan of 500 steps. */
const BATCH = 4096;
/** Spreads the seeds of the batches over all 32 bits (the golden ratio times 2^32). */
const SPREAD = 0x9e3779b9;

/** Multiples of the golden ratio lie evenly on a circle: any three seeds in a row begin far apart. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** First letter of the actors that exhaust a budget. */
export const BURSTER = "b";

/** See the module comment. */
export class Draw {
  #batch: readonly number[] = [];
  #batches = 0;
  #at = 0;
  readonly #known = new Map<string, string[]>();
  readonly #calls = new Map<string, number>();
  readonly #decks = new Map<string, number[]>();
  #counter = 0;
  #turn = 0;
  #site = "";
  #place = 0;

  constructor(private readonly seed: number, readonly cast: Cast, readonly offer: Offer) {}

  #value(): number {
    if (this.#at >= this.#batch.length) {
      // fast-check takes 32-bit seeds.
      const seed = (this.seed ^ Math.imul(this.#batches++, SPREAD)) | 0;
      this.#batch = fc.sample(UNIFORM, { seed, numRuns: BATCH });
      this.#at = 0;
    }
    return this.#batch[this.#at++] ?? 0;
  }

  /** An integer of the range, both ends included. */
  int(min: number, max: number): number {
    return min + this.#value() % (max - min + 1);
  }

  /** One of the items, each as likely as the others. */
  any<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)] as T;
  }

  /** Tells which template draws next: {@linkcode Draw.pick} goes through what it offers there. */
  enter(template: string): void {
    this.#site = template;
    this.#place = 0;
  }

  /**
   * One of the items; at one place of a template none comes twice before all have come, and seeds that follow each
   * other begin at different places, so that a few short runs meet together what one long run would.
   */
  pick<T>(items: readonly T[]): T {
    const key = `${this.#site} ${this.#place++} ${items.length}`;
    let deck = this.#decks.get(key);
    if (deck === undefined) deck = this.begun(items.map((_, index) => index), key);
    else if (deck.length === 0) deck = this.shuffled(items.map((_, index) => index));
    this.#decks.set(key, deck);
    return items[deck.pop() ?? 0] as T;
  }

  /** The items in an order that belongs to the place, begun where the seed says. */
  begun<T>(items: readonly T[], place: string): T[] {
    const random = new Random("order", place);
    const order = [...items];
    for (let last = order.length - 1; last > 0; last--) {
      const at = random.below(last + 1);
      [order[last], order[at]] = [order[at] as T, order[last] as T];
    }
    const start = Math.floor((Math.abs(this.seed) * GOLDEN) % 1 * order.length);
    return [...order.slice(start), ...order.slice(0, start)].reverse();
  }

  /** The items in a random order. */
  shuffled<T>(items: readonly T[]): T[] {
    const mixed = [...items];
    for (let last = mixed.length - 1; last > 0; last--) {
      const at = this.int(0, last);
      [mixed[last], mixed[at]] = [mixed[at] as T, mixed[last] as T];
    }
    return mixed;
  }

  /** True once in so many draws at one place of a template. */
  once(outOf: number): boolean {
    return this.pick(Array.from({ length: outOf }, (_, index) => index)) === 0;
  }

  /** Words with accents, emoji and characters that escape. */
  text(): string {
    return Array.from({ length: this.int(1, 6) }, () => this.any(WORDS)).join(" ");
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
    return names.length === 0 ? undefined : this.any(names);
  }

  /** Actors that may exhaust a budget. */
  bursters(): string[] {
    return Object.keys(this.cast).filter((name) => name.startsWith(BURSTER));
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
    const [name = "", note = ""] = this.any(list).split("|");
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
