import { assertAlmostEquals, assertEquals } from "@std/assert";
import { shareInterval } from "./share_interval.ts";

Deno.test("the interval of a share has the values of published tables", () => {
  // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
  const table = [[81, 263, 0.2553, 0.3662], [15, 148, 0.0624, 0.1605], [0, 20, 0, 0.1611], [1, 29, 0.0061, 0.1718]];
  for (const [hits = 0, trials = 0, low = 0, high = 0] of table) {
    const found = shareInterval(hits, trials, 1.959964);
    assertAlmostEquals(found[0], low, 6e-5);
    assertAlmostEquals(found[1], high, 6e-5);
  }
});

Deno.test("nothing counted says nothing, and all of many says nearly all", () => {
  assertEquals(shareInterval(0, 0, 2), [0, 1]);
  const [low, high] = shareInterval(10_000, 10_000, 4);
  assertAlmostEquals(low, 0.9984, 1e-4);
  assertAlmostEquals(high, 1, 1e-12);
});
