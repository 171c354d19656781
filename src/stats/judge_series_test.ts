import { assert, assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Random } from "../protocol/mod.ts";
import { judgeFamily, judgeSeries, waitText } from "./judge_series.ts";
import { gaussian } from "./synthetic.ts";

/** Samples every 5 s around 100. */
function noisy(shape: (t_s: number) => number, sigma: number, count = 720, label = "judge") {
  const random = new Random(51, label);
  return Array.from(
    { length: count },
    (_, i) => ({ t_s: 5 * i, value: 100 + shape(5 * i) + sigma * gaussian(random) }),
  );
}

const perHour = (slope: number) => (t_s: number) => slope * t_s / 3600;

Deno.test("a leak drifts, with its slope and an interval around it", () => {
  const { verdict, slopePerHour, interval, limitPerHour } = judgeSeries(noisy(perHour(4), 0.5));
  assertEquals(verdict, "drifting");
  assertAlmostEquals(slopePerHour ?? 0, 4, 0.3);
  assert((interval?.[0] ?? 0) > 3 && (interval?.[1] ?? 9) < 5);
  assertAlmostEquals(limitPerHour, 1, 0.05);
});

Deno.test("the curve follows a step that the line leaves out, and both have the slope", () => {
  const samples = noisy((t) => t >= 1500 ? 8 : 0, 0.3);
  const { parts, curve, line, slopePerHour } = judgeSeries(samples);
  assertEquals(parts, ["step"]);
  const at = (t_s: number) => curve.find((point) => point.t_s >= t_s)?.value ?? NaN;
  assertAlmostEquals(at(1000), 100, 0.5);
  assertAlmostEquals(at(3000), 108, 0.5);
  const [from, to] = line ?? [];
  const hours = ((to?.t_s ?? NaN) - (from?.t_s ?? NaN)) / 3600;
  assertAlmostEquals(((to?.value ?? NaN) - (from?.value ?? NaN)) / hours, slopePerHour ?? NaN, 1e-9);
  assert((from?.value ?? 0) > 99 && (to?.value ?? 999) < 109);
  assertEquals(judgeSeries(noisy(perHour(4), 0.5)).curve.length, 2);
});

Deno.test("growth that one drop undoes is not called a leak, growth that goes on over a drop is", () => {
  const undone = judgeSeries(noisy((t) => t < 1800 ? t / 90 : (t - 1800) / 90, 0.3));
  assertEquals([undone.parts, undone.verdict, undone.longer_s !== null], [["step"], "inconclusive", true]);
  assertStringIncludes(undone.reason, "it grows, but not over the drop in between; about 60 min more");
  assertEquals(judgeSeries(noisy((t) => t / 90 - (t < 1800 ? 0 : 8), 0.3)).verdict, "drifting");
});

Deno.test("a wait is told in minutes, hours or days", () => {
  assertEquals([5, 61, 7200, 7201, 259_200, 18_000_000].map(waitText), [
    "1 min",
    "2 min",
    "120 min",
    "3 h",
    "72 h",
    "209 days",
  ]);
});

Deno.test("growth that only slows down is not excused as a filling cache", () => {
  assertEquals(judgeSeries(noisy((t) => 30 * (1 - Math.exp(-t / 7200)), 0.3)).verdict, "drifting");
});

Deno.test("a slope below the limit is stable however significant it is, and so is a falling series", () => {
  const slow = judgeSeries(noisy(perHour(0.5), 0.05));
  assertEquals([slow.verdict, (slow.interval?.[0] ?? 0) > 0], ["stable", true]);
  assertEquals(judgeSeries(noisy(perHour(-8), 0.5)).verdict, "stable");
});

Deno.test("noise that hides the limit is inconclusive, and ample time beyond what it asks for decides", () => {
  const short = judgeSeries(noisy(() => 0, 6, 720, "hid"));
  assertEquals(short.verdict, "inconclusive");
  assertStringIncludes(short.reason, "min more would probably decide");
  const needed = 720 + Math.ceil(3 * (short.longer_s ?? 0) / 5);
  assertEquals(judgeSeries(noisy(() => 0, 6, needed, "hid")).verdict, "stable");
});

