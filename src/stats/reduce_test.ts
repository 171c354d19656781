import { assert, assertEquals } from "@std/assert";
import { POINTS, reduceSeries } from "./reduce.ts";
import { inBlocks, withoutWindows } from "./sample.ts";

const every = (count: number, value: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => ({ t_s: 5 * i, value: value(i) }));

Deno.test("a short series stays as it is, a long one becomes medians of blocks", () => {
  const short = every(100, (i) => i);
  assertEquals(reduceSeries(short), { points: short, method: "samples" });
  const long = reduceSeries(every(7200, (i) => i % 60 === 0 ? 1e6 : 5));
  assertEquals([long.points.length, long.method], [POINTS, "block medians"]);
  assert(long.points.every(({ value }) => value === 5));
});

Deno.test("a sawtooth becomes its floors, and the method says so", () => {
  const { points, method } = reduceSeries(every(720, (i) => 50 + i % 12));
  assertEquals(points.every(({ value }) => value === 50), true);
  assert(method.startsWith("floors of 59 collections"), method);
});

Deno.test("too few floors are not used", () => {
  assertEquals(reduceSeries(every(720, (i) => 50 + i % 80)).method, "block medians");
});

Deno.test("blocks keep gaps and cover every sample once", () => {
  const samples = withoutWindows(every(100, () => 1), [{ from: 100, to: 300, why: "fault" }]);
  const blocks = inBlocks(samples, 10, (values) => values.length);
  assertEquals(blocks.reduce((sum, { value }) => sum + value, 0), samples.length);
  assertEquals(blocks.length < 10, true);
  assertEquals(inBlocks([], 10, () => 0), []);
});
