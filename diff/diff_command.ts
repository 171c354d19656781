/** `hearthproof diff`: options -> comparison -> reports -> exit code. */

import { join } from "node:path";
import { type Options, UsageError } from "../src/cli/parse.ts";
import { type Printer, quietPrinter } from "../src/cli/printer.ts";
import type { Clock } from "../src/protocol/mod.ts";
import { prepareFolder, writeAtomic } from "../src/report/atomic.ts";
import type { Target } from "../src/target/target.ts";
import { compare } from "./comparison.ts";
import { makeTarget, sideOptions, skewOf } from "./contest.ts";
import type { KnownRequirement } from "./law_finder.ts";
import { checkWrites, planFor, readRecording } from "./plan_source.ts";
import { diffHtml } from "./report_html.ts";
import { diffReport } from "./report_json.ts";
import { diffJunit } from "./report_junit.ts";
import { summaryLines } from "./report_terminal.ts";
import type { DiffResult } from "./result.ts";
import { readState } from "./shrink_state.ts";
import { meet, type RunFrame } from "./side.ts";

/** What main hands over. */
export interface DiffContext {
  readonly printer: Printer;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** URL of the program, to start embedded nodes as children. */
  readonly program: string;
  /** The requirements of the catalogue, to name the one a difference touches. */
  readonly requirements?: () => Promise<readonly KnownRequirement[]>;
}

const MS_PER_SECOND = 1000;
const EXIT = { equal: 0, different: 1, inconclusive: 3 } as const;

/** Runs the command; returns the exit code. */
export async function diffCommand(options: Options, context: DiffContext): Promise<number> {
  if (options.list("target").length > 0 || options.text("targets") !== undefined) {
    return await (await import("./matrix.ts")).matrixCommand(options, context);
  }
  const printer = options.flag("json") ? quietPrinter(context.printer) : context.printer;
  const resume = options.text("resume");
  const resumed = resume === undefined ? undefined : await readState(resume);
  const directory = resume ?? options.text("output-dir") ?? "";
  await prepareFolder(directory);
  const output = { directory, json: options.flag("json"), printer, plain: context.printer };
  const replay = options.text("replay");
  const before = resumed?.recording;
  if (replay !== undefined || before !== undefined) {
    const { isTranscript, replayCommand } = await import("./transcript/mod.ts");
    if (resumed !== undefined && before !== undefined) {
      return await replayCommand(before.path, options, context, output, { ...resumed, ...before });
    }
    if (replay !== undefined && await isTranscript(replay)) {
      return await replayCommand(replay, options, context, output);
    }
  }
  const recorded = resumed?.plan ?? (replay === undefined ? undefined : await readRecording(replay));
  const frame = frameOf(options, context, recorded?.seed);
  const specs = { left: specOf(options, "left", resumed?.left), right: specOf(options, "right", resumed?.right) };
  const place = { program: context.program, directory: join(directory, "nodes") };
  const targets: Target[] = [];
  try {
    for (const side of ["left", "right"] as const) {
      targets.push(await makeTarget(sideOptions(options, side, specs[side]), specs[side], frame, place));
    }
    const [a, b] = targets;
    if (a === undefined || b === undefined) throw new UsageError("diff: two targets are needed");
    const embedded = (["left", "right"] as const).filter((side) => /^embedded(:|$)/.test(specs[side]));
    banner(printer, embedded);
    printer.progress("looking at both targets");
    const [left, right] = await Promise.all([
      meet("left", a, frame, skewOf(options, "left")),
      meet("right", b, frame, skewOf(options, "right")),
    ]);
    if (recorded !== undefined) checkWrites(recorded, [left, right], resume ?? replay ?? "");
    const plan = recorded ?? await planFor(options, frame, [left, right]);
    const { signal, requirements } = context;
    const task = { options, printer, signal, frame, left, right, directory, plan, resumed, requirements };
    const result = await compare(task);
    return await finish(result, { ...output, embedded });
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
    await Deno.remove(place.directory, { recursive: true }).catch(() => {});
  }
}

/** Where a result goes. */
export interface ResultOutput {
  readonly directory: string;
  /** Sides that are built-in nodes. */
  readonly embedded: readonly string[];
  readonly json: boolean;
  /** For people; silent with `--json`. */
  readonly printer: Printer;
  /** For the JSON object. */
  readonly plain: Printer;
}

/** Writes the reports and prints the summary; returns the exit code. */
export async function finish(result: DiffResult, output: ResultOutput): Promise<number> {
  const { directory, embedded, json, printer, plain } = output;
  printer.progress("");
  await writeAtomic(join(directory, "diff-report.json"), JSON.stringify(diffReport(result), null, 2) + "\n");
  await writeAtomic(join(directory, "junit.xml"), diffJunit(result));
  await writeAtomic(join(directory, "diff-report.html"), diffHtml(result));
  if (json) plain.out(JSON.stringify(diffReport(result)));
  for (const line of summaryLines(result, printer.width)) printer.out(line);
  printer.out(`reports: ${join(directory, "diff-report.html")}, diff-report.json, junit.xml, mask.yaml`);
  banner(printer, embedded);
  return EXIT[result.verdict];
}

/** With an embedded target the output says what is judged (design.md "Target"). */
export function banner(printer: Printer, embedded: readonly string[]): void {
  if (embedded.length > 0) printer.out(`${embedded.join(" and ")}: the built-in reference node, not yours`);
}

function specOf(options: Options, side: "left" | "right", before: string | undefined): string {
  return options.given(side) ? options.text(side) ?? "embedded" : before ?? options.text(side) ?? "embedded";
}

/** Seed and times of a run. */
export function frameOf(options: Options, { clock }: Pick<DiffContext, "clock">, recordedSeed?: number): RunFrame {
  const given = options.given("seed") ? options.number("seed") : recordedSeed;
  const now = Math.floor(clock.wall() / MS_PER_SECOND) * MS_PER_SECOND;
  return {
    seed: given ?? options.number("seed") ?? 0,
    timeOrigin: options.number("time-origin") ?? now,
    clock,
    scope: "diff",
  };
}
