import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../src/cli/parse.ts";
import { readProfile, standardWeights, weightOf } from "./profile.ts";
import { TEMPLATES } from "./traffic/mod.ts";

const names = TEMPLATES.map(({ name }) => name);

Deno.test("the default profile weighs every kind of traffic and no other", () => {
  assertEquals(Object.keys(standardWeights(names)).sort(), [...names].sort());
});

Deno.test("a profile overrides by name and by part, and excludes", () => {
  const given = readProfile("weights: { market.post/valid: 3, chat.send: 2 }\nexclude: [raw]", "p.yaml", names);
  const usual = standardWeights(names);
  assertEquals(weightOf("market.post/valid", given, usual), 3);
  assertEquals(weightOf("chat.send/invalid", given, usual), 2);
  assertEquals(weightOf("raw", given, usual), 0);
  assertEquals(weightOf("poll", given, usual), usual.poll);
});

Deno.test("a wrong profile is refused with the place and what is wrong", () => {
  const refusal = (text: string) => assertThrows(() => readProfile(text, "p.yaml", names), UsageError).message;
  assertEquals(refusal("weights: { markt: 1 }"), "--profile p.yaml: no traffic is called markt");
  assertEquals(refusal("weights: { raw: -1 }"), "--profile p.yaml: raw needs a number from 0 to 1000");
  assertEquals(refusal("wieghts: {}"), '--profile p.yaml: "wieghts" is unknown; write schema, weights, exclude');
  assertEquals(refusal("[]"), "--profile p.yaml: it must be an object with weights or exclude");
  assertEquals(refusal("exclude: [nothing]"), "--profile p.yaml: no traffic is called nothing");
  assertEquals(refusal("weights: {").startsWith("--profile p.yaml: it is no YAML"), true);
});
