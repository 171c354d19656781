import { assertEquals } from "@std/assert";
import { EmbeddedTarget } from "../target/embedded.ts";
import { RunnerBench } from "./bench.ts";
import { defineCase } from "./case.ts";
import { NEEDS_A_PROCESS, run, type RunOptions } from "./run.ts";
import { runOptions } from "./run_options.ts";
import { lifetime, SECTION, suiteOf } from "./testing.ts";

const cases = [
  defineCase({ ...lifetime, id: `${SECTION}/plain`, requirement: "IDN-001", brokenBy: ["manifest-ttl-300"] }),
  defineCase({
    ...lifetime,
    id: `${SECTION}/hosted`,
    requirement: "IDN-003",
    brokenBy: ["manifest-ttl-300"],
    hostedBy: "process",
  }),
];

function optionsFor(faults: readonly string[], choice: Partial<RunOptions> = {}): RunOptions {
  const suite = suiteOf(cases);
  const { seed, timeOrigin, all } = suite;
  const target = new EmbeddedTarget({ seed, timeOrigin, faults });
  return runOptions(suite, { target, all, reporter: new RunnerBench(suite), ...choice });
}

Deno.test("a run without choices runs all cases, and skips on an embedded node what needs a process", async () => {
  const { result } = await run(optionsFor([]));
  assertEquals(result.cases.map(({ id, outcome, reason }) => [id, outcome, reason]), [
    [`${SECTION}/plain`, "pass", undefined],
    [`${SECTION}/hosted`, "skipped", NEEDS_A_PROCESS],
  ]);
  assertEquals([result.filtered, result.strict, result.suiteVersion], [false, false, "1.0.0"]);
});

Deno.test("a run of some cases is a filtered one, and a gate of its own decides what runs", async () => {
  const selected = suiteOf(cases).all.slice(1);
  const { result } = await run(optionsFor(["manifest-ttl-300"], { selected, gate: () => undefined }));
  assertEquals(result.cases.map(({ id, outcome }) => [id, outcome]), [[`${SECTION}/hosted`, "fail"]]);
  assertEquals(result.filtered, true);
});
