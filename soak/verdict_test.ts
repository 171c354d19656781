import { assertEquals, assertStringIncludes } from "@std/assert";
import type { CallDone, MonitorVerdict } from "./observation.ts";
import { SeriesStore } from "./series.ts";
import { exitCodeOf } from "./outcome.ts";
import { Thresholds } from "./thresholds.ts";
import { conclude, type Findings, judgeAll, judgeHeap } from "./verdict.ts";

const MIB = 1_048_576;

function memory(perSecond: number, seconds: number, step = 1): SeriesStore {
  const store = new SeriesStore();
  for (let t = 0; t <= seconds; t += step) store.add("memory.rss", t, 100 * MIB + perSecond * t + (t % 3) * 1000);
  return store;
}

const SOUND: Findings = {
  saturated: undefined,
  monitors: [],
  thresholds: [],
  series: judgeAll(memory(0, 3600, 5), []),
  calls: 10,
};
const violated = (at_s: number, name: string): MonitorVerdict => ({
  name,
  outcome: "violated",
  reason: `offence of ${name}`,
  offences: 1,
  first_offence: { at_s, what: `offence of ${name}` },
});

Deno.test("a flat hour is stable, and every verdict has its exit code", () => {
  assertEquals(conclude(SOUND).verdict, "stable");
  const codes = (["stable", "drifting", "violated", "inconclusive", "invalid"] as const)
    .map((verdict) => exitCodeOf({ verdict }));
  assertEquals(codes, [0, 1, 1, 3, 3]);
});

Deno.test("a saturated tester comes before anything it says of the target, the first offence before others", () => {
  const monitors = [violated(9, "late"), violated(3, "early")];
  assertEquals(conclude({ ...SOUND, monitors }).reason, "early: offence of early");
  assertEquals(conclude({ ...SOUND, monitors, saturated: "processor" }).verdict, "invalid");
  assertEquals(conclude({ ...SOUND, calls: 0 }).verdict, "inconclusive");
});

Deno.test("a leak of 1 MB per second is found within a minute, the settling of a runtime is not called one", () => {
  assertEquals(conclude({ ...SOUND, series: judgeAll(memory(1_000_000, 60), []) }).verdict, "drifting");
  const settling = conclude({ ...SOUND, series: judgeAll(memory(100_000, 60), []) });
  assertEquals(settling.verdict, "inconclusive");
  assertStringIncludes(settling.reason, "settling");
});

Deno.test("a runtime may take more in ten minutes than in one, and a leak of 1 MB per second is still more", () => {
  const filling = new SeriesStore();
  for (let t = 0; t <= 240; t++) {
    filling.add("memory.rss", t, 112 * MIB + 62 * MIB * t / 240 + (t * 7919 % 13) * 50_000);
  }
  assertEquals(conclude({ ...SOUND, series: judgeAll(filling, []) }).verdict, "inconclusive");
  assertEquals(conclude({ ...SOUND, series: judgeAll(memory(1_000_000, 240), []) }).verdict, "drifting");
});

Deno.test("a steep end of a short run is not called a leak before it has made much", () => {
  const store = new SeriesStore();
  for (let t = 0; t <= 60; t += 0.5) {
    store.add("memory.rss", t, 66 * MIB + Math.max(0, t - 30) * MIB + (t * 7919 % 13) * 50_000);
  }
  const { verdict, reason } = conclude({ ...SOUND, series: judgeAll(store, []) });
  assertEquals(verdict, "inconclusive");
  assertStringIncludes(reason, "14 min more tell settling from growth that goes on");
});

Deno.test("a latency that rises by less than the tester lags is not the target's, one that rises by more is", () => {
  const store = new SeriesStore();
  for (let t = 0; t <= 600; t += 5) store.add("latency.p99", t, 20 + t / 30 + t * 7919 % 5);
  const judged = (lag: number) => judgeAll(store, [], (share) => share === 0.99 ? lag : NaN)[0]?.verdict;
  assertEquals(judged(3)?.verdict, "drifting");
  assertEquals(judged(30)?.verdict, "inconclusive");
  assertStringIncludes(judged(30)?.reason ?? "", "the tester itself lags 30 ms");
});

Deno.test("the tester's own heap is judged like that of the target", () => {
  const heap = (perSecond: number) => {
    const store = new SeriesStore();
    for (let t = 0; t <= 3600; t += 5) store.add("tester.heap", t, 20 * MIB + perSecond * t + (t % 30) * 100_000);
    return judgeHeap(store, [])?.verdict.verdict;
  };
  assertEquals([heap(0), heap(10_000), heap(50_000)], ["stable", "stable", "drifting"]);
  assertEquals(judgeHeap(new SeriesStore(), []), undefined);
});

function call(second: number, ms: number, code = "ok"): CallDone {
  const ended = second * 1000;
  return { kind: "call", capability: "market.list", due: ended - ms, started: ended - ms, ended, code };
}

Deno.test("late decay breaks a sliding window that the average keeps", () => {
  const thresholds = new Thresholds(
    ["latency.p99 < 250ms over 10s", "errors.rate < 50% over 10s", "errors.rate < 50%"],
    new SeriesStore(),
    { startedAt: 0, interrupted: () => false },
  );
  for (let s = 0; s < 45; s++) thresholds.observe(call(s, 10));
  assertEquals(thresholds.advance(44), undefined);
  for (let s = 45; s < 60; s++) thresholds.observe(call(s, 400, "timeout"));
  assertEquals(thresholds.advance(60), "latency.p99 < 250ms over 10s");
  thresholds.finish(60);
  assertEquals(thresholds.reports().map(({ verdict }) => verdict), ["violated", "violated", "kept"]);
});
