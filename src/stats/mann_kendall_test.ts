import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../protocol/mod.ts";
import { autoregressiveFactor, hamedRaoFactor } from "./autocorrelation.ts";
import { kendallScore, mannKendall } from "./mann_kendall.ts";
import { gaussian } from "./synthetic.ts";

Deno.test("the score counts rising and falling pairs", () => {
  assertEquals(kendallScore([1, 2, 3, 4]), { s: 6, variance: 4 * 3 * 13 / 18 });
  assertEquals(kendallScore([4, 3, 2, 1]).s, -6);
});

Deno.test("ties lower the variance as Kendall says", () => {
  // Four values, one pair tied: (4*3*13 - 2*1*9) / 18.
  assertAlmostEquals(kendallScore([1, 2, 2, 3]).variance, (156 - 18) / 18);
  assertEquals(mannKendall([5, 5, 5, 5]), { z: 0, p: 1, tau: 0 });
});

Deno.test("a steady rise is significant, one of four points is not", () => {
  const rise = Array.from({ length: 12 }, (_, i) => i);
  assert(mannKendall(rise).p < 1e-5);
  assertEquals(mannKendall(rise).tau, 1);
  assert(mannKendall([1, 2, 3, 4]).p > 0.05);
});

/** Share of runs of trendless first-order noise in which the test sees a trend at 5%. */
function falseAlarms(rho: number, corrected: boolean): number {
  const runs = 300;
  let alarms = 0;
  for (let run = 0; run < runs; run++) {
    const random = new Random(3, rho, run);
    let state = 0;
    const values = Array.from({ length: 150 }, () => state = rho * state + gaussian(random)).slice(30);
    const factor = corrected ? Math.max(hamedRaoFactor(values), autoregressiveFactor(values)) : 1;
    if (mannKendall(values, factor).p < 0.05) alarms++;
  }
  return alarms / runs;
}

Deno.test("correction for autocorrelation keeps the level where the plain test cries wolf", () => {
  assert(falseAlarms(0.7, false) > 0.25);
  assert(falseAlarms(0.7, true) < 0.1);
  assert(falseAlarms(0, true) < 0.08);
});
