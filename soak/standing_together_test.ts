import { assertEquals, assertThrows } from "@std/assert";
import { standingInTest } from "./testing_standing.ts";
import { together } from "./standing_together.ts";

Deno.test("workers are named by their number, whoever was heard of first, and counts add up", () => {
  const one = standingInTest();
  const joined = together(new Map([[2, { ...one, series: [] }], [1, one]]));
  assertEquals(joined.calls, 2 * one.calls);
  assertEquals(joined.latency.p99, one.latency.p99);
  assertEquals(joined.series.map(({ name }) => name), one.series.map(({ name }) => `${name} (worker 1)`));
  assertEquals(joined.verdict, "violated");
});

Deno.test("nobody stands nowhere", () => {
  assertThrows(() => together(new Map()), RangeError);
});
