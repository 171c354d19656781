/** What a run leaves behind: its report as files and as words, and the exit code. */

import { join } from "node:path";
import { EXIT } from "../src/cli/exit_code.ts";
import type { Printer } from "../src/cli/printer.ts";
import { OutputError, writeAtomic } from "../src/report/atomic.ts";
import type { Plot } from "./plots.ts";
import { soakHtml } from "./report_html.ts";
import { HTML_FILE, REPORT_FILE } from "./run_folder.ts";
import type { SoakReport } from "./soak_report.ts";
import { reportLines } from "./soak_text.ts";

/** Said first and last where the target is our own node (design.md "Target"). */
export const EMBEDDED_LINE = "Judged is the built-in reference node, not yours.";

export interface OutcomeOptions {
  readonly folder: string;
  /** For everything that is not the report as JSON. */
  readonly printer: Printer;
  /** Prints the report as JSON and nothing else on standard output. */
  readonly json: ((text: string) => void) | undefined;
  readonly embedded: boolean;
  /** Plots of the page. */
  readonly plots: readonly Plot[];
  /** The files hold this report already and stay as they are. */
  readonly written?: boolean;
}

/** Writes and prints the report; returns the exit code. Files that cannot be written do not hide the verdict. */
export async function presentReport(report: SoakReport, options: OutcomeOptions): Promise<number> {
  const { folder, printer, json, embedded, plots, written = false } = options;
  const path = join(folder, REPORT_FILE);
  const page = join(folder, HTML_FILE);
  let failure: string | undefined;
  try {
    if (!written) {
      await writeAtomic(path, JSON.stringify(report, null, 2) + "\n");
      await writeAtomic(page, soakHtml(report, plots, embedded));
    }
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    failure = error.message;
  }
  json?.(JSON.stringify(report));
  for (const line of reportLines(report, printer.width)) printer.out(line);
  printer.out("");
  if (failure === undefined) printer.out(`Report: ${page}, ${path}`);
  else printer.err(`${failure}. What stands above is all there is.`);
  if (embedded) printer.out(EMBEDDED_LINE);
  return exitCodeOf(report);
}

/** design.md, table of exit codes. */
export function exitCodeOf({ verdict }: Pick<SoakReport, "verdict">): number {
  if (verdict === "stable") return EXIT.clean;
  return verdict === "drifting" || verdict === "violated" ? EXIT.violations : EXIT.inconclusive;
}
