/** Taking one plan on two sides in lockstep, comparing after every step. */

import { RunComparer, type TimingLimits } from "./compare.ts";
import type { Finding } from "./finding.ts";
import type { Observation } from "./observation.ts";
import type { Plan } from "./plan.ts";
import type { ShownPair } from "./renaming.ts";
import type { Side } from "./side.ts";

/** Bytes sent and how many of them differed. */
export interface SentCount {
  readonly bytes: number;
  /** Bytes of requests that were not equal on both sides, and how many requests that were. */
  readonly differing: number;
  readonly requests: number;
}

/** Why a run ended before its last step. */
export interface Stop {
  readonly step: number;
  readonly who: "left" | "right" | "both";
  readonly why: string;
}

/** What came of a run. */
export interface PairRun {
  readonly left: readonly Observation[];
  readonly right: readonly Observation[];
  readonly findings: readonly Finding[];
  readonly sent: SentCount;
  readonly renamed: number;
  readonly names: number;
  readonly pairs: readonly ShownPair[];
  readonly stop?: Stop;
}

/** How to run. */
export interface PairOptions {
  readonly signal?: AbortSignal;
  readonly timing?: TimingLimits;
  /** Milliseconds the times sent to the left are ahead of those sent to the right. */
  readonly skewMs?: number;
  /** Asked about every finding; the run ends after a step for which it is true. */
  readonly until?: (finding: Finding) => boolean;
  /** Called after every step. */
  readonly progress?: (done: number) => void;
}

/** Steps in a row without an answer after which a side counts as gone. */
const SILENT_STEPS = 2;

/** Runs; the sides stay open. */
export async function runPair(plan: Plan, left: Side, right: Side, options: PairOptions = {}): Promise<PairRun> {
  const comparer = new RunComparer(options.timing, {}, options.skewMs);
  const [lefts, rights]: [Observation[], Observation[]] = [[], []];
  const findings: Finding[] = [];
  const sent = { bytes: 0, differing: 0, requests: 0 };
  const silent = { left: 0, right: 0 };
  let stop: Stop | undefined;
  try {
    for (const [index, step] of plan.steps.entries()) {
      options.signal?.throwIfAborted();
      const [a, b] = await Promise.all([left.take(step), right.take(step)]);
      lefts.push(a);
      rights.push(b);
      count(sent, a.sent, b.sent);
      const found = comparer.step(index, step, a, b);
      findings.push(...found);
      if (options.until !== undefined && found.some(options.until)) break;
      silent.left = gone(a) ? silent.left + 1 : 0;
      silent.right = gone(b) ? silent.right + 1 : 0;
      stop = stopOf(index, silent, a, b);
      if (stop !== undefined) break;
      options.progress?.(index + 1);
    }
    const { renaming } = comparer.state;
    return {
      left: lefts,
      right: rights,
      findings,
      sent,
      renamed: renaming.renamed,
      names: renaming.size,
      pairs: [...renaming.shown],
      ...(stop === undefined ? {} : { stop }),
    };
  } finally {
    comparer.close();
  }
}

function gone({ failure, status }: Observation): boolean {
  return status === 0 && (failure === "refused" || failure === "deadline");
}

function stopOf(
  step: number,
  silent: { readonly left: number; readonly right: number },
  left: Observation,
  right: Observation,
): Stop | undefined {
  const [a, b] = [silent.left >= SILENT_STEPS, silent.right >= SILENT_STEPS];
  if (!a && !b) return undefined;
  const who = a && b ? "both" : a ? "left" : "right";
  const failure = (a ? left : right).failure;
  return { step, who, why: failure === "deadline" ? "it does not answer any more" : "it cannot be reached any more" };
}

function count(
  sent: { bytes: number; differing: number; requests: number },
  left: Uint8Array,
  right: Uint8Array,
): void {
  sent.bytes += left.length;
  let differing = Math.abs(left.length - right.length);
  for (let i = 0; i < Math.min(left.length, right.length); i++) if (left[i] !== right[i]) differing++;
  sent.differing += differing;
  if (differing > 0) sent.requests++;
}
