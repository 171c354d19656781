import { assertEquals, assertMatch } from "@std/assert";
import { NodeMetrics } from "./metrics.ts";

Deno.test("counters add, gauges replace, and text is Prometheus exposition", () => {
  const metrics = new NodeMetrics();
  metrics.count("calls_total", { result: 'a"b' });
  metrics.count("calls_total", { result: 'a"b' }, 2);
  metrics.gauge("open", {}, 3);
  metrics.gauge("open", {}, 1);
  assertEquals(
    metrics.render(),
    '# TYPE calls_total counter\ncalls_total{result="a\\"b"} 3\n# TYPE open gauge\nopen 1\n',
  );
});

Deno.test("histograms are cumulative", () => {
  const metrics = new NodeMetrics();
  for (const ms of [0.5, 7, 1_000_000]) metrics.observe("ms", { c: "x" }, ms);
  const text = metrics.render();
  assertMatch(text, /ms_bucket\{c="x",le="1"\} 1\n[^]*le="10"\} 2\n[^]*le="\+Inf"\} 3\n/);
  assertMatch(text, /ms_sum\{c="x"\} 1000007.5\nms_count\{c="x"\} 3\n/);
});

Deno.test("label sets are bounded", () => {
  const metrics = new NodeMetrics();
  for (let i = 0; i < 5_000; i++) metrics.count("calls_total", { capability: `x.n${i}` });
  const lines = metrics.render().trim().split("\n");
  assertEquals(lines.length, 1 + 1000 + 1);
  assertMatch(lines.at(-1) ?? "", /overflow="true"\} 4000/);
});

Deno.test("gauges that are read are refreshed at each rendering", () => {
  let value = 0;
  const metrics = new NodeMetrics((m) => m.gauge("size", {}, ++value));
  metrics.render();
  assertMatch(metrics.render(), /size 2\n/);
});
