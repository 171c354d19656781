/** Smaller values for a step: candidates in the order in which they are worth a run. */

import { isObject, type Json, type JsonObject } from "../src/protocol/mod.ts";
import type { VectorStep } from "../src/runner/vector_steps.ts";

/** Texts longer than this are cut. */
const SHORT_TEXT = 8;

/** Steps like the given one with less in them. */
export function* smallerSteps(step: VectorStep): Generator<VectorStep> {
  if (step.do === "call" || step.do === "ws") {
    if (step.input !== undefined) { for (const input of smallerObjects(step.input)) yield { ...step, input }; }
    if (step.do === "call" && isObject(step.body)) {
      for (const body of smallerObjects(step.body)) yield { ...step, body };
    }
  }
  if (step.do === "push" && step.events.length > 1) {
    for (const index of step.events.keys()) yield { ...step, events: step.events.filter((_, i) => i !== index) };
  }
  if (step.do === "call" && step.repeat !== undefined && step.repeat > 2) {
    yield { ...step, repeat: Math.ceil(step.repeat / 2) };
  }
}

function* smallerObjects(value: JsonObject): Generator<JsonObject> {
  for (const name of Object.keys(value)) {
    const { [name]: _, ...rest } = value;
    yield rest;
  }
  for (const [name, item] of Object.entries(value)) {
    for (const less of smallerValues(item)) yield { ...value, [name]: less };
  }
}

function* smallerValues(value: Json): Generator<Json> {
  if (typeof value === "string" && value.length > SHORT_TEXT && !value.includes("${") && !value.includes(":")) {
    yield value.slice(0, 1);
  }
  if (Array.isArray(value) && value.length > 1) yield value.slice(0, 1);
  if (isObject(value)) yield* smallerObjects(value);
}
