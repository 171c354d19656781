import { assertEquals } from "@std/assert";
import type { CallDone } from "../observation.ts";
import { ClockMonitor, KEPT, MAX_OFFSET_MS } from "./clock_offset.ts";

/** One answer per offset in milliseconds, stored and taken up again in the middle. */
function fed(offsets: readonly number[], interrupted = false) {
  const [first, second] = [new ClockMonitor(() => interrupted), new ClockMonitor(() => interrupted)];
  const half = Math.floor(offsets.length / 2);
  offsets.forEach((offset, number) => {
    if (number === half) second.restore(JSON.parse(JSON.stringify(first.state())));
    const [ended, ours] = [number * 50, 1_000_000 + number * 50];
    // Answers carry whole seconds: what is cut off is half a second in the middle.
    const clocks = { target: ours + offset - 500, ours };
    const call: CallDone = { kind: "call", capability: "a.b", due: ended, started: ended, ended, code: "ok", clocks };
    (number < half ? first : second).observe(call);
  });
  return second.verdict();
}

const answers = (count: number, offset: number) => Array.from({ length: count }, () => offset);

Deno.test("a clock that stays where it is is sound, wherever that is within what clocks may differ by", () => {
  assertEquals(fed([]).outcome, "idle");
  assertEquals(fed(answers(300, 400)).reason, "the target's clock is 400 ms ahead of ours");
  assertEquals(fed([...answers(300, -20), ...answers(3, 900_000)]).reason, "the target's clock is 20 ms behind ours");
});

Deno.test("a clock that moves is an offence, told once", () => {
  const verdict = fed([...answers(2 * KEPT, 100), ...answers(3 * KEPT, 900_100)]);
  assertEquals([verdict.outcome, verdict.offences], ["violated", 1]);
  assertEquals(
    verdict.reason,
    "the target's clock moved: it was 100 ms ahead of ours, and is 900100 ms ahead of ours",
  );
  assertEquals(fed([...answers(2 * KEPT, 100), ...answers(3 * KEPT, 900_100)], true).outcome, "idle");
});

Deno.test("a clock that was always wrong may be ours", () => {
  const verdict = fed(answers(3 * KEPT, MAX_OFFSET_MS + 1000));
  assertEquals([verdict.outcome, verdict.reason], [
    "inconclusive",
    "the target's clock is 11000 ms ahead of ours: one of them is wrong",
  ]);
});
