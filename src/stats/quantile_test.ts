import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { madSigma, mean, median, quantile } from "./quantile.ts";

Deno.test("quantiles interpolate between neighbours and leave the values as they are", () => {
  const values = [4, 1, 3, 2];
  assertEquals([quantile(values, 0), quantile(values, 0.5), quantile(values, 1)], [1, 2.5, 4]);
  assertAlmostEquals(quantile(values, 0.9), 3.7);
  assertEquals(values, [4, 1, 3, 2]);
  assertEquals([median([7]), mean([1, 2, 6])], [7, 3]);
});

Deno.test("a quantile lies within the values and grows with p", () => {
  const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 50 });
  fc.assert(fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, p) => {
    const value = quantile(list, p);
    assertEquals(value >= Math.min(...list) && value <= Math.max(...list), true);
    assertEquals(quantile(list, p / 2) <= value, true);
  }));
});

Deno.test("the median absolute deviation ignores an outlier", () => {
  assertAlmostEquals(madSigma([1, 2, 3, 4, 1e9]), 1.4826);
});

Deno.test("no values and no probability have no quantile", () => {
  assertThrows(() => quantile([], 0.5), RangeError, "there are no values");
  assertThrows(() => quantile([1], 1.5), RangeError, "current value of p is 1.5");
});
