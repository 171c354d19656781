import { assertAlmostEquals, assertEquals } from "@std/assert";
import { holmLevels } from "./holm.ts";

Deno.test("levels grow from alpha / m until the first test that is not rejected", () => {
  const levels = holmLevels([0.2, 0.001, 0.01, 0.5], 0.05);
  [0.025, 0.0125, 0.05 / 3, 0.025].forEach((level, i) => assertAlmostEquals(levels[i] ?? 0, level));
});

Deno.test("one test keeps its level and none has none", () => {
  assertEquals(holmLevels([0.5], 0.05), [0.05]);
  assertEquals(holmLevels([], 0.05), []);
});
