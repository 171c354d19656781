/** `hearthproof soak`: does a node stay healthy for a day? Its parts are loaded when they are asked for. */

import type { CommandSpec } from "../src/cli/options.ts";
import { type Options, UsageError } from "../src/cli/parse.ts";
import { SOAK as JUDGE } from "./commands.ts";
import type { SoakContext } from "./soak_command.ts";
import { SOAK_RUN_OPTIONS } from "./soak_options.ts";

/** The action `run` may be left out. */
export const SOAK: CommandSpec = {
  name: "soak",
  summary: "watch a node for hours and say whether it stays healthy",
  positionals: [
    {
      name: "ACTION",
      required: false,
      choices: ["run", "judge"],
      help: "run, which may be left out, or judge one series of a CSV file",
    },
    { name: "FILE", required: false, help: "of judge: CSV with two columns, time in seconds and value" },
  ],
  options: [
    ...SOAK_RUN_OPTIONS,
    ...JUDGE.options.map((option) => option.name === "json" ? option : { ...option, help: `judge: ${option.help}` }),
  ],
  more: [
    "Exit codes: 0 stable, 1 drifting or violated, 2 usage or harness error, 3 inconclusive or invalid.",
    "The first Ctrl-C ends a run with its report, the second at once.",
  ],
};

/**
 * Runs the command; returns the exit code.
 *
 * @throws {UsageError} If action, file or options do not fit together.
 */
export async function soakCommand(
  options: Options,
  positionals: readonly string[],
  context: SoakContext,
): Promise<number> {
  const [action = "run", file] = positionals;
  if (action === "judge") {
    if (file === undefined) throw new UsageError("soak judge: FILE is missing");
    return await (await import("./judge_command.ts")).judgeCommand(file, options, context.printer);
  }
  if (file !== undefined) throw new UsageError(`soak ${action}: unexpected argument "${file}"`);
  return await (await import("./soak_command.ts")).runSoakCommand(options, context);
}
