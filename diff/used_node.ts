/**
 * Comparing nodes that were in use before (design.md "Target": endpoints have no reset). What was there is noted and left
 * out of every answer, positions of the log count from where it stood, files get a content and corpora a name of their
 * own.
 */

import {
  base64url,
  blobShape,
  canonicalize,
  chunksOf,
  isNodeId,
  isObject,
  type Json,
  type JsonObject,
  manifestCid,
  Random,
  tryParseJson,
  ulid,
  utf8,
} from "../src/protocol/mod.ts";
import { formOf } from "../src/protocol/forms.ts";
import type { StepPerformer, VectorStep } from "../src/runner/vector_steps.ts";
import { addressOf, type Cast } from "./plan.ts";

/** Members that hold a position of the log. */
const POSITIONS: readonly string[] = ["since_lamport", "our_head"];
/** Member that tells the highest position of a view. */
const HIGHEST = "max_lamport";
/** Lists that start at the beginning of the log unless told otherwise. */
const LISTS: readonly string[] = ["market.list", "chat.history"];
/** What only says how a node was used, by everyone: nothing in it can be told apart. */
const OF_EVERYONE = /^\/(metrics|trace\/recent)(\?|$)/;
/** Implementations are announced again and again under one name. */
const CALLS_OF_EVERYONE: readonly string[] = ["protocol.registry.list"];
/** Members that name the thing a list item stands for. */
const KEYS: readonly string[] = ["event_id", "cid", "name", "node_id", "corpus"];
/** Items of one answer that are remembered. */
const MAX_ITEMS = 100_000;

/** Members that name corpora, and the names that mean the same everywhere (wire-format.md section 13). */
const CORPORA: readonly string[] = ["corpus", "corpora"];
/** Member that holds a part of a file. */
const DATA = "data_b64";
const FIXED_CORPORA: readonly string[] = ["personal", "system"];
/** Letters that make the name of a corpus the run's own: two runs share one with a chance of 1 in 10^9. */
const CORPUS_MARK_LETTERS = 6;

/** What a node held before the first step. */
export class Before {
  /** Highest position of its log. */
  head = 0;
  /** Events of its log. */
  count = 0;
  readonly #items = new Set<string>();

  /** The document of `/sync/v1/heads` counted from where the log stood; `head` itself is compared as a position. */
  counted(heads: Json): Json {
    if (!isObject(heads)) return heads;
    return Object.fromEntries(
      Object.entries(heads).map(([name, value]) => {
        if (name === "event_count" && typeof value === "number") return [name, value - this.count];
        if (isNodeId(name) && typeof value === "number") return [name, value - this.head];
        if (name !== "heads_by_type" || !isObject(value)) return [name, value];
        const since = Object.entries(value).flatMap(([type, at]): [string, Json][] =>
          typeof at !== "number" ? [[type, at]] : at > this.head ? [[type, at - this.head]] : []
        );
        return [name, Object.fromEntries(since)];
      }),
    );
  }

  /** Notes every item of every list. */
  note(value: Json | undefined): void {
    if (Array.isArray(value)) { for (const item of value) this.#note(item); }
    if (typeof value !== "object" || value === null) return;
    for (const inside of Array.isArray(value) ? value : Object.values(value)) this.note(inside);
  }

  /** The value without list items that were there before. */
  without(value: Json): Json {
    if (Array.isArray(value)) {
      return value.filter((item) => !this.#items.has(keyOf(item))).map((item) => this.without(item));
    }
    if (!isObject(value)) return value;
    // The highest position of a view without anything new is where the log stood.
    const own = (name: string, item: Json) =>
      name === HIGHEST && typeof item === "number" ? Math.max(item, this.head) : this.without(item);
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, own(name, item)]));
  }

  /** Notes the corpora of an answer, which capabilities name too. */
  noteCorpora(value: Json | undefined): void {
    const output = isObject(value) ? value.output : undefined;
    const corpora = isObject(output) && Array.isArray(output.corpora) ? output.corpora : [];
    for (const { name } of corpora.filter(isObject)) {
      if (this.#items.size < MAX_ITEMS && typeof name === "string") this.#items.add(corpusKey(name));
    }
  }

  #note(item: Json): void {
    // Words, numbers and truth values name nothing.
    const named = typeof item === "string" ? formOf(item) !== undefined : isObject(item);
    if (named && this.#items.size < MAX_ITEMS) this.#items.add(keyOf(item));
  }
}

const corpusKey = (name: string) => `corpus ${name}`;

function keyOf(item: Json): string {
  if (!isObject(item)) return typeof item === "string" ? `text ${item}` : "";
  if (isObject(item.params) && typeof item.params.corpus === "string") return corpusKey(item.params.corpus);
  const name = KEYS.find((key) => typeof item[key] === "string");
  return name === undefined ? canonicalize(item) : `${name} ${item[name]}`;
}

/** Reads what can be read of a node without leaving anything but the membership of one actor. */
export async function readBefore(
  performer: StepPerformer,
  cast: Cast,
  capabilities: readonly string[],
): Promise<Before> {
  const before = new Before();
  const read = async (step: VectorStep) => {
    try {
      return tryParseJson((await performer.take(step)).answer.body);
    } catch {
      // An actor that cannot be had reads nothing; the steps will tell.
      return undefined;
    }
  };
  before.note(await read({ do: "http", method: "GET", path: "/community/manifest" }));
  const reader = Object.keys(cast).find((name) => cast[name] === "member");
  const calls: readonly (readonly [string, JsonObject])[] = [
    ["market.list", { limit: 500 }],
    ["file.list", {}],
    ["rag.list_corpora", {}],
  ];
  for (const [capability, input] of calls) {
    if (reader === undefined || !capabilities.includes(capability)) continue;
    const answer = await read({ do: "call", as: reader, capability, input });
    before.note(answer);
    if (capability === "rag.list_corpora") before.noteCorpora(answer);
  }
  // Last: a node may begin its log when somebody joins.
  const heads = await read({ do: "http", method: "GET", path: "/sync/v1/heads" });
  if (isObject(heads)) {
    const positions = [heads.head, heads[String(performer.learned.get("community_id"))]];
    before.head = positions.find((head) => typeof head === "number") ?? 0;
    before.count = typeof heads.event_count === "number" ? heads.event_count : 0;
  }
  return before;
}

