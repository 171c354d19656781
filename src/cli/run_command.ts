/** `hearthproof run`: judge a target, write the reports, tell the verdict. */

import type { Json } from "../protocol/mod.ts";
import { prepareFolder, writeAtomic } from "../report/atomic.ts";
import { buildReport, type ConformanceReport, reportText } from "../report/build.ts";
import { htmlReport } from "../report/html.ts";
import { junitXml } from "../report/junit.ts";
import type { RunResult, ShownExchange } from "../report/results.ts";
import { buildRunManifest, runManifestText } from "../report/run_manifest.ts";
import { signReport } from "../report/sign.ts";
import { printReport } from "../report/terminal.ts";
import { RunnerBench } from "../runner/bench.ts";
import type { RunnableCase, Suite, SuiteOf } from "../runner/case.ts";
import { type Progress, run } from "../runner/run.ts";
import { type RunBasis, runOptions } from "../runner/run_options.ts";
import { filterCases, plan, type PlannedCase } from "../runner/select.ts";
import { captureJson } from "../runner/wire_capture.ts";
import { parseVector, vectorCase } from "../runner/vector.ts";
import { testerIdentity } from "../target/access.ts";
import { judgeBaseline, parseBaseline, staleLines } from "./baseline.ts";
import { DEFAULT_OUTPUT_DIR, DEFAULT_SEED, RUN } from "./commands.ts";
import { exitCodeOf } from "./exit_code.ts";
import { secretOptions } from "./options.ts";
import { type Options, UsageError } from "./parse.ts";
import { type Printer, quietPrinter } from "./printer.ts";
import { Recording } from "./recording.ts";
import { SecondThread } from "./second_thread.ts";
import { replayedOptions } from "./replay_options.ts";
import { chooseTarget, readOptionFile } from "./target_options.ts";

/** What main hands to the commands. */
export interface CommandContext extends Omit<RunBasis, "seed" | "timeOrigin"> {
  readonly printer: Printer;
  readonly suites: readonly Suite[];
  readonly suiteCommit: string;
  /** URL of the program, to start it again as a worker; without it everything runs on one thread. */
  readonly programUrl?: string;
  /** Aborted by Ctrl-C: the run ends early and still reports. */
  readonly signal: AbortSignal;
}

/** Names of the files a run writes. */
export const REPORT_FILES = {
  json: "report.json",
  html: "report.html",
  junit: "junit.xml",
  manifest: "run_manifest.json",
  transcript: "transcript.jsonl.zst",
} as const;

