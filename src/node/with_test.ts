import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { soundRules } from "./rules.ts";
import { behaviourOf, nodeWith } from "./with.ts";

Deno.test("no names give the sound node itself", () => {
  assertStrictEquals(nodeWith([]).rules, soundRules);
});

Deno.test("an unknown name is refused", () => {
  assertThrows(() => nodeWith(["toString"]), RangeError, "Cannot use the fault");
  assertThrows(() => nodeWith([], ["nothing"]), RangeError, "Cannot use the variant");
});

Deno.test("later overrides win and the rest stays sound", () => {
  const { rules } = behaviourOf([{ rules: { pollSeconds: 1, pingMs: 5 } }, { rules: { pollSeconds: 2 } }]);
  assertEquals([rules.pollSeconds, rules.pingMs, rules.streamWindow], [2, 5, soundRules.streamWindow]);
});