/** Makes steps fit a node in use: positions from its head, files and corpora that no run had before. */
export class Fitting {
  readonly #mark: string;
  /** Names of contents and corpora as the plan has them -> as they are here. */
  readonly #names = new Map<string, string>();
  /** Corpora as they are called here -> as the plan has them. */
  readonly #corpora = new Map<string, string>();

  /** `salt` is the same for both sides of a run and differs between runs. */
  constructor(private readonly head: number, salt: string) {
    // A name, so that the texts of two runs are equal up to renaming.
    this.#mark = ulid(0, new Random(0, "content", salt));
  }

  /** The step for this node. */
  step(step: VectorStep): VectorStep {
    // A recorded step is fitted where its names are replaced.
    if (step.do === "recorded") return step;
    const shifted = this.#shifted(step as unknown as Json) as unknown as VectorStep;
    const fitted = shifted.do === "call" ? this.#call(shifted) : shifted;
    this.#nameCorpora(fitted as unknown as Json);
    return this.#named(fitted as unknown as Json) as unknown as VectorStep;
  }

  /** An answer with corpora and contents as any run would see them, so that two can be held against each other. */
  answer(value: Json, name = ""): Json {
    if (typeof value === "string") return name === DATA ? this.#unmarked(value) : this.#corpora.get(value) ?? value;
    if (Array.isArray(value)) return value.map((item) => this.answer(item, name));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.answer(item, key)]));
  }

  /** A part of a file; the first one begins with the mark. */
  #unmarked(data: string): string {
    // With the space after it the mark has a multiple of three bytes, so that its letters are its own.
    const mark = base64url(utf8(`${this.#mark} `));
    return data.startsWith(mark) ? "A".repeat(mark.length) + data.slice(mark.length) : data;
  }

  #nameCorpora(value: Json, name = ""): void {
    if (typeof value === "string") {
      if (!CORPORA.includes(name) || value === "" || FIXED_CORPORA.includes(value) || this.#names.has(value)) return;
      const own = `${value}-${this.#mark.slice(-CORPUS_MARK_LETTERS).toLowerCase()}`;
      this.#names.set(value, own);
      this.#corpora.set(own, value);
    } else if (Array.isArray(value)) value.forEach((item) => this.#nameCorpora(item, name));
    else if (isObject(value)) { for (const [key, item] of Object.entries(value)) this.#nameCorpora(item, key); }
  }

  #call(step: Extract<VectorStep, { do: "call" }>): VectorStep {
    const { capability, input } = step;
    if (LISTS.includes(capability) && input !== undefined && input.since_lamport === undefined) {
      return { ...step, input: { ...input, since_lamport: this.head } };
    }
    if (capability !== "file.put" || input === undefined) return step;
    return { ...step, input: this.#own(input) };
  }

  #shifted(value: Json, name = ""): Json {
    if (typeof value === "number") return POSITIONS.includes(name) && value >= 0 ? value + this.head : value;
    if (Array.isArray(value)) return value.map((item) => this.#shifted(item));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#shifted(item, key)]));
  }

  #named(value: Json): Json {
    if (typeof value === "string") return this.#names.get(value) ?? value;
    if (Array.isArray(value)) return value.map((item) => this.#named(item));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#named(item)]));
  }

  /** An upload with the mark of the run before its content; spoiled ones stay as they are. */
  #own(input: JsonObject): JsonObject {
    const { manifest, chunks } = input;
    const parts = Array.isArray(chunks) ? chunks.filter(isObject) : [];
    if (!isObject(manifest) || parts.length === 0 || !Array.isArray(manifest.chunks)) return input;
    const bytes = parts.map(({ data_b64: data }) => Uint8Array.fromBase64(String(data), { alphabet: "base64url" }));
    const text = bytes.map((part) => new TextDecoder().decode(part)).join("");
    const content = utf8(`${this.#mark} ${text}`);
    const shape = blobShape(content);
    if (shape.chunks.length !== manifest.chunks.length) return input;
    const cid = manifestCid(shape);
    this.#names.set(String(manifest.cid), cid);
    shape.chunks.forEach((chunk, i) => {
      const old = manifest.chunks as Json[];
      const before = old[i];
      if (isObject(before)) this.#names.set(String(before.cid), chunk.cid);
    });
    return {
      ...input,
      manifest: {
        cid,
        size_bytes: shape.size_bytes,
        chunk_size_bytes: shape.chunk_size_bytes,
        chunks: shape.chunks.map((chunk, i) => ({ i, cid: chunk.cid, size_bytes: chunk.size_bytes })),
      },
      chunks: chunksOf(content).map((chunk) => ({ i: chunk.i, cid: chunk.cid, data_b64: base64url(chunk.bytes) })),
    };
  }
}

/** Whether nothing in the answer to a step can be told apart on a node in use. */
export function isOfEveryone(step: VectorStep): boolean {
  if (step.do === "recorded") return OF_EVERYONE.test(addressOf(step).replace(/^GET /, ""));
  return (step.do === "http" && OF_EVERYONE.test(step.path)) ||
    (step.do === "call" && CALLS_OF_EVERYONE.includes(step.capability));
}
