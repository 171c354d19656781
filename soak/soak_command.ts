/** `hearthproof soak`: make the target ready, run, write the report, say the verdict. */

import { join } from "node:path";
import type { Clock } from "../src/protocol/mod.ts";
import { EXIT } from "../src/cli/exit_code.ts";
import { type Options, readDuration, UsageError } from "../src/cli/parse.ts";
import { type Printer, quietPrinter } from "../src/cli/printer.ts";
import { checkFaults, chooseTarget, targetSpec } from "../src/cli/target_options.ts";
import { prepareFolder, writeAtomic } from "../src/report/atomic.ts";
import { NO_ADAPTER } from "../src/target/adapter.ts";
import { shippedDialect } from "../src/target/dialect.ts";
import { faultNames } from "../src/target/embedded.ts";
import { EndpointTarget } from "../src/target/endpoint.ts";
import type { Target } from "../src/target/target.ts";
import { LiveNetwork, nullSink } from "../src/wire/mod.ts";
import { parseThreshold, ThresholdError } from "../src/stats/threshold.ts";
import { NodeChild, type Program } from "./child.ts";
import { prepareTarget } from "./prepare.ts";
import { runClock } from "./run_clock.ts";
import { RunState } from "./run_state.ts";
import { peakRate, readPace } from "./schedule.ts";
import { DEFAULT_DURATION_MS, DEFAULT_RATE, DEFAULT_SOAK_DIR } from "./soak_options.ts";
import type { SoakReport } from "./soak_report.ts";
import { type Disturbance, SoakRun } from "./soak_run.ts";
import { liveLine, reportLines } from "./soak_text.ts";
import { SOAK_METRICS } from "./thresholds.ts";
import { OPERATION_NAMES } from "./workload.ts";

/** What main hands over. */
export interface SoakContext {
  readonly printer: Printer;
  readonly clock: Clock;
  /** Aborted by the first Ctrl-C: the run ends gracefully. */
  readonly signal: AbortSignal;
  /** How to start the program itself as a child. */
  readonly program: Program;
}

const REPORT_FILE = "soak-report.json";
/** Times between two plain progress lines where no terminal shows the live line. */
const LOG_EVERY_S = 60;
/** Milliseconds after a restart in which calls may still fail for it. */
const SETTLE_AFTER_RESTART_MS = 2000;

interface Chosen {
  readonly target: Target;
  readonly child: NodeChild | undefined;
  readonly pid: () => number | undefined;
  stop(): Promise<void>;
}

/** Runs a soak; returns the exit code (design.md "Output of a run"). */
export async function runSoakCommand(options: Options, context: SoakContext): Promise<number> {
  const json = options.flag("json");
  const printer = json ? quietPrinter(context.printer) : context.printer;
  const { clock, signal } = context;
  const durationMs = options.number("duration") ?? DEFAULT_DURATION_MS;
  if (!(durationMs > 0)) throw new UsageError("soak: --duration must be longer than nothing");
  const rateText = options.text("rate") ?? DEFAULT_RATE;
  const pace = readPace(rateText, durationMs);
  if (pace === undefined) {
    throw new UsageError(
      `soak: --rate must be like 20/s, 600/m, poisson:20/s or 5..50/s, current value is "${rateText}"`,
    );
  }
  const thresholds = options.list("threshold");
  checkThresholds(thresholds);
  const weights = readWeights(options.list("workload"));
  const folder = options.text("output-dir") ?? DEFAULT_SOAK_DIR;
  const seed = options.number("seed") ?? 0;
  const timeOrigin = options.number("time-origin") ?? clock.wall();
  await prepareFolder(folder);
  if (!options.given("duration")) printer.err("No --duration is given: the run takes 10 minutes.");
  const chosen = await choose(options, context, { seed, timeOrigin, folder });
  const network = new LiveNetwork({ scope: "soak", sink: nullSink, clock });
  try {
    const disturbances = chosen.child === undefined
      ? refuseDisturbances(options)
      : readDisturbances(options, chosen.child, durationMs);
    const rate = options.number("concurrency") === undefined ? peakRate(pace) : MEASURED_RATE;
    const prepared = await prepareTarget({
      target: chosen.target,
      network,
      adapter: NO_ADAPTER,
      seed,
      timeOrigin,
      rate,
      ...(weights === undefined ? {} : { weights }),
    });
    for (const remark of prepared.remarks) printer.err(`Note: ${remark}.`);
    if (prepared.operations.length === 0) {
      printer.out(
        "INCONCLUSIVE: nothing can be called. No identity is a member, or nothing of the workload is offered.",
      );
      return EXIT.inconclusive;
    }
    printer.err(`Calls: ${prepared.operations.map(({ name, weight }) => `${name} ${weight}`).join(", ")}.`);
    const concurrency = options.number("concurrency");
    const { target } = chosen;
    const state = new RunState({
      seed,
      timeOrigin,
      startedWall: clock.wall(),
      durationMs,
      rateText: concurrency === undefined ? rateText : `${concurrency} at a time`,
      callers: prepared.callers.length,
      thresholds,
      target: { kind: target.kind, url: target.url, dialect: target.dialect.name },
      nodeId: prepared.session.nodeId,
      communityId: prepared.session.communityId,
      readable: prepared.readable,
      headBefore: prepared.head,
    });
    const report = await new SoakRun({
      clock: runClock(clock, 0),
      network,
      prepared,
      state,
      pace,
      ...(concurrency === undefined ? {} : { concurrency }),
      pid: chosen.pid,
      disturbances,
      failFast: options.flag("fail-fast"),
      signal,
      progress: progressTo(printer),
    }).run();
    printer.progress("");
    await writeAtomic(join(folder, REPORT_FILE), JSON.stringify(report, null, 2) + "\n");
    if (json) context.printer.out(JSON.stringify(report));
    for (const line of reportLines(report, printer.width)) printer.out(line);
    printer.out("");
    printer.out(`Report: ${join(folder, REPORT_FILE)}`);
    if (chosen.child !== undefined) printer.out(EMBEDDED_LINE);
    return exitCodeOf(report);
  } finally {
    network.close();
    await chosen.stop();
  }
}

