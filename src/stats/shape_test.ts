import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../protocol/mod.ts";
import { shapeOf } from "./shape.ts";
import { gaussian } from "./synthetic.ts";

const times = Array.from({ length: 120 }, (_, i) => 30 * i);
const END = 30 * 119;

function shapeFor(make: (u: number) => number, label: string) {
  const random = new Random(21, label);
  return shapeOf(times, times.map((t) => 100 + make(t / END) + 0.1 * gaussian(random)));
}

Deno.test("noise and lines need no other part", () => {
  assertEquals(shapeFor(() => 0, "flat").parts, []);
  assertEquals(shapeFor((u) => 20 * u, "line"), {
    parts: [],
    from: 0,
    explained: new Float64Array(120),
    inflation: 1,
    changes: [],
    timeConstant: undefined,
    drops: false,
  });
});

Deno.test("a filling is recognised with its time constant", () => {
  const shape = shapeFor((u) => 30 * (1 - Math.exp(-u / 0.1)), "cache");
  assertEquals(shape.parts, ["saturating"]);
  assertAlmostEquals((shape.timeConstant ?? 0) / END, 0.1, 0.02);
  assert(shape.inflation > 1);
});

Deno.test("one step and a wave are recognised", () => {
  const step = shapeFor((u) => u > 0.4 ? 5 : 0, "step");
  assertEquals(step.parts, ["step"]);
  assertAlmostEquals((step.changes[0] ?? 0) / END, 0.4, 0.02);
  assertEquals(shapeFor((u) => 4 * Math.sin(2 * Math.PI * 2.5 * u), "wave").parts, ["wave"]);
});

Deno.test("a late start judges only what follows it, growth that ends is judged whole", () => {
  const late = shapeFor((u) => 10 * Math.max(0, u - 0.5), "late");
  assertEquals(late.parts, ["late"]);
  assertAlmostEquals((times[late.from] ?? 0) / END, 0.5, 0.05);
  assert(!shapeFor((u) => 10 * Math.min(0.5, u), "ends").parts.includes("late"));
});

Deno.test("two parts are told apart", () => {
  const shape = shapeFor((u) => 20 * (1 - Math.exp(-u / 0.08)) + 4 * Math.sin(2 * Math.PI * 6 * u), "both");
  assertEquals([...shape.parts].sort(), ["saturating", "wave"]);
});

Deno.test("constant and short series stay as they are", () => {
  assertEquals(shapeOf(times, times.map(() => 7)).parts, []);
  assertEquals(shapeOf([1, 2, 3], [1, 5, 2]).parts, []);
  assertEquals(shapeOf([], []).explained.length, 0);
});
