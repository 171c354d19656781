/** Proof that every case can fail: each against the sound node, and against every fault in its `brokenBy`. */

import type { CaseResult } from "../report/results.ts";
import type { Preflight } from "../target/preflight.ts";
import { Crew, type CrewOptions } from "./crew.ts";
import { type Host, type Job, type JobNode, jobsOf, SOUND } from "./job.ts";
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

/** A case whose gate a sound variant closes. */
export interface VariantSkip {
  readonly case: string;
  /** `variant NAME`. */
  readonly fault: string;
  readonly reason: string;
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
  /** Slow cases that were left out. */
  readonly slow: number;
  /** Cases whose gate no target of ours opens, with the reason. */
  readonly unproven: readonly { readonly case: string; readonly reason: string }[];
  readonly survivors: readonly Survivor[];
  /** Cases that a sound variant does not run, because it lacks what they need. */
  readonly variantSkips: readonly VariantSkip[];
  /** How many jobs were run again alone, because they did not end as they must beside the others. */
  readonly repeated: number;
  /** Faults that no case names. */
  readonly idleFaults: readonly string[];
  readonly matrix: readonly KillCell[];
}

export interface SelftestOptions extends CrewOptions {
  readonly planned: readonly ProvableCase[];
  /** All cases of this version, to tell which faults are idle. */
  readonly all: readonly ProvableCase[];
  readonly slow: boolean;
  /** Names of all faults of node and reporter. */
  readonly faultNames: readonly string[];
  /** Sound variants by area. */
  readonly variants: Readonly<Record<string, readonly string[]>>;
  readonly progress: (done: number, total: number, doubtful: number) => void;
}

const SOUND_NODE: Omit<JobNode, "host"> = { faults: [], variants: [] };

/** Cases by whether they can be proven. */
export interface Sorted {
  readonly provable: readonly ProvableCase[];
  readonly unproven: SelftestResult["unproven"];
  readonly sound: ReadonlyMap<Host, Preflight>;
}

/** Which cases a sound node of ours can show at all; slow ones are left out unless asked for. */
export async function sortOut(
  options: LabBasis & Pick<SelftestOptions, "planned" | "slow">,
): Promise<Sorted> {
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

/** See the module comment. */
export async function selftest(options: SelftestOptions): Promise<SelftestResult> {
  const { provable, unproven, sound } = await sortOut(options);
  const jobs = provable.flatMap((planned) => jobsOf(planned, options.variants));
  const matrix: KillCell[] = [];
  const survivors: Survivor[] = [];
  const variantSkips: VariantSkip[] = [];
  const crew = new Crew(options, sound);
  try {
    const repeated = await crew.work(jobs, {
      good({ mustFail, label }, { outcome }) {
        // A variant may lack what a case needs; the sound node may not.
        const tolerated = !mustFail && outcome === "skipped" && label !== SOUND;
        return outcome === (mustFail ? "fail" : "pass") || tolerated;
      },
      record({ planned, label, mustFail }, result, good) {
        const { definition: { id }, requirement, section } = planned;
        if (mustFail) {
          matrix.push({ case: id, requirement: requirement.id, section, fault: label, killed: good, result });
        }
        if (!good) survivors.push({ case: id, fault: label, outcome: outcomeText(result) });
        else if (result.outcome === "skipped") {
          variantSkips.push({ case: id, fault: label, reason: result.reason ?? "" });
        }
      },
      progress: options.progress,
    });
    return assemble(options, provable, jobs, { unproven, survivors, variantSkips, matrix, repeated });
  } finally {
    await crew.close();
  }
}

/** Results in the order of the plan, whatever ran side by side. */
function assemble(
  options: SelftestOptions,
  provable: readonly ProvableCase[],
  jobs: readonly Job[],
  found: Pick<SelftestResult, "unproven" | "survivors" | "variantSkips" | "matrix" | "repeated">,
): SelftestResult {
  const named = new Set<string>(options.all.flatMap(({ definition }) => definition.brokenBy));
  const order = new Map(options.planned.map(({ definition }, i) => [definition.id, i]));
  const rank = new Map(jobs.map(({ planned, label }, i) => [`${planned.definition.id} ${label}`, i]));
  const place = (one: { readonly case: string; readonly fault: string }) => rank.get(`${one.case} ${one.fault}`) ?? 0;
  const byPlan = <T extends { readonly case: string; readonly fault: string }>(list: readonly T[]) =>
    list.toSorted((a, b) => place(a) - place(b));
  const failed = new Set(found.survivors.map((s) => s.case));
  return {
    cases: options.planned.length,
    slow: options.planned.length - provable.length - found.unproven.length,
    killed: provable.filter(({ definition }) => !failed.has(definition.id)).length,
    unproven: found.unproven.toSorted((a, b) => (order.get(a.case) ?? 0) - (order.get(b.case) ?? 0)),
    survivors: byPlan(found.survivors),
    variantSkips: byPlan(found.variantSkips),
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
