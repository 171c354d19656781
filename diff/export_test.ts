import { assertEquals } from "@std/assert";
import { utf8 } from "../src/protocol/mod.ts";
import { parseVector } from "../src/runner/vector.ts";
import { expectationOf } from "./expectation.ts";
import { planOf, recordingText, vectorOf } from "./export.ts";
import type { Finding } from "./finding.ts";
import { judge } from "./judge.ts";
import { answered, listCalls } from "./testing.ts";

const finding: Finding = {
  step: 0,
  class: "semantic",
  path: "output.dim",
  address: "embed.text",
  left: "64",
  right: "768",
  maskable: true,
};

Deno.test("an exported plan is a vector and becomes the same plan again", () => {
  const plan = { seed: 5, actors: { m1: "member" as const, m2: "member" as const }, steps: listCalls(2) };
  const expect = expectationOf(finding, 1, answered('{"output":{"dim":64}}'), answered('{"output":{"dim":768}}'));
  const text = JSON.stringify(
    vectorOf(plan, { name: "diff-d1", timeOrigin: 1_790_000_000_000, requirement: "EMB-002", expect }),
  );
  assertEquals(parseVector(text).expect, [{ step: 1, status: [200] }, { step: 1, path: "output.dim", equals: 64 }]);
  const back = planOf(utf8(text)).plan;
  assertEquals(back.steps.map(({ step }) => step), plan.steps.map(({ step }) => step));
  assertEquals(back.actors, { m1: "member" });
});

Deno.test("a recording keeps steps, origins and laws", () => {
  const [plain] = listCalls(1);
  if (plain === undefined) throw new Error("no step");
  const law = { requirement: "MKT-007", status: [400], error: ["bad_request"] };
  const steps = [plain, { ...plain, origin: "market.list/odd", law }];
  const plan = { seed: 5, actors: { m1: "member" as const }, steps };
  const text = recordingText(plan, { name: "recording", timeOrigin: 1_790_000_000_000 });
  assertEquals(planOf(utf8(text)), { plan, timeOrigin: 1_790_000_000_000 });
});

Deno.test("the law of a step decides whom the contract supports", () => {
  const [plain] = listCalls(1);
  if (plain === undefined) return;
  const step = { ...plain, law: { requirement: "MKT-007", status: [400], error: ["bad_request", "schema_mismatch"] } };
  const refused = answered('{"error":"bad_request"}', { status: 400 });
  const accepted = answered('{"output":{}}');
  const status = { ...finding, path: "status" };
  assertEquals(judge(status, step, refused, accepted), { requirement: "MKT-007", supports: "left" });
  assertEquals(judge(status, step, accepted, refused), { requirement: "MKT-007", supports: "right" });
  assertEquals(judge(status, step, accepted, accepted), { requirement: "MKT-007", supports: "neither" });
});
