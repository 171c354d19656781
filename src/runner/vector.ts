/**
 * Vectors of traffic (`hearthproof.vector/1`): seed, actors, steps and an expectation. A failure found by one mode is
 * written as one, so that the others can replay it. Here a vector becomes a case.
 */

import { isObject, parseJson } from "../protocol/mod.ts";
import type { HttpAnswer } from "../wire/mod.ts";
import type { RunnableCase } from "./case.ts";
import { recordedMistake } from "./recorded/step.ts";
import {
  expectationMistake,
  judgeExpectation,
  substituteExpectation,
  type VectorExpectation,
} from "./vector_expect.ts";
import { type ActorLevel, LEVELS, STEP_KINDS, StepPerformer, type VectorStep } from "./vector_steps.ts";

export type { VectorExpectation } from "./vector_expect.ts";
export { type ActorLevel, substitute, type VectorStep } from "./vector_steps.ts";

export const VECTOR_SCHEMA = "hearthproof.vector/1";

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

/** Members of a step that say how often something is done, and the most that may be. */
const COUNTS = ["repeat", "parallel", "names", "subscribers", "cancel_after"] as const;
const MAX_COUNT = 10_000;
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
    for (const name of COUNTS) {
      const count = step[name];
      if (count === undefined) continue;
      if (!Number.isSafeInteger(count) || Number(count) < 1 || Number(count) > MAX_COUNT) {
        fail(`steps[${i}].${name} must be a count from 1 to ${MAX_COUNT}`);
      }
    }
    if (kind === "raw" && typeof step.bytes !== "string") fail(`steps[${i}].bytes must be a string`);
    if (calls && typeof step.capability !== "string") fail(`steps[${i}].capability is missing`);
    if (kind === "http" && (typeof step.method !== "string" || typeof step.path !== "string")) {
      fail(`steps[${i}] needs method and path`);
    }
    if (kind === "push" && !Array.isArray(step.events)) fail(`steps[${i}].events must be a list`);
    const mistake = kind === "recorded" ? recordedMistake(step) : undefined;
    if (mistake !== undefined) fail(`steps[${i}].${mistake}`);
    if (kind === "poll" && typeof step.topic !== "string") fail(`steps[${i}].topic is missing`);
  });
  if (!Array.isArray(expect) || expect.length === 0) return fail("expect must be a non-empty list");
  expect.forEach((entry, i) => {
    if (!isObject(entry)) return fail(`expect[${i}] is no object`);
    const mistake = expectationMistake(entry, steps.length);
    if (mistake !== undefined) fail(`expect[${i}].${mistake}`);
  });
  return value as unknown as TrafficVector;
}

/** The case of a vector: it belongs to the section of its requirement. */
export function vectorCase(vector: TrafficVector, section: string): RunnableCase {
  return {
    id: `${section}/vector-${vector.name}`,
    requirement: vector.requirement,
    effects: "harm",
    async run(context) {
      const { target, actors } = context;
      const performer = new StepPerformer({ session: target, actors, levels: vector.actors });
      const answers: HttpAnswer[] = [];
      for (const step of vector.steps) answers.push((await performer.take(step)).answer);
      for (const expected of vector.expect) {
        const answer = answers[expected.step];
        if (answer !== undefined) {
          context.must(judgeExpectation(answer, substituteExpectation(expected, performer.learned)));
        }
      }
    },
  };
}
