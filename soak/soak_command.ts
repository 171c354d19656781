/** `hearthproof soak`: make the target ready, run, write the report, say the verdict. A cut-off run is gone on with. */

import type { Clock } from "../src/protocol/mod.ts";
import { EXIT } from "../src/cli/exit_code.ts";
import { secretOptions } from "../src/cli/options.ts";
import { type Options, UsageError } from "../src/cli/parse.ts";
import { type Printer, quietPrinter } from "../src/cli/printer.ts";
import { visible } from "../src/report/escape.ts";
import { wrap } from "../src/report/text.ts";
import { LiveNetwork, nullSink } from "../src/wire/mod.ts";
import { disturbancesOf } from "./chaos.ts";
import { DetourNetwork, skewableClock } from "./chaos_network.ts";
import { AT_START, Journal } from "./journal.ts";
import type { Dashboard } from "./dashboard.ts";
import type { JournalDisk } from "./journal_disk.ts";
import { announcement } from "./journal_bound.ts";
import { CALLERS_PER_EPOCH } from "./live_set.ts";
import { type RestoredRun, writeRunFile } from "./journal_restore.ts";
import { EMBEDDED_LINE, presentReport } from "./outcome.ts";
import { plotsOf } from "./plots.ts";
import { loadRandom, type Prepared, prepareTarget } from "./prepare.ts";
import { runClock } from "./run_clock.ts";
import {
  canResume,
  clearFolder,
  keptOptions,
  resumedOptions,
  type RunFolder,
  runOf,
  takeFolder,
} from "./run_folder.ts";
import { type RunConfig, RunState } from "./run_state.ts";
import { DEFAULT_SOAK_DIR } from "./soak_options.ts";
import { readPlan, type SoakPlan } from "./soak_plan.ts";
import type { SoakReport } from "./soak_report.ts";
import { SoakRun } from "./soak_run.ts";
import { SOAK } from "./soak_spec.ts";
import { isEmbedded, isOwned, openTarget, removeOldData, type SoakTarget } from "./soak_target.ts";
import { liveLine } from "./soak_text.ts";
import { Lookout, type Standing } from "./standing.ts";
import { exportInterval, exportsTelemetry } from "./telemetry_wanted.ts";
import type { Telemetry } from "./telemetry.ts";
import { WindowLog } from "./window_log.ts";
import type { WorkerSeat } from "./worker_seat.ts";
import { runWorkers, wantsWorkers } from "./workers.ts";

/** What main hands over. */
export interface SoakContext {
  readonly printer: Printer;
  readonly clock: Clock;
  /** Aborted by the first Ctrl-C: the run ends gracefully. */
  readonly signal: AbortSignal;
  /** URL of main.ts, to start the program itself as a child. */
  readonly programUrl: string;
  /** Where the journal writes, given its folder; plain files without it. */
  readonly disk?: (folder: string) => JournalDisk;
  /** Present where this process is one of several workers. */
  readonly seat?: WorkerSeat;
  /** Told the report of a run that is over. */
  readonly ended?: (report: SoakReport) => void;
}

const NOTHING_TO_CALL =
  "INCONCLUSIVE: nothing can be called. No identity is a member (--root-key FILE with --allow-writes makes some, " +
  "hearthproof identity prints those to enrol), or the target offers nothing of the workload.";
/** Seconds between two plain progress lines where no terminal shows the live line. */
const LOG_EVERY_S = 60;

/** Runs a soak; returns the exit code (design.md "Output of a run"). */
export async function runSoakCommand(given: Options, context: SoakContext): Promise<number> {
  if (await wantsWorkers(given)) return await runWorkers(given, context);
  const resumed = given.text("resume");
  if (resumed !== undefined && given.given("output-dir")) {
    throw new UsageError("soak: --resume names the output directory; leave out --output-dir");
  }
  if (resumed === undefined) {
    await readPlan(given);
    return await inFolder(given.text("output-dir") ?? DEFAULT_SOAK_DIR, context, async (folder) => {
      await clearFolder(folder);
      return await soak(given, folder, undefined, context);
    });
  }
  // Looked at before the folder is taken: a wrong name must not become a folder.
  await runOf("--resume", resumed);
  return await inFolder(resumed, context, async (folder) => {
    const run = await runOf("--resume", resumed);
    if (run.ending !== undefined) {
      throw new UsageError(`soak: the run in ${resumed} came to its end; "soak report ${resumed}" shows it`);
    }
    return await soak(resumedOptions(given, run), folder, run, context);
  });
}

