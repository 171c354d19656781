/** `hearthproof report show|verify|recheck DIR`. */

import { visible } from "../report/escape.ts";
import type { RunManifest } from "../report/run_manifest.ts";
import type { Outcome } from "../report/results.ts";
import { verifyReport } from "../report/sign.ts";
import { printReport } from "../report/terminal.ts";
import { RunnerBench } from "../runner/bench.ts";
import { run } from "../runner/run.ts";
import { runOptions } from "../runner/run_options.ts";
import { plan } from "../runner/select.ts";
import { readTranscript, ReplayNetwork, type Transcript } from "../wire/mod.ts";
import { RUN } from "./commands.ts";
import { EXIT } from "./exit_code.ts";
import { type Options, parseCommandLine, UsageError } from "./parse.ts";
import { GIVEN } from "../report/redact.ts";
import { readJson, readReport, readRunManifest } from "./report_files.ts";
import { type CommandContext, REPORT_FILES } from "./run_command.ts";
import { chooseTarget } from "./target_options.ts";

async function transcriptOf(folder: string): Promise<Transcript> {
  try {
    return await readTranscript(`${folder}/${REPORT_FILES.transcript}`);
  } catch (error) {
    throw new UsageError(
      `report: ${folder}/${REPORT_FILES.transcript}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Runs the command; returns the exit code. */
export async function reportCommand(
  action: string,
  folder: string,
  options: Options,
  context: CommandContext,
): Promise<number> {
  switch (action) {
    case "show":
      return await show(folder, options, context);
    case "verify":
      return await verify(folder, options, context);
    default:
      return await recheck(folder, options, context);
  }
}

async function show(folder: string, options: Options, { printer, requirementOf }: CommandContext): Promise<number> {
  const report = await readReport(`${folder}/${REPORT_FILES.json}`);
  if (options.flag("json")) printer.out(JSON.stringify(report));
  else {
    printReport(report, printer, (id) => {
      try {
        return requirementOf(id).says;
      } catch {
        return undefined;
      }
    });
  }
  return EXIT.clean;
}

async function verify(folder: string, options: Options, { printer }: CommandContext): Promise<number> {
  const report = await readJson(`${folder}/${REPORT_FILES.json}`);
  const { digest } = await transcriptOf(folder);
  const { target } = await readRunManifest(`${folder}/${REPORT_FILES.manifest}`);
  const verification = verifyReport(report, digest, target.node_id);
  if (options.flag("json")) printer.out(JSON.stringify(verification));
  else {
    printer.out(`target's signature: ${verification.target.verdict} (${visible(verification.target.reason)})`);
    printer.out(`tester's signature: ${verification.tester.verdict} (${visible(verification.tester.reason)})`);
    printer.out(verification.ok ? "the report is as it was signed" : "the report is NOT as it was signed");
  }
  return verification.ok ? EXIT.clean : EXIT.violations;
}

/** The options of the run that wrote the folder, with the keys given now. */
function optionsOf(manifest: RunManifest, given: Options): Options {
  const argv = ["run"];
  for (const [name, value] of Object.entries(manifest.configuration)) {
    if (value === GIVEN) {
      const key = given.text(name);
      if (key === undefined) {
        throw new UsageError(`report recheck: that run was given --${name}; give it again, signatures are made anew`);
      }
      argv.push(`--${name}=${key}`);
    } else if (["target", "target-url", "docker-image", "dialect", "adapter"].includes(name)) {
      argv.push(`--${name}=${value}`);
    } else if (["allow-writes", "disposable"].includes(name) && value === true) argv.push(`--${name}`);
  }
  return parseCommandLine(argv, [RUN]).options;
}

/** One verdict that came out differently. */
interface Flip {
  readonly case: string;
  readonly reported: string;
  readonly rechecked: string;
}

async function recheck(folder: string, options: Options, context: CommandContext): Promise<number> {
  const manifest = await readRunManifest(`${folder}/${REPORT_FILES.manifest}`);
  const { seed, time_origin: timeOrigin } = manifest;
  const transcript = await transcriptOf(folder);
  const { target, adapter } = await chooseTarget(optionsOf(manifest, options), {
    seed,
    timeOrigin,
    captureWire: manifest.configuration["wire-capture"] === true,
  });
  const all = plan(context.suites, context.requirementOf);
  const ran = new Set(manifest.selection.ran);
  const selected = all.filter(({ definition }) => ran.has(definition.id));
  const basis = { ...context, seed, timeOrigin };
  const { result } = await run(runOptions(basis, {
    target,
    adapter,
    all,
    selected,
    reporter: new RunnerBench(basis),
    networkOf: (scope) => new ReplayNetwork(transcript.scopes.get(scope) ?? []),
    repeats: (id) => transcript.scopes.has(`${id}#2`),
    slow: true,
    strict: manifest.strict,
    suiteCommit: context.suiteCommit,
    progress: ({ done, total }) => context.printer.progress(`${done}/${total}`),
    signal: context.signal,
  }));
  context.printer.progress("");
  const report = await readReport(`${folder}/${REPORT_FILES.json}`);
  const reported = new Map(report.cases.map(({ id, outcome }) => [id, outcome]));
  const flips: Flip[] = result.cases.flatMap(({ id, outcome, reason, failure }) => {
    const before = reported.get(id);
    if (before === outcome) return [];
    const why = failure === undefined ? reason : `expected ${failure.expected}; observed ${failure.observed}`;
    return [{
      case: id,
      reported: before ?? "not reported",
      rechecked: why === undefined ? outcome : `${outcome}: ${why}`,
    }];
  });
  if (options.flag("json")) {
    context.printer.out(
      JSON.stringify({ rechecked: result.cases.length, flips, transcript_digest: transcript.digest }),
    );
  } else {
    for (const flip of flips) {
      context.printer.out(
        `FLIPPED ${flip.case}: reported ${flip.reported}, the transcript says ${visible(flip.rechecked)}`,
      );
    }
    const count = (outcome: Outcome) => result.cases.filter((c) => c.outcome === outcome).length;
    context.printer.out(
      `rechecked ${result.cases.length} verdicts from the transcript: ${count("pass")} pass, ${count("fail")} fail, ` +
        (flips.length === 0 ? "all as reported" : `${flips.length} NOT as reported`),
    );
  }
  return flips.length === 0 ? EXIT.clean : EXIT.violations;
}
