import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { soundRules } from "../rules.ts";
import { Health } from "./health.ts";

Deno.test("the success rate is that of the last calls of the window", () => {
  fc.assert(fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (outcomes) => {
    const health = new Health({ ...soundRules, healthWindow: 10, quarantineBelow: 0 });
    for (const good of outcomes) health.record(good, 1, 0);
    const last = outcomes.slice(-10);
    assertEquals(health.success, last.length === 0 ? 1 : last.filter(Boolean).length / last.length);
  }));
});

Deno.test("the latency is the median of good calls", () => {
  const health = new Health(soundRules);
  assertEquals(health.p50Ms, undefined);
  for (const ms of [30, 10, 20]) health.record(true, ms, 0);
  assertEquals(health.p50Ms, 20);
});

Deno.test("below one half comes a quarantine, then a single probe decides", () => {
  const { quarantineMs } = soundRules;
  const health = new Health(soundRules);
  health.record(true, 1, 0);
  health.record(false, 1, 0);
  assertEquals(health.usable(0), true);
  health.record(false, 1, 0);
  assertEquals([health.usable(0), health.usable(quarantineMs - 1), health.usable(quarantineMs)], [false, false, true]);
  health.begin();
  assertEquals(health.usable(quarantineMs), false);
  health.record(false, 1, quarantineMs);
  assertEquals(health.usable(2 * quarantineMs - 1), false);
  health.begin();
  health.record(true, 1, 2 * quarantineMs);
  assertEquals([health.usable(2 * quarantineMs), health.success], [true, 1]);
});

Deno.test("a probe whose caller went away leaves room for another", () => {
  const health = new Health(soundRules);
  health.record(false, 1, 0);
  health.begin();
  health.abandon();
  assertEquals(health.usable(soundRules.quarantineMs), true);
});