Deno.test("too little is inconclusive and says what is missing", () => {
  assertStringIncludes(judgeSeries(noisy(() => 0, 1, 10)).reason, "only 10 samples and 10 points to judge, 30 and 16");
  assertEquals(judgeSeries([]).verdict, "inconclusive");
  const moment = judgeSeries(Array.from({ length: 50 }, () => ({ t_s: 3, value: 1 })));
  assertEquals([moment.verdict, moment.reason], ["inconclusive", "all 50 samples are of one moment"]);
});

Deno.test("a constant series is stable, also at zero", () => {
  assertEquals(judgeSeries(noisy(() => 0, 0)).verdict, "stable");
  assertEquals(judgeSeries(noisy(() => -100, 0)).verdict, "stable");
});

Deno.test("a series with few whole values is judged", () => {
  const descriptors = Array.from({ length: 720 }, (_, i) => ({ t_s: 5 * i, value: 20 + (i % 97 === 0 ? 1 : 0) }));
  assertEquals(judgeSeries(descriptors).verdict, "stable");
  const leaking = descriptors.map(({ t_s, value }) => ({ t_s, value: value + Math.floor(t_s / 240) }));
  assertEquals(judgeSeries(leaking).verdict, "drifting");
});

Deno.test("declared windows and warm-up are not judged", () => {
  const fault = (t: number) => t >= 2400 && t < 2700 ? 300 : t < 200 ? -50 : 0;
  const excluded = [{ from: 2400, to: 2700, why: "SIGSTOP" }];
  const verdict = judgeSeries(noisy(fault, 0.5), { excluded });
  assertEquals(verdict.verdict, "stable");
  assertEquals(verdict.excluded.map(({ why }) => why), ["warm-up", "SIGSTOP"]);
  assertEquals(judgeSeries(noisy(() => 0, 0.5), { warmUpEnd: 600 }).samples, 720 - 121);
});

Deno.test("the limit may be given in the unit of the values", () => {
  assertEquals(judgeSeries(noisy(perHour(4), 0.5), { limitPerHour: 10 }).verdict, "stable");
  assertEquals(judgeSeries(noisy(perHour(4), 0.5), { limitShare: 0.1 }).verdict, "stable");
});

Deno.test("unit and offset in time do not change a verdict", () => {
  const samples = noisy(perHour(2), 0.5);
  const plain = judgeSeries(samples);
  fc.assert(
    fc.property(fc.integer({ min: -6, max: 9 }), fc.integer({ min: 0, max: 100_000 }), (power, offset) => {
      const other = judgeSeries(samples.map(({ t_s, value }) => ({ t_s: t_s + offset, value: value * 2 ** power })));
      assertEquals(other.verdict, plain.verdict);
      assertAlmostEquals((other.slopePerHour ?? 0) / 2 ** power, plain.slopePerHour ?? NaN, 1e-6);
    }),
    { numRuns: 15 },
  );
});

Deno.test("many series are held to one level together", () => {
  const family = Array.from(
    { length: 20 },
    (_, i) => ({ samples: noisy(perHour(i === 7 ? 5 : 0), 0.5, 720, `f${i}`) }),
  );
  const verdicts = judgeFamily(family);
  assertEquals(verdicts.flatMap(({ verdict }, i) => verdict === "drifting" ? [i] : []), [7]);
  assertAlmostEquals(verdicts[7]?.alpha ?? 0, 0.02 / 20);
  assert(verdicts.every(({ alpha }) => alpha < 0.02));
});

Deno.test("samples that are no series are refused", () => {
  const at = (t_s: number, value: number) => ({ t_s, value });
  assertThrows(() => judgeSeries([at(1, 1), at(0, 1)]), RangeError, "current time is 0, the one before is 1");
  assertThrows(() => judgeSeries([at(0, NaN)]), RangeError, "current value is NaN");
  assertThrows(() => judgeSeries([at(Infinity, 1)]), RangeError, "current time is Infinity");
});
