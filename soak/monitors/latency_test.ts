import { assertAlmostEquals, assertEquals } from "@std/assert";
import { SeriesStore } from "../series.ts";
import { LatencyMonitor } from "./latency.ts";

const WINDOW_MS = 1000;

/** 10 calls a second; each takes `ms` from when it was due, and leaves `lag` later. */
function call(at: number, ms: number, capability = "market.list", lag = 0) {
  return { kind: "call", capability, due: at, started: at + lag, ended: at + ms, code: "ok" } as const;
}

Deno.test("latency counts from when a call was due, per window and per capability, and is stored whole", () => {
  const series = new SeriesStore();
  const make = () => new LatencyMonitor(series, WINDOW_MS, 0);
  let monitor = make();
  for (let n = 0; n < 50; n++) {
    if (n === 23) {
      const before = monitor.state();
      monitor = make();
      monitor.restore(JSON.parse(JSON.stringify(before)));
    }
    const second = Math.floor(n / 10);
    monitor.observe(call(n * 100, second === 3 ? 80 : 20, n % 2 === 0 ? "a.b" : "c.d", second === 3 ? 60 : 0));
  }
  monitor.tick(5000);
  const medians = series.of("latency.p50").map(({ value }) => Math.round(value));
  assertEquals(medians, [20, 20, 20, 80, 20]);
  assertEquals(series.of("latency.p99").map(({ t_s }) => t_s), [1, 2, 3, 4, 5]);
  assertEquals([...monitor.byCapability].map(([name, { count }]) => [name, count]), [["a.b", 25], ["c.d", 25]]);
  assertAlmostEquals(monitor.total.percentile(99) ?? 0, 80, 1);
  assertEquals(monitor.verdict().reason, "50 calls measured from when they were due");
});

Deno.test("a window with few calls has no percentiles, and silence is not filled up", () => {
  const series = new SeriesStore();
  const monitor = new LatencyMonitor(series, WINDOW_MS, 0);
  assertEquals(monitor.verdict().outcome, "idle");
  for (let n = 0; n < 4; n++) monitor.observe(call(n * 100, 10));
  monitor.tick(100_000);
  assertEquals(series.of("latency.p50"), []);
});
