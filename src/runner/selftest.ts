/** Proof that every case can fail: each against the sound node, and against every fault in its `brokenBy`. */

import type { CaseResult } from "../report/results.ts";
import type { Preflight } from "../target/preflight.ts";
import { type Host, type Job, type JobNode, jobsOf, nodeKey, SOUND } from "./job.ts";
import { Lab, type LabBasis } from "./lab.ts";
import { gateOf, NEEDS_A_PROCESS } from "./run.ts";
import type { ProvableCase } from "./select.ts";

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

export interface SelftestOptions extends LabBasis {
  readonly planned: readonly ProvableCase[];
  /** All cases of this version, to tell which faults are idle. */
  readonly all: readonly ProvableCase[];
  readonly parallel: number;
  readonly slow: boolean;
  /** Names of all faults of node and reporter. */
  readonly faultNames: readonly string[];
  /** Sound variants by area. */
  readonly variants: Readonly<Record<string, readonly string[]>>;
  readonly progress: (done: number, total: number, doubtful: number) => void;
  readonly signal?: AbortSignal;
}

/** How many jobs that measure time or wait run side by side. */
const WAITING_PARALLEL = 64;

/** Labs by node set-up; a lab ends with its last job. */
class Labs {
  readonly #labs = new Map<string, Lab>();
  readonly #left = new Map<string, number>();

  constructor(private readonly basis: LabBasis, private readonly sound: ReadonlyMap<Host, Preflight>) {}

  /** Announces jobs. */
  expect(jobs: readonly Job[]): void {
    for (const job of jobs) this.#left.set(nodeKey(job), (this.#left.get(nodeKey(job)) ?? 0) + 1);
  }

  async run(job: Job): Promise<CaseResult> {
    const key = nodeKey(job);
    const lab = this.#labs.get(key) ?? new Lab(this.basis, job);
    this.#labs.set(key, lab);
    const profile = this.sound.get(job.host)?.profile;
    if (profile === undefined) throw new RangeError(`Cannot run a job: no node of the kind ${job.host} was looked at`);
    try {
      return await lab.run(job.planned, profile);
    } finally {
      const left = (this.#left.get(key) ?? 1) - 1;
      this.#left.set(key, left);
      if (left <= 0) await this.#end(key);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#labs.keys()].map((key) => this.#end(key)));
  }

  async #end(key: string): Promise<void> {
    const lab = this.#labs.get(key);
    this.#labs.delete(key);
    await lab?.close();
  }
}

const SOUND_NODE: Omit<JobNode, "host"> = { faults: [], variants: [] };

interface Sorted {
  readonly provable: readonly ProvableCase[];
  readonly unproven: SelftestResult["unproven"];
  readonly sound: ReadonlyMap<Host, Preflight>;
}

/** Which cases a sound node of ours can show at all; slow ones are left out unless asked for. */
async function sortOut(options: SelftestOptions): Promise<Sorted> {
  const unproven: { case: string; reason: string }[] = [];
  const provable: ProvableCase[] = [];
  const sound = new Map<Host, Preflight>();
  for (const [host, cases] of Map.groupBy(options.planned, hostOf)) {
    if (host === "process" && options.childCommand === undefined) {
      unproven.push(...cases.map(({ definition }) => ({ case: definition.id, reason: NEEDS_A_PROCESS })));
      continue;
    }
    const lab = new Lab(options, { ...SOUND_NODE, host });
    try {
      const found = await lab.look();
      sound.set(host, found);
      for (const planned of cases) {
        const reason = gateOf(planned, found.profile, lab.target);
        if (reason !== undefined) unproven.push({ case: planned.definition.id, reason });
        else if (!planned.slow || options.slow) provable.push(planned);
      }
    } finally {
      await lab.close();
    }
  }
  return { provable, unproven, sound };
}

function hostOf({ definition }: ProvableCase): Host {
  return definition.hostedBy ?? "embedded";
}

function waits({ planned }: Job): boolean {
  return planned.slow || planned.definition.timed === true;
}

/** See the module comment. */
export async function selftest(options: SelftestOptions): Promise<SelftestResult> {
  const { provable, unproven, sound } = await sortOut(options);
  const jobs = provable.flatMap((planned) => jobsOf(planned, options.variants));
  const labs = new Labs(options, sound);
  const matrix: KillCell[] = [];
  const survivors: Survivor[] = [];
  let done = 0;
  /** Jobs that did not end as they must; they are run again alone before they count. */
  const doubtful: Job[] = [];
  const runJob = async (job: Job): Promise<{ readonly result: CaseResult; readonly good: boolean }> => {
    const result = await labs.run(job);
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
  const lanes = (count: number, queue: Job[]) =>
    Array.from({ length: Math.min(count, queue.length) }, () => work(queue));
  const parallel = Math.max(1, options.parallel);
  labs.expect(jobs);
  try {
    const { embedded = [], process = [] } = Object.groupBy(jobs, ({ host }) => host);
    await Promise.all([
      ...lanes(parallel, embedded.filter((job) => !waits(job))),
      ...lanes(WAITING_PARALLEL, embedded.filter(waits)),
      // One child at a time would leave the processor idle while it starts; those of one set-up are together.
      ...lanes(parallel, process.sort((a, b) => nodeKey(a) < nodeKey(b) ? -1 : 1)),
    ]);
    for (const job of doubtful) {
      if (options.signal?.aborted === true) break;
      const { result, good } = await runJob(job);
      record(job, result, good);
    }
  } finally {
    await labs.close();
  }
  return assemble(options, provable, { unproven, survivors, matrix, repeated: doubtful.length });
}

/** Results in the order of the plan, whatever ran side by side. */
function assemble(
  options: SelftestOptions,
  provable: readonly ProvableCase[],
  found: {
    readonly unproven: SelftestResult["unproven"];
    readonly survivors: readonly Survivor[];
    readonly matrix: readonly KillCell[];
    readonly repeated: number;
  },
): SelftestResult {
  const named = new Set<string>(options.all.flatMap(({ definition }) => definition.brokenBy));
  const order = new Map(options.planned.map(({ definition }, i) => [definition.id, i]));
  const byPlan = <T extends { readonly case: string }>(list: readonly T[]) =>
    list.toSorted((a, b) => (order.get(a.case) ?? 0) - (order.get(b.case) ?? 0));
  const failed = new Set(found.survivors.map((s) => s.case));
  return {
    cases: options.planned.length,
    killed: provable.filter(({ definition }) => !failed.has(definition.id)).length,
    unproven: byPlan(found.unproven),
    survivors: byPlan(found.survivors),
    repeated: found.repeated,
    idleFaults: options.faultNames.filter((name) => !named.has(name)),
    matrix: byPlan(found.matrix),
  };
}

/** A result in a few words. */
export function outcomeText(result: CaseResult): string {
  const why = result.reason ??
    (result.failure === undefined ? "" : `expected ${result.failure.expected}; observed ${result.failure.observed}`);
  return why === "" ? result.outcome : `${result.outcome}: ${why}`;
}