const EMBEDDED_LINE = "Judged is the built-in reference node, not yours.";
/** Callers of a closed model are made for this rate, calls per second. */
const MEASURED_RATE = 1000;

/** design.md, table of exit codes. */
export function exitCodeOf({ verdict }: Pick<SoakReport, "verdict">): number {
  if (verdict === "stable") return EXIT.clean;
  return verdict === "drifting" || verdict === "violated" ? EXIT.violations : EXIT.inconclusive;
}

async function choose(
  options: Options,
  { printer, clock, program }: SoakContext,
  run: { readonly seed: number; readonly timeOrigin: number; readonly folder: string },
): Promise<Chosen> {
  const spec = targetSpec(options);
  if (spec !== "embedded" && !spec.startsWith("embedded:")) {
    const { target } = await chooseTarget(options, run);
    const pid = options.number("pid");
    return { target, child: undefined, pid: () => pid, stop: () => target.stop() };
  }
  printer.err(EMBEDDED_LINE);
  const faults = faultNames(spec);
  checkFaults(faults);
  const data = join(run.folder, `node-${run.timeOrigin}`);
  const child = await NodeChild.start({ program, clock, data, faults, seed: run.seed });
  const { root, node } = await child.keys();
  const access = { root, sut: node, allowWrites: true, disposable: true };
  const dialect = shippedDialect("contract");
  if (dialect === undefined) throw new UsageError("soak: the dialect contract is missing");
  const target = new EndpointTarget({ url: child.url, access, dialect, adapter: NO_ADAPTER });
  return { target, child, pid: () => child.pid, stop: () => child.stop() };
}

/** `market.post=4,market.list=1`; undefined without any. */
export function readWeights(list: readonly string[]): Readonly<Record<string, number>> | undefined {
  if (list.length === 0) return undefined;
  const weights: Record<string, number> = {};
  for (const item of list) {
    const [name = "", weight = "1"] = item.split("=", 2);
    if (!OPERATION_NAMES.includes(name)) {
      throw new UsageError(`soak: --workload names "${name}"; known are ${OPERATION_NAMES.join(", ")}`);
    }
    const value = /^\d+(\.\d+)?$/.test(weight) ? Number(weight) : NaN;
    if (!(value >= 0)) throw new UsageError(`soak: --workload ${name} needs a weight, current value is "${weight}"`);
    weights[name] = value;
  }
  return weights;
}

/** Refuses a wrong expression before anything is started. */
function checkThresholds(expressions: readonly string[]): void {
  try {
    for (const text of expressions) parseThreshold(text, SOAK_METRICS);
  } catch (error) {
    if (error instanceof ThresholdError) throw new UsageError(`soak: ${error.message}`);
    throw error;
  }
}

function refuseDisturbances(options: Options): readonly Disturbance[] {
  if (options.list("restart-at").length + options.list("kill-at").length > 0) {
    throw new UsageError("soak: --restart-at and --kill-at need the embedded target");
  }
  return [];
}

function readDisturbances(options: Options, child: NodeChild, durationMs: number): readonly Disturbance[] {
  const read = (option: string, how: "SIGTERM" | "SIGKILL"): Disturbance[] =>
    options.list(option).map((text) => {
      const atMs = readDuration(text);
      if (atMs === undefined || atMs >= durationMs) {
        throw new UsageError(`soak: --${option} must be a time within the run, current value is "${text}"`);
      }
      const settleMs = SETTLE_AFTER_RESTART_MS;
      return { atMs, why: `${how} and restart on purpose`, settleMs, act: () => child.restart(how) };
    });
  return [...read("restart-at", "SIGTERM"), ...read("kill-at", "SIGKILL")].sort((a, b) => a.atMs - b.atMs);
}

/** The live line on a terminal; where there is none, a plain line a minute. */
function progressTo(printer: Printer): (status: Parameters<typeof liveLine>[0]) => void {
  let next = LOG_EVERY_S;
  return (status) => {
    printer.progress(liveLine(status));
    if (status.elapsed_s < next) return;
    next += LOG_EVERY_S;
    printer.err(liveLine(status));
  };
}
