/** Option table of the whole command `soak`. */

import type { CommandSpec } from "../src/cli/options.ts";
import { SOAK as JUDGE } from "./commands.ts";
import { SOAK_RUN_OPTIONS } from "./soak_options.ts";

/** The action `run` may be left out. */
export const SOAK: CommandSpec = {
  name: "soak",
  summary: "watch a node for hours and say whether it stays healthy",
  positionals: [
    {
      name: "ACTION",
      required: false,
      choices: ["run", "report", "merge", "judge", "worker"],
      help:
        "run, which may be left out, report what a run has seen, merge shards, or judge one series of a CSV file; worker is what --workers starts",
    },
    {
      name: "PATH",
      required: false,
      many: true,
      help: "of report and merge: output directories of runs; of judge: CSV of time in seconds and value",
    },
  ],
  options: [
    ...SOAK_RUN_OPTIONS,
    ...JUDGE.options.map((option) => option.name === "json" ? option : { ...option, help: `judge: ${option.help}` }),
  ],
  more: [
    "Exit codes: 0 stable, 1 drifting or violated, 2 usage or harness error, 3 inconclusive or invalid.",
    "The first Ctrl-C ends a run with its report, the second at once. A run that was killed goes on with --resume DIR.",
  ],
};
