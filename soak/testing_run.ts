/** A whole run inside a test: the command, its output and its report. */

import { parseCommandLine } from "../src/cli/parse.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { systemClock } from "../src/wire/clock.ts";
import { SOAK, soakCommand } from "./mod.ts";
import { REPORT_FILE } from "./run_folder.ts";
import type { SoakContext } from "./soak_command.ts";
import type { SoakReport } from "./soak_report.ts";

const PROGRAM = new URL("../main.ts", import.meta.url).href;

/** What a run left behind. */
export interface RunInTest {
  readonly code: number;
  readonly report: SoakReport;
  readonly out: string;
  readonly err: string;
}

/** What a test does to a run. */
export interface RunOptionsOfTest {
  /** Called with a way to press Ctrl-C whenever the live line changes. */
  readonly onProgress?: (interrupt: () => void) => void;
  readonly disk?: SoakContext["disk"];
  /** The folder is that of `--resume`. */
  readonly resumed?: boolean;
}

/** Runs `soak` with these arguments; without `--output-dir` in a folder that is removed afterwards. */
export async function soakInProcess(argv: readonly string[], options: RunOptionsOfTest = {}): Promise<RunInTest> {
  const kept = argv.indexOf(options.resumed === true ? "--resume" : "--output-dir");
  const folder = argv[kept + 1] ?? "";
  if (kept >= 0) return await run(argv, folder, options);
  const temporary = await Deno.makeTempDir({ prefix: "hearthproof-soak-" });
  try {
    return await run(["--output-dir", temporary, ...argv], temporary, options);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

async function run(
  argv: readonly string[],
  folder: string,
  { onProgress = () => {}, disk }: RunOptionsOfTest,
): Promise<RunInTest> {
  const interrupted = new AbortController();
  const printer = bufferPrinter();
  const watched = {
    ...printer,
    progress: (text: string) => {
      if (text !== "") onProgress(() => interrupted.abort(new Error("interrupted")));
    },
  };
  const { options, positionals } = parseCommandLine(["soak", ...argv], [SOAK]);
  const context: SoakContext = {
    printer: watched,
    clock: systemClock(),
    signal: interrupted.signal,
    programUrl: PROGRAM,
    ...(disk === undefined ? {} : { disk }),
  };
  const code = await soakCommand(options, positionals, context);
  const report = JSON.parse(await Deno.readTextFile(`${folder}/${REPORT_FILE}`)) as SoakReport;
  return { code, report, out: printer.outLines.join("\n"), err: printer.errLines.join("\n") };
}
