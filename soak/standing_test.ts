import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { liveLine } from "./soak_text.ts";
import type { Standing } from "./standing.ts";
import { callInTest, watchedInTest } from "./testing_standing.ts";

const MIB = 1_048_576;

Deno.test("a run that goes on is judged one series after the other", () => {
  const { standing } = watchedInTest(120, MIB);
  assertEquals([standing.verdict, standing.calls, standing.failed], ["drifting", 2400, 3]);
  const judged = standing.series.map(({ name, verdict }) => [name, verdict?.verdict]);
  assertEquals(judged, [["memory.rss", "drifting"], ["latency.p50", undefined], ["latency.p99", undefined]]);
  assertStringIncludes(standing.reason, "memory.rss: ");
  assert(Math.abs(standing.rate - 20) < 0.5, `rate ${standing.rate}`);
});

Deno.test("the rate shown is that of late, so that a stall is seen", () => {
  const { lookout, standing } = watchedInTest(40, 0);
  assert(standing.rate > 19);
  const later = Array.from({ length: 12 }, (_, s) => lookout.look(41 + s, 86_400)).at(-1);
  assertEquals(later?.rate, 0);
});

Deno.test("the latest offences come first, and what was first is among them", () => {
  const { state, lookout } = watchedInTest(2, 0);
  for (const at of [2100, 2200, 2300]) {
    state.observe({ ...callInTest(at), capability: "llm.chat", streamProblem: "ended without a terminal frame" });
  }
  const { offences, verdict } = lookout.look(3, 86_400);
  assertEquals(offences.map(({ monitor, at_s }) => [monitor, at_s]), [["streams", 2.305], ["streams", 2.105]]);
  assertEquals(verdict, "violated");
  assertEquals(lookout.look(4, 86_400).offences.length, 2);
});

Deno.test("the live line says everything on a wide terminal and still the most on a narrow one", () => {
  const { standing } = watchedInTest(40, 0);
  const long = { ...standing, elapsed_s: 3723, events: { ...standing.events, observed: 12_345, acknowledged: 12_346 } };
  for (const width of [40, 60, 80, 100, 120]) assertLess(liveLine(long, width).length, width);
  const wide = liveLine(long, 120);
  for (const part of ["1:02:03/24:00:00", "20.0/s", "p99 5.0 ms", "errors 3", "/h", "events 12345/12346", "so far"]) {
    assertStringIncludes(wide, part);
  }
  const narrow = liveLine(long, 80);
  for (const part of ["1:02:03", "20.0/s", "p99 5.0ms", "3 err", "/h", "12345", "so far"]) {
    assertStringIncludes(narrow, part);
  }
});

Deno.test("a violation is named as far as the line has room, and cannot move the cursor", () => {
  const { standing } = watchedInTest(2, 0);
  const violated: Standing = { ...standing, verdict: "violated", reason: `events: lost \x1b[2J${"x".repeat(200)}` };
  for (const width of [80, 120]) {
    const line = liveLine(violated, width);
    assertEquals(line.length, width - 1);
    assertStringIncludes(line, "VIOLATED: events: lost");
    assert(line.endsWith("…"));
  }
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x1f]/.test(liveLine(violated)));
});
