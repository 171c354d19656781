/**
 * `soak --workers N`: one run made by several processes, for when one core is not enough. The coordinator starts the
 * target and N shards of itself, lets them begin together and merges what they saw.
 */

import { EXIT } from "../src/cli/exit_code.ts";
import { secretOptions } from "../src/cli/options.ts";
import { type Options, UsageError } from "../src/cli/parse.ts";
import { quietPrinter } from "../src/cli/printer.ts";
import { visible } from "../src/report/escape.ts";
import { wrap } from "../src/report/text.ts";
import { Crew } from "./crew.ts";
import type { Dashboard } from "./dashboard.ts";
import { announcement } from "./journal_bound.ts";
import { EMBEDDED_LINE } from "./outcome.ts";
import { canResume, clearFolder, keptOptions, resumedOptions, type RunFolder, takeFolder } from "./run_folder.ts";
import { dashboardOf, progressTo, type SoakContext } from "./soak_command.ts";
import { DEFAULT_SOAK_DIR } from "./soak_options.ts";
import { readPlan } from "./soak_plan.ts";
import { SOAK } from "./soak_spec.ts";
import { isEmbedded, isOwned, openTarget, removeOldData, type SoakTarget } from "./soak_target.ts";
import type { StartedTarget } from "./worker_messages.ts";
import { WorkerProcess } from "./worker_process.ts";
import {
  readWorkersRun,
  removeWorkers,
  workerFolder,
  workerRuns,
  type WorkersRun,
  writeWorkersRun,
} from "./workers_file.ts";
import { presentWorkers } from "./workers_report.ts";

/** The workers could not do their part; nothing is claimed about the target. */
class WorkersError extends Error {
  override readonly name = "ProcessError";
}

/** Options of the coordinator alone, and those that only one process may use. */
const NOT_OF_A_WORKER: readonly string[] = [
  ...["workers", "output-dir", "resume", "json", "dashboard", "dashboard-token", "annotate", "config"],
];
/** What the resources of the target are seen by; one worker looks at them. */
const SIGHTS: readonly string[] = ["pid", "cgroup", "target-data"];

/** Whether a run of several workers is asked for, or gone on with. */
export async function wantsWorkers(options: Options): Promise<boolean> {
  const resumed = options.text("resume");
  if (resumed !== undefined) return await readWorkersRun(resumed) !== undefined;
  return (options.number("workers") ?? 1) > 1;
}

/** Runs the command; returns the exit code of the merged verdict. */
export async function runWorkers(given: Options, context: SoakContext): Promise<number> {
  const resumed = given.text("resume");
  const folder = await takeFolder(resumed ?? given.text("output-dir") ?? DEFAULT_SOAK_DIR);
  try {
    if (resumed === undefined) return await begin(given, folder, context);
    const run = await readWorkersRun(resumed);
    if (run === undefined) throw new UsageError(`soak --resume: ${resumed} holds no run of several workers`);
    if (run.ended) {
      throw new UsageError(`soak: the run in ${resumed} came to its end; "soak report ${resumed}" shows it`);
    }
    return await conduct(resumedOptions(given, { config: run }), run, folder, true, context);
  } finally {
    folder.release();
  }
}

async function begin(options: Options, folder: RunFolder, context: SoakContext): Promise<number> {
  const count = options.number("workers") ?? 1;
  if (options.given("shard")) {
    throw new UsageError("soak: --workers makes shards of its own; leave out --shard or --workers");
  }
  const { concurrency } = await readPlan(options);
  if (concurrency !== undefined && concurrency < count) {
    throw new UsageError(
      `soak: --workers ${count} cannot share --concurrency ${concurrency}; one of each is the least`,
    );
  }
  await clearFolder(folder);
  await removeOldData(folder.path);
  await removeWorkers(folder.path);
  const run: WorkersRun = {
    count,
    seed: options.number("seed") ?? 0,
    timeOrigin: options.number("time-origin") ?? context.clock.wall(),
    ended: false,
    ...keptOptions(options, secretOptions(SOAK)),
  };
  return await conduct(options, run, folder, false, context);
}

async function conduct(
  options: Options,
  run: WorkersRun,
  folder: RunFolder,
  resumed: boolean,
  context: SoakContext,
): Promise<number> {
  if (resumed && !canResume(run)) {
    throw new UsageError(
      "soak: a run against a container cannot be resumed: its volume went with the tester; soak report shows what was seen",
    );
  }
  const json = options.flag("json");
  const printer = json ? quietPrinter(context.printer) : context.printer;
  const before = await workerRuns(folder.path, run);
  const going = before.filter((one) => one.run?.ending === undefined).map(({ index }) => index);
  const unbegun = before.find((one) => one.run === undefined);
  if (resumed && unbegun !== undefined) {
    throw new UsageError(`soak: worker ${unbegun.index} of the run in ${folder.path} never began; begin the run anew`);
  }
  if (isEmbedded(options)) printer.err(EMBEDDED_LINE);
  const plan = await readPlan(options);
  await using dashboard = await dashboardOf(plan, context.clock);
  if (dashboard !== undefined) printer.err(`Dashboard: ${dashboard.url}`);
  const target = isOwned(options) && going.length > 0
    ? await openTarget(options, {
      clock: context.clock,
      seed: run.seed,
      timeOrigin: run.timeOrigin,
      folder: folder.path,
      programUrl: context.programUrl,
      signal: context.signal,
    })
    : undefined;
  try {
    if (!resumed) await writeWorkersRun(folder.path, run);
    say(printer, `${run.count} workers share the load, each with a journal of its own in ${folder.path}/worker-N.`);
    const { rate, durationMs, thresholds } = plan;
    say(
      printer,
      announcement({
        rate,
        durationMs,
        folder: folder.path,
        processes: run.count,
        resumable: canResume(run),
        windows: thresholds.length,
      }),
    );
    const said = await work(options, run, { folder, going, resumed, target, dashboard, thresholds }, {
      ...context,
      printer,
    });
    const runs = await workerRuns(folder.path, run);
    if (runs.every((one) => one.run === undefined)) return nothing(said, printer.out);
    if (runs.every((one) => one.run?.ending !== undefined)) {
      await writeWorkersRun(folder.path, { ...run, ended: true });
    }
    const asJson = json ? (text: string) => context.printer.out(text) : undefined;
    const presented = { folder: folder.path, printer, json: asJson };
    return await presentWorkers(runs, presented, async (report) => await dashboard?.end(report));
  } finally {
    await target?.stop();
  }
}

