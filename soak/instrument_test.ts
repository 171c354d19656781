import { assertEquals } from "@std/assert";
import { Instrument } from "./instrument.ts";

const MIB = 1_048_576;

Deno.test("a tester that rests is not saturated, and tells how late it was", () => {
  const instrument = new Instrument();
  for (let n = 1; n <= 100; n++) instrument.sent(n);
  for (let n = 0; n < 100; n++) instrument.looped(2);
  assertEquals(instrument.saturated, undefined);
  assertEquals([Math.round(instrument.lag(0.5)), Math.round(instrument.lag(0.99))], [51, 99]);
});

Deno.test("each resource that runs out is named", () => {
  const late = (work: (instrument: Instrument) => void) => {
    const instrument = new Instrument(100 * MIB);
    work(instrument);
    const again = new Instrument(100 * MIB);
    again.restore(JSON.parse(JSON.stringify(instrument.state())));
    assertEquals(again.saturated?.startsWith("memory"), instrument.saturated?.startsWith("memory"));
    return instrument.saturated;
  };
  const heap = (value: number, at: number) =>
    ({ kind: "sample", series: "tester.heap", at, value: value * MIB }) as const;
  const often = (one: () => void) => Array.from({ length: 20 }, one);
  assertEquals(late((it) => often(() => it.looped(400))), "processor: the event loop lags 400 ms (p95)");
  assertEquals(late((it) => often(() => it.sent(300))), "sending: calls leave 300 ms after they are due (p95)");
  assertEquals(late((it) => it.overflowed()), "queue: 1 due calls found no place");
  assertEquals(
    late((it) => [96, 92].forEach((size, at) => it.observe(heap(size, at)))),
    "memory: the heap takes 92 MiB of 100 MiB",
  );
  // What one collection frees was not taken.
  assertEquals(late((it) => [96, 20, 96, 20].forEach((size, at) => it.observe(heap(size, at)))), undefined);
});
