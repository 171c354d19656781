/** Hand-made observations and sides for tests. */

import { parseJson, utf8 } from "../src/protocol/mod.ts";
import { type Observation, unsent } from "./observation.ts";
import type { PlannedStep } from "./plan.ts";
import type { Side } from "./side.ts";

/** An answer with a JSON body. */
export function answered(body: string, change: Partial<Observation> = {}): Observation {
  const { unsent: _, ...empty } = unsent("");
  return {
    ...empty,
    status: 200,
    reason: "OK",
    version: "HTTP/1.1",
    headers: [["Content-Type", "application/json"]],
    body: utf8(body),
    value: parseJson(body),
    end: "kept",
    ms: 1,
    received: utf8(body),
    ...change,
  };
}

/** No answer. */
export function silent(failure: NonNullable<Observation["failure"]>): Observation {
  const { unsent: _, ...empty } = unsent("");
  return { ...empty, failure };
}

/** A side that answers from a function of the step's number. */
export function scripted(answer: (index: number) => Observation): Side {
  let index = 0;
  return { take: () => Promise.resolve(answer(index++)), close: () => Promise.resolve() };
}

/** Calls of market.list. */
export function listCalls(count: number): PlannedStep[] {
  const step = { do: "call", as: "m1", capability: "market.list", input: {} } as const;
  return Array.from({ length: count }, () => ({ origin: "market.list/valid", step }));
}
