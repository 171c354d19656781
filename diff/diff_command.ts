/** `hearthproof diff`: options -> comparison -> reports -> exit code. */

import { join } from "node:path";
import { type Options, UsageError } from "../src/cli/parse.ts";
import { type Printer, quietPrinter } from "../src/cli/printer.ts";
import type { Clock } from "../src/protocol/mod.ts";
import { prepareFolder, writeAtomic } from "../src/report/atomic.ts";
import { readOptionFile } from "../src/cli/target_options.ts";
import { calibrate } from "./calibrate.ts";
import { causesOf } from "./causes.ts";
import { commonCast, commonOffer, makeTarget, readText, sideOptions, skewOf } from "./contest.ts";
import { planOf, recordingText } from "./export.ts";
import { freshRun, investigate, type Laboratory } from "./investigate.ts";
import { Mask, type MaskEntry, maskText, parseMask, STANDING_MASK } from "./mask.ts";
import type { PairRun } from "./pair.ts";
import type { Plan } from "./plan.ts";
import { readOnly } from "./read_only.ts";
import { diffHtml } from "./report_html.ts";
import { diffReport } from "./report_json.ts";
import { diffJunit } from "./report_junit.ts";
import { summaryLines } from "./report_terminal.ts";
import type { ComparedTarget, Difference, DiffResult } from "./result.ts";
import { type Contestant, meet, type RunFrame } from "./side.ts";
import { readProfile, type Weights } from "./profile.ts";
import { makePlan, TEMPLATES } from "./traffic/mod.ts";

/** What main hands over. */
export interface DiffContext {
  readonly printer: Printer;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** URL of the program, to start embedded nodes as children. */
  readonly program: string;
}

const MS_PER_SECOND = 1000;
const EXIT = { equal: 0, different: 1, inconclusive: 3 } as const;

/** Runs the command; returns the exit code. */
export async function diffCommand(options: Options, context: DiffContext): Promise<number> {
  if (options.text("target") !== undefined) {
    return await (await import("./matrix.ts")).matrixCommand(options, context);
  }
  const printer = options.flag("json") ? quietPrinter(context.printer) : context.printer;
  const directory = options.text("output-dir") ?? "";
  await prepareFolder(directory);
  const replay = options.text("replay");
  const recorded = replay === undefined ? undefined : await readRecording(replay);
  const frame = frameOf(options, context, recorded?.plan.seed);
  const specs = { left: options.text("left") ?? "embedded", right: options.text("right") ?? "embedded" };
  const place = { program: context.program, directory: join(directory, "nodes") };
  const targets = [];
  try {
    for (const side of ["left", "right"] as const) {
      targets.push(await makeTarget(sideOptions(options, side, specs[side]), specs[side], frame, place));
    }
    const [a, b] = targets;
    if (a === undefined || b === undefined) throw new UsageError("diff: two targets are needed");
    banner(printer, specs);
    printer.progress("looking at both targets");
    const [left, right] = await Promise.all([
      meet("left", a, frame, skewOf(options, "left")),
      meet("right", b, frame, skewOf(options, "right")),
    ]);
    const result = await compare({
      options,
      context: { ...context, printer },
      frame,
      left,
      right,
      directory,
      recorded: recorded?.plan,
    });
    printer.progress("");
    await writeReports(directory, result);
    if (options.flag("json")) context.printer.out(JSON.stringify(diffReport(result)));
    for (const line of summaryLines(result, printer.width)) printer.out(line);
    printer.out(`reports: ${join(directory, "diff-report.html")}, diff-report.json, junit.xml, mask.yaml`);
    banner(printer, specs);
    return EXIT[result.verdict];
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
    await Deno.remove(place.directory, { recursive: true }).catch(() => {});
  }
}

/** With an embedded target the output says what is judged (design.md "Target"). */
function banner(printer: Printer, specs: { readonly left: string; readonly right: string }): void {
  const embedded = (["left", "right"] as const).filter((side) => /^embedded(:|$)/.test(specs[side]));
  if (embedded.length > 0) printer.out(`${embedded.join(" and ")}: the built-in reference node, not yours`);
}

/** Seed and times of a run. */
export function frameOf(options: Options, { clock }: DiffContext, recordedSeed?: number): RunFrame {
  const given = options.given("seed") ? options.number("seed") : recordedSeed;
  const now = Math.floor(clock.wall() / MS_PER_SECOND) * MS_PER_SECOND;
  return {
    seed: given ?? options.number("seed") ?? 0,
    timeOrigin: options.number("time-origin") ?? now,
    clock,
    scope: "diff",
  };
}

