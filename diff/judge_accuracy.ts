/** How often differences are put down to the right requirement and the right side: one fault, one difference. */

import { FAULTS } from "../src/node/faults/mod.ts";
import { PreflightError } from "../src/target/preflight.ts";
import { contest, type Measure } from "./accuracy.ts";
import { causesOf } from "./causes.ts";
import { freshRun } from "./laboratory.ts";
import { commonOffer } from "./contest.ts";
import { judgeFinding } from "./judge.ts";
import type { LawFinder } from "./law_finder.ts";
import { Mask, STANDING_MASK } from "./mask.ts";
import { addressOf, type PlannedStep } from "./plan.ts";
import { exchangesOf, oraclesFor } from "./oracles/mod.ts";
import { runPair } from "./pair.ts";
import { openSide } from "./side.ts";

/** What the first difference of a fault was put down to. */
export interface Judged {
  readonly fault: string;
  readonly breaks: readonly string[];
  readonly seed?: number;
  readonly step?: number;
  readonly at?: string;
  readonly origin?: string;
  readonly left?: string;
  readonly right?: string;
  readonly requirement?: string;
  readonly supports?: string;
  /** What named the requirement. */
  readonly by?: string | undefined;
  /** Whether the fault says itself that it breaks that requirement. */
  readonly own?: boolean;
  /** Why nothing was compared. */
  readonly error?: string;
}

/** Holds a fault (right) against the sound node (left), seed after seed until one shows it. */
export async function judgeFault(
  fault: string,
  seeds: readonly number[],
  measure: Measure,
  laws: LawFinder,
): Promise<Judged> {
  const breaks: readonly string[] = FAULTS[fault]?.breaks ?? [];
  for (const seed of seeds) {
    const found: Omit<Judged, "fault" | "breaks"> | undefined = await contest(
      {},
      { faults: [fault] },
      seed,
      measure,
      async (left, right, frame, plan) => {
        const [only] = commonOffer([left, right]).oneSided;
        if (only !== undefined) return { at: `one-sided ${only.capability}` };
        const mask = new Mask(STANDING_MASK);
        const run = await freshRun(
          { left, right, frame, signal: measure.signal },
          plan,
          "diff",
          (one) => !mask.hides(one),
        );
        const causes = causesOf(plan, run.findings.filter((finding) => !mask.hides(finding)));
        const [cause] = [...causes].sort((a, b) => a.first.step - b.first.step);
        if (cause === undefined) return undefined;
        const { first } = cause;
        const { requirement, supports, by } = judgeFinding(first, plan, run, laws);
        return {
          seed,
          step: first.step,
          at: `${first.class} ${addressOf((plan.steps[first.step] as PlannedStep).step)} ${first.path}`,
          origin: plan.steps[first.step]?.origin ?? "",
          left: first.left,
          right: first.right,
          ...(requirement === undefined ? {} : { requirement }),
          supports,
          by,
          own: requirement !== undefined && breaks.includes(requirement),
        };
      },
    ).catch((error: unknown) => {
      if (error instanceof PreflightError) return { error: error.message };
      throw error;
    });
    if (found !== undefined) return { fault, breaks, ...found };
  }
  return { fault, breaks };
}

/** What the documents say of a sound node's answers, by the oracles: nothing may be wrong with any. */
export async function soundFailures(
  seed: number,
  variants: readonly string[],
  measure: Measure,
): Promise<{ readonly verdicts: number; readonly failures: readonly string[] }> {
  return await contest({ variants }, { variants }, seed, measure, async (left, right, frame, plan) => {
    const sides = await Promise.all([left, right].map((one) => openSide(one, frame, plan.actors)));
    const [a, b] = sides;
    if (a === undefined || b === undefined) throw new Error("Cannot measure: two targets are needed");
    try {
      const run = await runPair(plan, a, b, { signal: measure.signal });
      const failures: string[] = [];
      let verdicts = 0;
      for (const exchange of exchangesOf(plan, run.left)) {
        for (const oracle of oraclesFor(exchange)) {
          const kept = oracle.holds(exchange);
          if (kept === undefined) continue;
          verdicts++;
          if (!kept) failures.push(`${oracle.requirement} at ${exchange.step.origin}: ${shown(exchange.answer.value)}`);
        }
      }
      return { verdicts, failures };
    } finally {
      await Promise.all(sides.map((side) => side.close()));
    }
  });
}

/** Characters of an answer that a failure shows. */
const MAX_SHOWN = 300;

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "no JSON").slice(0, MAX_SHOWN);
}

/** What all faults say together. */
export function summaryOfJudged(all: readonly Judged[]): string[] {
  const latest = [...new Map(all.map((one) => [one.fault, one])).values()];
  const seen = latest.filter(({ supports }) => supports !== undefined);
  const share = (list: readonly unknown[]) =>
    `${list.length} of ${seen.length} (${(list.length / Math.max(1, seen.length) * 100).toFixed(1)} %)`;
  const own = seen.filter(({ own }) => own === true);
  const right = seen.filter(({ supports }) => supports === "left");
  const wrong = seen.filter(({ supports }) => supports === "right");
  const text = ({ fault, requirement, supports, by, at, origin, left, right: other, breaks }: Judged) =>
    `  ${fault}: ${requirement ?? "none"} (${by}, ${supports}) at ${at} [${origin}] ${left} / ${other}; ` +
    `breaks ${breaks.slice(0, 4).join(", ")}`;
  const undecided = seen.filter(({ supports }) => supports !== "left" && supports !== "right");
  return [
    `${latest.length} faults, ${seen.length} with a difference`,
    `${share(own)} name a requirement of the fault`,
    ...seen.filter(({ own }) => own !== true).map(text),
    `${share(right)} support the sound side`,
    `${share(wrong)} support the side of the fault`,
    ...wrong.map(text),
    `${share(undecided)} support no side alone`,
    ...undecided.map(text),
  ];
}
