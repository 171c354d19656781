/** Minimal sequences for others: vectors that `run --vector` and `diff --replay` take, and curl lines. */

import { isObject, type Json, parseJson } from "../src/protocol/mod.ts";
import { parseVector, type TrafficVector, VECTOR_SCHEMA, type VectorExpectation } from "../src/runner/vector.ts";
import { addressOf, type Plan, type StepLaw } from "./plan.ts";

/** Requirement of a vector whose difference touches none: that a call is answered as the documents say. */
const GENERAL_REQUIREMENT = "TRN-001";

/** A plan as a vector. */
export function vectorOf(
  plan: Plan,
  about: {
    readonly name: string;
    readonly timeOrigin: number;
    readonly requirement?: string | undefined;
    readonly expect: readonly VectorExpectation[];
  },
): TrafficVector {
  const named = JSON.stringify(plan.steps.map(({ step }) => step));
  const actors = Object.fromEntries(
    Object.entries(plan.actors).filter(([name]) => named.includes(`"${name}"`) || named.includes(`id.${name}`)),
  );
  return {
    schema: VECTOR_SCHEMA,
    name: about.name,
    requirement: about.requirement ?? GENERAL_REQUIREMENT,
    seed: plan.seed,
    time_origin: about.timeOrigin,
    actors,
    steps: plan.steps.map(({ step }) => step),
    expect: about.expect,
  };
}

/**
 * Reads a vector, or the recording of a whole comparison, as a plan.
 *
 * @throws {SyntaxError} If it is neither.
 */
export function planOf(text: Uint8Array): { readonly plan: Plan; readonly timeOrigin: number | undefined } {
  const vector = parseVector(text);
  const value = parseJson(text);
  const list = (name: string) => isObject(value) && Array.isArray(value[name]) ? value[name] : [];
  const origins = list("origins");
  const laws = list("laws");
  const steps = vector.steps.map((step, index) => {
    const origin = origins[index];
    const law = lawOf(laws[index]) ?? lawOfExpectations(vector, index);
    return {
      step,
      origin: typeof origin === "string" ? origin : addressOf(step),
      ...(law === undefined ? {} : { law }),
    };
  });
  return { plan: { seed: vector.seed ?? 0, actors: vector.actors, steps }, timeOrigin: vector.time_origin };
}

/** The sequence as a file for `--replay`: a vector with what the documents say of every step. */
export function recordingText(
  plan: Plan,
  about: { readonly name: string; readonly timeOrigin: number; readonly expect?: readonly VectorExpectation[] } & {
    readonly requirement?: string | undefined;
  },
): string {
  const vector = vectorOf(plan, { ...about, expect: about.expect ?? [{ step: 0 }] });
  const origins = plan.steps.map(({ origin }) => origin);
  const laws = plan.steps.map(({ law }) => law ?? null);
  return JSON.stringify({ ...vector, origins, laws }, null, 2) + "\n";
}

function lawOf(value: Json | undefined): StepLaw | undefined {
  if (!isObject(value) || typeof value.requirement !== "string") return undefined;
  const { requirement, status, error } = value;
  return {
    requirement,
    ...(Array.isArray(status) ? { status: status.map(Number) } : {}),
    ...(Array.isArray(error) ? { error: error.map(String) } : {}),
  };
}

function lawOfExpectations({ expect, requirement }: TrafficVector, step: number): StepLaw | undefined {
  const own = expect.filter((entry) => entry.step === step);
  const status = own.find((entry) => entry.status !== undefined)?.status;
  const error = own.find((entry) => entry.error !== undefined)?.error;
  if (status === undefined) return undefined;
  return { requirement, status, ...(error === undefined ? {} : { error }) };
}
