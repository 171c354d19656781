/** Which requirement a difference touches, and which side the contract supports. */

import { isObject } from "../src/protocol/mod.ts";
import type { Finding } from "./finding.ts";
import type { LawFinder } from "./law_finder.ts";
import type { Observation } from "./observation.ts";
import { type Exchange, exchangesOf, oraclesFor } from "./oracles/mod.ts";
import type { PairRun } from "./pair.ts";
import type { Plan, PlannedStep, StepLaw } from "./plan.ts";
import { hintOf } from "./place_hints.ts";

/** Whom the documents are with. */
export type Supported = "left" | "right" | "neither" | "both" | "undecided";

/** Where the name of a requirement comes from. */
export type NamedBy = "oracle" | "law" | "proposal" | "nothing";

export interface Judgement {
  readonly requirement?: string;
  readonly supports: Supported;
  /** What named the requirement; a proposal is the one whose wording is nearest. */
  readonly by?: NamedBy;
}

/** Places where a law of the status speaks. */
const AT_ANSWER: readonly string[] = ["status", "error", "stream", "outcomes", "connection"];

/** Judges a finding of a run: oracles first, then the law of the step, then what the catalogue's wording proposes. */
export function judgeFinding(
  finding: Finding,
  plan: Plan,
  run: Pick<PairRun, "left" | "right">,
  laws?: LawFinder,
): Judgement {
  const step = plan.steps[finding.step];
  const [left, right] = [run.left[finding.step], run.right[finding.step]];
  if (step === undefined || left === undefined || right === undefined) return { supports: "undecided", by: "nothing" };
  const said = byOracle(finding, exchangeAt(plan, run.left, finding.step), exchangeAt(plan, run.right, finding.step));
  if (said !== undefined) return said;
  const judged = judge(finding, step, left, right);
  // A law that the step states of its status says nothing of other places.
  const stated = step.law !== undefined && !AT_ANSWER.includes(finding.path) &&
    step.law.requirement === judged.requirement;
  const requirement = laws?.name(finding, step.origin, judged, stated) ?? judged.requirement;
  if (requirement === undefined) return { ...judged, by: "nothing" };
  return { ...judged, requirement, by: requirement === judged.requirement ? "law" : "proposal" };
}

function exchangeAt(plan: Plan, answers: readonly Observation[], step: number): Exchange | undefined {
  return exchangesOf(plan, answers.slice(0, step + 1))[step];
}

/** The first oracle that one side keeps and the other does not; else the first that speaks of the situation at all. */
function byOracle(finding: Finding, left: Exchange | undefined, right: Exchange | undefined): Judgement | undefined {
  if (left === undefined || right === undefined) return undefined;
  let general: Judgement | undefined;
  let none: Judgement | undefined;
  for (const { requirement, place, holds, general: names } of oraclesFor(left)) {
    if (!place.test(finding.path)) continue;
    const [a, b] = [holds(left), holds(right)];
    if (a === undefined && b === undefined) continue;
    const by = "oracle" as const;
    if (a === false && b === false) none ??= { requirement, supports: "neither", by };
    else if (a === false || b === false) return { requirement, supports: a === false ? "right" : "left", by };
    else if (names === true && a === true && b === true) general ??= { requirement, supports: "both", by };
  }
  return none ?? general;
}

/** The law of the step where the finding is at the answer itself, else what the place is known for. */
export function judge(
  finding: Finding,
  { law, origin }: PlannedStep,
  left: Observation,
  right: Observation,
): Judgement {
  if (law !== undefined && AT_ANSWER.includes(finding.path)) {
    const [a, b] = [keeps(law, left), keeps(law, right)];
    if (a !== undefined && b !== undefined) return { requirement: law.requirement, supports: between(a, b) };
  }
  const hint = hintOf(finding, origin);
  if (hint !== undefined) return { requirement: hint, supports: "undecided" };
  return law === undefined ? { supports: "undecided" } : { requirement: law.requirement, supports: "undecided" };
}

/** Whether an answer keeps a law; undefined where the law says nothing of it. */
export function keeps({ status, error }: StepLaw, answer: Observation): boolean | undefined {
  if (status === undefined && error === undefined) return undefined;
  if (status !== undefined && !status.includes(answer.status)) return false;
  const code = isObject(answer.value) ? answer.value.error : undefined;
  return error === undefined || (typeof code === "string" && error.includes(code));
}

function between(left: boolean, right: boolean): Supported {
  return left ? right ? "both" : "left" : right ? "right" : "neither";
}
