import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../protocol/mod.ts";
import { changePoints, pettitt } from "./change_point.ts";
import { gaussian } from "./synthetic.ts";

const noise = (label: string, shift: (i: number) => number) => {
  const random = new Random(31, label);
  return Array.from({ length: 120 }, (_, i) => gaussian(random) + shift(i));
};

Deno.test("a shift of level is found where it happens", () => {
  const change = pettitt(noise("one", (i) => i >= 70 ? 4 : 0));
  assertAlmostEquals(change?.index ?? 0, 70, 1);
  assert((change?.p ?? 1) < 1e-6);
});

Deno.test("several shifts are found in order of time, noise has none", () => {
  const found = changePoints(noise("two", (i) => i < 40 ? 0 : i < 80 ? 5 : -5), 0.01);
  assertEquals(found.length, 2);
  assertAlmostEquals(found[0]?.index ?? 0, 40, 2);
  assertAlmostEquals(found[1]?.index ?? 0, 80, 2);
  assertEquals(changePoints(noise("none", () => 0), 0.01), []);
});

Deno.test("autocorrelation makes a shift less certain, and few points have none", () => {
  const values = noise("one", (i) => i >= 70 ? 1 : 0);
  assert((pettitt(values, 5)?.p ?? 0) > (pettitt(values)?.p ?? 1));
  assertEquals(pettitt([1, 2, 3]), undefined);
});
