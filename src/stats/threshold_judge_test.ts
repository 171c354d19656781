import { assertEquals, assertThrows } from "@std/assert";
import { Random } from "../protocol/mod.ts";
import { SlidingSlots } from "./sliding_slots.ts";
import { gaussian } from "./synthetic.ts";
import { parseThreshold } from "./threshold.ts";
import { type Measure, ThresholdJudge, windowSlope } from "./threshold_judge.ts";

const ERRORS = parseThreshold("errors.rate < 10% over 60s");

/** Share of a window that lies after `since`. */
const badSince = (since: number): Measure => (from, to) => ({
  value: Math.max(0, to - Math.max(from, since)) / (to - from),
});

Deno.test("late decay fails a run that is fine on average", () => {
  const whole = new ThresholdJudge(parseThreshold("errors.rate < 10%"), badSince(3560), 0, 10);
  assertEquals([whole.finish(3600), whole.verdict], [undefined, "kept"]);
  const sliding = new ThresholdJudge(ERRORS, badSince(3560), 0, 10);
  assertEquals(sliding.finish(3600), { from: 3510, to: 3570, value: 10 / 60 });
  assertEquals(sliding.report(), {
    expression: "errors.rate < 10% over 60s",
    window_s: 60,
    verdict: "violated",
    windows: 355,
    offences: 4,
    worst: 40 / 60,
    first_offence: { from: 3510, to: 3570, value: 10 / 60 },
  });
});

Deno.test("an offence is told as soon as its window ends", () => {
  const judge = new ThresholdJudge(ERRORS, badSince(100), 0, 10);
  assertEquals(judge.advance(100), undefined);
  assertEquals(judge.advance(109), undefined);
  assertEquals(judge.advance(110)?.to, 110);
  assertEquals(judge.advance(500)?.to, 110);
});

Deno.test("a run far shorter than the window, or without data, is inconclusive", () => {
  const short = new ThresholdJudge(ERRORS, badSince(0), 0, 10);
  short.finish(20);
  assertEquals(short.verdict, "inconclusive");
  const half = new ThresholdJudge(ERRORS, badSince(0), 0, 10);
  half.finish(40);
  assertEquals(half.verdict, "violated");
  const silent = new ThresholdJudge(ERRORS, () => undefined, 0, 10);
  silent.finish(600);
  assertEquals(silent.verdict, "inconclusive");
  assertThrows(() => new ThresholdJudge(ERRORS, () => undefined, 0, 0), RangeError, "current step is 0");
});

Deno.test("noise alone does not break a threshold on a slope, growth does", () => {
  const random = new Random(1, "slope");
  const noise = Array.from({ length: 720 }, (_, i) => ({ t_s: i * 5, value: 1e8 + 1e5 * gaussian(random) }));
  const threshold = parseThreshold("memory.slope < 1MB/h over 10m");
  const verdict = (perHour: number) => {
    const samples = noise.map(({ t_s, value }) => ({ t_s, value: value + perHour * t_s / 3600 }));
    const judge = new ThresholdJudge(threshold, (from, to) => windowSlope(samples, from, to), 0, 60);
    judge.finish(3600);
    return judge.verdict;
  };
  assertEquals([verdict(0), verdict(3e6)], ["kept", "violated"]);
  assertEquals(windowSlope(noise, 0, 20), undefined);
});

Deno.test("slots give what lies in a window and forget what is too old", () => {
  const slots = new SlidingSlots<{ sum: number }>(10, 3, () => ({ sum: 0 }));
  for (let t = 0; t < 60; t++) {
    const slot = slots.at(t);
    if (slot !== undefined) slot.sum++;
  }
  assertEquals(slots.within(0, 100).length, 3);
  assertEquals(slots.within(40, 60).map(({ sum }) => sum), [10, 10]);
  assertEquals(slots.at(29), undefined);
  assertEquals(slots.at(31)?.sum, 10);
  assertThrows(() => new SlidingSlots(0, 3, () => 0), RangeError, "current width is 0");
});
