/** All replayed cases as one result: steps count through, one cause is one difference. */

import { causesOf } from "../causes.ts";
import type { Finding } from "../finding.ts";
import { investigate } from "../investigate.ts";
import type { LawFinder } from "../law_finder.ts";
import type { Mask } from "../mask.ts";
import type { PairRun } from "../pair.ts";
import type { Plan } from "../plan.ts";
import type { ShownPair } from "../renaming.ts";
import type { DiffResult } from "../result.ts";
import type { Contestant, RunFrame } from "../side.ts";
import type { RecordedScope } from "./exchanges.ts";
import type { ReplayedScope } from "./replay_scope.ts";
import type { ShrinkLedger } from "../shrink_state.ts";
import { RecordingShortening } from "./shorten.ts";

/** Renamed pairs the report shows. */
const MAX_PAIRS = 200;
/** Reasons for exchanges left out that the notes list. */
const MAX_REASONS = 12;

/** A node in the place of the recorded one. */
export interface StandIn {
  readonly contestant: Contestant;
  /** What it answers otherwise than a recorded case says. */
  readonly differs: (index: number) => Promise<readonly Finding[]>;
}

/** What the result says besides the findings. */
export interface ReplayAbout {
  /** What the left side is. */
  readonly recording: string;
  readonly right: Contestant;
  readonly frame: RunFrame;
  readonly mask: Mask;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly laws?: LawFinder;
  /** Milliseconds for all shrinking together; 0 leaves it out. */
  readonly budgetMs: number;
  readonly progress: (text: string) => void;
  /** Keeps what was reached, so that another run can go on. */
  readonly ledger?: ShrinkLedger;
  /** Starts the node that stands in for the recorded one; undefined if there is none. */
  readonly standIn: () => Promise<StandIn | undefined>;
}

/** Puts the cases together, and shortens what differs as far as a stand-in for the recorded node allows. */
export async function replayResult(
  scopes: readonly RecordedScope[],
  cases: readonly ReplayedScope[],
  about: ReplayAbout,
): Promise<DiffResult> {
  const { right, frame, mask } = about;
  const steps = cases.flatMap((one) => one.steps);
  const plan: Plan = { seed: frame.seed, actors: {}, steps };
  const starts = cases.map((_, index) => cases.slice(0, index).reduce((sum, one) => sum + one.steps.length, 0));
  const findings = cases.flatMap((one, index) =>
    one.findings.map((finding) => ({ ...finding, step: finding.step + (starts[index] ?? 0) }))
  ).filter((finding) => !mask.hides(finding));
  const sum = (of: (one: ReplayedScope) => number) => cases.reduce((total, one) => total + of(one), 0);
  const pairs: ShownPair[] = cases.flatMap((one) => one.pairs).slice(0, MAX_PAIRS);
  const run: PairRun = {
    left: cases.flatMap((one) => one.left),
    right: cases.flatMap((one) => one.right),
    findings,
    sent: {
      bytes: sum((one) => one.sent.bytes),
      differing: sum((one) => one.sent.differing),
      requests: sum((one) => one.sent.requests),
    },
    names: sum((one) => one.names),
    renamed: sum((one) => one.renamed),
    pairs,
  };
  const causes = causesOf(plan, findings);
  const standIn = causes.length === 0 || about.budgetMs === 0 ? undefined : await about.standIn();
  const placed = cases.map((replayed, index) => ({ start: starts[index] ?? 0, replayed }));
  const lab = { ...about, left: standIn?.contestant ?? right };
  const shortening = about.budgetMs === 0 ? undefined : new RecordingShortening(plan, run, about, placed, standIn);
  const differences = await investigate(plan, run, causes, lab, shortening);
  const answered = run.right.filter(({ status }) => status !== 0).length;
  const inconclusive = answered === 0;
  return {
    verdict: inconclusive ? "inconclusive" : differences.length > 0 ? "different" : "equal",
    reason: inconclusive ? "no recorded exchange was answered again" : undefined,
    seed: frame.seed,
    timeOrigin: frame.timeOrigin,
    steps: steps.length,
    planned: scopes.reduce((total, { exchanges }) => total + exchanges.length, 0),
    left: { target: about.recording, kind: "recording", implementation: "as recorded", skew_ms: 0 },
    right: describe(right),
    runs: 0,
    masked: mask.entries.map((entry) => ({ ...entry, hidden: mask.hits(entry) })),
    notes: [
      ...notesOf(scopes, cases),
      ...(about.budgetMs > 0 && differences.some(({ minimal }) => minimal?.complete !== true)
        ? [`not everything was shrunk to the end: hearthproof diff --resume ${about.directory} goes on`]
        : []),
    ],
    differences,
    sent: run.sent,
    names: run.names,
    renamed: run.renamed,
    pairs,
    stop: undefined,
    leftOut: cases.flatMap((one) => one.left_out),
  };
}

function describe({ target, preflight }: Contestant) {
  const { name, version } = preflight.implementation;
  return { target: target.url, kind: target.kind, implementation: `${name} ${version}`, skew_ms: 0 };
}

function notesOf(scopes: readonly RecordedScope[], cases: readonly ReplayedScope[]): string[] {
  const identical = cases.reduce((total, one) => total + one.identical, 0);
  const compared = cases.reduce((total, one) => total + one.steps.length, 0);
  const whole = cases.filter((one) => one.left_out.length === 0).length;
  const reasons = new Map<string, number>();
  for (const { left_out: out } of cases) {
    for (const { why } of out) reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  const listed = [...reasons].sort(([, a], [, b]) => b - a).slice(0, MAX_REASONS);
  return [
    `${whole} of ${scopes.length} recorded cases were replayed to their end; ${compared} answers compared, ` +
    `${identical} bodies with the same hash`,
    ...listed.map(([why, count]) => `${count} exchanges were left out: ${why}`),
    ...(reasons.size === 0 ? [] : ["left_out of diff-report.json names every exchange that was left out"]),
  ];
}
