/** Holding a target against itself: what differs there says nothing about another target. */

import { causesOf } from "./causes.ts";
import { learn, Mask, type MaskEntry } from "./mask.ts";
import { freshRun } from "./investigate.ts";
import type { Plan } from "./plan.ts";
import { type Observation, unsent } from "./observation.ts";
import { runPair } from "./pair.ts";
import { type Contestant, openSide, type RunFrame, type Side, startsFresh } from "./side.ts";

/** What was learned of one side. */
export interface Calibration {
  readonly runs: number;
  readonly entries: readonly MaskEntry[];
  readonly notes: readonly string[];
}

/**
 * Runs a target `runs` times, in pairs against itself, so that an odd number is rounded up. A node in use is run one
 * time after the other, each with identities of its own, since two runs at once would see each other.
 */
export async function calibrate(
  contestant: Contestant,
  plan: Plan,
  options: {
    readonly runs: number;
    readonly frame: RunFrame;
    readonly signal: AbortSignal;
    readonly standing: readonly MaskEntry[];
  },
): Promise<Calibration> {
  const { name } = contestant;
  const entries: MaskEntry[] = [];
  const notes: string[] = [];
  let runs = 0;
  for (let pair = 0; pair < Math.ceil(options.runs / 2); pair++) {
    const lab = { left: contestant, right: contestant, frame: options.frame, signal: options.signal };
    const run = startsFresh(contestant)
      ? await freshRun(lab, plan, "diff")
      : await twice(contestant, plan, options.frame, options.signal, pair);
    runs += 2;
    const mask = new Mask([...options.standing, ...entries]);
    const { entries: learned, unsteady } = learn(name, run.findings.filter((finding) => !mask.hides(finding)));
    entries.push(...learned);
    for (const { first } of causesOf(plan, unsteady)) {
      notes.push(
        `${name} differs from itself at ${first.address} ${first.path} (step ${first.step}: ${first.left} / ${first.right}); ` +
          "this is never masked",
      );
    }
    if (run.stop !== undefined) notes.push(`${name} stopped answering at step ${run.stop.step} of its calibration`);
  }
  return { runs, entries, notes: [...new Set(notes)] };
}

/** Two runs after each other, compared as if they had been taken side by side. */
async function twice(contestant: Contestant, plan: Plan, frame: RunFrame, signal: AbortSignal, pair: number) {
  const recorded: Side[] = [];
  for (const which of [1, 2]) {
    const scope = `calibrate-${contestant.name}-${2 * pair + which}`;
    const side = await openSide(contestant, { ...frame, scope, used: true }, plan.actors);
    try {
      recorded.push(await taken(side, plan, signal));
    } finally {
      await side.close();
    }
  }
  const [first, second] = recorded;
  if (first === undefined || second === undefined) throw new Error("Cannot calibrate: a run is missing");
  return await runPair(plan, first, second, { signal });
}

/** Takes all steps and gives a side that answers from memory. */
async function taken(side: Side, plan: Plan, signal: AbortSignal): Promise<Side> {
  const answers: Observation[] = [];
  for (const step of plan.steps) {
    signal.throwIfAborted();
    answers.push(await side.take(step));
  }
  let at = 0;
  return {
    ...(side.head === undefined ? {} : { head: side.head }),
    ...(side.since === undefined ? {} : { since: side.since }),
    take: () => Promise.resolve(answers[at++] ?? unsent("the recording is over")),
    close: () => Promise.resolve(),
  };
}
