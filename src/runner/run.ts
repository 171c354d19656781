/** A run: pre-flight, gates, cases side by side, results in the order of the suites whatever the parallelism. */

import { type Clock, timestamp } from "../protocol/mod.ts";
import type { CaseResult, RunResult } from "../report/results.ts";
import type { Adapter } from "../target/adapter.ts";
import { openSession } from "../target/open.ts";
import { type Preflight, preflight } from "../target/preflight.ts";
import { closedGate, type TargetProfile } from "../target/profile.ts";
import type { SessionNeeds, Target, TargetKind } from "../target/target.ts";
import type { Network } from "../wire/mod.ts";
import { executeCase } from "./execute.ts";
import { requestedSections } from "./sections.ts";
import type { PlannedCase } from "./select.ts";
import type { ReporterBench } from "./judged_reporter.ts";

/** A network for one scope; `moving`: its wall clock moves instead of standing at the time origin. */
export type NetworkSource = (scope: string, moving: boolean) => ScopedNetwork;

/** A network that ends with its scope. */
export interface ScopedNetwork extends Network {
  close?(): Promise<void> | void;
}

/** What running a single case takes. */
export interface CaseOptions {
  readonly target: Target;
  readonly networkOf: NetworkSource;
  readonly clock: Clock;
  readonly seed: number;
  readonly timeOrigin: number;
  readonly reporter: ReporterBench;
  /** Command line that repeats a case by hand. */
  readonly reproduction: (caseId: string) => string;
}

/** What a run is told. */
export interface RunOptions extends CaseOptions {
  /** All cases of this version, before filters. */
  readonly all: readonly PlannedCase[];
  /** The cases that were asked for. */
  readonly selected: readonly PlannedCase[];
  readonly filtered: boolean;
  readonly parallel: number;
  readonly slow: boolean;
  readonly strict: boolean;
  readonly adapter: Adapter;
  readonly suiteVersion: string;
  readonly suiteCommit: string;
  /** Sections taken out by filter or option. */
  readonly deselected: readonly string[];
  readonly configuration: RunResult["configuration"];
  readonly progress: (progress: Progress) => void;
  /** Ends the run early; what was not run is left out and the result says so. */
  readonly signal?: AbortSignal;
  /**
   * Runs a case on another thread; half of the lanes use it. Undefined in its answer: it could not, and this thread
   * has to.
   */
  readonly elsewhere?: (planned: PlannedCase, profile: TargetProfile) => Promise<CaseResult | undefined>;
  /** Whether a failed case is run again alone; default: as the runner sees fit. A recheck repeats what was repeated. */
  readonly repeats?: (caseId: string) => boolean;
  /** A pre-flight that was made already. */
  readonly preflight?: Preflight;
  /** Why a case does not run against the target, undefined if it does; default {@linkcode gateOf}. */
  readonly gate?: typeof gateOf;
}

/** State of a run for a progress line. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly failed: number;
  readonly running: readonly string[];
  readonly last?: CaseResult;
}

/** A run's result and what it learned before judging. */
export interface FinishedRun {
  readonly result: RunResult;
  readonly preflight: Preflight;
}

/** How many slow cases wait side by side; they mostly sleep. */
const SLOW_PARALLEL = 64;

/** Kinds of targets that are processes of their own, started and ended by the tester. */
const PROCESS_KINDS: readonly TargetKind[] = ["process", "container"];

/** Why a case that only a process can show does not run elsewhere. */
export const NEEDS_A_PROCESS =
  "needs a process or a container as target (exec: or docker:): it judges exit codes, signals, ports or log files";

