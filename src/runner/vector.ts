/**
 * Vectors of traffic (`hearthproof.vector/1`): seed, actors, steps and an expectation. A failure found by one mode is
 * written as one, so that the others can replay it. Here a vector becomes a case.
 */

import { describe, equals, errorCode, holds, json, matches, of, status, type Verdict } from "../check/mod.ts";
import { isObject, type Json, parseJson } from "../protocol/mod.ts";
import type { HttpAnswer } from "../wire/mod.ts";
import type { ConformanceCase } from "./case.ts";
import {
  type ActorLevel,
  LEVELS,
  STEP_KINDS,
  StepPerformer,
  substitute,
  valueAt,
  type VectorStep,
} from "./vector_steps.ts";

export { type ActorLevel, substitute, type VectorStep } from "./vector_steps.ts";

export const VECTOR_SCHEMA = "hearthproof.vector/1";

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
    if (!STEP_KINDS.some((known) => known === kind)) {
      fail(`steps[${i}].do must be one of ${STEP_KINDS.join(", ")}`);
    }
    const calls = kind === "call" || kind === "ws";
    if (calls && (typeof as !== "string" || !(as in actors))) fail(`steps[${i}].as names no actor`);
    if (kind === "raw" && typeof step.bytes !== "string") fail(`steps[${i}].bytes must be a string`);
    if (calls && typeof step.capability !== "string") fail(`steps[${i}].capability is missing`);
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

function jsonOf(answer: HttpAnswer): Json | undefined {
  const checked = json(answer);
  return "value" in checked ? checked.value : undefined;
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
  const value = valueAt(jsonOf(answer), expected.path);
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
      const { target, actors } = context;
      const performer = new StepPerformer({ session: target, actors, levels: vector.actors });
      const answers: HttpAnswer[] = [];
      for (const step of vector.steps) answers.push((await performer.take(step)).answer);
      for (const expected of vector.expect) {
        const answer = answers[expected.step];
        if (answer !== undefined) context.must(judge(answer, substituteExpectation(expected, performer.learned)));
      }
    },
  };
}

function substituteExpectation(expected: VectorExpectation, learned: ReadonlyMap<string, Json>): VectorExpectation {
  return expected.equals === undefined ? expected : { ...expected, equals: substitute(expected.equals, learned) };
}
