/** Running a plan again on a fresh pair. */

import type { LawFinder } from "./law_finder.ts";
import type { Mask } from "./mask.ts";
import { type PairOptions, type PairRun, runPair } from "./pair.ts";
import type { Plan } from "./plan.ts";
import type { Identity } from "../src/protocol/mod.ts";
import { partsOf } from "../src/runner/recorded/rewrite.ts";
import { MemorySink } from "../src/wire/mod.ts";
import type { ShrinkLedger } from "./shrink_state.ts";
import { type Contestant, openSide, type RunFrame, startsFresh } from "./side.ts";
import { scopeOf } from "./transcript/exchanges.ts";

/** What is needed to run again. */
export interface Laboratory {
  readonly left: Contestant;
  readonly right: Contestant;
  readonly frame: RunFrame;
  readonly mask: Mask;
  readonly directory: string;
  /** Milliseconds for all shrinking together; 0 leaves it out. */
  readonly budgetMs: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
  /** Names requirements where the traffic states none. */
  readonly laws?: LawFinder;
  /** Keeps what was reached, so that another run can go on. */
  readonly ledger?: ShrinkLedger;
}

/** A fresh pair, run once; `until` ends it early. */
export async function freshRun(
  lab: Pick<Laboratory, "left" | "right" | "frame" | "signal">,
  plan: Plan,
  scope: string,
  until?: PairOptions["until"],
): Promise<PairRun> {
  const frame = { ...lab.frame, scope, used: ![lab.left, lab.right].every(startsFresh) };
  const opened = await Promise.allSettled([lab.left, lab.right].map((one) => openSide(one, frame, plan.actors)));
  const sides = opened.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  try {
    const [left, right] = sides;
    const failed = opened.find((one) => one.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    if (left === undefined || right === undefined) throw new Error("Cannot compare: a side was not opened");
    return await runPair(plan, left, right, {
      signal: lab.signal,
      skewMs: lab.left.skewMs - lab.right.skewMs,
      ...(until === undefined ? {} : { until }),
    });
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
}

/** What one step needs on the wire. */
export interface StepRequests {
  readonly origin: string;
  /** Everything sent for it in order: first what makes its actors, last the step itself. */
  readonly requests: readonly Uint8Array[];
  /** Bodies of the answers, in the same order. */
  readonly answers?: readonly Uint8Array[];
}

/** A sequence as one side takes it. */
export interface SequenceRequests {
  readonly steps: readonly StepRequests[];
  /** Keys that the seed makes, by their id. */
  readonly keys: ReadonlyMap<string, Identity>;
}

/** The exact requests of a plan on a fresh node of one side, with everything that makes its actors. */
export async function requestsOf(
  side: Contestant,
  plan: Plan,
  frame: RunFrame,
): Promise<SequenceRequests> {
  const sink = new MemorySink();
  const opened = await openSide(side, { ...frame, used: !startsFresh(side) }, plan.actors, sink);
  const made = () => scopeOf(frame.scope, sink.records).exchanges;
  try {
    const steps: StepRequests[] = [];
    for (let index = 0, before = made().length; index < plan.steps.length; index++) {
      const step = plan.steps[index];
      if (step === undefined) break;
      await opened.take(step);
      const all = made();
      const own = all.slice(before);
      steps.push({
        origin: step.origin,
        requests: own.map(({ sent }) => sent),
        answers: own.map(({ received }) => partsOf(received)?.body ?? new Uint8Array(0)),
      });
      before = all.length;
    }
    const named = JSON.stringify(plan.steps);
    const actors = Object.keys(plan.actors).filter((name) =>
      named.includes(`"${name}"`) || named.includes(`.${name}}`)
    );
    const identities = await opened.identities?.(actors).catch(() => []) ?? [];
    return { steps, keys: new Map(identities.map((one) => [one.id, one])) };
  } finally {
    await opened.close();
  }
}
