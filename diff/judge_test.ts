import { assertEquals } from "@std/assert";
import { systemClock } from "../src/wire/clock.ts";
import { LawFinder } from "./law_finder.ts";
import { type Judged, judgeFault, soundFailures, summaryOfJudged } from "./judge_accuracy.ts";

const measure = (steps: number) => ({ clock: systemClock(), steps, signal: new AbortController().signal });

Deno.test("a fault is put down to its requirement and the sound side without shrinking", async () => {
  const { requirement, supports, by, own } = await judgeFault(
    "answer-with-fresh-request-id",
    [1],
    measure(3),
    new LawFinder([]),
  );
  assertEquals({ requirement, supports, by, own }, {
    requirement: "TRN-002",
    supports: "left",
    by: "oracle",
    own: true,
  });
});

Deno.test("no oracle fails on an answer of the sound node or of a sound variant", async () => {
  for (const variants of [[], ["bare-transport"]]) {
    const { verdicts, failures } = await soundFailures(3, variants, measure(60));
    assertEquals(failures, []);
    assertEquals(verdicts > 100, true);
  }
});

Deno.test("the sum tells names, sides and false accusations apart", () => {
  const one = (fault: string, supports: string, own: boolean): Judged => ({
    fault,
    breaks: [],
    supports,
    own,
    at: "x",
  });
  const lines = summaryOfJudged([one("a", "left", true), one("b", "right", false), one("c", "both", true), {
    fault: "d",
    breaks: [],
  }]);
  assertEquals(lines.filter((line) => !line.startsWith("  ")), [
    "4 faults, 3 with a difference",
    "2 of 3 (66.7 %) name a requirement of the fault",
    "1 of 3 (33.3 %) support the sound side",
    "1 of 3 (33.3 %) support the side of the fault",
    "1 of 3 (33.3 %) support no side alone",
  ]);
});
