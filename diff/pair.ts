/** Taking one plan on two sides in lockstep, comparing after every step. */

import { endText, RunComparer, type TimingLimits } from "./compare.ts";
import type { Finding } from "./finding.ts";
import { KeptAnswers } from "./kept.ts";
import { heldUp, timesTold } from "./lag.ts";
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
  /** The tester itself: what it was too late to see says nothing of the sides. */
  readonly who: "left" | "right" | "both" | "tester";
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

/** Weight of unanswered steps in a row after which a side counts as gone… */
const GONE_AT = 8;
/** …of a step that ran into its deadline or found nobody, which costs seconds or is plain, */
const SILENT_WEIGHT = 4;
/** …and of one that was cut off or answered with bytes of no protocol. */
const BROKEN_WEIGHT = 1;

/** Runs; the sides stay open. */
export async function runPair(plan: Plan, left: Side, right: Side, options: PairOptions = {}): Promise<PairRun> {
  const offset = (left.head ?? 0) - (right.head ?? 0);
  const comparer = new RunComparer(options.timing, {}, {
    offset,
    ownNames: left.head !== undefined,
    ...(left.since === undefined || right.since === undefined ? {} : { since: Math.min(left.since, right.since) }),
    ...(options.skewMs === undefined ? {} : { skewMs: options.skewMs }),
  });
  const [lefts, rights]: [Observation[], Observation[]] = [[], []];
  const findings: Finding[] = [];
  const sent = { bytes: 0, differing: 0, requests: 0 };
  const silence = new Silence();
  const kept = new KeptAnswers();
  let stop: Stop | undefined;
  try {
    for (const [index, step] of plan.steps.entries()) {
      options.signal?.throwIfAborted();
      const [a, b] = await Promise.all([left.take(step), right.take(step)]);
      count(sent, a.sent, b.sent);
      const held = heldUp(a, b);
      if (held !== undefined) {
        lefts.push(a);
        rights.push(b);
        stop = { step: index, who: "tester", why: held };
        break;
      }
      const timed = timesTold(a, b);
      const found = comparer.step(index, step, a, b).filter((finding) => timed || finding.class !== "timing");
      findings.push(...found);
      const [keptLeft, keptRight] = kept.keep(a, b, found);
      lefts.push(keptLeft);
      rights.push(keptRight);
      if (options.until !== undefined && found.some(options.until)) break;
      stop = silence.after(index, a, b);
      if (stop !== undefined) break;
      options.progress?.(index + 1);
    }
    const { renaming } = comparer.state;
    return {
      left: lefts,
      right: rights,
      findings: stop === undefined || stop.who === "tester"
        ? findings
        : withCrash(findings, silence.began, stop, lefts, rights),
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

/** Watches for sides that are gone. */
class Silence {
  readonly #weight = { left: 0, right: 0 };
  /** The step since which one of them, or both, gave no answer. */
  began = 0;

  /** Why to stop after this step, if so. */
  after(step: number, left: Observation, right: Observation): Stop | undefined {
    const [a, b] = [weightOf(left), weightOf(right)];
    if (this.#weight.left === 0 && this.#weight.right === 0 && (a > 0 || b > 0)) this.began = step;
    // Bytes that are no request get no answer from anyone, and say nothing.
    if (a > 0 && b > 0 && Math.min(a, b) < SILENT_WEIGHT) return undefined;
    this.#weight.left = next(this.#weight.left, a, left);
    this.#weight.right = next(this.#weight.right, b, right);
    const [goneLeft, goneRight] = [this.#weight.left >= GONE_AT, this.#weight.right >= GONE_AT];
    if (!goneLeft && !goneRight) return undefined;
    const who = goneLeft && goneRight ? "both" : goneLeft ? "left" : "right";
    return { step, who, why: WHY[(goneLeft ? left : right).failure ?? ""] ?? "its answers cannot be read any more" };
  }
}

const WHY: Readonly<Record<string, string>> = {
  refused: "it cannot be reached any more",
  deadline: "it does not answer any more",
};

function weightOf({ failure, unsent }: Observation): number {
  // An answer that broke off after its status line cannot be read either.
  if (unsent !== undefined || failure === undefined) return 0;
  return failure === "refused" || failure === "deadline" ? SILENT_WEIGHT : BROKEN_WEIGHT;
}

function next(before: number, weight: number, { unsent }: Observation): number {
  if (weight > 0) return before + weight;
  // An actor that cannot be had says nothing of a node that answers, and more of one that fell silent.
  return unsent === undefined || before === 0 ? 0 : before + BROKEN_WEIGHT;
}

/** What a side that went away no longer did is one difference, not one for every step. */
function withCrash(
  findings: readonly Finding[],
  began: number,
  { who }: Stop,
  lefts: readonly Observation[],
  rights: readonly Observation[],
): Finding[] {
  const before = findings.filter(({ step }) => step < began);
  const [left, right] = [lefts[began], rights[began]];
  if (who === "both" || left === undefined || right === undefined) return before;
  const place = { step: began, class: "crash", path: "connection", address: "" } as const;
  return [...before, { ...place, left: endText(left), right: endText(right), maskable: false }];
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
