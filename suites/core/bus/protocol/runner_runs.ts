/** Runs of the bench as the cases need them. */

import type { CaseContext } from "../../../../src/runner/case.ts";
import type { BenchOptions, BenchRefusal, BenchRun, ReporterBench } from "../../../../src/runner/judged_reporter.ts";

/** The usual run of each bench; it depends on nothing but the bench, so the cases share it. */
const usual = new WeakMap<ReporterBench, Promise<BenchRun | BenchRefusal>>();

function usualRun(reporter: ReporterBench): Promise<BenchRun | BenchRefusal> {
  const known = usual.get(reporter) ?? reporter.run();
  usual.set(reporter, known);
  return known;
}

/** A run that is not refused: anything else says nothing about the report. Without options it may be a shared one. */
export async function benchRun({ reporter, inconclusive }: CaseContext, options?: BenchOptions): Promise<BenchRun> {
  const run = await (options === undefined ? usualRun(reporter) : reporter.run(options));
  return "refused" in run ? inconclusive(`the bench run was refused: ${run.refused}`) : run;
}
