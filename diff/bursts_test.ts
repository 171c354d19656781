import { assertEquals } from "@std/assert";
import { RunComparer } from "./compare.ts";
import type { VectorStep } from "../src/runner/vector_steps.ts";
import type { Observation } from "./observation.ts";
import { answered, listCalls } from "./testing.ts";
import type { CallParts } from "./traffic/draw.ts";

const CALLS = 24;

/** Repeated calls of which the first so many were granted, in so many milliseconds. */
function burst(granted: number, spanMs: number, refusal = 429) {
  const outcomes = Array.from({ length: CALLS }, (_, i) => i < granted ? 200 : refusal);
  const last = outcomes.at(-1) ?? 0;
  return answered(last === 200 ? "{}" : '{"error":"rate_limited"}', { outcomes, spanMs, status: last });
}

/** Places where two bursts differ; `made` says how their calls were made. */
function differences(left: Observation, right: Observation, made: CallParts = {}): string[] {
  const comparer = new RunComparer();
  const found = listCalls(1).flatMap(({ origin, step }) =>
    comparer.step(0, { origin, step: { ...step, ...made } as VectorStep }, left, right)
  );
  comparer.close();
  return found.map(({ path }) => path);
}

Deno.test("calls that were made slower may be granted more, as far as budgets refill", () => {
  assertEquals(differences(burst(13, 300), burst(CALLS, 1500)), []);
  assertEquals(differences(burst(CALLS, 1500), burst(13, 300)), []);
});

Deno.test("more is granted at the same pace where a limit is missing", () => {
  assertEquals(differences(burst(13, 300), burst(CALLS, 310)), ["outcomes"]);
  assertEquals(differences(burst(CALLS, 310), burst(13, 300)), ["outcomes"]);
});

Deno.test("fewer granted at a slower pace, and refusals of another kind, are differences", () => {
  assertEquals(differences(burst(CALLS, 300), burst(11, 1500)), ["outcomes"]);
  assertEquals(differences(burst(13, 300), burst(CALLS - 1, 1500, 500)), ["outcomes"]);
});

function unserved(list: readonly number[], spanMs = 200) {
  return answered('{"error":"not_found"}', { outcomes: list, spanMs, status: 404 });
}

const times = (count: number, status: number) => Array.from({ length: count }, () => status);

Deno.test("calls without an answer are over the hard limit, not granted", () => {
  const dropped = unserved([...times(12, 404), ...times(90, 429), ...times(198, 0)]);
  const refused = unserved([...times(13, 404), ...times(287, 429)], 1500);
  const failed = unserved([...times(12, 404), ...times(90, 429), ...times(198, 500)]);
  assertEquals(differences(dropped, refused), []);
  assertEquals(differences(dropped, failed), ["outcomes"]);
});

Deno.test("a call more at a faster pace is no difference", () => {
  const whole = unserved(times(150, 404), 499);
  assertEquals(differences(whole, unserved([...times(149, 404), 429], 500)), []);
  assertEquals(differences(whole, unserved([...times(90, 404), ...times(60, 429)], 500)), ["outcomes"]);
});

Deno.test("of a few calls none may be granted more at the same pace", () => {
  const few = (granted: number, spanMs: number) =>
    unserved([...times(granted, 404), ...times(4 - granted, 429)], spanMs);
  assertEquals(differences(few(2, 6), few(4, 5)), ["outcomes"]);
  assertEquals(differences(few(4, 5), few(2, 6)), ["outcomes"]);
});

Deno.test("quick calls at once may use the refill of their whole time or none of it", () => {
  const names = (granted: number, spanMs: number) =>
    unserved([...times(granted, 404), ...times(252 - granted, 429)], spanMs);
  assertEquals(differences(names(188, 700), names(121, 690), { parallel: 252, names: 28 }), []);
  assertEquals(differences(names(188, 90), names(121, 80), { parallel: 252, names: 28 }), ["outcomes"]);
  assertEquals(differences(names(188, 700), names(121, 690), { parallel: 252, names: 1 }), ["outcomes"]);
});

Deno.test("calls at once that take very much longer are a difference of time", () => {
  const crowd = (spanMs: number) => answered("{}", { outcomes: times(10, 200), spanMs });
  assertEquals(differences(crowd(150), crowd(10_000)), ["timing"]);
  assertEquals(differences(crowd(150), crowd(1_400)), []);
});

Deno.test("of equal bursts either kind of answer may come last", () => {
  const last = (status: number) => answered("{}", { outcomes: [404, 429, 429, 404], spanMs: 200, status });
  assertEquals(differences(last(404), last(429)), []);
});
