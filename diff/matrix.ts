/** More than two targets: every pair is compared once, and the result says who agrees with whom, per capability. */

import { join } from "node:path";
import { type Options, UsageError } from "../src/cli/parse.ts";
import { quietPrinter } from "../src/cli/printer.ts";
import { prepareFolder, writeAtomic } from "../src/report/atomic.ts";
import { visible } from "../src/report/escape.ts";
import { calibrate } from "./calibrate.ts";
import { causesOf } from "./causes.ts";
import { commonOffer, makeTarget, readText } from "./contest.ts";
import { type DiffContext, frameOf } from "./diff_command.ts";
import { freshRun } from "./laboratory.ts";
import { judgeFinding } from "./judge.ts";
import { Mask, type MaskEntry, parseMask, STANDING_MASK } from "./mask.ts";
import { matrixHtml } from "./matrix_html.ts";
import {
  type Agreement,
  agreementsOf,
  type MatrixResult,
  type PairDifference,
  type PairResult,
} from "./matrix_result.ts";
import { addressOf, type Plan } from "./plan.ts";
import { planFor } from "./plan_source.ts";
import { type Contestant, meet, type RunFrame, startsFresh } from "./side.ts";
import { targetsOf } from "./targets_file.ts";

const EXIT = { equal: 0, different: 1, inconclusive: 3 } as const;

/** Options that belong to a comparison of two. */
const OF_TWO: readonly string[] = ["left", "right", "replay", "record", "only", "resume", "skew"];

/** Runs every pair once; exit code 0 if all agree, 1 if not, 3 if a pair could not be compared to its end. */
export async function matrixCommand(options: Options, context: DiffContext): Promise<number> {
  const printer = options.flag("json") ? quietPrinter(context.printer) : context.printer;
  const misplaced = OF_TWO.find((name) => options.given(name));
  if (misplaced !== undefined) {
    throw new UsageError(
      `diff: --${misplaced} belongs to a comparison of two; leave it out, or --target and --targets`,
    );
  }
  const targets = await targetsOf(options);
  const mask = options.text("mask");
  const masks = mask === undefined
    ? { standing: STANDING_MASK, runs: options.number("calibrate") ?? 0 }
    : { standing: parseMask(await readText("mask", mask)), runs: 0 };
  const directory = options.text("output-dir") ?? "";
  await prepareFolder(directory);
  const frame = frameOf(options, context);
  const place = { program: context.program, directory: join(directory, "nodes") };
  const contestants: Contestant[] = [];
  const embedded = targets.filter(({ spec }) => /^embedded(:|$)/.test(spec)).map(({ name }) => name);
  const banner = () => {
    if (embedded.length > 0) printer.out(`${visible(embedded.join(", "))}: the built-in reference node, not yours`);
  };
  try {
    banner();
    for (const [index, { name, spec, options: own }] of targets.entries()) {
      const target = await makeTarget(own, spec, frame, {
        ...place,
        directory: join(place.directory, String(index)),
      });
      contestants.push(await meet(name, target, frame));
    }
    const plan = await planFor(options, frame, contestants);
    const task: MatrixTask = { contestants, frame, plan, signal: context.signal, ...masks };
    const result = await compareAll(task, (text) => printer.progress(text));
    printer.progress("");
    await writeAtomic(join(directory, "diff-matrix.json"), JSON.stringify(result, null, 2) + "\n");
    await writeAtomic(join(directory, "diff-matrix.html"), matrixHtml(result));
    if (options.flag("json")) context.printer.out(JSON.stringify(result));
    for (const line of linesOf(result)) printer.out(line);
    printer.out(`reports: ${join(directory, "diff-matrix.html")}, diff-matrix.json`);
    banner();
    return EXIT[result.verdict];
  } finally {
    await Promise.all(contestants.map(({ target }) => target.stop()));
    await Deno.remove(place.directory, { recursive: true }).catch(() => {});
  }
}

interface MatrixTask {
  readonly contestants: readonly Contestant[];
  readonly frame: RunFrame;
  readonly plan: Plan;
  readonly signal: AbortSignal;
  /** What no pair counts: the entries of every comparison, or the mask that was given. */
  readonly standing: readonly MaskEntry[];
  /** Calibration runs of each target. */
  readonly runs: number;
}