function compareVersions(a: string, b: string): number {
  const parts = (text: string) => text.split(".").map(Number);
  const [x, y] = [parts(a), parts(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function checkSuiteVersion(options: Options, current: string): void {
  const least = options.text("min-suite-version");
  if (least === undefined) return;
  if (!/^\d+\.\d+\.\d+$/.test(least)) {
    throw new UsageError(`run: --min-suite-version must be a version like 1.0.0, current value is "${least}"`);
  }
  if (compareVersions(current, least) < 0) {
    throw new UsageError(
      `run: this is suite version ${current}, --min-suite-version asks for ${least}; use a newer hearthproof`,
    );
  }
}

/** The suites, or the one case of `--vector`. */
async function suitesOf(options: Options, context: CommandContext): Promise<readonly SuiteOf<RunnableCase>[]> {
  const path = options.text("vector");
  if (path === undefined) return context.suites;
  try {
    const vector = parseVector(await readOptionFile("vector", path));
    const { section } = context.requirementOf(vector.requirement);
    return [{ section, cases: [vectorCase(vector, section)] }];
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--vector ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** The cases that were asked for, and the sections that were taken out. */
export function selectCases(all: readonly PlannedCase[], options: Options): {
  readonly selected: readonly PlannedCase[];
  readonly deselected: readonly string[];
} {
  const filters = options.list("suite-filter");
  for (const filter of filters) {
    if (filterCases(all, [filter]).length === 0) {
      throw new UsageError(
        `--suite-filter ${filter}: matches no case, section or requirement; hearthproof requirements lists them`,
      );
    }
  }
  const left = filterCases(all, filters).filter(({ section }) =>
    !(options.flag("skip-experimental") && section.startsWith("experimental/")) &&
    !(options.flag("skip-operability") && section.startsWith("operability/"))
  );
  const kept = new Set(left.map(({ section }) => section));
  const deselected = [...new Set(all.map(({ section }) => section))].filter((section) => !kept.has(section));
  return { selected: left, deselected };
}

function progressText(progress: Progress, width: number): string {
  const failed = progress.failed === 0 ? "" : `, ${progress.failed} failed`;
  const text = `${progress.done}/${progress.total}${failed}  ${progress.running.at(-1) ?? ""}`;
  return text.slice(0, width - 1);
}

function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The command line that repeats one case of this run. */
export function reproductionOf(options: Options, seed: number, caseId: string): string {
  const kept = [
    "vector",
    "target",
    "target-url",
    "docker-image",
    "container-engine",
    "root-key",
    "admin-key",
    "sut-key",
    "dialect",
    "adapter",
  ];
  const words = kept.flatMap((name) => {
    const value = options.given(name) ? options.text(name) : undefined;
    return value === undefined ? [] : [`--${name}`, shellWord(value)];
  });
  for (const arg of options.list("container-arg")) words.push(shellWord(`--container-arg=${arg}`));
  const flags = ["slow", "allow-writes", "disposable"].filter((name) => options.flag(name)).map((name) => `--${name}`);
  // A vector is one case.
  const which = options.given("vector") ? [] : ["--suite-filter", shellWord(caseId)];
  return ["hearthproof", "run", ...words, ...flags, "--seed", String(seed), ...which].join(" ");
}

function configurationOf(options: Options): RunResult["configuration"] {
  return Object.fromEntries(options.entries().map(([name, value]) => [name, value as Json]));
}

/** Runs the command; returns the exit code. */
export async function runCommand(given: Options, context: CommandContext): Promise<number> {
  const options = await replayedOptions(given, RUN);
  const printer = options.flag("json") ? quietPrinter(context.printer) : context.printer;
  checkSuiteVersion(options, context.suiteVersion);
  const seed = options.number("seed") ?? DEFAULT_SEED;
  const timeOrigin = options.number("time-origin") ?? Math.floor(context.clock.wall() / 1000) * 1000;
  const baselinePath = options.text("baseline");
  const baseline = baselinePath === undefined
    ? undefined
    : parseBaseline(new TextDecoder().decode(await readOptionFile("baseline", baselinePath)), baselinePath);
  const captureWire = options.flag("wire-capture");
  const { target, adapter, secrets } = await chooseTarget(options, {
    seed,
    timeOrigin,
    captureWire,
    signal: context.signal,
  });
  const all = plan(await suitesOf(options, context), context.requirementOf);
  const { selected, deselected } = selectCases(all, options);
  const folder = options.text("output-dir") ?? DEFAULT_OUTPUT_DIR;
  await prepareFolder(folder);
  const recording = await Recording.start(`${folder}/${REPORT_FILES.transcript}`, {
    clock: context.clock,
    timeOrigin,
    seed,
    target: target.url,
    captureWire,
    seeded: target.kind === "embedded",
    scopes: ["preflight", ...selected.map(({ definition }) => definition.id)],
  });
  const shown: ShownExchange[] = [];
  if (target.kind === "embedded") {
    printer.err("judging the built-in reference node, not yours (--target URL for yours)");
  }
  const remote = new SecondThread(target, options, context, recording, { seed, timeOrigin, captureWire });
  let finished;
  try {
    const basis = { ...context, seed, timeOrigin };
    finished = await run(runOptions(basis, {
      ...(remote.useful ? { elsewhere: remote.run } : {}),
      target,
      all,
      selected,
      networkOf: recording.networkOf,
      parallel: options.number("parallel") ?? 1,
      slow: options.flag("slow"),
      strict: options.flag("strict"),
      adapter,
      reporter: new RunnerBench(basis),
      suiteCommit: context.suiteCommit,
      deselected,
      configuration: configurationOf(options),
      reproduction: (id) => reproductionOf(options, seed, id),
      progress: (progress) => {
        printer.progress(progressText(progress, printer.width));
        keepShown(progress, recording, shown);
      },
      signal: context.signal,
    }));
  } catch (error) {
    printer.progress("");
    await recording.discard();
    throw error;
  } finally {
    remote.close();
    await target.stop();
  }
  printer.progress("");
  const result: RunResult = {
    ...finished.result,
    calls: recording.calls,
    substitutions: recording.substitutions.list(),
    ...captured(recording, captureWire, finished),
  };
  const { digest } = await recording.finish();
  const report = signReport(buildReport(result), {
    tester: testerIdentity(seed),
    target: target.access.sut,
    transcriptDigest: digest,
  });
  const existing = all.map(({ definition }) => ({ id: definition.id, requirement: definition.requirement }));
  const judged = baseline === undefined ? undefined : judgeBaseline(baseline, result.cases, existing);
  await writeReports(folder, report, result, shown, { options: secretOptions(RUN), texts: secrets }, context);
  if (options.flag("json")) context.printer.out(JSON.stringify(report));
  else {
    const known = judged?.known.length ?? 0;
    printReport(report, printer, (id) => context.requirementOf(id).says, [
      ...(known === 0 ? [] : [`baseline: ${known} of the failures ${known === 1 ? "is" : "are"} known`]),
      ...staleLines(judged?.stale ?? []),
      `report: ${folder}/${REPORT_FILES.html}`,
    ]);
  }
  return exitCodeOf(result, judged);
}

/** What the report says of the traffic between the target and its peers. */
function captured(
  recording: Recording,
  asked: boolean,
  { result }: { readonly result: RunResult },
): Pick<RunResult, "remarks" | "more"> {
  if (!asked) {
    const remark =
      "what passes between the target and its peers was not held against the wire vectors (--wire-capture)";
    return { remarks: [...result.remarks, remark] };
  }
  const { summary } = recording;
  const { requests, calls, events, manifests, problems } = summary;
  const remark =
    `wire capture: ${requests} requests of the target to its peers with ${calls} calls and ${events} events, ` +
    `${manifests} manifests; ${problems.length} departures from the wire format`;
  return { remarks: [...result.remarks, remark], more: { ...result.more, wire_capture: captureJson(summary) } };
}

/** Keeps the exchange of a failure, forgets the records of everything that is judged. */
function keepShown({ last, done }: Progress, recording: Recording, shown: ShownExchange[]): void {
  if (last === undefined) {
    // The pre-flight is over when the first case begins.
    if (done === 0) recording.forget("preflight");
    return;
  }
  const scope = last.attempts === undefined ? last.id : `${last.id}#2`;
  const exchange = last.failure?.exchange ?? -1;
  const view = exchange < 0 ? undefined : recording.shown(scope, exchange);
  if (view !== undefined) {
    const at = shown.findIndex((s) => s.caseId === view.caseId);
    if (at < 0) shown.push(view);
    else shown[at] = view;
  }
  recording.forget(scope);
}

async function writeReports(
  folder: string,
  report: ConformanceReport,
  result: RunResult,
  shown: readonly ShownExchange[],
  secrets: { readonly options: readonly string[]; readonly texts: readonly string[] },
  context: CommandContext,
): Promise<void> {
  const wording = (id: string) => context.requirementOf(id).says;
  await writeAtomic(`${folder}/${REPORT_FILES.json}`, reportText(report));
  await writeAtomic(`${folder}/${REPORT_FILES.html}`, htmlReport(report, shown, wording));
  await writeAtomic(`${folder}/${REPORT_FILES.junit}`, junitXml(result));
  await writeAtomic(`${folder}/${REPORT_FILES.manifest}`, runManifestText(buildRunManifest(result, secrets)));
}
