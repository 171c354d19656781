import { assertEquals, assertThrows } from "@std/assert";
import { GrowingCounter } from "./growing_counter.ts";

Deno.test("a counter that grows or stands still is sound", () => {
  const counter = new GrowingCounter();
  for (const [t, value] of [[0, 5], [1, 5], [2, 9]] as const) assertEquals(counter.observe(t, value), undefined);
  assertEquals([counter.total, counter.falls, counter.firstFall], [4, 0, undefined]);
});

Deno.test("a fall is reported, the first one is kept, and counting goes on", () => {
  const counter = new GrowingCounter();
  counter.observe(0, 10);
  assertEquals(counter.observe(5, 4), { t_s: 5, before: 10, after: 4 });
  counter.observe(6, 7);
  counter.observe(7, 6);
  assertEquals([counter.falls, counter.firstFall?.t_s, counter.total], [2, 5, 4 + 3 + 6]);
});

Deno.test("a declared restart excuses one fall", () => {
  const counter = new GrowingCounter();
  counter.observe(0, 10);
  counter.restarted();
  assertEquals(counter.observe(1, 2), undefined);
  assertEquals(counter.observe(2, 1)?.before, 2);
  assertThrows(() => counter.observe(3, NaN), RangeError, "current value is NaN");
});
