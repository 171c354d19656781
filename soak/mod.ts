/** `hearthproof soak`: does a node stay healthy for a day? Its parts are loaded when they are asked for. */

import { type Options, UsageError } from "../src/cli/parse.ts";
import type { SoakContext } from "./soak_command.ts";

export { SOAK } from "./soak_spec.ts";

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
  const [action = "run", ...paths] = positionals;
  const only = (): string => {
    const [path, more] = paths;
    if (path === undefined) throw new UsageError(`soak ${action}: PATH is missing`);
    if (more !== undefined) throw new UsageError(`soak ${action}: unexpected argument "${more}"`);
    return path;
  };
  switch (action) {
    case "judge":
      return await (await import("./judge_command.ts")).judgeCommand(only(), options, context.printer);
    case "report":
      return await (await import("./report_command.ts")).reportCommand(only(), options, context);
    case "merge":
      return await (await import("./merge_command.ts")).mergeCommand(paths, options, context);
  }
  if (action === "worker" && paths[0] === undefined) {
    return await (await import("./worker_command.ts")).workerCommand(options, context);
  }
  if (paths[0] !== undefined) throw new UsageError(`soak ${action}: unexpected argument "${paths[0]}"`);
  return await (await import("./soak_command.ts")).runSoakCommand(options, context);
}
