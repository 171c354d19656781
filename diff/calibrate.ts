/** Holding a target against itself: what differs there says nothing about another target. */

import { causesOf } from "./causes.ts";
import { learn, Mask, type MaskEntry } from "./mask.ts";
import { freshRun } from "./investigate.ts";
import type { Plan } from "./plan.ts";
import type { Contestant, RunFrame } from "./side.ts";

/** What was learned of one side. */
export interface Calibration {
  readonly runs: number;
  readonly entries: readonly MaskEntry[];
  readonly notes: readonly string[];
}

/** Runs a target `runs` times, in pairs against itself. Nodes without a fresh state are left out: they remember. */
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
  const { target, name } = contestant;
  if (options.runs < 2) return { runs: 0, entries: [], notes: [] };
  if (!target.features.has("fresh") && target.kind !== "process") {
    return { runs: 0, entries: [], notes: [`${name} was not calibrated: it cannot be started afresh`] };
  }
  const entries: MaskEntry[] = [];
  const notes: string[] = [];
  let runs = 0;
  for (let pair = 0; pair < Math.floor(options.runs / 2); pair++) {
    const lab = { left: contestant, right: contestant, frame: options.frame, signal: options.signal };
    const run = await freshRun(lab, plan, "diff");
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
