import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { needsOf } from "../plan.ts";
import { Draw } from "./draw.ts";
import { castOf, makePlan, TEMPLATES } from "./mod.ts";
import type { Offer } from "./mod.ts";

const offer: Offer = {
  capabilities: new Set(TEMPLATES.flatMap(({ needs }) => needs ?? [])),
  models: new Map([["embed.text", "m"], ["llm.chat", "m"]]),
  otherModels: new Map([["llm.chat", "n"]]),
  versions: new Set(["llm.chat@2.0"]),
  websocket: true,
  sync: true,
  pubsub: true,
};
const cast = castOf({ member: 99, trusted: 9, anchor: 9, root: true, self: true });
const SOFT_BUDGET = 10;
const isRare = (name: string) => /^(ocr|trans|stt|tts|img|rerank)\./.test(name);

Deno.test("one seed gives one plan, another seed another", () => {
  const plan = (seed: number) => JSON.stringify(makePlan({ seed, steps: 100, offer, cast }));
  assertEquals(plan(1), plan(1));
  assertNotEquals(plan(1), plan(2));
});

Deno.test("steps use only values that earlier steps define", () => {
  const { steps } = makePlan({ seed: 3, steps: 400, offer, cast });
  needsOf(steps).forEach((needed, index) => needed.forEach((at) => assert(at < index)));
});

Deno.test("nobody exhausts a budget but the bursts", () => {
  const { steps } = makePlan({ seed: 4, steps: 900, offer, cast });
  const calls = new Map<string, number>();
  for (const { step, origin } of steps) {
    if (step.do !== "call" || step.repeat !== undefined || origin.startsWith("burst")) continue;
    const key = `${step.as} ${step.capability}`;
    calls.set(key, (calls.get(key) ?? 0) + 1);
  }
  for (const [key, count] of calls) assert(count <= SOFT_BUDGET, `${key}: ${count}`);
});

Deno.test("a cast has no more members than there are, and those for bursts come last", () => {
  const names = (member: number) =>
    Object.entries(castOf({ member, trusted: 0, anchor: 0, root: false, self: false }))
      .filter(([, level]) => level === "member").map(([name]) => name);
  assertEquals(names(2), ["m1", "m2"]);
  assertEquals(names(10).length, 10);
  assertEquals(names(12).slice(10), ["b1", "b2"]);
  assertEquals(names(Infinity).length, 15);
  const few = castOf({ member: 12, trusted: 1, anchor: 1, root: true, self: true });
  const { steps } = makePlan({ seed: 2, steps: 600, offer, cast: few });
  assert(steps.some(({ origin }) => origin === "burst"));
  assert(steps.every(({ origin }) => origin !== "burst/flood"));
});

Deno.test("a weight of zero excludes, and what is not offered is not sent", () => {
  const { steps } = makePlan({ seed: 5, steps: 200, offer, cast, weights: { raw: 0 } });
  assert(steps.every(({ step }) => step.do !== "raw"));
  const bare = makePlan({
    seed: 5,
    steps: 200,
    offer: { ...offer, capabilities: new Set(["market.list"]), sync: false },
    cast,
  });
  assert(bare.steps.every(({ step }) => step.do !== "push"));
});

Deno.test("a run of the usual length meets hundreds of kinds of traffic, three runs nearly all", () => {
  const kinds = (...seeds: number[]) =>
    new Set(seeds.flatMap((seed) => makePlan({ seed, steps: 500, offer, cast }).steps.map(({ origin }) => origin)))
      .size;
  assert(kinds(6) > 300);
  assert(kinds(6, 7, 8) > 0.9 * kinds(6, 7, 8, 9, 10, 11, 12));
});

Deno.test("at one place nothing is picked twice before everything was picked", () => {
  const draw = new Draw(9, cast, offer);
  const items = ["a", "b", "c", "d"];
  const round = () =>
    items.map(() => {
      draw.enter("place");
      return draw.pick(items);
    }).sort();
  assertEquals([round(), round()], [items, items]);
});

Deno.test("three seeds in a row meet every kind of traffic of the usual node", () => {
  const bare = { ...offer, capabilities: new Set([...offer.capabilities].filter((name) => !isRare(name))) };
  const met = (...seeds: number[]) =>
    new Set(
      seeds.flatMap((seed) => makePlan({ seed, steps: 500, offer: bare, cast }).steps.map(({ origin }) => origin)),
    );
  const many = [...met(...Array.from({ length: 12 }, (_, i) => i + 1))]
    // Which token is looked into is left to chance.
    .filter((origin) => !origin.startsWith("auth.token.introspect/"));
  for (const first of [1, 4, 900]) {
    const seen = met(first, first + 1, first + 2);
    const missing = many.filter((origin) => !seen.has(origin));
    assert(missing.length < 0.01 * many.length, missing.join(", "));
  }
});

Deno.test("services that few nodes offer get traffic where they are offered, also those nobody knows", () => {
  const rare = { ...offer, capabilities: new Set(["trans.text", "rerank.text", "weather.report", "market.list"]) };
  const { steps } = makePlan({ seed: 1, steps: 300, offer: rare, cast });
  const origins = new Set(steps.map(({ origin }) => origin));
  for (const origin of ["trans.text/valid", "rerank.text/too-many", "weather.report/empty"]) {
    assert(origins.has(origin));
  }
  const usual = makePlan({ seed: 1, steps: 300, offer: { ...offer, capabilities: new Set(["market.list"]) }, cast });
  assert(usual.steps.every(({ origin }) => !origin.startsWith("trans.text")));
});