async function inFolder(
  path: string,
  { disk }: SoakContext,
  work: (folder: RunFolder) => Promise<number>,
): Promise<number> {
  const folder = await takeFolder(path, disk);
  try {
    return await work(folder);
  } finally {
    folder.release();
  }
}

async function soak(
  options: Options,
  folder: RunFolder,
  before: RestoredRun | undefined,
  context: SoakContext,
): Promise<number> {
  const json = options.flag("json");
  const printer = json ? quietPrinter(context.printer) : context.printer;
  const { clock } = context;
  const plan = await readPlan(options);
  if (before !== undefined && !canResume(before.config)) {
    throw new UsageError(
      "soak: a run against a container cannot be resumed: its volume went with the tester; soak report shows what was seen",
    );
  }
  if (plan.shard !== undefined && context.seat === undefined && isOwned(options)) {
    throw new UsageError(
      "soak: --shard needs a target that all shards reach: each would start a node of its own; name the node's URL with --target",
    );
  }
  const seed = before?.config.seed ?? options.number("seed") ?? 0;
  const timeOrigin = before?.config.timeOrigin ?? options.number("time-origin") ?? clock.wall();
  if (before === undefined) await removeOldData(folder.path);
  if (!options.given("duration")) printer.err("No --duration is given: the run takes 10 minutes.");
  if (isEmbedded(options)) printer.err(EMBEDDED_LINE);
  await using dashboard = await dashboardOf(plan, clock);
  if (dashboard !== undefined) printer.err(`Dashboard: ${dashboard.url}`);
  const chosen = await openTarget(options, {
    clock,
    seed,
    timeOrigin,
    folder: folder.path,
    programUrl: context.programUrl,
    signal: context.signal,
    ...(context.seat === undefined ? {} : { seat: context.seat }),
  });
  const { clock: shown, skew } = skewableClock(clock);
  const direct = new LiveNetwork({ scope: "soak", sink: nullSink, clock: shown });
  const network = plan.chaos.some(({ kind }) => NETWORK_FAULTS.includes(kind)) ? new DetourNetwork(direct) : direct;
  let telemetry: Telemetry | undefined;
  try {
    refuseChaos(plan, chosen);
    await untilTogether(plan, timeOrigin, context, before);
    const prepared = await prepareTarget({
      target: chosen.target,
      network,
      adapter: chosen.adapter,
      seed,
      // Shards draw identities and ids of their own: two that draw the same at the same moment are taken for one.
      timeOrigin: timeOrigin + (plan.shard?.index ?? 0),
      rate: plan.rate,
      ...(plan.weights === undefined ? {} : { weights: plan.weights }),
      exceedRateLimits: plan.exceedRateLimits,
      ...(plan.auditor === undefined ? {} : { auditor: plan.auditor }),
      ...(plan.shard === undefined ? {} : { shard: plan.shard }),
    });
    for (const remark of prepared.remarks) say(printer, `Note: ${remark}.`);
    if (prepared.operations.length === 0) {
      for (const line of wrap(NOTHING_TO_CALL, printer.width)) printer.out(line);
      return EXIT.inconclusive;
    }
    say(printer, `Calls: ${prepared.operations.map(({ name, weight }) => `${name} ${weight}`).join(", ")}.`);
    await context.seat?.together();
    const state = before?.state ?? new RunState(configOf(options, plan, chosen, prepared, { seed, timeOrigin, clock }));
    checkSameNode(state.config, prepared);
    telemetry = await telemetryOf(state.config, clock);
    const parts = {
      options,
      plan,
      chosen,
      prepared,
      state,
      before,
      folder,
      direct,
      network,
      skew,
      dashboard,
      telemetry,
    };
    const report = await conduct(parts, { ...context, printer });
    printer.progress("");
    telemetry?.end(report);
    await dashboard?.end(report);
    context.ended?.(report);
    return await presentReport(report, {
      plots: plotsOf(state),
      folder: folder.path,
      printer,
      json: json ? (text) => context.printer.out(text) : undefined,
      embedded: chosen.embedded,
    });
  } finally {
    direct.close();
    await chosen.stop();
    await telemetry?.betweenExports(exportInterval((name) => Deno.env.get(name)));
  }
}

