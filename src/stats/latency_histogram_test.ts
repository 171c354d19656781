import { assert, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../protocol/mod.ts";
import { LatencyHistogram, MAX_LATENCY_US } from "./latency_histogram.ts";
import { quantile } from "./quantile.ts";

/** Percentiles of a histogram with three digits, against exact ones. */
const TOLERANCE = 0.002;

function recorded(latencies: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const [i, latency] of latencies.entries()) histogram.record(i, i + latency);
  return histogram;
}

function sampled(label: string): number[] {
  const random = new Random(1, label);
  return Array.from({ length: 2000 }, () => 5 * (1 + 40 * random.unit() ** 4));
}

Deno.test("percentiles are right to three digits", () => {
  const latencies = sampled("a");
  const histogram = recorded(latencies);
  for (const p of [50, 90, 99]) {
    const exact = quantile(latencies, p / 100);
    assert(Math.abs((histogram.percentile(p) ?? 0) - exact) < 2 * TOLERANCE * exact + 0.05, `p${p}`);
  }
  assertEquals(histogram.count, 2000);
});

Deno.test("latency counts from the time a call was due, so a stall is seen by every call behind it", () => {
  const histogram = new LatencyHistogram();
  const [stallEnds, interval, calls] = [15_000, 10, 3000];
  for (let i = 0; i < calls; i++) {
    const due = i * interval;
    histogram.record(due, Math.max(due, stallEnds) + 1);
  }
  // Half of the calls fall into the stall; the longest wait is the first one's.
  const p75 = histogram.percentile(75) ?? 0;
  assert(Math.abs(p75 - 7_500) < 7_500 * 0.01, `p75 is ${p75}`);
  assertEquals(histogram.max, 15_001);
});

Deno.test("merging equals recording together", () => {
  const [a, b] = [sampled("a"), sampled("b").map((latency) => latency * 10)];
  const [merged, together] = [recorded(a), recorded([...a, ...b])];
  merged.merge(recorded(b));
  assertEquals(merged.toJSON(), together.toJSON());
  assertEquals(merged.summary(), together.summary());
});

Deno.test("a histogram survives the journal", () => {
  const histogram = recorded(sampled("c"));
  const read = LatencyHistogram.fromJSON(JSON.parse(JSON.stringify(histogram)));
  assertEquals(read.toJSON(), histogram.toJSON());
  assertEquals(read.summary(), histogram.summary());
});

Deno.test("no calls have no percentiles; extremes are kept inside the range", () => {
  const histogram = new LatencyHistogram();
  assertEquals([histogram.percentile(99), histogram.max], [null, null]);
  histogram.record(10, 5);
  assertEquals(histogram.max, 0);
  histogram.record(0, 1e12);
  assertEquals(histogram.max, MAX_LATENCY_US / 1000);
});

Deno.test("what is no histogram or no time is refused", () => {
  assertThrows(() => new LatencyHistogram().record(NaN, 1), RangeError, "current times are NaN and 1");
  assertThrows(() => new LatencyHistogram().percentile(101), RangeError, "current value is 101");
  const stored = { form: "hearthproof.latency/1", max_us: 5, buckets: [[5, 1]] };
  assertEquals(LatencyHistogram.fromJSON(stored).count, 1);
  assertThrows(() => LatencyHistogram.fromJSON({ ...stored, form: "x" }), RangeError, "its form is not");
  assertThrows(() => LatencyHistogram.fromJSON({ ...stored, max_us: -1 }), RangeError, "its largest value");
  assertThrows(() => LatencyHistogram.fromJSON({ ...stored, buckets: [[5, 1.5]] }), RangeError, "bucket 1 is no pair");
});

Deno.test("a packed histogram says what a plain one says, stored, read and merged", () => {
  const packed = new LatencyHistogram("packed");
  for (const [i, latency] of sampled("p").entries()) packed.record(i, i + latency);
  const plain = recorded(sampled("p"));
  assertEquals(packed.toJSON(), plain.toJSON());
  const merged = new LatencyHistogram("packed");
  merged.merge(LatencyHistogram.fromJSON(packed.toJSON()));
  merged.merge(recorded(sampled("q")));
  plain.merge(recorded(sampled("q")));
  assertEquals(merged.summary(), plain.summary());
  assertEquals(merged.count, 4000);
});
