import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { normalQuantile, normalTail, studentWidening } from "./normal.ts";

Deno.test("tails agree with published values", () => {
  const table: [z: number, tail: number][] = [
    [0, 0.5],
    [1, 0.15865525393145707],
    [1.959963984540054, 0.025],
    [-1, 0.8413447460685429],
    [3, 0.0013498980316301],
  ];
  for (const [z, tail] of table) assertAlmostEquals(normalTail(z), tail, 1e-12);
  assertAlmostEquals(normalTail(7) / 1.279812543885835e-12, 1, 1e-9);
  assertAlmostEquals(normalTail(10) / 7.619853024160527e-24, 1, 1e-9);
  assertEquals([normalTail(50), Number.isNaN(normalTail(NaN))], [0, true]);
});

Deno.test("the quantile undoes the tail", () => {
  for (const p of [0.001, 0.025, 0.3, 0.5, 0.9, 0.999]) assertAlmostEquals(normalTail(normalQuantile(p)), 1 - p, 1e-9);
  assertAlmostEquals(normalQuantile(0.975), 1.959963984540054, 1e-9);
  assertThrows(() => normalQuantile(1), RangeError, "current value of p is 1");
});

Deno.test("few degrees of freedom widen an interval as Student says", () => {
  const table: [p: number, freedom: number, t: number][] = [[0.975, 5, 2.5706], [0.975, 20, 2.086], [0.99, 10, 2.7638]];
  for (const [p, freedom, t] of table) assertAlmostEquals(studentWidening(p, freedom) * normalQuantile(p), t, 0.01);
});
