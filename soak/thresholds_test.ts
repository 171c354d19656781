import { assertEquals } from "@std/assert";
import type { CallDone } from "./observation.ts";
import { SeriesStore } from "./series.ts";
import { Thresholds } from "./thresholds.ts";

function call(second: number, ms: number, capability = "market.list", code = "ok"): CallDone {
  const ended = second * 1000;
  return { kind: "call", capability, due: ended - ms, started: ended - ms, ended, code };
}

function thresholds(expressions: readonly string[], interrupted = (_from: number, _to: number) => false) {
  const series = new SeriesStore();
  return { series, thresholds: new Thresholds(expressions, series, { startedAt: 0, interrupted }) };
}

const verdicts = (made: Thresholds) => made.reports().map(({ verdict }) => verdict);

Deno.test("a limit for one capability does not see the calls of others", () => {
  const { thresholds: made } = thresholds([
    "latency.p99(market.list) < 100ms over 10s",
    "latency.p99(llm.chat) < 100ms over 10s",
    "errors.rate(llm.chat) < 1% over 10s",
    "latency.p99(file.read) < 1ms over 10s",
  ]);
  for (let s = 1; s <= 30; s++) {
    made.observe(call(s, 10));
    made.observe(call(s, 900, "llm.chat", s > 20 ? "timeout" : "ok"));
  }
  made.finish(30);
  assertEquals(verdicts(made), ["kept", "violated", "violated", "inconclusive"]);
});

Deno.test("calls of a declared fault are left out of every window", () => {
  const inFault = (from: number, to: number) => from <= 20_000 && to >= 10_000;
  const { thresholds: made } = thresholds(
    ["latency.p99 < 100ms over 5s", "errors.rate < 1% over 5s", "calls.rate > 0.5/s over 5s"],
    inFault,
  );
  for (let s = 1; s <= 30; s++) {
    const faulty = s >= 10 && s <= 20;
    made.observe(call(s, faulty ? 900 : 10, "market.list", faulty ? "closed" : "ok"));
  }
  made.finish(30);
  assertEquals(verdicts(made), ["kept", "kept", "kept"]);
});

Deno.test("memory and storage have their limits and their slopes", () => {
  const { series, thresholds: made } = thresholds([
    "memory.slope < 1MB/h over 10m",
    "memory.max < 200MB",
    "storage.slope < 1MB/h over 10m",
    "storage.max < 1GB over 1m",
  ]);
  for (let s = 0; s <= 1800; s += 5) {
    series.add("memory.rss", s, 1e8 + s * 1000);
    series.add("storage.bytes", s, 1e6 + (s % 3));
    made.observe(call(s, 10));
  }
  made.finish(1800);
  assertEquals(verdicts(made), ["violated", "kept", "kept", "kept"]);
});

Deno.test("windows that were judged before a restore are not judged again", () => {
  const expressions = ["latency.p99 < 100ms over 5s", "errors.rate < 50%"];
  const { thresholds: first } = thresholds(expressions);
  const { thresholds: second } = thresholds(expressions);
  const { thresholds: whole } = thresholds(expressions);
  for (let s = 1; s <= 60; s++) {
    const one = call(s, s > 40 ? 300 : 10);
    whole.observe(one);
    if (s === 30) second.restore(JSON.parse(JSON.stringify(first.state())));
    (s < 30 ? first : second).observe(one);
  }
  for (const made of [second, whole]) made.finish(60);
  assertEquals(second.reports(), whole.reports());
});
