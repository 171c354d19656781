import { assertEquals, assertThrows } from "@std/assert";
import { keeps, parseThreshold, ThresholdError } from "./threshold.ts";

Deno.test("thresholds are read with units and windows", () => {
  const table: [text: string, metric: string, limit: number, window: number | null][] = [
    ["latency.p99 < 250ms over 5m", "latency.p99", 250, 300],
    ["latency.p999<1.5s", "latency.p999", 1500, null],
    ["errors.rate < 0.1% over 10m", "errors.rate", 0.001, 600],
    ["errors.rate <= 0.25", "errors.rate", 0.25, null],
    ["memory.slope < 1MB/h", "memory.slope", 1e6, null],
    ["memory.slope < 1 MiB / d over 2h", "memory.slope", 2 ** 20 / 24, 7200],
    ["  calls.rate   >= 60/m over 90s ", "calls.rate", 1, 90],
    ["fds.max < 100", "fds.max", 100, null],
    ["latency.p99 < 250ms over 15m", "latency.p99", 250, 900],
    ["latency.p99 < 250ms over 24h", "latency.p99", 250, 86_400],
    ["latency.p99 < 250ms over 1h30m", "latency.p99", 250, 5400],
    ["latency.p99 < 250ms over 1h 30m 5s", "latency.p99", 250, 5405],
    ["latency.p99 < 250ms over 1.5h", "latency.p99", 250, 5400],
  ];
  for (const [text, metric, limit, window] of table) {
    const threshold = parseThreshold(text);
    assertEquals([threshold.metric, threshold.window_s], [metric, window], text);
    assertEquals(Math.abs(threshold.limit - limit) < 1e-9 * limit, true, text);
  }
});

Deno.test("a metric of calls can be asked of one capability", () => {
  assertEquals(parseThreshold("latency.p99(market.post) < 5ms over 1m").capability, "market.post");
  assertEquals(parseThreshold("errors.rate(chat.send)<1%").capability, "chat.send");
  assertEquals(parseThreshold("latency.p99 < 5ms").capability, undefined);
});

Deno.test("a wrong threshold is refused with what is wrong", () => {
  const table: [text: string, why: string][] = [
    ["", "it must look like"],
    ["latency.p99", "it must look like"],
    ["latency.p99 = 5ms", "it must look like"],
    ["latency.p98 < 5ms", "the metric latency.p98 is unknown; there are latency.p50,"],
    ["constructor < 5ms", "the metric constructor is unknown"],
    ["latency.p99 < 5", 'latency.p99 takes us, µs, ms, s, m, h, current unit is ""'],
    ["latency.p99 < 5MB", 'current unit is "MB"'],
    ["errors.rate < 1ms", 'errors.rate takes a plain number, %, current unit is "ms"'],
    ["latency.p99 < 5ms/h", "latency.p99 is not measured per time, leave out /h"],
    ["memory.slope < 1MB", "memory.slope is measured per time, add /h"],
    ["memory.slope < 1MB/y", "a rate is per s, m, h or d, current value is /y"],
    ["latency.p99 < 5ms over 5y", 'a window is in s, m, h or d, current unit is "y"'],
    ["latency.p99 < 5ms over 1h30", "it must look like"],
    ["latency.p99 < 5ms over 1h5y", 'current unit is "y"'],
    ["latency.p99 < 5ms over 0m", "the window must be longer than nothing"],
    ["memory.max(market.post) < 1MB", "memory.max is not of calls, leave out (market.post)"],
    ["latency.p99() < 5ms", "it must look like"],
    ["x".repeat(201), "it is longer than 200 characters"],
  ];
  for (const [text, why] of table) assertThrows(() => parseThreshold(text), ThresholdError, why);
});

Deno.test("the comparison says which side is kept", () => {
  const kept = (operator: "<" | "<=" | ">" | ">=") => [1, 2, 3].map((value) => keeps({ operator, limit: 2 }, value));
  assertEquals(kept("<"), [true, false, false]);
  assertEquals(kept("<="), [true, true, false]);
  assertEquals(kept(">"), [false, false, true]);
  assertEquals(kept(">="), [false, true, true]);
});