async function compareAll(task: MatrixTask, progress: (text: string) => void): Promise<MatrixResult> {
  const { contestants, frame, plan, signal, standing, runs } = task;
  const learned = new Map<Contestant, readonly MaskEntry[]>();
  const notes: string[] = [];
  for (const one of contestants) {
    progress(`calibrating ${one.name}`);
    const { entries, notes: own } = await calibrate(one, plan, { runs, frame, signal, standing });
    learned.set(one, entries);
    notes.push(...own);
  }
  const pairs: PairResult[] = [];
  for (const [i, left] of contestants.entries()) {
    for (const right of contestants.slice(i + 1)) {
      progress(`comparing ${left.name} with ${right.name}`);
      const mask = new Mask([...standing, ...learned.get(left) ?? [], ...learned.get(right) ?? []]);
      pairs.push(await comparePair(task, left, right, mask));
    }
  }
  const names = contestants.map(({ name }) => name);
  const addresses = [...new Set(plan.steps.map(({ step }) => addressOf(step)))].sort();
  const { oneSided } = commonOffer(contestants);
  const agreements: Agreement[] = addresses.map((address) => agreementsOf(address, names, pairs));
  const different = oneSided.length > 0 || pairs.some(({ differences }) => differences.length > 0);
  const inconclusive = pairs.some(({ stopped }) => stopped?.who === "both" || stopped?.who === "tester");
  return {
    schema: "hearthproof.diff-matrix/1",
    verdict: inconclusive ? "inconclusive" : different ? "different" : "equal",
    seed: frame.seed,
    steps: plan.steps.length,
    targets: contestants.map((one) => ({
      name: one.name,
      target: one.target.url,
      implementation: `${one.preflight.implementation.name} ${one.preflight.implementation.version}`,
      masked: learned.get(one)?.length ?? 0,
    })),
    capabilities: agreements,
    pairs,
    one_sided: oneSided,
    notes: [...new Set(notes)],
  };
}

async function comparePair(
  { frame, plan, signal }: MatrixTask,
  left: Contestant,
  right: Contestant,
  mask: Mask,
): Promise<PairResult> {
  // On nodes in use every pair is somebody new: what an earlier pair sent would be a repetition.
  const scope = [left, right].every(startsFresh) ? "diff" : `diff ${left.name} ${right.name}`;
  const run = await freshRun({ left, right, frame, signal }, plan, scope);
  const causes = causesOf(plan, run.findings.filter((finding) => !mask.hides(finding)));
  const differences = causes.map(({ first, count, steps }): PairDifference => {
    const step = plan.steps[first.step];
    const judged = judgeFinding(first, plan, run);
    return {
      class: first.class,
      // A place that all answers have belongs to the capability that showed it.
      capability: first.address !== "" ? first.address : step === undefined ? "" : addressOf(step.step),
      capabilities: [...new Set(steps.flatMap((at) => plan.steps[at] ?? []).map(({ step }) => addressOf(step)))],
      path: first.path,
      first_step: first.step,
      count,
      left: first.left,
      right: first.right,
      ...(judged.requirement === undefined ? {} : { requirement: judged.requirement }),
      supports: judged.supports === "left" ? left.name : judged.supports === "right" ? right.name : "undecided",
    };
  });
  return {
    left: left.name,
    right: right.name,
    differences,
    ...(run.stop === undefined ? {} : { stopped: run.stop }),
  };
}

function linesOf(result: MatrixResult): string[] {
  const { verdict, targets, steps, seed, pairs, one_sided: oneSided, capabilities, notes } = result;
  const lines = [`${verdict.toUpperCase()}  ${targets.length} targets, ${steps} steps, seed ${seed}`];
  for (const { left, right, differences, stopped } of pairs) {
    const counts = new Map<string, number>();
    for (const capability of differences.flatMap(({ capabilities: all }) => all)) {
      counts.set(capability, (counts.get(capability) ?? 0) + 1);
    }
    const where = [...counts].map(([capability, count]) => `${capability} (${count})`).join(", ");
    lines.push(`  ${visible(left)} | ${visible(right)}: ${where === "" ? "agree" : visible(where)}`);
    if (stopped !== undefined) lines.push(`    stopped at step ${stopped.step}: ${stopped.who}: ${stopped.why}`);
  }
  for (const { capability, groups } of capabilities.filter(({ groups }) => groups.length > 1)) {
    lines.push(`  ${visible(capability)}: ${groups.map((group) => visible(group.join(" = "))).join("  /  ")}`);
  }
  for (const { capability, who } of oneSided) {
    lines.push(`  one-sided ${visible(capability)}: only ${visible(who.join(", "))}`);
  }
  return [...lines, ...notes.map((note) => `note: ${visible(note)}`)];
}
