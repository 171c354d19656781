/**
 * Which requirement a place of an answer belongs to, found in the wording of the catalogue: the names of the place are
 * looked for in what requirements say, rare names counting more. A proposal where the traffic itself states no law.
 */

import type { Finding } from "./finding.ts";
import type { Judgement } from "./judge.ts";

/** What is needed of a requirement. */
export interface KnownRequirement {
  readonly id: string;
  readonly section: string;
  readonly says: string;
  readonly observe?: string;
  readonly fault?: string;
  readonly needs: readonly string[];
}

/** How much a mention counts by where it stands. */
const WEIGHTS = { says: 1, observe: 0.4, fault: 0.5 } as const;
/** How much a name of a place counts by its part in it. */
const PART = { last: 3, parent: 1, capability: 2, family: 0.6, said: 1.2, value: 0.3, origin: 0.7 } as const;
/** Evidence below which nothing is proposed: about one rare name where it matters. */
const LEAST_SCORE = 6;
/** How far length matters (the `b` of BM25, Robertson and Zaragoza 2009, section 3.2). */
const LENGTH_SHARE = 0.75;
/** Requirements that hold for a whole answer: a more particular one is better where the wording names it. */
const GENERAL: readonly string[] = [
  "IDN-002",
  "IDN-011",
  "IDN-025",
  "IDN-030",
  "EVT-004",
  "MKT-017",
  "MKT-044",
  "TRN-001",
  "TRN-040",
  "BUS-029",
];
/** Sections that speak of an endpoint. */
const ENDPOINTS: readonly (readonly [address: RegExp, words: readonly string[], section: string])[] = [
  [/^GET \/manifest$/, ["manifest"], "core/identity"],
  [/^GET \/community\/manifest$/, ["community", "manifest"], "core/identity"],
  [/sync\/v1/, ["sync", "push", "event"], "core/events"],
  [/pubsub/, ["topic", "subscribe"], "services/market"],
  [/metrics/, ["metrics"], "operability"],
];
/** Characters of the values that are looked at. */
const MAX_VALUES = 120;
const WORD = /[a-z0-9_]+(?:\.[a-z0-9_]+)*/g;

interface Indexed {
  readonly id: string;
  readonly section: string;
  readonly needs: ReadonlySet<string>;
  readonly words: ReadonlyMap<string, number>;
  /** What a mention counts here: requirements that list everything say little of each. */
  readonly brevity: number;
}

/** See the module comment. */
export class LawFinder {
  readonly #all: readonly Indexed[];
  readonly #rarity = new Map<string, number>();
  readonly #words = new Map<string, string>();
  /** Sections by the first word of the capabilities they need. */
  readonly #homes = new Map<string, Set<string>>();

  constructor(requirements: readonly KnownRequirement[]) {
    for (const { id, says } of requirements) this.#words.set(id, says);
    const lengths = requirements.map(({ says }) => new Set(says.toLowerCase().match(WORD) ?? []).size);
    const average = lengths.reduce((sum, one) => sum + one, 0) / Math.max(1, lengths.length);
    this.#all = requirements.map((one, index) => ({
      id: one.id,
      section: one.section,
      needs: new Set(one.needs),
      words: wordsOf(one),
      brevity: 1 / (1 - LENGTH_SHARE + LENGTH_SHARE * (lengths[index] ?? average) / average),
    }));
    for (const { needs, section } of this.#all) {
      // What is experimental borrows the capabilities of others.
      if (section.startsWith("experimental")) continue;
      for (const [, family = ""] of [...needs].map((need) => /^capability:([a-z0-9_]+)\./.exec(need) ?? [])) {
        this.#homes.set(family, (this.#homes.get(family) ?? new Set()).add(section));
      }
    }
    const documents = new Map<string, number>();
    for (const { words } of this.#all) {
      for (const word of words.keys()) documents.set(word, (documents.get(word) ?? 0) + 1);
    }
    for (const [word, count] of documents) this.#rarity.set(word, Math.log(this.#all.length / count));
  }

  /** The words of a requirement; undefined if the catalogue has none of that name. */
  says(id: string): string | undefined {
    return this.#words.get(id);
  }

  /** The requirement a difference is put down to: what the traffic stated, unless that is general or nothing. */
  name(finding: Finding, origin: string, judged: Judgement, stated: boolean): string | undefined {
    const { requirement, supports } = judged;
    const particular = requirement !== undefined && !GENERAL.includes(requirement);
    if (supports !== "undecided" || (particular && !stated)) return requirement;
    return this.find(finding, origin) ?? requirement;
  }

  /** The requirement that speaks of the place most clearly; undefined if none does. */
  find(finding: Pick<Finding, "address" | "path" | "left" | "right">, origin: string): string | undefined {
    const query = this.#query(finding, origin);
    const { address } = finding;
    const endpoint = ENDPOINTS.find(([pattern]) => pattern.test(address));
    let best: { readonly id: string; readonly score: number } | undefined;
    const homes = this.#homes.get(address.split(".")[0] ?? "");
    for (const { id, section, needs, words, brevity } of this.#all) {
      // Core holds for every answer; other sections speak of their own capabilities only.
      if (!section.startsWith("core/") && homes?.has(section) !== true && endpoint?.[2] !== section) continue;
      let score = 0;
      for (const [word, weight] of query) score += (words.get(word) ?? 0) * weight * (this.#rarity.get(word) ?? 0);
      score *= brevity;
      if (needs.has(`capability:${address}`)) score += PART.capability;
      if (endpoint !== undefined && section === endpoint[2]) score += PART.capability;
      if (score > (best?.score ?? LEAST_SCORE)) best = { id, score };
    }
    return best?.id;
  }

  #query({ address, path, left, right }: Pick<Finding, "address" | "path" | "left" | "right">, origin: string) {
    const query = new Map<string, number>();
    const add = (text: string, weight: number) => {
      for (const [word] of text.toLowerCase().matchAll(WORD)) query.set(word, Math.max(weight, query.get(word) ?? 0));
    };
    const names = path.split(/[.[\]{},"= ]+/).filter((name) => name !== "");
    add(names.at(-1) ?? "", PART.last);
    for (const name of names.slice(0, -1)) add(name, PART.parent);
    if (address.includes(".") && !address.includes(" ")) {
      add(address, PART.capability);
      for (const part of address.split(".")) add(part, PART.family);
    }
    for (const [pattern, words] of ENDPOINTS) {
      if (pattern.test(address)) { for (const word of words) add(word, PART.parent); }
    }
    // Status and code that the sides answered with: `401 unauthorized`; names of frames.
    if (["status", "error", "frames", "enrolment"].includes(path)) add(`${left} ${right}`, PART.said);
    else add(`${left} ${right}`.slice(0, MAX_VALUES), PART.value);
    add(origin.replace(/[/-]/g, " "), PART.origin);
    return query;
  }
}

function wordsOf(requirement: KnownRequirement): Map<string, number> {
  const words = new Map<string, number>();
  for (const [part, weight] of Object.entries(WEIGHTS) as [keyof typeof WEIGHTS, number][]) {
    for (const [word] of (requirement[part] ?? "").toLowerCase().matchAll(WORD)) {
      words.set(word, Math.max(weight, words.get(word) ?? 0));
      // `payload.exp` speaks of `exp` too.
      for (const piece of word.split(".")) words.set(piece, Math.max(weight, words.get(piece) ?? 0));
    }
  }
  return words;
}
