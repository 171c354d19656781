import { assert, assertEquals } from "@std/assert";
import { measure, meetsTargets, tableLines, TRIALS } from "./detector_trial.ts";

/** Enough to see a broken detector, few enough for every test run; the table of 1,000 is `deno task bench`. */
const SERIES = 16;
const SEED = 0xC0FFEE;
/** Of 16 series, two may be inconclusive; the seed is fixed, so this either holds or something changed. */
const MIN_STABLE = 0.875;

for (const trial of TRIALS.filter(({ leak }) => leak === undefined)) {
  Deno.test(`a healthy series is stable: ${trial.name}`, () => {
    const row = measure(trial, SERIES, SEED);
    assertEquals(row.drifting, 0);
    assert(row.stable >= MIN_STABLE, `stable ${row.stable}`);
  });
}

for (const trial of TRIALS.filter(({ leak }) => leak !== undefined)) {
  Deno.test(`growth at 1.5 times the stated detectable slope drifts: ${trial.name}`, () => {
    const row = measure(trial, SERIES, SEED);
    assertEquals(row.drifting, 1);
  });
}

Deno.test("the table says which rows miss their target", () => {
  const row = {
    name: "x",
    noise: "none",
    leaking: false,
    drifting: 0,
    stable: 0.95,
    inconclusive: 0.05,
    detectable: 1.1,
  };
  assertEquals([meetsTargets(row), meetsTargets({ ...row, drifting: 0.02 })], [true, false]);
  assertEquals([meetsTargets({ ...row, stable: 0.8 }), meetsTargets({ ...row, leaking: true })], [false, false]);
  assertEquals(tableLines([{ ...row, drifting: 0.02 }])[1]?.includes("NO"), true);
});
