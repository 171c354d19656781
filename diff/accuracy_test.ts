import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FAULTS } from "../src/node/faults/mod.ts";
import { systemClock } from "../src/wire/mod.ts";
import { measureFault, measureSelf, measureShrink, memberFaults, needsOfCatalogue } from "./accuracy.ts";
import { MISSES } from "./accuracy_misses.ts";
import { lineOf, type Measured, summaryOf } from "./accuracy_sum.ts";

const measure = { clock: systemClock(), steps: 30, signal: new AbortController().signal };

Deno.test("a sound node and a sound variant are equal to themselves", async () => {
  assertEquals((await measureSelf(3, [], measure)).differences, []);
});

Deno.test("a fault is found at the step that shows it, and a node without that traffic shows none", async () => {
  const { found, seeds } = await measureFault("manifest-ttl-300", [1, 2], measure);
  assertStringIncludes(found?.at ?? "", "GET /manifest expires_at");
  assertEquals([found?.seed, seeds], [1, 1]);
  // What it does is never seen from outside, so every seed is tried.
  const hidden = await measureFault("leaks-memory-per-call", [1, 2], { ...measure, steps: 3 });
  assertEquals(hidden, { fault: "leaks-memory-per-call", seeds: 2 });
});

Deno.test("a planted difference is met and shrunk, or not met", async () => {
  const { seen, shrunk, planted } = await measureShrink(1, 2, { ...measure, steps: 60 });
  assertEquals(planted, "a member less in market.list");
  assertEquals(seen, true);
  assert(shrunk !== undefined && shrunk >= 1);
});

Deno.test("faults of members are those with a requirement that members can show", () => {
  const [name, fault] = Object.entries(FAULTS)[0] ?? [];
  assert(name !== undefined && fault !== undefined);
  const needs = (words: string[]) => new Map(fault.breaks.map((id) => [id, words]));
  assert(memberFaults(needs(["member", "probe", "capability:market.list"])).includes(name));
  assertEquals(memberFaults(needs(["member", "second-node"])).includes(name), false);
  assertEquals(memberFaults(new Map()), []);
});

Deno.test("reasons are given for faults there are, of those that are looked for", async () => {
  const looked = memberFaults(await needsOfCatalogue(new URL("../main.ts", import.meta.url).href));
  for (const fault of Object.keys(MISSES)) {
    assert(Object.hasOwn(FAULTS, fault), `there is no fault ${fault}`);
    assert(looked.includes(fault), `${fault} is not looked for`);
  }
  assert(Object.values(MISSES).every((reason) => reason.length > 0));
});

Deno.test("slices add up, and what was measured again counts once", () => {
  const all: Measured[] = [
    { kind: "self", seed: 1, steps: 9, differences: ["x"] },
    { kind: "self", seed: 1, steps: 9, differences: [] },
    { kind: "self", seed: 2, steps: 9, differences: ["y"] },
    { kind: "faults", fault: "a", seeds: 1, found: { seed: 1, step: 2, at: "there" } },
    { kind: "faults", fault: "b", seeds: 3 },
    { kind: "faults", fault: "leaks-memory-per-call", seeds: 3 },
    { kind: "shrink", planted: "p", seed: 1, seen: true, shrunk: 2 },
    { kind: "shrink", planted: "q", seed: 2, seen: true, shrunk: 5 },
    { kind: "shrink", planted: "r", seed: 3, seen: false },
  ];
  assertEquals(summaryOf(all), [
    "a node against itself: 1 of 2 equal",
    "faults found: 1 of 3 (33.3 %)",
    "missed: b: no reason is known",
    "missed: leaks-memory-per-call: " + MISSES["leaks-memory-per-call"],
    "planted differences shrunk to at most 3 steps: 1 of 2 (50.0 %; steps: 2: 1, 5: 1)",
  ]);
  assertEquals(all.map(lineOf).filter((_, at) => [3, 4, 6].includes(at)), [
    "a: seed 1, there",
    "b: missed",
    "p (seed 1): 2",
  ]);
});
