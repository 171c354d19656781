/** Runs of the bench as the cases need them. */

import type { CaseContext } from "../../../../src/runner/case.ts";
import type { BenchOptions, BenchRun } from "../../../../src/runner/reporter_bench.ts";

/** A run that is not refused: anything else says nothing about the report. */
export async function benchRun({ reporter, inconclusive }: CaseContext, options?: BenchOptions): Promise<BenchRun> {
  const run = await reporter.run(options);
  return "refused" in run ? inconclusive(`the bench run was refused: ${run.refused}`) : run;
}
