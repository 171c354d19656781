import { assertAlmostEquals, assertEquals } from "@std/assert";
import { leastSquares, residualsOf, varianceInflation } from "./least_squares.ts";

const u = Float64Array.from({ length: 50 }, (_, i) => i / 49);
const one = u.map(() => 1);

Deno.test("coefficients of an exact model come back", () => {
  const square = u.map((t) => t * t);
  const y = u.map((t) => 2 - 3 * t + 5 * t * t);
  const fit = leastSquares([one, u, square], y);
  fit?.coefficients.forEach((value, i) => assertAlmostEquals(value, [2, -3, 5][i] ?? NaN, 1e-9));
  assertAlmostEquals(fit?.rss ?? NaN, 0, 1e-18);
  if (fit !== undefined) assertAlmostEquals(Math.max(...residualsOf([one, u, square], y, fit)), 0, 1e-9);
});

Deno.test("columns that depend on each other have no fit", () => {
  assertEquals(leastSquares([one, u, u.map((t) => 1 - t)], u), undefined);
  assertEquals(varianceInflation([one, u, u.map((t) => 1 - t)], 1), Infinity);
});

Deno.test("a step in the middle makes the slope four times as uncertain, an orthogonal column not at all", () => {
  assertAlmostEquals(varianceInflation([one, u, u.map((t) => t > 0.5 ? 1 : 0)], 1), 4, 0.1);
  assertAlmostEquals(varianceInflation([one, u, u.map((t) => (t - 0.5) ** 2)], 1), 1, 1e-9);
});