/** Why a case does not run against this target; undefined if it does. */
export function gateOf(planned: PlannedCase, profile: TargetProfile, target: Target): string | undefined {
  if (planned.definition.hostedBy === "process" && !PROCESS_KINDS.includes(target.kind)) return NEEDS_A_PROCESS;
  for (const word of planned.needs) {
    const reason = closedGate(profile, word);
    if (reason !== undefined) return reason;
  }
  const { effects } = planned.definition;
  if (effects === "none" && needsEnrolment(planned, profile, target)) {
    return "needs new members, which writes to the log of a live community (--allow-writes)";
  }
  if (effects !== "none" && !target.access.allowWrites) return "writes to a live community (--allow-writes)";
  if (effects === "harm" && !target.access.disposable) return "leaves harm behind (--disposable)";
  return undefined;
}

function needsEnrolment(planned: PlannedCase, profile: TargetProfile, target: Target): boolean {
  return !target.features.has("fresh") && !target.access.allowWrites && planned.needs.includes("root") &&
    profile.identities.member === 0;
}

/** What the session of a case must be like. */
export function sessionNeeds(planned: PlannedCase): SessionNeeds {
  return {
    tls: planned.needs.includes("https"),
    movingClock: planned.slow,
    nodeClockMoves: planned.definition.nodeClockMoves === true,
    durable: planned.definition.durable === true || planned.needs.includes("managed"),
  };
}

/** The result of a case that was not run. */
export function unrun(planned: PlannedCase, why: Pick<CaseResult, "outcome" | "skip" | "reason">): CaseResult {
  return {
    id: planned.definition.id,
    requirement: planned.requirement.id,
    specRef: planned.requirement.ref,
    level: planned.requirement.level,
    section: planned.section,
    ...why,
    notes: [],
    durationMs: 0,
  };
}

function skipped(planned: PlannedCase, skip: "gated" | "slow", reason: string): CaseResult {
  return unrun(planned, { outcome: "skipped", skip, reason });
}

/** Runs one case on a network of its own. */
export async function runCase(
  options: CaseOptions,
  profile: TargetProfile,
  planned: PlannedCase,
  scope: string = planned.definition.id,
): Promise<CaseResult> {
  const needs = sessionNeeds(planned);
  const network = options.networkOf(scope, needs.movingClock === true);
  try {
    return await executeCase(planned, {
      seed: options.seed,
      network,
      clock: options.clock,
      open: () =>
        openSession(options.target, {
          network,
          profile: needs.tls === true ? { ...profile, scheme: "https" } : profile,
          seed: options.seed,
          timeOrigin: options.timeOrigin,
          scope: planned.definition.id,
          needs,
        }),
      reporter: options.reporter,
      reproduction: options.reproduction,
    });
  } finally {
    await network.close?.();
  }
}

/**
 * Runs the selected cases.
 *
 * @throws {PreflightError} If the target cannot be judged at all.
 */
export async function run(options: RunOptions): Promise<FinishedRun> {
  const startedAt = options.clock.mono();
  const found = options.preflight ?? await makePreflight(options);
  const { profile } = found;
  const results = new Map<PlannedCase, CaseResult>();
  const waiting: PlannedCase[] = [];
  for (const planned of options.selected) {
    const gate = (options.gate ?? gateOf)(planned, profile, options.target);
    if (gate !== undefined) results.set(planned, skipped(planned, "gated", gate));
    else if (planned.slow && !options.slow) results.set(planned, skipped(planned, "slow", "slow (--slow)"));
    else waiting.push(planned);
  }
  const running = new Set<string>();
  let failed = 0;
  const report = (last?: CaseResult) =>
    options.progress({
      done: results.size,
      total: options.selected.length,
      failed,
      running: [...running],
      ...(last === undefined ? {} : { last }),
    });
  const work = async (queue: PlannedCase[], elsewhere?: RunOptions["elsewhere"]) => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (options.signal?.aborted === true) return;
      running.add(next.definition.id);
      report();
      const result = await elsewhere?.(next, profile) ?? await runCase(options, profile, next);
      running.delete(next.definition.id);
      if (result.outcome === "fail") failed++;
      results.set(next, result);
      report(result);
    }
  };
  const quick = waiting.filter((p) => !p.slow && !waits(p));
  const timed = waiting.filter((p) => !p.slow && waits(p)).sort((a, b) => waitOf(b) - waitOf(a));
  const slow = waiting.filter((p) => p.slow);
  // Cases that measure time mostly wait: half of the lanes begin with them, the others keep the processor busy.
  const lanes = Math.max(1, options.parallel);
  const lane = async (i: number) => {
    const elsewhere = i % 2 === 1 ? options.elsewhere : undefined;
    for (const queue of i < Math.ceil(lanes / 2) ? [timed, quick] : [quick, timed]) await work(queue, elsewhere);
  };
  await Promise.all([
    ...Array.from({ length: lanes }, (_, i) => lane(i)),
    ...Array.from({ length: Math.min(SLOW_PARALLEL, slow.length) }, () => work(slow)),
  ]);
  await repeatTimed(options, profile, results, report);
  return { preflight: found, result: assemble(options, found, results, options.clock.mono() - startedAt) };
}

