/** Minimal sequences for others: vectors that `run --vector` and `diff --replay` take, and curl lines. */

import { fromUtf8Lossy, isObject, type Json, parseJson } from "../src/protocol/mod.ts";
import { parseVector, type TrafficVector, VECTOR_SCHEMA, type VectorExpectation } from "../src/runner/vector.ts";
import { valueAt } from "../src/runner/vector_steps.ts";
import type { Finding } from "./finding.ts";
import { formOf } from "./forms.ts";
import type { Observation } from "./observation.ts";
import type { Plan } from "./plan.ts";

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

/** What the supported side answered, as far as it can be stated for any node. */
export function expectationOf(finding: Finding, step: number, reference: Observation): VectorExpectation[] {
  const { value, status } = reference;
  const expect: VectorExpectation[] = [{ step, status: [status] }];
  const code = isObject(value) ? value.error : undefined;
  if (typeof code === "string") expect.push({ step, error: [code] });
  const at = finding.path.includes("[]") || finding.path === "" ? undefined : valueAt(value, finding.path);
  const plain = typeof at === "boolean" || typeof at === "number" ||
    (typeof at === "string" && formOf(at) === undefined);
  if (finding.path !== "error" && plain) expect.push({ step, path: finding.path, equals: at as Json });
  return expect;
}

/**
 * Reads a vector, or the recording of a whole comparison, as a plan.
 *
 * @throws {SyntaxError} If it is neither.
 */
export function planOf(text: Uint8Array): { readonly plan: Plan; readonly timeOrigin: number | undefined } {
  const vector = parseVector(text);
  const value = parseJson(text);
  const origins = isObject(value) && Array.isArray(value.origins) ? value.origins.map(String) : [];
  const laws = new Map(vector.expect.map((entry) => [entry.step, entry]));
  const steps = vector.steps.map((step, index) => {
    const expected = laws.get(index);
    const law = expected?.status === undefined
      ? {}
      : { law: { requirement: vector.requirement, status: expected.status } };
    return { step, origin: origins[index] ?? `step ${index}`, ...law };
  });
  return { plan: { seed: vector.seed ?? 0, actors: vector.actors, steps }, timeOrigin: vector.time_origin };
}

/** One line a human can paste for each request; signatures are part of them, so they work until the keys change. */
export function curlLines(observations: readonly Observation[], baseUrl: string): string[] {
  return observations.flatMap(({ sent }) => {
    const text = fromUtf8Lossy(sent);
    const end = text.indexOf("\r\n\r\n");
    const [first = "", ...headers] = text.slice(0, Math.max(end, 0)).split("\r\n");
    const [method, path] = first.split(" ");
    if (end < 0 || method === undefined || path === undefined) return [];
    const kept = headers.filter((line) => !/^(host|content-length|connection):/i.test(line));
    const body = text.slice(end + 4);
    const parts = ["curl", "-si", "-X", quote(method), ...kept.flatMap((line) => ["-H", quote(line)])];
    if (body !== "") parts.push("--data-binary", quote(body));
    return [[...parts, quote(baseUrl + path)].join(" ")];
  });
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
