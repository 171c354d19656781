/** Running a plan again on a fresh pair. */

import type { Mask } from "./mask.ts";
import { type PairOptions, type PairRun, runPair } from "./pair.ts";
import type { Plan } from "./plan.ts";
import type { ShrinkLedger } from "./shrink_state.ts";
import { type Contestant, openSide, type RunFrame, startsFresh } from "./side.ts";

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