function waitOf(planned: PlannedCase): number {
  return planned.definition.waitsMs ?? 0;
}

function waits(planned: PlannedCase): boolean {
  return isTimed(planned) || waitOf(planned) > 0;
}

function isTimed(planned: PlannedCase): boolean {
  return planned.definition.timed === true;
}

async function makePreflight(options: RunOptions): Promise<Preflight> {
  const network = options.networkOf("preflight", false);
  try {
    return await preflight(options.target, network, {
      seed: options.seed,
      timeOrigin: options.timeOrigin,
      adapter: options.adapter,
    });
  } finally {
    await network.close?.();
  }
}

/**
 * A failure that depends on time is run again alone before it counts, and so is any failure on a node that several
 * cases used at once; both outcomes are reported.
 */
async function repeatTimed(
  options: RunOptions,
  profile: TargetProfile,
  results: Map<PlannedCase, CaseResult>,
  report: (last: CaseResult) => void,
): Promise<void> {
  for (const [planned, result] of results) {
    const shared = options.parallel > 1 && !options.target.features.has("fresh");
    const again = options.repeats?.(planned.definition.id) ?? (isTimed(planned) || shared);
    if (result.outcome !== "fail" || !again) continue;
    const second = await runCase(options, profile, planned, `${planned.definition.id}#2`);
    const repeated: CaseResult = { ...second, attempts: [result.outcome, second.outcome] };
    results.set(planned, repeated);
    report(repeated);
  }
}

function assemble(
  options: RunOptions,
  found: Preflight,
  results: ReadonlyMap<PlannedCase, CaseResult>,
  elapsedMs: number,
): RunResult {
  const { profile } = found;
  const cases = options.selected.flatMap((planned) => results.get(planned) ?? []);
  const names = [...new Set(profile.capabilities.map(({ name }) => String(name)))];
  const missing = options.selected.length - cases.length;
  const remarks = [...found.remarks];
  if (missing > 0) remarks.push(`the run was ended early: ${missing} cases were not run`);
  if (!options.target.features.has("fresh")) {
    remarks.push(
      `the target keeps its state: every case used identities of its own; what was logged before (head ${found.headBefore}) was left out`,
    );
  }
  return {
    implementation: found.implementation,
    protocolVersion: found.protocolVersion,
    suiteVersion: options.suiteVersion,
    suiteCommit: options.suiteCommit,
    ranAt: timestamp(options.timeOrigin),
    durationMs: Math.round(elapsedMs),
    seed: options.seed,
    timeOrigin: options.timeOrigin,
    target: { kind: options.target.kind, url: options.target.url, dialect: options.target.dialect.name },
    nodeId: profile.nodeId,
    strict: options.strict,
    filtered: options.filtered,
    cases,
    advertised: names,
    sectionsWithSuite: [...new Set(options.all.map(({ section }) => section))],
    sectionsAdvertised: requestedSections(names),
    sectionsDeselected: options.deselected,
    substitutions: [],
    remarks,
    calls: 0,
    configuration: options.configuration,
  };
}
