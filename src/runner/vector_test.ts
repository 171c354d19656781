import { assertEquals, assertThrows } from "@std/assert";
import { parseVector, substitute, VECTOR_SCHEMA } from "./vector.ts";

const VALID = {
  schema: VECTOR_SCHEMA,
  name: "revoked-is-refused",
  requirement: "TRN-001",
  actors: { alice: "member" },
  steps: [{ do: "call", as: "alice", capability: "market.list", learn: { max: "output.max_lamport" } }],
  expect: [{ step: 0, status: [200] }],
};

Deno.test("a vector is read", () => {
  assertEquals(parseVector(JSON.stringify(VALID)).name, "revoked-is-refused");
});

Deno.test("a vector with a mistake is refused with its place", () => {
  const wrong = (change: object, words: string) =>
    assertThrows(() => parseVector(JSON.stringify({ ...VALID, ...change })), SyntaxError, words);
  wrong({ schema: "other" }, "schema is not");
  wrong({ name: "Wrong Name" }, "name must be");
  wrong({ actors: { alice: "king" } }, "actors.alice");
  wrong({ steps: [] }, "steps must be");
  wrong({ steps: [{ do: "dance" }] }, "steps[0].do");
  wrong({ steps: [{ do: "call", as: "bob", capability: "x.y" }] }, "steps[0].as");
  const [step] = VALID.steps;
  wrong({ steps: [{ ...step, parallel: 0 }] }, "steps[0].parallel must be a count from 1 to 10000");
  wrong({ steps: [{ ...step, names: 1e9 }] }, "steps[0].names");
  wrong({ steps: [{ do: "poll", topic: "t", subscribers: "two" }] }, "steps[0].subscribers");
  wrong({ expect: [] }, "expect must be");
  wrong({ expect: [{ step: 4 }] }, "expect[0].step");
  wrong({ expect: [{ step: 0, matches: "(" }] }, "expect[0].matches");
});

Deno.test("learned values are put in with their type where they stand alone", () => {
  const learned = new Map<string, number | string>([["n", 5], ["id", "abc"]]);
  assertEquals(substitute({ a: "${n}", b: "x-${id}-${n}", c: ["${unknown}"] }, learned), {
    a: 5,
    b: "x-abc-5",
    c: ["${unknown}"],
  });
});
