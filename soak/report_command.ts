/** `hearthproof soak report DIR`: the report of what a run has seen, from its journal alone. */

import type { Options } from "../src/cli/parse.ts";
import { quietPrinter } from "../src/cli/printer.ts";
import type { RestoredRun } from "./journal_restore.ts";
import { EMBEDDED_LINE, presentReport } from "./outcome.ts";
import { plotsOf } from "./plots.ts";
import { fullerReport } from "./fuller_report.ts";
import { canResume, runOf } from "./run_folder.ts";
import { readWorkersRun } from "./workers_file.ts";
import { reportWorkers } from "./workers_report.ts";
import type { RunConfig } from "./run_state.ts";
import type { SoakContext } from "./soak_command.ts";
import type { SoakReport } from "./soak_report.ts";

/** Runs the command; returns the exit code of the verdict. */
export async function reportCommand(folder: string, options: Options, context: SoakContext): Promise<number> {
  const json = options.flag("json");
  const printer = json ? quietPrinter(context.printer) : context.printer;
  const workers = await readWorkersRun(folder);
  const asJson = json ? (text: string) => context.printer.out(text) : undefined;
  if (workers !== undefined) return await reportWorkers(workers, { folder, printer, json: asJson });
  const run = await runOf("report", folder);
  const embedded = isEmbeddedRun(run.config);
  if (embedded) printer.err(EMBEDDED_LINE);
  if (run.cut !== undefined) printer.err(`Note: of the journal, ${run.cut}.`);
  const told = reportOf(run, folder);
  const fuller = await fullerReport(folder, told);
  if (fuller !== undefined) {
    printer.err(
      `Note: the journal ends at ${
        told.duration_s.toFixed(1)
      } s, the report of the run itself reaches further: it stays.`,
    );
  }
  return await presentReport(fuller ?? told, {
    written: fuller !== undefined,
    plots: plotsOf(run.state),
    folder,
    printer,
    json: asJson,
    embedded,
  });
}

/** The report of a run, whether it came to its end or not. */
export function reportOf({ state, ending }: Pick<RestoredRun, "state" | "ending">, folder: string): SoakReport {
  return state.report(
    ending ?? {
      endMs: state.tally.last,
      early: undefined,
      incomplete: canResume(state.config)
        ? `the run has not come to its end; it goes on with --resume ${folder}`
        : "the run has not come to its end, and its container went with the tester",
    },
  );
}

export function isEmbeddedRun({ options }: Pick<RunConfig, "options">): boolean {
  const target = options.target;
  return target === undefined || (typeof target === "string" && /^embedded(:|$)/.test(target));
}
