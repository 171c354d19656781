import { assertEquals } from "@std/assert";
import { memoryDisk, runConfig } from "./testing.ts";
import { judgeTogether, strayThresholds } from "./merge_thresholds.ts";
import type { CallDone } from "./observation.ts";
import { RunState } from "./run_state.ts";
import type { ToldSlot } from "./threshold_slots.ts";
import { readWindows, WindowLog } from "./window_log.ts";

const STARTED = 1_800_000_000_000;

function call(ended: number, ms: number, code = "ok"): CallDone {
  return { kind: "call", capability: "market.list", due: ended - ms, started: ended - ms, ended, code };
}

interface Shape {
  readonly thresholds: readonly string[];
  readonly seconds?: number;
  readonly perSecond?: number;
  /** Milliseconds a call takes, and whether it fails, by the second in which it ends. */
  readonly ms?: (second: number, n: number) => number;
  readonly code?: (second: number, n: number) => string;
  readonly startedWall?: number;
}

/** A shard that told its slots every second, as a run does. */
function part(shape: Shape) {
  const { thresholds, seconds = 60, perSecond = 10, ms = () => 10, code = () => "ok", startedWall = STARTED } = shape;
  const state = new RunState(runConfig({ thresholds, startedWall, shard: { index: 1, count: 2 } }));
  const windows: ToldSlot[] = [];
  for (let second = 0; second < seconds; second++) {
    for (let n = 0; n < perSecond; n++) {
      state.observe(call(second * 1000 + n * 1000 / perSecond, ms(second, n), code(second, n)));
    }
    windows.push(...state.thresholds.fresh(second));
  }
  const report = state.report({ endMs: seconds * 1000, early: undefined, incomplete: undefined });
  return { state, report, windows };
}

Deno.test("two shards are judged as one process that had made all their calls would be", () => {
  const thresholds = [
    "latency.p99 < 100ms over 10s",
    "errors.rate < 5% over 10s",
    "latency.p50 < 15ms",
    "errors.rate < 2%",
  ];
  // Of the calls of the second half, one in 15 is slow, and all failures are of one shard.
  const slow = (second: number, n: number) => second >= 30 && n === 0 ? 400 : 10;
  const fails = (second: number, n: number) => second >= 30 && n === 1 ? "timeout" : "ok";
  const one = { thresholds, perSecond: 5 };
  const two = { thresholds, perSecond: 10, ms: slow, code: fails };
  const alone = new RunState(runConfig({ thresholds }));
  for (let second = 0; second < 60; second++) {
    const calls = [
      ...Array.from({ length: 5 }, (_, n) => call(second * 1000 + n * 200, 10)),
      ...Array.from({ length: 10 }, (_, n) => call(second * 1000 + n * 100, slow(second, n), fails(second, n))),
    ];
    for (const made of calls.toSorted((a, b) => a.ended - b.ended)) alone.observe(made);
  }
  const whole = alone.report({ endMs: 60_000, early: undefined, incomplete: undefined });
  assertEquals(judgeTogether([part(one), part(two)], true), whole.thresholds);
  assertEquals(whole.thresholds.map(({ verdict }) => verdict), ["violated", "violated", "kept", "violated"]);
});

Deno.test("a limit that one shard alone would break is kept if all together keep it, and the other way round", () => {
  const thresholds = ["latency.p90 < 100ms over 10s", "calls.rate > 15/s over 10s", "calls.rate < 15/s over 10s"];
  const bad = part({ thresholds, ms: (_, n) => n < 1 ? 400 : 10, perSecond: 9 });
  const good = part({ thresholds, perSecond: 9 });
  assertEquals(bad.report.thresholds.map(({ verdict }) => verdict), ["violated", "inconclusive", "inconclusive"]);
  assertEquals(judgeTogether([bad, good], true).map(({ verdict }) => verdict), ["kept", "kept", "violated"]);
});

Deno.test("where a shard is missing, nothing is known of the rate of all calls, and the rest is judged from what is there", () => {
  const thresholds = ["calls.rate > 15/s over 10s", "latency.p99 < 1s over 10s"];
  const judged = judgeTogether([part({ thresholds })], false);
  assertEquals(judged.map(({ verdict, windows }) => [verdict, windows > 0]), [["inconclusive", false], ["kept", true]]);
});

Deno.test("shards that began apart are laid over each other by when they began", () => {
  const thresholds = ["calls.rate > 15/s over 10s"];
  const [first, second] = [part({ thresholds }), part({ thresholds, startedWall: STARTED + 20_000 })];
  const [judged] = judgeTogether([second, first], true);
  // From 20 to 60 s both have sent; before and after nobody knows.
  assertEquals([judged?.verdict, judged?.windows, judged?.offences], ["kept", 31, 0]);
});

Deno.test("a limit on the target is that of those who could see it, and what not all watched is left out", () => {
  const thresholds = ["memory.max < 200MB", "errors.rate < 50%"];
  const [seeing, blind] = [part({ thresholds }), part({ thresholds: [...thresholds, "latency.p99 < 1s"] })];
  seeing.state.observe({ kind: "sample", series: "memory.rss", at: 1000, value: 3e8 });
  const report = seeing.state.report({ endMs: 60_000, early: undefined, incomplete: undefined });
  const judged = judgeTogether([{ ...seeing, report }, blind], true);
  assertEquals(judged.map(({ expression, verdict }) => [expression, verdict]), [
    ["memory.max < 200MB", "violated"],
    ["errors.rate < 50%", "kept"],
  ]);
  assertEquals(strayThresholds([seeing, blind]), ["latency.p99 < 1s"]);
});

Deno.test("slots are written down and read back once, though a resumed run tells some again and the last line is torn", async () => {
  const disk = memoryDisk(runConfig());
  const slot = (k: number, i: number, calls: number): ToldSlot => ({ k, i, slot: { calls, errors: 0, latency: null } });
  const failed: string[] = [];
  const first = new WindowLog(disk, 0, (why) => failed.push(why));
  first.write([slot(0, 1, 10), slot(0, 2, 7)]);
  await first.close();
  const second = new WindowLog(disk, 1, (why) => failed.push(why));
  second.write([slot(0, 2, 10), slot(0, 1, 4), slot(1, 1, 3)]);
  second.write([slot(0, 3, 1)]);
  await second.close();
  const parts = disk.files.get("windows-1.jsonl") ?? [];
  parts.push(parts.pop()?.slice(0, -9) ?? new Uint8Array());
  assertEquals(await readWindows(disk), [slot(0, 1, 10), slot(0, 2, 10), slot(1, 1, 3)]);
  assertEquals(failed, []);
});

Deno.test("a disk that is full is told once", () => {
  const failed: string[] = [];
  const log = new WindowLog(memoryDisk(runConfig(), 600), 0, (why) => failed.push(why));
  const slots = Array.from({ length: 50 }, (_, i) => ({ k: 0, i, slot: { calls: 1, errors: 0, latency: null } }));
  for (let n = 0; n < 3; n++) log.write(slots);
  assertEquals(failed, ["the disk is full"]);
});
