import { assertEquals, assertThrows } from "@std/assert";
import { LatencyHistogram } from "../src/stats/latency_histogram.ts";
import { standingInTest } from "./testing_standing.ts";
import { together } from "./standing_together.ts";

Deno.test("workers are named by their number, whoever was heard of first, and counts add up", () => {
  const one = standingInTest();
  const latency = new LatencyHistogram();
  for (let ms = 1; ms <= 1000; ms++) latency.record(0, ms);
  const joined = together(new Map([[2, { ...one, series: [] }], [1, one]]), { latency, thresholds: one.thresholds });
  assertEquals(joined.calls, 2 * one.calls);
  assertEquals(joined.latency, latency.summary());
  assertEquals(joined.series.map(({ name }) => name), one.series.map(({ name }) => `${name} (worker 1)`));
  assertEquals(joined.verdict, "violated");
});

Deno.test("nobody stands nowhere", () => {
  assertThrows(() => together(new Map(), { latency: new LatencyHistogram(), thresholds: [] }), RangeError);
});

Deno.test("a threshold that all workers together break is the verdict, though none of them breaks it alone", () => {
  const one = { ...standingInTest(), verdict: "stable" as const, reason: "all is well" };
  const broken = {
    expression: "calls.rate < 30/s over 10s",
    window_s: 10,
    verdict: "violated" as const,
    windows: 5,
    offences: 2,
    worst: 40,
    first_offence: { from: 0, to: 10, value: 40 },
  };
  const latency = new LatencyHistogram();
  const { verdict, reason } = together(new Map([[1, one], [2, one]]), { latency, thresholds: [broken] });
  assertEquals(verdict, "violated");
  assertEquals(reason, "calls.rate < 30/s over 10s: broken in 2 of 5 windows, first from 0 to 10 s with 40");
});
