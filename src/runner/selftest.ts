/** Proof that every case can fail: each against the sound node, and against every fault in its `brokenBy`. */

import type { Clock } from "../protocol/mod.ts";
import { REPORTER_FAULTS } from "../report/faults.ts";
import type { CaseResult } from "../report/results.ts";
import { NO_ADAPTER } from "../target/adapter.ts";
import { EmbeddedTarget } from "../target/embedded.ts";
import { type Preflight, preflight } from "../target/preflight.ts";
import { LiveNetwork, nullSink, steadyClock } from "../wire/mod.ts";
import { RunnerBench } from "./bench.ts";
import type { Requirement } from "./requirement.ts";
import { gateOf, runCase, type RunOptions } from "./run.ts";
import type { PlannedCase } from "./select.ts";

/** A case with a fault that did not make it fail, or a sound node that did. */
export interface Survivor {
  readonly case: string;
  /** Name of the fault; `sound` when the sound node failed; `variant NAME` when a sound variant failed. */
  readonly fault: string;
  /** What happened instead. */
  readonly outcome: string;
}

/** One cell of the kill matrix. */
export interface KillCell {
  readonly case: string;
  readonly requirement: string;
  readonly section: string;
  readonly fault: string;
  readonly killed: boolean;
  readonly result: CaseResult;
}

export interface SelftestResult {
  readonly cases: number;
  readonly killed: number;
  /** Cases whose gate no target of ours opens, with the reason. */
  readonly unproven: readonly { readonly case: string; readonly reason: string }[];
  readonly survivors: readonly Survivor[];
  /** How many jobs were run again alone, because they did not end as they must beside the others. */
  readonly repeated: number;
  /** Faults that no case names. */
  readonly idleFaults: readonly string[];
  readonly matrix: readonly KillCell[];
}

export interface SelftestOptions {
  readonly planned: readonly PlannedCase[];
  /** All cases of this version, to tell which faults are idle. */
  readonly all: readonly PlannedCase[];
  readonly requirementOf: (id: string) => Requirement;
  readonly clock: Clock;
  readonly seed: number;
  readonly timeOrigin: number;
  readonly parallel: number;
  readonly slow: boolean;
  readonly suiteVersion: string;
  /** Names of all faults of node and reporter. */
  readonly faultNames: readonly string[];
  /** Sound variants every case must pass on. */
  readonly variantNames: readonly string[];
  readonly progress: (done: number, total: number, survivors: number) => void;
  readonly signal?: AbortSignal;
}

/** How a job is named in the matrix. */
const SOUND = "sound";

interface Job {
  readonly planned: PlannedCase;
  readonly faults: readonly string[];
  readonly variants: readonly string[];
  readonly label: string;
  readonly mustFail: boolean;
}

/** How many jobs that measure time or wait run side by side. */
const WAITING_PARALLEL = 64;

