import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../src/protocol/mod.ts";
import { dueTimes, type Pace, readPace } from "./schedule.ts";

function take(pace: Pace, count: number): number[] {
  const times = dueTimes(pace, new Random(7, "pace"));
  return Array.from({ length: count }, () => times.next().value);
}

Deno.test("a constant pace has even distances", () => {
  assertEquals(take({ kind: "constant", perSecond: 20 }, 4), [0, 50, 100, 150]);
});

Deno.test("a ramp makes as many calls as its area and goes on at its end", () => {
  const times = take({ kind: "ramp", from: 10, to: 30, overMs: 10_000 }, 261);
  assertEquals(times[0], 0);
  assertAlmostEquals(times[200] ?? NaN, 10_000, 1e-6);
  assertAlmostEquals((times[260] ?? NaN) - 10_000, 2000, 1e-6);
  assertEquals(times.every((at, i) => i === 0 || at > (times[i - 1] ?? NaN)), true);
});

Deno.test("Poisson arrivals keep the mean and repeat with the seed", () => {
  const times = take({ kind: "poisson", perSecond: 100 }, 5001);
  assertAlmostEquals((times[5000] ?? 0) / 5000, 10, 0.5);
  assertEquals(take({ kind: "poisson", perSecond: 100 }, 5001), times);
});

Deno.test("paces are read from text, and nonsense is refused", () => {
  assertEquals(readPace("20/s", 1), { kind: "constant", perSecond: 20 });
  assertEquals(readPace("600/m", 1), { kind: "constant", perSecond: 10 });
  assertEquals(readPace("poisson:5", 1), { kind: "poisson", perSecond: 5 });
  assertEquals(readPace("5..50/s", 9000), { kind: "ramp", from: 5, to: 50, overMs: 9000 });
  for (const text of ["", "0", "fast", "20/d", "-3", "poisson:1..2"]) assertEquals(readPace(text, 1), undefined);
});