function sightsOf(options: Options, { data, memoryBytes }: SoakTarget) {
  const cgroup = options.text("cgroup");
  const folder = options.text("target-data") ?? data;
  return {
    ...(cgroup === undefined ? {} : { cgroup }),
    ...(folder === undefined ? {} : { data: folder }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

const NETWORK_FAULTS: readonly string[] = ["delay", "drop", "reset"];

interface Conducted {
  readonly options: Options;
  readonly plan: SoakPlan;
  readonly chosen: SoakTarget;
  readonly prepared: Prepared;
  readonly state: RunState;
  readonly before: RestoredRun | undefined;
  readonly folder: RunFolder;
  readonly direct: LiveNetwork;
  readonly network: LiveNetwork | DetourNetwork;
  readonly skew: (ms: number) => void;
  readonly dashboard: Dashboard | undefined;
  readonly telemetry: Telemetry | undefined;
}

/** Opens the journal, declares the gap of a resumed run, runs. */
async function conduct(parts: Conducted, { clock, printer, signal, seat }: SoakContext): Promise<SoakReport> {
  const { options, plan, chosen, prepared, state, before, folder, direct, network, skew, telemetry } = parts;
  const { config, tally } = state;
  let own = runClock(clock, before === undefined ? 0 : Math.max(tally.last, clock.wall() - config.startedWall));
  if (before !== undefined) {
    printer.err(`Resumed: the tester was away from ${seconds(tally.last)} to ${seconds(own.mono())} of the run.`);
    if (before.cut !== undefined) say(printer, `Note: of the journal, ${before.cut}.`);
    // A fault that was under way ended with its tester.
    state.observe({ kind: "resumption", at: tally.last });
    state.observe({ kind: "interruption", at: tally.last, why: "the tester was away", testerAway: true });
    state.observe({ kind: "resumption", at: own.mono() });
  } else {
    await writeRunFile(folder.journal, config);
  }
  const over = new AbortController();
  const full = (why: string) => {
    if (over.signal.aborted) return;
    say(printer, `The journal cannot be written: ${why}. The run ends here, with a report of what was seen.`);
    over.abort(new Error(`the journal cannot be written: ${why}`));
  };
  const journal = await Journal.open({
    disk: folder.disk,
    config,
    keepers: state.keepers,
    after: before?.position ?? AT_START,
    now: () => own.mono(),
    failed: full,
  });
  // What is due first is due once the journal stands, however slow the disk: nothing of the schedule is passed over.
  if (before === undefined) own = runClock(clock, 0);
  if (seat === undefined) {
    const { rate, durationMs } = plan;
    const windows = config.shard === undefined ? 0 : config.thresholds.length;
    say(printer, announcement({ rate, durationMs, folder: folder.path, resumable: canResume(config), windows }));
  }
  signal.addEventListener("abort", () => {
    printer.progress("");
    say(printer, "The run ends: what is under way is waited for and read again. Ctrl-C once more ends it at once.");
  }, { once: true });
  const detour = network instanceof DetourNetwork ? network : new DetourNetwork(direct);
  const { child } = chosen;
  const epoch = tally.away;
  const windows = config.shard === undefined || config.thresholds.length === 0
    ? undefined
    : new WindowLog(folder.disk, epoch, full);
  const run = new SoakRun({
    clock: own,
    network,
    prepared: {
      ...prepared,
      callers: prepared.callers.map((caller) => ({ ...caller, index: epoch * CALLERS_PER_EPOCH + caller.index })),
    },
    state,
    journal,
    epoch,
    pace: plan.pace,
    ...(plan.concurrency === undefined ? {} : { concurrency: plan.concurrency }),
    pid: chosen.pid,
    sights: sightsOf(options, chosen),
    disturbances: child === undefined ? [] : disturbancesOf(plan.chaos, {
      clock,
      child,
      detour,
      direct,
      random: loadRandom(config.seed, `chaos ${epoch}`),
      skew,
    }),
    failFast: plan.failFast,
    thresholdsElsewhere: seat !== undefined,
    ...(windows === undefined ? {} : {
      windows: (slots, upTo_s) => {
        windows.write(slots);
        seat?.windows(slots, upTo_s);
      },
    }),
    signal: AbortSignal.any([signal, over.signal]),
    ...(telemetry === undefined ? {} : { onlooker: (observation) => telemetry.observe(observation) }),
    progress: watching(parts, { clock: own, printer, ...(seat === undefined ? {} : { seat }) }),
  });
  try {
    return await run.run();
  } finally {
    await windows?.close();
  }
}

function configOf(
  options: Options,
  plan: SoakPlan,
  chosen: SoakTarget,
  prepared: Prepared,
  { seed, timeOrigin, clock }: { readonly seed: number; readonly timeOrigin: number; readonly clock: Clock },
): RunConfig {
  const { civilDefence, session } = prepared;
  const { target } = chosen;
  return {
    seed,
    timeOrigin,
    startedWall: clock.wall(),
    durationMs: plan.durationMs,
    rateText: plan.rateText,
    callers: prepared.callers.length,
    thresholds: plan.thresholds,
    target: { ...chosen.named, dialect: target.dialect.name },
    nodeId: session.nodeId,
    communityId: session.communityId,
    readable: prepared.readable,
    headBefore: prepared.head,
    ...(civilDefence.unreadable === undefined ? {} : { auditUnreadable: civilDefence.unreadable }),
    ...(plan.shard === undefined ? {} : { shard: plan.shard }),
    ...keptOptions(options, secretOptions(SOAK)),
  };
}

function checkSameNode(config: RunConfig, { session }: Prepared): void {
  if (config.nodeId === session.nodeId) return;
  throw new UsageError(`soak: the target is node ${session.nodeId}, the run was begun with ${config.nodeId}`);
}

/** Faults need a process of ours; a proxy needs plain HTTP. */
function refuseChaos({ chaos }: SoakPlan, { child, target }: SoakTarget): void {
  if (chaos.length > 0 && child === undefined) {
    throw new UsageError(
      "soak: --chaos, --restart-at and --kill-at need a target that is started here: embedded, exec: or docker:",
    );
  }
  if (target.url.startsWith("https:") && chaos.some(({ kind }) => NETWORK_FAULTS.includes(kind))) {
    throw new UsageError("soak: --chaos with delay, drop or reset needs a target without TLS");
  }
}

/** Shards begin at the time origin if it is still to come. */
async function untilTogether(
  { shard }: SoakPlan,
  timeOrigin: number,
  { clock, printer, signal }: SoakContext,
  before: RestoredRun | undefined,
): Promise<void> {
  const wait = timeOrigin - clock.wall();
  if (shard === undefined || before !== undefined || wait <= 0) return;
  printer.err(`Shard ${shard.index} of ${shard.count} begins in ${Math.ceil(wait / 1000)} s.`);
  await clock.sleep(wait, signal).catch(() => {});
}

/** A line of any length in the width of the terminal. */
function say(printer: Printer, text: string): void {
  for (const line of wrap(visible(text), printer.width)) printer.err(line);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Loaded only where it is asked for. It listens before anything is started, so that a taken address costs nothing. */
export async function dashboardOf({ dashboard }: SoakPlan, clock: Clock): Promise<Dashboard | undefined> {
  return dashboard === undefined ? undefined : new (await import("./dashboard.ts")).Dashboard(dashboard, clock);
}

/** Loaded only where the runtime exports it. */
async function telemetryOf(config: RunConfig, clock: Clock): Promise<Telemetry | undefined> {
  if (!exportsTelemetry((name) => Deno.env.get(name))) return undefined;
  const { Telemetry } = await import("./telemetry.ts");
  return new Telemetry(config, clock);
}

/** Shows where the run stands, every second. */
function watching(
  { state, dashboard, telemetry }: Conducted,
  { clock, printer, seat }: Pick<SoakContext, "clock" | "printer" | "seat">,
) {
  const lookout = new Lookout(state, clock, seat !== undefined);
  const show = seat === undefined
    ? progressTo(printer)
    : (standing: Standing) => seat.standing(standing, state.latency.total);
  return (elapsed_s: number, duration_s: number) => {
    const standing = lookout.look(elapsed_s, duration_s);
    show(standing);
    dashboard?.show(standing, state);
    telemetry?.show(standing);
  };
}

/** The live line on a terminal; where there is none, a plain line a minute. */
export function progressTo(printer: Printer): (standing: Standing) => void {
  let next = LOG_EVERY_S;
  return (standing) => {
    printer.progress(liveLine(standing, printer.columns ?? printer.width));
    if (standing.elapsed_s < next) return;
    next += LOG_EVERY_S;
    printer.err(liveLine(standing));
  };
}
