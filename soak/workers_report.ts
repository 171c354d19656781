/** The one report of a run of several workers, from their journals alone. */

import { UsageError } from "../src/cli/parse.ts";
import { mergeShards } from "./merge.ts";
import { EMBEDDED_LINE, type OutcomeOptions, presentReport } from "./outcome.ts";
import { plotsOf } from "./plots.ts";
import { isEmbeddedRun } from "./report_command.ts";
import type { SoakReport } from "./soak_report.ts";
import { type WorkerRun, workerRuns, type WorkersRun } from "./workers_file.ts";

/** Writes and prints the report of workers whose journals were read; returns the exit code of the merged verdict. */
export async function presentWorkers(
  runs: readonly WorkerRun[],
  options: Pick<OutcomeOptions, "folder" | "printer" | "json">,
  ended: (report: SoakReport) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const { folder: path } = options;
  const seen = runs.flatMap(({ index, run, windows }) => run === undefined ? [] : [{ index, path, run, windows }]);
  const missing = runs.filter(({ run }) => run === undefined).map(({ index }) => index);
  for (const { index, run } of seen) {
    if (run.cut !== undefined) options.printer.err(`Note: of the journal of worker ${index}, ${run.cut}.`);
  }
  const report = mergeShards(seen, missing, "worker");
  await ended(report);
  return await presentReport(report, {
    ...options,
    plots: seen.flatMap(({ index, run }) => plotsOf(run.state, `worker ${index}`)),
    embedded: seen.some(({ run }) => isEmbeddedRun(run.config)),
  });
}

/**
 * `soak report DIR` of such a run.
 *
 * @throws {UsageError} If no worker has begun.
 */
export async function reportWorkers(
  run: WorkersRun,
  options: Pick<OutcomeOptions, "folder" | "printer" | "json">,
): Promise<number> {
  const runs = await workerRuns(options.folder, run);
  if (runs.every((one) => one.run === undefined)) {
    throw new UsageError(`soak report: no worker of the run in ${options.folder} has begun`);
  }
  if (isEmbeddedRun(run)) options.printer.err(EMBEDDED_LINE);
  return await presentWorkers(runs, options);
}
