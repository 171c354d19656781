import { assertAlmostEquals, assertEquals } from "@std/assert";
import { minimumDetectable, secondsToDecide } from "./detectable.ts";

Deno.test("with much noise the interval decides what is detectable, with little the limit", () => {
  assertAlmostEquals(minimumDetectable(10, 1, 0.05, 0.9), (1.95996 + 1.28155) * 10, 1e-3);
  assertAlmostEquals(minimumDetectable(0.01, 1, 0.05, 0.9), 1 + 0.0128155, 1e-6);
});

Deno.test("eight times the error needs four times the time", () => {
  assertAlmostEquals(secondsToDecide(3600, 0, 8, 1), 3 * 3600, 1e-6);
  assertEquals(secondsToDecide(3600, 0, 0.5, 1), 0);
  assertEquals(secondsToDecide(3600, 0, 1, 0), Infinity);
});
