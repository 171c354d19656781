/**
 * Vectors of traffic (`hearthproof.vector/1`): seed, actors, steps and an expectation. A failure found by one mode is
 * written as one, so that the others can replay it. Here a vector becomes a case.
 */

import { describe, equals, errorCode, holds, json, matches, member, of, status, type Verdict } from "../check/mod.ts";
import { isObject, type Json, type JsonObject, parseJson, utf8 } from "../protocol/mod.ts";
import type { Actor } from "../target/actors.ts";
import type { CallOptions, EnvelopeHeader } from "../target/call.ts";
import type { HttpAnswer } from "../wire/mod.ts";
import type { CaseContext, ConformanceCase } from "./case.ts";

export const VECTOR_SCHEMA = "hearthproof.vector/1";

/** Levels an actor of a vector may have. */
const LEVELS = ["member", "trusted", "anchor", "revoked", "stranger", "root", "self"] as const;
type ActorLevel = (typeof LEVELS)[number];

/** One step. Strings of the form `${name}` are replaced by values learned from earlier answers. */
export type VectorStep =
  & {
    /** Learned values: name -> path into the JSON answer, as in `output.event_id`. */
    readonly learn?: { readonly [name: string]: string };
  }
  & (
    | {
      readonly do: "call";
      readonly as: string;
      readonly capability: string;
      readonly version?: string;
      readonly params?: JsonObject;
      readonly input?: JsonObject;
      readonly signature?: "valid" | "none" | "broken";
      readonly omit?: readonly string[];
      readonly token?: string;
      /** Bytes transmitted instead of the canonical body. */
      readonly transmit?: string;
    }
    | {
      readonly do: "http";
      readonly method: string;
      readonly path: string;
      readonly headers?: readonly (readonly [string, string])[];
      readonly body?: string;
    }
    | {
      readonly do: "push";
      readonly events: readonly {
        readonly author: string;
        readonly type: string;
        readonly data: JsonObject;
        /** Above the head by so much; default 1 above everything seen. */
        readonly lamport_offset?: number;
        /** Members replaced after signing. */
        readonly tamper?: JsonObject;
      }[];
    }
    | { readonly do: "poll"; readonly topic: string; readonly last_seq?: number; readonly timeout?: number }
  );

/** What one answer must be like; every stated part must hold. */
export interface VectorExpectation {
  readonly step: number;
  readonly status?: readonly number[];
  readonly error?: readonly string[];
  /** Path into the JSON answer; `equals` or `matches` judge what is there. */
  readonly path?: string;
  readonly equals?: Json;
  readonly matches?: string;
}

/** A vector as read from its file. */
export interface TrafficVector {
  readonly schema: typeof VECTOR_SCHEMA;
  readonly name: string;
  /** Requirement it shows to be kept or broken. */
  readonly requirement: string;
  readonly seed?: number;
  readonly time_origin?: number;
  readonly actors: { readonly [name: string]: ActorLevel };
  readonly steps: readonly VectorStep[];
  readonly expect: readonly VectorExpectation[];
}

/** Most steps a vector may have. */
const MAX_STEPS = 10_000;

/**
 * Reads a vector.
 *
 * @throws {SyntaxError} If the text is no vector; the message names the place.
 */
export function parseVector(text: string | Uint8Array): TrafficVector {
  const value = parseJson(text);
  const fail = (what: string): never => {
    throw new SyntaxError(`Cannot read vector: ${what}`);
  };
  if (!isObject(value) || value.schema !== VECTOR_SCHEMA) return fail(`schema is not ${VECTOR_SCHEMA}`);
  const { name, requirement, actors = {}, steps, expect } = value;
  if (typeof name !== "string" || !/^[a-z0-9][a-z0-9-]*$/.test(name)) {
    fail("name must be lower-case words with hyphens");
  }
  if (typeof requirement !== "string") fail("requirement must name an id of the catalogue");
  if (!isObject(actors)) return fail("actors must be an object");
  for (const [actor, level] of Object.entries(actors)) {
    if (!LEVELS.some((l) => l === level)) fail(`actors.${actor} must be one of ${LEVELS.join(", ")}`);
  }
  if (!Array.isArray(steps) || steps.length === 0 || steps.length > MAX_STEPS) {
    return fail(`steps must be a list of 1 to ${MAX_STEPS}`);
  }
  steps.forEach((step, i) => {
    if (!isObject(step)) return fail(`steps[${i}] is no object`);
    const { do: kind, as } = step;
    if (!["call", "http", "push", "poll"].includes(String(kind))) {
      fail(`steps[${i}].do must be call, http, push or poll`);
    }
    if (kind === "call" && (typeof as !== "string" || !(as in actors))) fail(`steps[${i}].as names no actor`);
    if (kind === "call" && typeof step.capability !== "string") fail(`steps[${i}].capability is missing`);
    if (kind === "http" && (typeof step.method !== "string" || typeof step.path !== "string")) {
      fail(`steps[${i}] needs method and path`);
    }
    if (kind === "push" && !Array.isArray(step.events)) fail(`steps[${i}].events must be a list`);
    if (kind === "poll" && typeof step.topic !== "string") fail(`steps[${i}].topic is missing`);
  });
  if (!Array.isArray(expect) || expect.length === 0) return fail("expect must be a non-empty list");
  expect.forEach((entry, i) => {
    if (!isObject(entry)) return fail(`expect[${i}] is no object`);
    const { step } = entry;
    if (typeof step !== "number" || steps[step] === undefined) fail(`expect[${i}].step names no step`);
    if (entry.matches !== undefined) {
      try {
        new RegExp(String(entry.matches));
      } catch {
        fail(`expect[${i}].matches is no pattern`);
      }
    }
  });
  return value as unknown as TrafficVector;
}

