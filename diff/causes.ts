/** From findings to differences: one root cause, one entry. */

import { CLASSES, type Finding, keyOf } from "./finding.ts";
import { needsOf, type Plan } from "./plan.ts";

/** One difference with everything that repeats it. */
export interface Cause {
  readonly key: string;
  /** The finding of the first step. */
  readonly first: Finding;
  /** Steps that show it, ascending. */
  readonly steps: readonly number[];
  readonly count: number;
}

/** What tells causes apart in one plan: refusals of different inputs are different causes, shared places are not. */
export function causeKey(plan: Plan, finding: Finding): string {
  // Labels of a counter say what was called, which is no cause of its own.
  const key = keyOf({ ...finding, path: finding.path.replace(/^(metrics\.\w+)\{.*$/, "$1") });
  if (finding.path !== "status" && finding.path !== "connection" && finding.path !== "outcomes") return key;
  const origin = plan.steps[finding.step]?.origin ?? "";
  // What breaks the call itself is one cause whichever capability the call was for.
  if (!origin.startsWith(finding.address)) return `${keyOf({ ...finding, address: "" })} ${origin}`;
  return `${key} ${origin}`;
}

/**
 * Groups findings. A finding at a step that needs a value from a step which itself differed follows from that one and
 * counts there.
 */
export function causesOf(plan: Plan, findings: readonly Finding[]): Cause[] {
  const needs = needsOf(plan.steps);
  const firstAt = new Map<number, string>();
  const groups = new Map<string, { first: Finding; steps: Set<number>; count: number }>();
  for (const finding of findings) {
    const parent = finding.class === "byte-only" ? undefined : inherited(finding.step, needs, firstAt);
    const key = parent ?? causeKey(plan, finding);
    const group = groups.get(key) ?? { first: finding, steps: new Set(), count: 0 };
    group.steps.add(finding.step);
    group.count++;
    groups.set(key, group);
    if (parent === undefined && finding.path === "status" && !firstAt.has(finding.step)) firstAt.set(finding.step, key);
  }
  return [...groups].map(([key, { first, steps, count }]) => ({ key, first, steps: [...steps], count }))
    .sort((a, b) => rank(a) - rank(b) || a.first.step - b.first.step);
}

function rank({ first }: Cause): number {
  // That an answer's own signature does not hold follows from whatever else differs in it, never the other way round.
  return first.path === "signature.header" ? CLASSES.length : CLASSES.indexOf(first.class);
}

/** The cause of the nearest needed step whose status differed. */
function inherited(
  step: number,
  needs: readonly (readonly number[])[],
  firstAt: ReadonlyMap<number, string>,
): string | undefined {
  for (const needed of needs[step] ?? []) {
    const own = firstAt.get(needed) ?? inherited(needed, needs, firstAt);
    if (own !== undefined) return own;
  }
  return undefined;
}
