import { assertEquals, assertLessOrEqual } from "@std/assert";
import { PointSource } from "./dashboard_points.ts";
import { SeriesStore } from "./series.ts";

Deno.test("newcomers are given every series in few points, others only what is new", () => {
  const series = new SeriesStore();
  for (let n = 0; n < 5000; n++) series.add("memory.rss", n, n * 10);
  series.add("tester.heap", 1, 7.00049);
  const source = new PointSource(series);
  const all = source.all();
  assertEquals(Object.keys(all), ["memory.rss", "tester.heap"]);
  assertLessOrEqual(all["memory.rss"]?.t.length ?? Infinity, 480);
  assertEquals(all["tester.heap"], { unit: "bytes", t: [1], v: [7] });
  source.fresh();
  assertEquals(source.fresh(), {});
  series.add("memory.rss", 5000, 1);
  assertEquals(source.fresh(), { "memory.rss": { unit: "bytes", t: [5000], v: [1] } });
});
