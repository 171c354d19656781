/** Cases that fail under a fault although their requirement is not among those the fault breaks. */

import type { Fault } from "../node/fault.ts";
import { REPORTER_FAULTS } from "../report/faults.ts";
import type { Preflight } from "../target/preflight.ts";
import { Crew, type CrewOptions } from "./crew.ts";
import type { Host, Job } from "./job.ts";
import { isReporterFault, Lab } from "./lab.ts";
import { type Reach, ReachRecorder, touches } from "./reach.ts";
import { RunnerBench } from "./bench.ts";
import type { ProvableCase } from "./select.ts";
import { sortOut } from "./selftest.ts";

/** In `breaks`: what nearly every case needs is broken, so that any may fail. */
const ANY = "*";

/** A case that fails under a fault that does not say so. */
export interface Collateral {
  readonly fault: string;
  readonly case: string;
  readonly requirement: string;
  /** What the case saw. */
  readonly expected: string;
  readonly observed: string;
}

export interface CollateralResult {
  /** Faults that were tried. */
  readonly faults: readonly string[];
  readonly cases: number;
  /** Runs that were made. */
  readonly runs: number;
  /** Pairs that cannot make a difference: the case never asks for what the fault changes. */
  readonly untouched: number;
  readonly repeated: number;
  readonly collateral: readonly Collateral[];
}

export interface CollateralOptions extends CrewOptions {
  /** All cases of this version. */
  readonly all: readonly ProvableCase[];
  /** Names of the faults to try. */
  readonly tried: readonly string[];
  /** What is known of the faults of the node. */
  readonly nodeFaults: Readonly<Record<string, Fault>>;
  readonly progress: (what: string, done: number, total: number, doubtful: number) => void;
}

/** See the module comment. Cases that are slow or need a process are left out. */
export async function collateral(options: CollateralOptions): Promise<CollateralResult> {
  const planned = options.all.filter((one) => !one.slow && one.definition.hostedBy === undefined);
  const { provable, sound } = await sortOut({ ...options, planned, slow: false });
  const reaches = await reachesOf(provable, sound, options);
  let untouched = 0;
  const jobs = options.tried.flatMap((fault) => {
    const answerable = answerableFor(fault, options);
    return provable.filter((one) => !answerable.has(one.requirement.id)).flatMap((one): Job[] => {
      const reach = reaches.get(one);
      if (reach !== undefined && differs(fault, reach, options)) {
        return [{ planned: one, host: "embedded", faults: [fault], variants: [], label: fault, mustFail: false }];
      }
      untouched++;
      return [];
    });
  });
  const found: Collateral[] = [];
  const crew = new Crew(options, sound);
  try {
    const repeated = await crew.work(jobs, {
      good: (_, { outcome }) => outcome !== "fail",
      // Most failures here are real; only those that measure time may come from the work beside them.
      repeats: ({ planned: { definition } }) => definition.timed === true || definition.waitsMs !== undefined,
      record({ planned: { definition, requirement }, label }, { failure }, good) {
        if (good) return;
        const { expected = "", observed = "" } = failure ?? {};
        found.push({ fault: label, case: definition.id, requirement: requirement.id, expected, observed });
      },
      progress: (done, total, doubtful) => options.progress("runs", done, total, doubtful),
    });
    const order = new Map(jobs.map(({ label, planned: one }, i) => [`${label} ${one.definition.id}`, i]));
    const place = (one: Collateral) => order.get(`${one.fault} ${one.case}`) ?? 0;
    return {
      faults: options.tried,
      cases: provable.length,
      runs: jobs.length,
      untouched,
      repeated,
      collateral: found.sort((a, b) => place(a) - place(b)),
    };
  } finally {
    await crew.close();
  }
}

/** Requirements whose cases may fail: those the fault names, and those of the cases that name the fault. */
function answerableFor(fault: string, { all, nodeFaults }: CollateralOptions): ReadonlySet<string> {
  const known = isReporterFault(fault) ? REPORTER_FAULTS[fault] : nodeFaults[fault];
  const named: readonly string[] = known?.breaks ?? [];
  if (named.includes(ANY)) return new Set(all.map(({ requirement }) => requirement.id));
  const own = all.filter(({ definition }) => (definition.brokenBy as readonly string[]).includes(fault));
  return new Set([...named, ...own.map(({ requirement }) => requirement.id)]);
}

function differs(name: string, reach: Reach, { nodeFaults }: CollateralOptions): boolean {
  if (isReporterFault(name)) return reach.reporter;
  const fault = nodeFaults[name];
  return fault !== undefined && touches(name, fault, reach);
}

/** What each case asks for on the sound node. */
async function reachesOf(
  cases: readonly ProvableCase[],
  sound: ReadonlyMap<Host, Preflight>,
  options: CollateralOptions,
): Promise<ReadonlyMap<ProvableCase, Reach>> {
  const found = sound.get("embedded");
  const reaches = new Map<ProvableCase, Reach>();
  if (found === undefined) return reaches;
  const chosen = options.tried.flatMap((name) => {
    const fault = options.nodeFaults[name];
    return fault === undefined ? [] : [[name, fault] as const];
  });
  const bench = new RunnerBench(options);
  const queue = [...cases];
  const lane = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const recorder = new ReachRecorder(Object.fromEntries(chosen));
      const embedded = { overrides: [recorder.tap], watch: recorder.watch };
      const lab = new Lab(
        { ...options, embedded },
        { host: "embedded", faults: [], variants: [] },
        recorder.bench(bench),
      );
      await lab.run(one, found.profile);
      reaches.set(one, recorder);
      options.progress("looking", reaches.size, cases.length, 0);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.parallel) }, lane));
  return reaches;
}