/** Replaces `${name}` inside strings; a string that is just one reference takes the value with its type. */
export function substitute(value: Json, learned: ReadonlyMap<string, Json>): Json {
  if (typeof value === "string") {
    const whole = /^\$\{([\w.]+)\}$/.exec(value);
    if (whole !== null) return learned.get(whole[1] ?? "") ?? value;
    return value.replace(/\$\{([\w.]+)\}/g, (text, name) => {
      const found = learned.get(name);
      return found === undefined ? text : typeof found === "string" ? found : JSON.stringify(found);
    });
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, learned));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, substitute(item, learned)]));
}

function at(value: Json | undefined, path: string): Json | undefined {
  return member(value, ...path.split(".").map((step) => /^\d+$/.test(step) ? Number(step) : step));
}

function jsonOf(answer: HttpAnswer): Json | undefined {
  const checked = json(answer);
  return "value" in checked ? checked.value : undefined;
}

async function actorOf(context: CaseContext, vector: TrafficVector, name: string): Promise<Actor> {
  const { actors } = context;
  switch (vector.actors[name]) {
    case "trusted":
      return await actors.trusted(name);
    case "anchor":
      return await actors.anchor(name);
    case "revoked":
      return await actors.revoked(name);
    case "stranger":
      return actors.stranger(name);
    case "root":
      return actors.root();
    case "self":
      return actors.self();
    default:
      return await actors.member(name);
  }
}

async function take(context: CaseContext, vector: TrafficVector, step: VectorStep): Promise<HttpAnswer> {
  const { target } = context;
  switch (step.do) {
    case "call": {
      const options: CallOptions = {
        ...(step.version === undefined ? {} : { version: step.version }),
        ...(step.signature === undefined ? {} : { signature: step.signature }),
        ...(step.token === undefined ? {} : { token: step.token }),
        ...(step.transmit === undefined ? {} : { transmit: step.transmit }),
        ...(step.omit === undefined ? {} : { omit: step.omit as readonly EnvelopeHeader[] }),
        params: step.params ?? {},
      };
      return await target.call(await actorOf(context, vector, step.as), step.capability, step.input ?? {}, options);
    }
    case "http": {
      const { method, path, headers = [], body } = step;
      return await target.http({ method, path, headers, ...(body === undefined ? {} : { body: utf8(body) }) });
    }
    case "push": {
      const events: Json[] = [];
      for (const { author, type, data, lamport_offset, tamper } of step.events) {
        const head = lamport_offset === undefined ? undefined : (await target.head() ?? 0) + lamport_offset;
        const actor = await actorOf(context, vector, author);
        const event = await target.event(actor, type, data, head === undefined ? {} : { lamport: head });
        events.push({ ...event, ...tamper } as unknown as Json);
      }
      return await target.push(events);
    }
    case "poll":
      return await target.poll(step.topic, {
        ...(step.last_seq === undefined ? {} : { lastSeq: step.last_seq }),
        ...(step.timeout === undefined ? {} : { timeout: step.timeout }),
      });
  }
}

function judge(answer: HttpAnswer, expected: VectorExpectation): Verdict {
  if (expected.status !== undefined) {
    const wrong = status(answer, ...expected.status);
    if (wrong !== undefined) return wrong;
  }
  if (expected.error !== undefined) {
    const code = errorCode(answer);
    const known = code !== undefined && expected.error.includes(code);
    const wrong = holds(known, `error ${expected.error.join(" or ")}`, describe(answer));
    if (wrong !== undefined) return of(answer, wrong);
  }
  if (expected.path === undefined) return undefined;
  const value = at(jsonOf(answer), expected.path);
  const wrong = expected.matches !== undefined
    ? matches(value, new RegExp(expected.matches), expected.path)
    : equals(value, expected.equals ?? null, expected.path);
  return of(answer, wrong);
}

/** The case of a vector: it belongs to the section of its requirement. */
export function vectorCase(vector: TrafficVector, section: string): ConformanceCase {
  return {
    id: `${section}/vector-${vector.name}`,
    requirement: vector.requirement,
    brokenBy: ["manifest-ttl-300"],
    effects: "harm",
    async run(context) {
      const learned = new Map<string, Json>();
      const answers: HttpAnswer[] = [];
      for (const step of vector.steps) {
        const ready = substitute(step as unknown as Json, learned) as unknown as VectorStep;
        const answer = await take(context, vector, ready);
        answers.push(answer);
        for (const [name, path] of Object.entries(step.learn ?? {})) {
          const value = at(jsonOf(answer), path);
          if (value !== undefined) learned.set(name, value);
        }
      }
      for (const expected of vector.expect) {
        const answer = answers[expected.step];
        if (answer !== undefined) context.must(judge(answer, substituteExpectation(expected, learned)));
      }
    },
  };
}

function substituteExpectation(expected: VectorExpectation, learned: ReadonlyMap<string, Json>): VectorExpectation {
  return expected.equals === undefined ? expected : { ...expected, equals: substitute(expected.equals, learned) };
}
