/** Composition root: argv -> command -> exit code. The only place with console and Deno.exit. */

import { COMMANDS as OWN_COMMANDS, DEFAULT_OUTPUT_DIR } from "./src/cli/commands.ts";
import { mayBeConfigured, VERDICT_FILES, withCommonOptions } from "./src/cli/common_options.ts";
import { COMPLETIONS } from "./src/cli/completions.ts";
import { commandHelp } from "./src/cli/help.ts";
import { FIRST_CONTACT } from "./src/cli/help/first_contact.ts";
import { type Invocation, parseCommandLine, UsageError } from "./src/cli/parse.ts";
import { terminalPrinter } from "./src/cli/printer.ts";
import { commitOf } from "./src/cli/version.ts";
import { DIFF } from "./diff/options.ts";
import { SOAK } from "./soak/mod.ts";
import { visible } from "./src/report/escape.ts";
import { isRemote } from "./src/runner/remote.ts";
import { systemClock } from "./src/wire/clock.ts";

const COMMANDS = withCommonOptions(
  OWN_COMMANDS.flatMap((command) =>
    command.name === "run" ? [command, SOAK, DIFF] : command.name === "version" ? [COMPLETIONS, command] : [command]
  ),
);
const encoder = new TextEncoder();

/** Writes all of a text; a reader that went away (`| head`) is no error of ours. */
function write(stream: typeof Deno.stdout | typeof Deno.stderr, text: string): void {
  try {
    for (let bytes = encoder.encode(text); bytes.length > 0;) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

const printer = terminalPrinter({
  writeOut: (text) => write(Deno.stdout, text),
  writeErr: (text) => write(Deno.stderr, text),
  outIsTerminal: Deno.stdout.isTerminal(),
  errIsTerminal: Deno.stderr.isTerminal(),
  columns: Deno.stdout.isTerminal() ? Deno.consoleSize().columns : undefined,
  noColor: Deno.env.get("NO_COLOR"),
});

/** Errors that are the operator's to mend: one line, exit code 2. */
const CLEAR_ERRORS: readonly string[] = ["UsageError", "PreflightError", "OutputError", "ProcessError"];

/** Everything that is known of cases; loaded only by the commands that need it. */
async function loadSuites() {
  const [{ SUITES, SUITE_VERSION, withVectors }, { requirement }, { byteVectors }] = await Promise.all([
    import("./suites/mod.ts"),
    import("./suites/catalogue/mod.ts"),
    import("./vectors/mod.ts"),
  ]);
  return {
    clock: systemClock(),
    suites: withVectors(SUITES, byteVectors()),
    requirementOf: requirement,
    suiteVersion: SUITE_VERSION,
  };
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv.length === 0) {
    for (const line of FIRST_CONTACT) printer.out(line);
    return 0;
  }
  const words = mayBeConfigured(argv) ? await (await import("./src/cli/config.ts")).withConfig(argv, COMMANDS) : argv;
  const invocation = parseCommandLine(words, COMMANDS);
  const code = await start(invocation);
  await annotate(invocation, code);
  return code;
}

/** `--annotate`: the failures of the report that was just written; on stderr where stdout is one JSON object. */
async function annotate({ command, options, positionals, help }: Invocation, code: number): Promise<void> {
  if (help || code === 2 || positionals.length > 0 || !(command.name in VERDICT_FILES) || !options.flag("annotate")) {
    return;
  }
  const { annotateFolder } = await import("./src/cli/annotate.ts");
  const print = options.flag("json") ? printer.err : printer.out;
  for (const line of await annotateFolder(command.name, options.text("output-dir") ?? ".")) print(line);
}

async function start(invocation: Invocation): Promise<number> {
  const { command, options, positionals } = invocation;
  if (invocation.help) {
    for (const line of commandHelp(command, printer.width)) printer.out(line);
    if (command.name === "node") {
      const { nodeHelpLines } = await import("./src/cli/node_command.ts");
      for (const line of nodeHelpLines(printer.width)) printer.out(line);
    }
    return 0;
  }
  const interrupted = new AbortController();
  const interrupt = (signal: Deno.Signal) => {
    // The first signal ends gracefully, the second at once.
    if (interrupted.signal.aborted) Deno.exit(2);
    interrupted.abort(new Error("interrupted", { cause: signal }));
  };
  Deno.addSignalListener("SIGINT", () => interrupt("SIGINT"));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => interrupt("SIGTERM"));
  const context = async () => ({
    ...await loadSuites(),
    printer,
    suiteCommit: await commitOf(import.meta.dirname),
    programUrl: import.meta.url,
    signal: interrupted.signal,
  });
  switch (command.name) {
    case "run":
      return await (await import("./src/cli/run_command.ts")).runCommand(options, await context());
    case "selftest":
      return await (await import("./src/cli/selftest_command.ts")).selftestCommand(options, await context());
    case "doctor":
      return await (await import("./src/cli/doctor_command.ts")).doctorCommand(options, await context());
    case "node": {
      const { nodeCommand } = await import("./src/cli/node_command.ts");
      const { heldInput } = await import("./src/cli/node_input.ts");
      const [clock, input] = [systemClock(), heldInput()];
      const node = { printer, clock, signal: interrupted.signal, input, program: import.meta.url };
      return await nodeCommand(options, node);
    }
    case "diff": {
      const requirements = async () => (await import("./suites/catalogue/mod.ts")).CATALOGUE.requirements;
      const diff = {
        ...{ printer, clock: systemClock(), signal: interrupted.signal, program: import.meta.url },
        requirements,
      };
      return await (await import("./diff/mod.ts")).diffCommand(options, diff);
    }
    case "soak": {
      const soak = { printer, clock: systemClock(), signal: interrupted.signal, programUrl: import.meta.url };
      return await (await import("./soak/mod.ts")).soakCommand(options, positionals, soak);
    }
    case "identity":
      return (await import("./src/cli/small_commands.ts")).identityCommand(options, printer);
    case "version": {
      const [{ versionCommand }, { SUITE_VERSION }] = await Promise.all([
        import("./src/cli/small_commands.ts"),
        import("./suites/version.ts"),
      ]);
      const versions = { suite: SUITE_VERSION, commit: await commitOf(import.meta.dirname) };
      return versionCommand(options, printer, versions);
    }
    case "report": {
      const [action = "show", folder = DEFAULT_OUTPUT_DIR] = positionals;
      return await (await import("./src/cli/report_command.ts")).reportCommand(
        action,
        folder,
        options,
        await context(),
      );
    }
    case "requirements": {
      const [{ requirementsCommand }, { suites }, { CATALOGUE }] = await Promise.all([
        import("./src/cli/requirements.ts"),
        context(),
        import("./suites/catalogue/mod.ts"),
      ]);
      const cases = suites.flatMap((suite) => suite.cases.map(({ id, requirement }) => ({ id, requirement })));
      const { requirements, not_judged: notJudged } = CATALOGUE;
      return requirementsCommand(options, printer, { requirements, notJudged, cases });
    }
    case "completions": {
      const { completionsCommand } = await import("./src/cli/help_command.ts");
      return completionsCommand(positionals[0] ?? "", COMMANDS, printer);
    }
    default:
      return (await import("./src/cli/help_command.ts")).helpCommand(positionals[0], COMMANDS, printer);
  }
}

if (isRemote()) {
  (await import("./src/cli/worker.ts")).workerCommand(loadSuites);
} else {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    printer.progress("");
    if (error instanceof UsageError || (error instanceof Error && CLEAR_ERRORS.includes(error.name))) {
      printer.err(`hearthproof: ${visible(error.message)}`);
    } else {
      printer.err(`hearthproof: ${visible(error instanceof Error ? error.stack ?? error.message : String(error))}`);
    }
    if (Deno.args.includes("--annotate")) {
      const { workflowCommand } = await import("./src/cli/annotate.ts");
      const message = error instanceof Error ? error.message : String(error);
      printer.err(workflowCommand({ kind: "error", title: "hearthproof", message }));
    }
    Deno.exit(2);
  }
}
