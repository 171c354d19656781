/** Options that main.ts adds to the tables of the commands. */

import type { CommandSpec, OptionSpec } from "./options.ts";

/** Every command has it. */
export const CONFIG_OPTION: OptionSpec = {
  name: "config",
  kind: "path",
  value: "FILE",
  help: "YAML file of options under the names of commands; the command line wins, --no-FLAG takes a flag back",
};

/** For the commands whose verdict can be bad. */
export const ANNOTATE_OPTION: OptionSpec = {
  name: "annotate",
  kind: "flag",
  help: "print each failure as a workflow command of GitHub Actions, which shows it beside the run",
};

/** Files that hold the verdict, by command. */
export const VERDICT_FILES: Readonly<Record<string, string>> = {
  run: "report.json",
  soak: "soak-report.json",
  diff: "diff-report.json",
};

/** Commands with `--config` everywhere and `--annotate` where a verdict can be bad. */
export function withCommonOptions(commands: readonly CommandSpec[]): readonly CommandSpec[] {
  return commands.map((command) => ({
    ...command,
    options: [...command.options, ...(command.name in VERDICT_FILES ? [ANNOTATE_OPTION] : []), CONFIG_OPTION],
  }));
}

/** Whether a command line may need its configuration file read, so that others start without what that takes. */
export function mayBeConfigured(argv: readonly string[]): boolean {
  return argv.some((word) => word.startsWith(`--${CONFIG_OPTION.name}`) || word.startsWith("--no-"));
}
