/** Works through the jobs of a selftest: lanes on this thread and on further ones, doubtful results again alone. */

import type { CaseResult } from "../report/results.ts";
import type { Preflight } from "../target/preflight.ts";
import type { TargetProfile } from "../target/profile.ts";
import { type Host, type Job, nodeKey } from "./job.ts";
import { type LabBasis, Labs } from "./lab.ts";

/** A further thread for jobs on embedded nodes; undefined in its answer: it could not, and this thread has to. */
export interface CaseThread {
  run(job: Job): Promise<CaseResult | undefined>;
  close(): void;
}

export interface CrewOptions extends LabBasis {
  /** Jobs at a time that keep a processor busy. */
  readonly parallel: number;
  /** Starts further threads, told what the sound node is like. */
  readonly threads?: (profile: TargetProfile) => readonly CaseThread[];
  readonly signal?: AbortSignal;
}

/** How jobs are judged and told. */
export interface Sweep<J extends Job> {
  /** Whether the job ended as it must; others are run again alone before they count, unless `repeats` says no. */
  readonly good: (job: J, result: CaseResult) => boolean;
  readonly repeats?: (job: J) => boolean;
  readonly record: (job: J, result: CaseResult, good: boolean) => void;
  readonly progress: (done: number, total: number, doubtful: number) => void;
}

/** How many jobs that measure time or wait run side by side. */
const WAITING_PARALLEL = 64;

function waitOf({ planned }: Job): number {
  const { timed, waitsMs = timed === true ? 1 : 0 } = planned.definition;
  return planned.slow ? Infinity : waitsMs;
}

/** See the module comment. */
export class Crew {
  readonly #labs: Labs;
  readonly #threads: readonly CaseThread[];

  /** `sound` is what the sound node of each host turned out to be. */
  constructor(private readonly options: CrewOptions, private readonly sound: ReadonlyMap<Host, Preflight>) {
    this.#labs = new Labs(options);
    const embedded = sound.get("embedded");
    this.#threads = embedded === undefined ? [] : options.threads?.(embedded.profile) ?? [];
  }

  /** Runs all jobs; returns how many were repeated alone. An aborted signal leaves out what has not begun. */
  async work<J extends Job>(jobs: readonly J[], sweep: Sweep<J>): Promise<number> {
    const left = new Map<string, number>();
    for (const job of jobs) left.set(nodeKey(job), (left.get(nodeKey(job)) ?? 0) + 1);
    const doubtful: J[] = [];
    let done = 0;
    const over = () => this.options.signal?.aborted === true;
    const take = async (job: J, thread?: CaseThread) => {
      const result = await thread?.run(job) ?? await this.#run(job);
      const key = nodeKey(job);
      left.set(key, (left.get(key) ?? 1) - 1);
      // A set-up ends with its last job, so that children do not pile up.
      if (left.get(key) === 0) await this.#labs.end(job);
      const good = sweep.good(job, result);
      if (good || sweep.repeats?.(job) === false) sweep.record(job, result, good);
      else doubtful.push(job);
      sweep.progress(++done, jobs.length, doubtful.length);
    };
    const lanes = (count: number, queue: J[], threads: readonly CaseThread[]) =>
      Array.from({ length: Math.min(count, queue.length) }, async (_, i) => {
        const thread = threads[i % (threads.length + 1) - 1];
        for (let job = queue.shift(); job !== undefined && !over(); job = queue.shift()) await take(job, thread);
      });
    const { embedded = [], process = [] } = Object.groupBy(jobs, ({ host }) => host);
    // A faulty node often lets a case wait for its deadline: such jobs begin while there is other work.
    const quick = embedded.filter((job) => waitOf(job) === 0).sort((a, b) => Number(b.mustFail) - Number(a.mustFail));
    const waiting = embedded.filter((job) => waitOf(job) > 0).sort((a, b) => waitOf(b) - waitOf(a));
    const parallel = Math.max(1, this.options.parallel);
    await Promise.all([
      ...lanes(WAITING_PARALLEL, waiting, this.#threads),
      ...lanes(parallel, quick, this.#threads),
      ...lanes(parallel, process.sort((a, b) => nodeKey(a) < nodeKey(b) ? -1 : 1), []),
    ]);
    for (const job of doubtful) {
      if (over()) break;
      const result = await this.#run(job);
      if (job.host === "process") await this.#labs.end(job);
      sweep.record(job, result, sweep.good(job, result));
    }
    return doubtful.length;
  }

  async close(): Promise<void> {
    for (const thread of this.#threads) thread.close();
    await this.#labs.close();
  }

  #run(job: Job): Promise<CaseResult> {
    const found = this.sound.get(job.host);
    if (found === undefined) throw new RangeError(`Cannot run a job: no node of the kind ${job.host} was looked at`);
    return this.#labs.of(job).run(job.planned, found.profile);
  }
}
