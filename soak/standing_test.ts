import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { VirtualClock } from "../src/wire/clock.ts";
import type { CallDone } from "./observation.ts";
import { type RunConfig, RunState } from "./run_state.ts";
import { liveLine } from "./soak_text.ts";
import { Lookout, type Standing } from "./standing.ts";

const CONFIG: RunConfig = {
  seed: 1,
  timeOrigin: 0,
  startedWall: 0,
  durationMs: 86_400_000,
  rateText: "20/s",
  callers: 3,
  thresholds: ["latency.p99 < 250ms over 5m"],
  target: { kind: "endpoint", url: "http://127.0.0.1:1", dialect: "contract" },
  nodeId: "node",
  communityId: "community",
  readable: true,
  headBefore: 0,
  options: {},
  secrets: [],
};
const MIB = 1_048_576;
const call = (due: number, code = "ok"): CallDone => ({
  kind: "call",
  capability: "market.list",
  due,
  started: due,
  ended: due + 5,
  code,
});

/** A run of `seconds` with 20 calls a second and a memory that grows by so many bytes a second. */
function watched(seconds: number, growth: number) {
  const clock = new VirtualClock({ advanceOnSleep: false });
  const state = new RunState(CONFIG);
  const lookout = new Lookout(state, clock);
  let standing: Standing | undefined;
  for (let s = 0; s < seconds; s++) {
    for (let n = 0; n < 20; n++) state.observe(call(s * 1000 + n * 50, s < 3 && n === 0 ? "timeout" : "ok"));
    const noise = (s * 7919 % 13) * 1000;
    state.observe({ kind: "sample", series: "memory.rss", at: s * 1000, value: 80 * MIB + s * growth + noise });
    clock.advance(1000);
    standing = lookout.look(s + 1, 86_400);
  }
  assert(standing !== undefined);
  return { standing, state, lookout };
}

Deno.test("a run that goes on is judged one series after the other", () => {
  const { standing } = watched(120, MIB);
  assertEquals([standing.verdict, standing.calls, standing.failed], ["drifting", 2400, 3]);
  const judged = standing.series.map(({ name, verdict }) => [name, verdict?.verdict]);
  assertEquals(judged, [["memory.rss", "drifting"], ["latency.p50", "inconclusive"], ["latency.p99", "inconclusive"]]);
  assertStringIncludes(standing.reason, "memory.rss: ");
  assert(Math.abs(standing.rate - 20) < 0.5, `rate ${standing.rate}`);
});

Deno.test("the rate shown is that of late, so that a stall is seen", () => {
  const { lookout, standing } = watched(40, 0);
  assert(standing.rate > 19);
  const later = Array.from({ length: 12 }, (_, s) => lookout.look(41 + s, 86_400)).at(-1);
  assertEquals(later?.rate, 0);
});

Deno.test("the latest offences come first, and what was first is among them", () => {
  const { state, lookout } = watched(2, 0);
  for (const at of [2100, 2200, 2300]) {
    state.observe({ ...call(at), capability: "llm.chat", streamProblem: "ended without a terminal frame" });
  }
  const { offences, verdict } = lookout.look(3, 86_400);
  assertEquals(offences.map(({ monitor, at_s }) => [monitor, at_s]), [["streams", 2.305], ["streams", 2.105]]);
  assertEquals(verdict, "violated");
  assertEquals(lookout.look(4, 86_400).offences.length, 2);
});

Deno.test("the live line says everything on a wide terminal and still the most on a narrow one", () => {
  const { standing } = watched(40, 0);
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
  const { standing } = watched(2, 0);
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
