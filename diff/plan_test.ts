import { assertEquals } from "@std/assert";
import { closure, needsOf, type PlannedStep } from "./plan.ts";
import { smallerSteps } from "./smaller.ts";
import { readOnly } from "./read_only.ts";

const steps: PlannedStep[] = [
  {
    origin: "post",
    step: { do: "call", as: "m1", capability: "market.post", input: {}, learn: { post1: "output.event_id" } },
  },
  { origin: "list", step: { do: "call", as: "m1", capability: "market.list", input: {} } },
  { origin: "expire", step: { do: "call", as: "m1", capability: "market.expire", input: { event_id: "${post1}" } } },
  { origin: "push", step: { do: "push", events: [{ author: "m1", type: "x.y", data: {}, name: "e1" }] } },
  { origin: "again", step: { do: "push", events: [{ repeat: "e1" }] } },
];

Deno.test("a step needs those whose values it uses", () => {
  assertEquals(needsOf(steps), [[], [], [0], [], [3]]);
  assertEquals(closure([2, 4], needsOf(steps)), [0, 2, 3, 4]);
});

Deno.test("of a plan only reading steps remain for a node that must not be written to", () => {
  const plan = readOnly({ seed: 1, actors: { m1: "member" }, steps });
  assertEquals(plan.steps.map(({ origin }) => origin), ["list"]);
});

Deno.test("smaller steps leave out members and cut texts and lists", () => {
  const step = { do: "call", as: "m1", capability: "a.b" } as const;
  const inputs = [...smallerSteps({ ...step, input: { title: "a long title", tags: ["x", "y"] } })].map((one) =>
    one.do === "call" ? JSON.stringify(one.input) : ""
  );
  assertEquals(inputs, [
    '{"tags":["x","y"]}',
    '{"title":"a long title"}',
    '{"title":"a","tags":["x","y"]}',
    '{"title":"a long title","tags":["x"]}',
  ]);
});
