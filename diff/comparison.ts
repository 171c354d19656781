/** One comparison of two targets from plan to result. */

import { join, resolve } from "node:path";
import type { Options } from "../src/cli/parse.ts";
import type { Printer } from "../src/cli/printer.ts";
import { writeAtomic } from "../src/report/atomic.ts";
import { calibrate } from "./calibrate.ts";
import { causesOf } from "./causes.ts";
import { commonOffer, readText } from "./contest.ts";
import { recordingText } from "./export.ts";
import { investigate } from "./investigate.ts";
import type { Laboratory } from "./laboratory.ts";
import { type KnownRequirement, LawFinder } from "./law_finder.ts";
import { Mask, type MaskEntry, maskText, parseMask, STANDING_MASK } from "./mask.ts";
import type { PairRun } from "./pair.ts";
import type { Plan } from "./plan.ts";
import type { ComparedTarget, Difference, DiffResult } from "./result.ts";
import { type ResumedState, ShrinkLedger } from "./shrink_state.ts";
import type { Contestant, RunFrame } from "./side.ts";
import { runUnderSkew } from "./skew.ts";

/** What is compared and where results go. */
export interface ComparisonTask {
  readonly options: Options;
  readonly printer: Printer;
  readonly signal: AbortSignal;
  readonly frame: RunFrame;
  readonly left: Contestant;
  readonly right: Contestant;
  readonly directory: string;
  readonly plan: Plan;
  /** The catalogue, loaded only where something differs. */
  readonly requirements?: (() => Promise<readonly KnownRequirement[]>) | undefined;
  /** What an earlier run reached. */
  readonly resumed?: ResumedState | undefined;
}

/** Calibrates, runs the plan on both sides, and shrinks what differs. */
export async function compare(task: ComparisonTask): Promise<DiffResult> {
  const { options, printer, signal, frame, left, right, directory, plan } = task;
  const record = options.text("record");
  if (record !== undefined) {
    await writeAtomic(record, recordingText(plan, { name: "recording", timeOrigin: frame.timeOrigin }));
  }
  const { standing, learned, notes, runs } = await masksOf(task);
  const mask = new Mask([...standing, ...learned]);
  printer.progress(`comparing ${plan.steps.length} steps`);
  const { run, notes: effects, ...shifted } = await runUnderSkew({ left, right, frame, signal }, plan, "diff", mask);
  notes.push(...effects);
  const findings = run.findings.filter((finding) => !mask.hides(finding));
  const masked = mask.entries.map((entry) => ({ ...entry, hidden: mask.hits(entry) }));
  for (const entry of mask.idle()) {
    if (learned.includes(entry) || options.text("mask") !== undefined) {
      notes.push(`mask entry hides nothing: ${entry.address} ${entry.path}`);
    }
  }
  const budgetMs = options.number("shrink-budget") ?? 0;
  const head = {
    left: left.target.url,
    right: right.target.url,
    plan,
    timeOrigin: frame.timeOrigin,
    mask: learned,
    calibrationRuns: runs,
  };
  const lab: Laboratory = {
    ...shifted,
    frame,
    mask,
    directory,
    budgetMs,
    signal,
    progress: (text) => printer.progress(text),
    ...(findings.length === 0 || task.requirements === undefined
      ? {}
      : { laws: new LawFinder(await task.requirements()) }),
    ...(findings.length === 0 || budgetMs === 0 ? {} : { ledger: await ShrinkLedger.open(directory, head) }),
  };
  const differences = await investigate(plan, run, causesOf(plan, findings), lab);
  if (!isOwnMask(options, directory)) {
    await writeAtomic(join(directory, "mask.yaml"), maskText([...standing, ...learned]));
  }
  const all = [...differences, ...oneSided(task, differences.length)];
  if (budgetMs > 0 && all.some(({ minimal, class: kind }) => kind !== "one-sided" && minimal?.complete !== true)) {
    notes.push(`not everything was shrunk to the end: hearthproof diff --resume ${directory} goes on`);
  }
  return resultOf(task, run, all, { masked, notes: [...new Set(notes)], runs });
}

/** A mask that was edited in the output folder and given back stays as it is. */
function isOwnMask(options: Options, directory: string): boolean {
  const given = options.text("mask");
  return given !== undefined && resolve(given) === resolve(directory, "mask.yaml");
}

/** What no comparison counts, and what was learned of these targets now or by the run that is resumed. */
async function masksOf({ options, printer, signal, frame, left, right, plan, resumed }: ComparisonTask) {
  const notes: string[] = [];
  const given = options.text("mask");
  if (given !== undefined) {
    const entries = parseMask(await readText("mask", given));
    const gone = STANDING_MASK.filter(({ path }) => !entries.some((entry) => entry.path === path));
    if (gone.length > 0) {
      const places = gone.map(({ path }) => path).join(", ");
      notes.push(`the mask that was given lacks places every comparison starts with, so they are compared: ${places}`);
    }
    return { standing: entries, learned: [], notes, runs: 0 };
  }
  const standing = STANDING_MASK;
  if (resumed !== undefined) return { standing, learned: resumed.mask, notes, runs: resumed.calibrationRuns };
  const learned: MaskEntry[] = [];
  let runs = 0;
  for (const side of [left, right]) {
    printer.progress(`calibrating ${side.name}`);
    const wanted = options.number("calibrate") ?? 0;
    const calibration = await calibrate(side, plan, { runs: wanted, frame, signal, standing });
    runs += calibration.runs;
    const known = (entry: MaskEntry) =>
      learned.some(({ address, path }) => address === entry.address && path === entry.path);
    learned.push(...calibration.entries.filter((entry) => !known(entry)));
    notes.push(...calibration.notes);
  }
  return { standing, learned, notes, runs };
}

function oneSided({ left, right }: ComparisonTask, before: number): Difference[] {
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
  { frame, left, right, plan }: ComparisonTask,
  run: PairRun,
  differences: readonly Difference[],
  calibration: { readonly masked: DiffResult["masked"]; readonly notes: readonly string[]; readonly runs: number },
): DiffResult {
  const answered = run.left.filter((one, index) => one.status !== 0 && run.right[index]?.status !== 0).length;
  const bothGone = run.stop?.who === "both";
  const held = run.stop?.who === "tester";
  // What was seen before the tester was held up stays seen.
  const inconclusive = bothGone || (held && differences.length === 0) || answered === 0;
  const reason = held
    ? `the run ended at step ${run.stop?.step}: ${run.stop?.why}`
    : bothGone
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