/** See the module comment. */
export async function selftest(options: SelftestOptions): Promise<SelftestResult> {
  const sound = await Lab.make(options, [], []);
  const unproven: { case: string; reason: string }[] = [];
  const provable: PlannedCase[] = [];
  for (const planned of options.planned) {
    const reason = gateOf(planned, sound.preflight.profile, sound.target);
    if (reason === undefined) {
      if (!planned.slow || options.slow) provable.push(planned);
    } else unproven.push({ case: planned.definition.id, reason });
  }
  const jobs: Job[] = provable.flatMap((planned): Job[] => [
    { planned, faults: [], variants: [], label: SOUND, mustFail: false },
    ...planned.definition.brokenBy.map((fault) => ({
      planned,
      faults: [fault],
      variants: [],
      label: fault,
      mustFail: true,
    })),
    ...options.variantNames.map((variant) => ({
      planned,
      faults: [],
      variants: [variant],
      label: `variant ${variant}`,
      mustFail: false,
    })),
  ]);
  const matrix: KillCell[] = [];
  const survivors: Survivor[] = [];
  let done = 0;
  const labs = new Map<string, Promise<Lab>>();
  const labOf = (job: Job): Promise<Lab> => {
    const key = `${job.faults}|${job.variants}`;
    let lab = labs.get(key);
    if (lab === undefined) labs.set(key, lab = Lab.make(options, job.faults, job.variants, sound.preflight));
    return lab;
  };
  /** Jobs that did not end as they must; they are run again alone before they count. */
  const doubtful: Job[] = [];
  const runJob = async (job: Job): Promise<{ readonly result: CaseResult; readonly good: boolean }> => {
    const result = await (await labOf(job)).run(job.planned);
    // A variant may lack what a case needs; the sound node may not.
    const tolerated = !job.mustFail && result.outcome === "skipped" && job.label !== SOUND;
    return { result, good: result.outcome === (job.mustFail ? "fail" : "pass") || tolerated };
  };
  const record = ({ planned, label, mustFail }: Job, result: CaseResult, good: boolean) => {
    const { id } = planned.definition;
    const { requirement, section } = planned;
    if (mustFail) matrix.push({ case: id, requirement: requirement.id, section, fault: label, killed: good, result });
    if (!good) survivors.push({ case: id, fault: label, outcome: outcomeText(result) });
  };
  const work = async (queue: Job[]) => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      if (options.signal?.aborted === true) return;
      const { result, good } = await runJob(job);
      if (good) record(job, result, good);
      else doubtful.push(job);
      options.progress(++done, jobs.length, doubtful.length);
    }
  };
  const waits = (job: Job) => job.planned.slow || job.planned.definition.timed === true;
  const waiting = jobs.filter(waits);
  const quick = jobs.filter((job) => !waits(job));
  await Promise.all([
    ...Array.from({ length: Math.max(1, options.parallel) }, () => work(quick)),
    ...Array.from({ length: Math.min(WAITING_PARALLEL, waiting.length) }, () => work(waiting)),
  ]);
  for (const job of doubtful) {
    const { result, good } = await runJob(job);
    record(job, result, good);
  }
  const named = new Set(options.all.flatMap(({ definition }) => definition.brokenBy as readonly string[]));
  const order = new Map(options.planned.map(({ definition }, i) => [definition.id, i]));
  const byPlan = <T extends { readonly case: string }>(list: T[]) =>
    list.sort((a, b) => (order.get(a.case) ?? 0) - (order.get(b.case) ?? 0));
  const failed = new Set(survivors.map((s) => s.case));
  return {
    cases: options.planned.length,
    killed: provable.filter(({ definition }) => !failed.has(definition.id)).length,
    unproven,
    survivors: byPlan(survivors),
    repeated: doubtful.length,
    idleFaults: options.faultNames.filter((name) => !named.has(name)),
    matrix: byPlan(matrix),
  };
}

/** A result in a few words. */
export function outcomeText(result: CaseResult): string {
  const why = result.reason ??
    (result.failure === undefined ? "" : `expected ${result.failure.expected}; observed ${result.failure.observed}`);
  return why === "" ? result.outcome : `${result.outcome}: ${why}`;
}

/** Embedded nodes with certain faults, and what is needed to run cases on them. */
class Lab {
  private constructor(
    private readonly options: SelftestOptions,
    readonly target: EmbeddedTarget,
    readonly preflight: Preflight,
    private readonly bench: RunnerBench,
  ) {}

  static async make(
    options: SelftestOptions,
    faults: readonly string[],
    variants: readonly string[],
    known?: Preflight,
  ): Promise<Lab> {
    const { seed, timeOrigin, clock } = options;
    const nodeFaults = faults.filter((name) => !(name in REPORTER_FAULTS));
    const target = new EmbeddedTarget({ seed, timeOrigin, faults: nodeFaults, variants });
    const bench = new RunnerBench({
      requirementOf: options.requirementOf,
      clock,
      seed,
      timeOrigin,
      suiteVersion: options.suiteVersion,
      faults: faults.filter((name) => name in REPORTER_FAULTS),
    });
    // Gates are those of the sound node: a fault that hides a capability must not turn its case into a skip.
    const found = known ?? await Lab.look(target, options);
    return new Lab(options, target, found, bench);
  }

  static async look(target: EmbeddedTarget, options: SelftestOptions): Promise<Preflight> {
    const network = networkFor("preflight", options, false);
    try {
      return await preflight(target, network, { seed: options.seed, timeOrigin: options.timeOrigin });
    } finally {
      await network.close();
    }
  }

  run(planned: PlannedCase): Promise<CaseResult> {
    const { options, target, preflight: found } = this;
    const runOptions: RunOptions = {
      target,
      all: options.all,
      selected: [planned],
      filtered: true,
      networkOf: (scope, moving) => networkFor(scope, options, moving),
      clock: options.clock,
      seed: options.seed,
      timeOrigin: options.timeOrigin,
      parallel: 1,
      slow: options.slow,
      strict: false,
      adapter: NO_ADAPTER,
      reporter: this.bench,
      suiteVersion: options.suiteVersion,
      suiteCommit: "selftest",
      deselected: [],
      configuration: {},
      reproduction: (id) => `hearthproof run --target ${target.url} --suite-filter ${id}`,
      progress: () => {},
    };
    return runCase(runOptions, found.profile, planned);
  }
}

function networkFor(scope: string, options: SelftestOptions, moving: boolean): LiveNetwork {
  const clock = moving ? options.clock : steadyClock(options.timeOrigin, options.clock);
  return new LiveNetwork({ scope, sink: nullSink, clock });
}
