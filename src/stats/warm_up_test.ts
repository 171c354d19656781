import { assert, assertEquals } from "@std/assert";
import { Random } from "../protocol/mod.ts";
import { gaussian, series } from "./synthetic.ts";
import { warmUpEnd } from "./warm_up.ts";

const made = (shape: (t: number) => number, label: string) => {
  const random = new Random(11, label);
  return series(Float64Array.from({ length: 720 }, (_, i) => 100 + shape(i * 5) + 0.3 * gaussian(random)));
};

Deno.test("a start that differs is cut off", () => {
  const end = warmUpEnd(made((t) => t < 300 ? -20 : 0, "low start"));
  assert(end >= 280 && end <= 420, `cut at ${end}`);
});

Deno.test("a steady series loses nothing, and neither does a leak", () => {
  assertEquals(warmUpEnd(made(() => 0, "flat")), 0);
  assertEquals(warmUpEnd(made((t) => t / 100, "leak")), 0);
});

Deno.test("no more than a fifth is cut, and a short series not at all", () => {
  assert(warmUpEnd(made((t) => t < 2000 ? -20 : 0, "long")) <= 740);
  assertEquals(warmUpEnd([{ t_s: 3, value: 1 }, { t_s: 4, value: 9 }]), 3);
  assertEquals(warmUpEnd([]), 0);
});
