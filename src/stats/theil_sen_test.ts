import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../protocol/mod.ts";
import { kendallVariance } from "./mann_kendall.ts";
import { gaussian } from "./synthetic.ts";
import { EXACT_POINTS, theilSen } from "./theil_sen.ts";

const line = (n: number, slope: number) => Array.from({ length: n }, (_, i) => 3 + slope * i);
const times = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("a line has its slope, and a third of outliers does not move it", () => {
  assertEquals(theilSen(times(10), line(10, 0.5), () => 1, 0.05).slope, 0.5);
  const spoilt = line(60, 2).map((value, i) => i % 4 === 0 ? value + 1000 * Math.sin(i) : value);
  assertAlmostEquals(theilSen(times(60), spoilt, () => 1, 0.05).slope, 2, 0.3);
});

Deno.test("Sen's interval covers the slope as often as it says", () => {
  const runs = 400;
  let covered = 0;
  for (let run = 0; run < runs; run++) {
    const random = new Random(5, run);
    const values = line(40, 0.1).map((value) => value + gaussian(random));
    const { low, high } = theilSen(times(40), values, () => kendallVariance(values), 0.05);
    if (low <= 0.1 && 0.1 <= high) covered++;
  }
  assert(covered / runs > 0.92 && covered / runs < 0.985, `covered ${covered}`);
});

Deno.test("long series are thinned to a stated number of points", () => {
  const { slope, points } = theilSen(times(5000), line(5000, 0.25), () => 1, 0.05);
  assertEquals([slope, points], [0.25, EXACT_POINTS]);
});

Deno.test("an interval beyond all slopes has no ends, and one time has no slope", () => {
  const { low, high } = theilSen(times(4), line(4, 1), () => 1e6, 0.05);
  assertEquals([low, high], [-Infinity, Infinity]);
  assertThrows(() => theilSen([1, 1], [1, 2], () => 1, 0.05), RangeError, "current number of points is 2");
});
