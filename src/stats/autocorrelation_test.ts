import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../protocol/mod.ts";
import { autocorrelation, autoregressiveFactor, hamedRaoFactor, noiseCorrelation, ranks } from "./autocorrelation.ts";
import { gaussian } from "./synthetic.ts";

function process(rho: number, n: number): number[] {
  const random = new Random(9, rho);
  let state = 0;
  return Array.from({ length: n }, () => state = rho * state + gaussian(random));
}

Deno.test("correlation of a first-order process is found", () => {
  assertAlmostEquals(autocorrelation(process(0.8, 5000), 1), 0.8, 0.05);
  assertAlmostEquals(autocorrelation(process(0.8, 5000), 3), 0.512, 0.08);
  assertEquals(autocorrelation([2, 2, 2], 1), 0);
  assertEquals(noiseCorrelation([1, 2]), 0);
});

Deno.test("ties share their mean rank", () => {
  assertEquals([...ranks([30, 10, 20, 20])], [4, 1, 2.5, 2.5]);
});

Deno.test("the variance factor approaches (1 + rho) / (1 - rho)", () => {
  assertAlmostEquals(autoregressiveFactor(process(0.6, 4000)), 4, 0.6);
  assert(hamedRaoFactor(process(0.6, 4000)) > 2);
});

Deno.test("white and negatively correlated noise gain nothing", () => {
  assert(hamedRaoFactor(process(-0.7, 400)) === 1);
  assert(autoregressiveFactor(process(-0.7, 400)) === 1);
  assert(autoregressiveFactor(process(0, 4000)) < 1.2);
});