async function readRecording(path: string) {
  try {
    return planOf(await readOptionFile("replay", path));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--replay ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Weights of a profile file. @throws {UsageError} If it names traffic that does not exist. */
export async function weightsOf(options: Options): Promise<Weights> {
  const path = options.text("profile");
  if (path === undefined) return {};
  return readProfile(await readText("profile", path), path, TEMPLATES.map(({ name }) => name));
}

interface Task {
  readonly options: Options;
  readonly context: DiffContext;
  readonly frame: RunFrame;
  readonly left: Contestant;
  readonly right: Contestant;
  readonly directory: string;
  readonly recorded: Plan | undefined;
}

/** The plan both may be sent. */
export async function planFor(options: Options, frame: RunFrame, contestants: readonly Contestant[]): Promise<Plan> {
  const { offer } = commonOffer(contestants);
  const steps = options.number("steps") ?? 0;
  const plan = makePlan({
    seed: frame.seed,
    steps,
    offer,
    cast: commonCast(contestants),
    weights: await weightsOf(options),
  });
  return contestants.every(({ target }) => target.access.allowWrites) ? plan : readOnly(plan);
}

async function compare(task: Task): Promise<DiffResult> {
  const { options, context, frame, left, right, directory } = task;
  const { printer, signal } = context;
  const plan = task.recorded ?? await planFor(options, frame, [left, right]);
  const record = options.text("record");
  if (record !== undefined) {
    await writeAtomic(record, recordingText(plan, { name: "recording", timeOrigin: frame.timeOrigin }));
  }
  const given = options.text("mask");
  const standing = given === undefined ? STANDING_MASK : parseMask(await readText("mask", given));
  const learned: MaskEntry[] = [];
  const notes: string[] = [];
  let runs = 0;
  if (given === undefined) {
    for (const side of [left, right]) {
      printer.progress(`calibrating ${side.name}`);
      const calibration = await calibrate(side, plan, {
        runs: options.number("calibrate") ?? 0,
        frame,
        signal,
        standing,
      });
      runs += calibration.runs;
      const known = (entry: MaskEntry) =>
        learned.some(({ address, path }) => address === entry.address && path === entry.path);
      learned.push(...calibration.entries.filter((entry) => !known(entry)));
      notes.push(...calibration.notes);
    }
  }
  const mask = new Mask([...standing, ...learned]);
  printer.progress(`comparing ${plan.steps.length} steps`);
  const run = await freshRun({ left, right, frame, signal }, plan, "diff");
  const findings = run.findings.filter((finding) => !mask.hides(finding));
  const masked = mask.entries.map((entry) => ({ ...entry, hidden: mask.hits(entry) }));
  for (const entry of mask.idle()) {
    if (learned.includes(entry) || given !== undefined) {
      notes.push(`mask entry hides nothing: ${entry.address} ${entry.path}`);
    }
  }
  const lab: Laboratory = {
    left,
    right,
    frame,
    mask,
    directory,
    budgetMs: options.number("shrink-budget") ?? 0,
    signal,
    progress: (text) => printer.progress(text),
  };
  const differences = await investigate(plan, run, causesOf(plan, findings), lab);
  await writeAtomic(join(directory, "mask.yaml"), maskText([...standing, ...learned]));
  const all = [...differences, ...oneSided(task, differences.length)];
  return resultOf(task, plan, run, all, { masked, notes: [...new Set(notes)], runs });
}

function oneSided({ left, right }: Task, before: number): Difference[] {
  return commonOffer([left, right]).oneSided.map(({ capability, who }, index) => ({
    id: `D${before + index + 1}`,
    class: "one-sided",
    path: capability,
    requirement: undefined,
    supports: "undecided",
    first_step: 0,
    origin: "manifest",
    count: 1,
    left: who.includes("left") ? "offered" : "not offered",
    right: who.includes("right") ? "offered" : "not offered",
    also: [],
    minimal: undefined,
  }));
}

function resultOf(
  { frame, left, right }: Task,
  plan: Plan,
  run: PairRun,
  differences: readonly Difference[],
  calibration: { readonly masked: DiffResult["masked"]; readonly notes: readonly string[]; readonly runs: number },
): DiffResult {
  const answered = run.left.filter((one, index) => one.status !== 0 && run.right[index]?.status !== 0).length;
  const bothGone = run.stop?.who === "both";
  const inconclusive = bothGone || answered === 0;
  const reason = bothGone
    ? "both sides stopped answering"
    : answered === 0
    ? "no step was answered by both sides"
    : run.stop === undefined
    ? undefined
    : `${run.stop.who} stopped answering at step ${run.stop.step}: ${run.stop.why}`;
  return {
    verdict: inconclusive ? "inconclusive" : differences.length > 0 ? "different" : "equal",
    reason,
    seed: frame.seed,
    timeOrigin: frame.timeOrigin,
    steps: run.left.length,
    planned: plan.steps.length,
    left: describe(left),
    right: describe(right),
    ...calibration,
    differences,
    sent: run.sent,
    names: run.names,
    renamed: run.renamed,
    pairs: run.pairs,
    stop: run.stop,
  };
}

function describe({ target, preflight, skewMs }: Contestant): ComparedTarget {
  const { name, version } = preflight.implementation;
  return { target: target.url, kind: target.kind, implementation: `${name} ${version}`, skew_ms: skewMs };
}

async function writeReports(directory: string, result: DiffResult): Promise<void> {
  await writeAtomic(join(directory, "diff-report.json"), JSON.stringify(diffReport(result), null, 2) + "\n");
  await writeAtomic(join(directory, "junit.xml"), diffJunit(result));
  await writeAtomic(join(directory, "diff-report.html"), diffHtml(result));
}
