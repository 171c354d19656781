import { assert, assertEquals } from "@std/assert";
import { Random } from "../protocol/mod.ts";
import { cycleFloors } from "./cycle_floors.ts";
import { gaussian, HEALTHY, series } from "./synthetic.ts";

const made = (name: string) =>
  series((HEALTHY.find((kind) => kind.name === name) ?? assertNever()).make(new Random(2)));

function assertNever(): never {
  throw new RangeError("Cannot find the kind");
}

/** Climb of ten samples, then back to a floor that grows by `leak` per sample. */
function teeth(count: number, leak: number) {
  return Array.from({ length: count }, (_, i) => ({ t_s: i, value: 100 + 2 * (i % 10) + leak * i }));
}

Deno.test("a sawtooth is reduced to one floor per cycle", () => {
  const { samples, cycles } = cycleFloors(teeth(200, 0));
  assertEquals(cycles, [19]);
  assertEquals(samples.length, 18);
  assert(samples.every(({ value }) => value === 100));
});

Deno.test("a leak under a sawtooth shows in the floors", () => {
  const { samples } = cycleFloors(teeth(200, 0.01));
  assert((samples.at(-1)?.value ?? 0) - (samples[0]?.value ?? 0) > 1.5);
});

Deno.test("young collections under full ones are reduced twice", () => {
  const nested = Array.from({ length: 600 }, (_, i) => ({ t_s: i, value: 50 + 3 * (i % 6) + (i % 60) / 6 }));
  const { samples, cycles } = cycleFloors(nested);
  assertEquals(cycles.length, 2);
  assert(samples.every(({ value }) => value === 50));
});

Deno.test("noise, waves, steps and heavy tails are no sawtooth", () => {
  for (const name of ["flat", "wave", "heavy tail", "step after warm-up", "autocorrelated", "filling cache"]) {
    const samples = made(name);
    assertEquals(cycleFloors(samples).cycles, [], name);
    assertEquals(cycleFloors(samples).samples, samples);
  }
  const random = new Random(4);
  const spikes = Array.from({ length: 300 }, (_, i) => ({ t_s: i, value: gaussian(random) + (i % 20 === 0 ? 50 : 0) }));
  assertEquals(cycleFloors(spikes).cycles, []);
});

Deno.test("collections that leave some garbage are found", () => {
  assert((cycleFloors(made("irregular collection")).cycles[0] ?? 0) > 30);
});
