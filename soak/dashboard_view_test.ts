import { assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import { viewOf } from "./dashboard_view.ts";
import { standingInTest } from "./testing_standing.ts";

Deno.test("the page is told the verdict so far, the slope of the memory and the last offences", () => {
  const view = viewOf(standingInTest());
  assertEquals(view.verdict, "violated");
  assertEquals(view.offences.map(([at, monitor]) => [at, monitor]), [["01:00", "streams"]]);
  assertMatch(view.counts.at(-1)?.[0] ?? "", /^\+[\d.]+ GiB\/h$/);
  const memory = view.series.find(({ name }) => name === "memory.rss");
  assertEquals(memory?.verdict, "drifting");
  const times = (memory?.line ?? []).map(([t_s]) => t_s);
  assertLessOrEqual(2, times.length);
  assertEquals(times, times.toSorted((a, b) => a - b));
});

Deno.test("texts of a target are made harmless, and are not without end", () => {
  const standing = standingInTest();
  const hostile = `\x1b[2J\u202e${"x".repeat(10_000)}`;
  const errors = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`${n} ${hostile}`, n]));
  const text = JSON.stringify(viewOf({
    ...standing,
    reason: hostile,
    errors,
    offences: [{ at_s: 1, monitor: "events", what: hostile }],
    monitors: standing.monitors.map((monitor) => ({ ...monitor, reason: hostile })),
  }));
  assertEquals(/[\u202e]|\\u001b/.test(text), false);
  assertLessOrEqual(text.length, 60_000);
});