/** What workers said and how they died. */
interface Said {
  readonly results: readonly string[];
  readonly complaints: readonly string[];
}

/** No worker has begun: all came to the same, and the first says what. */
function nothing({ results, complaints }: Said, out: (line: string) => void): number {
  const [complaint] = complaints;
  if (complaint !== undefined) throw new WorkersError(complaint);
  for (const line of results) out(line);
  return EXIT.inconclusive;
}

interface Work {
  readonly folder: RunFolder;
  /** Workers that have not come to their end. */
  readonly going: readonly number[];
  readonly resumed: boolean;
  readonly target: SoakTarget | undefined;
  readonly dashboard: Dashboard | undefined;
  readonly thresholds: readonly string[];
}

async function work(
  options: Options,
  run: WorkersRun,
  { folder, going, resumed, target, dashboard, thresholds }: Work,
  { printer, signal, programUrl }: SoakContext,
): Promise<Said> {
  const [results, complaints]: [string[], string[]] = [[], []];
  const known = new Set([EMBEDDED_LINE]);
  const workers = going.map((index) => new WorkerProcess(programUrl, index));
  const first = going[0] ?? 0;
  const line = progressTo(printer);
  const crew = new Crew({
    workers,
    node: target?.child,
    memoryBytes: target?.memoryBytes,
    failFast: options.flag("fail-fast"),
    thresholds,
    progress(standing, latency) {
      line(standing);
      dashboard?.show(standing, undefined, latency);
    },
    line(index, to, text) {
      if (to === "out") {
        if (index === first && text !== "") results.push(text);
        return;
      }
      // All say nearly the same; numbers are of each.
      const key = text.replace(/\d+/g, "#");
      if (!known.has(key)) say(printer, `Worker ${index}: ${text}`);
      known.add(key);
    },
    died(index, complaint) {
      const why = complaint.trim().replace(/^hearthproof: /, "") || "it ended without a word";
      complaints.push(why);
      printer.progress("");
      say(printer, `Worker ${index} has ended before its run was over: ${why}`);
    },
  });
  const end = () => {
    printer.progress("");
    say(printer, "The run ends: what is under way is waited for and read again. Ctrl-C once more ends it at once.");
    known.add("The run ends: what is under way is waited for and read again. Ctrl-C once more ends it at once.");
    crew.end(signal.reason instanceof Error ? signal.reason.message : String(signal.reason));
  };
  try {
    for (const worker of workers) {
      worker.send({
        options: jobOptions(options, run, {
          index: worker.index,
          folder: folder.path,
          resumed,
          watches: worker.index === first,
        }),
        ...(target === undefined ? {} : { target: await startedTarget(target, worker.index === first) }),
      });
    }
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
    await crew.follow();
  } finally {
    signal.removeEventListener("abort", end);
    for (const worker of workers) worker.kill();
  }
  printer.progress("");
  return { results, complaints };
}

/** The command line of one worker. */
function jobOptions(
  options: Options,
  run: WorkersRun,
  { index, folder, resumed, watches }: {
    readonly index: number;
    readonly folder: string;
    readonly resumed: boolean;
    readonly watches: boolean;
  },
) {
  const left = watches ? NOT_OF_A_WORKER : [...NOT_OF_A_WORKER, ...SIGHTS];
  return {
    ...Object.fromEntries(options.entries().filter(([name]) => !left.includes(name))),
    seed: run.seed,
    "time-origin": run.timeOrigin,
    shard: `${index}/${run.count}`,
    [resumed ? "resume" : "output-dir"]: workerFolder(folder, index),
  };
}

function startedTarget({ target, embedded, named, pid, data, memoryBytes, child }: SoakTarget, watches: boolean) {
  const { root, sut } = target.access;
  if (root === undefined || sut === undefined) throw new WorkersError("Cannot share the target: it has no keys");
  const started: StartedTarget = {
    url: child?.url ?? target.url,
    rootSeed: root.seed.toHex(),
    nodeSeed: sut.seed.toHex(),
    named,
    embedded,
    ...(!watches ? {} : {
      watched: { pid: pid() ?? null, ...(data === undefined ? {} : { data }), memory: memoryBytes !== undefined },
    }),
  };
  return started;
}

function say(printer: SoakContext["printer"], text: string): void {
  for (const line of wrap(visible(text), printer.width)) printer.err(line);
}
