import { assertEquals } from "@std/assert";
import { RunComparer } from "./compare.ts";
import { answered, listCalls } from "./testing.ts";

const CALLS = 24;

/** Repeated calls of which the first so many were granted, in so many milliseconds. */
function burst(granted: number, spanMs: number, refusal = 429) {
  const outcomes = Array.from({ length: CALLS }, (_, i) => i < granted ? 200 : refusal);
  const last = outcomes.at(-1) ?? 0;
  return answered(last === 200 ? "{}" : '{"error":"rate_limited"}', { outcomes, spanMs, status: last });
}

function differences(left: ReturnType<typeof burst>, right: ReturnType<typeof burst>): string[] {
  const comparer = new RunComparer();
  const [step] = listCalls(1);
  const found = step === undefined ? [] : comparer.step(0, step, left, right);
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
