/** The verdict over a whole run. X09 §4.5 and §5, made exact. */

import type { CaseResult, RunResult } from "./results.ts";

export type Overall = "pass" | "partial" | "fail" | "skipped";

/** Core sections without which nobody may claim compliance. X09 §5. */
export const REQUIRED_CORE: readonly string[] = [
  "core/identity",
  "core/transport",
  "core/bus",
  "core/events",
  "core/tokens",
  "core/files",
  "core/kb",
  "core/llm",
];

/** What the rule looks at. */
export type OverallInput = Pick<
  RunResult,
  "cases" | "strict" | "sectionsAdvertised" | "sectionsDeselected" | "sectionsWithSuite"
>;

/** The verdict and, unless it is `pass`, what led to it, one sentence each. */
export interface OverallVerdict {
  readonly overall: Overall;
  readonly reasons: readonly string[];
}

/**
 * Whether a result counts as failed. A failed SHOULD or MAY is a warning; `strict` makes it a failure, everywhere and
 * in the verdict too, so that counters and verdict never contradict each other (PRO-044).
 */
export function countsAsFailed(result: Pick<CaseResult, "outcome" | "level">, strict: boolean): boolean {
  return result.outcome === "fail" && (strict || result.level === "MUST");
}

/** Whether a failed case is only a warning. */
export function isWarning(result: Pick<CaseResult, "outcome" | "level">, strict: boolean): boolean {
  return result.outcome === "fail" && !countsAsFailed(result, strict);
}

export function isCore(section: string): boolean {
  return section.startsWith("core/");
}

/** Sections that are required once advertised: services and federation. */
export function isRequiredIfAdvertised(section: string): boolean {
  return section.startsWith("services/") || section === "federation" || section.startsWith("federation/");
}

/**
 * The first that applies: nothing ran: `skipped`; a failure in core: `fail`; a failure in a service or in federation, an
 * undecided MUST of core or of an advertised one, a core section without a passed case, an advertised service taken
 * out or without a suite: `partial`; else `pass`. Experimental and operability sections, and skips, change nothing.
 *
 * A failure in a service that is not advertised counts too: gates would have skipped the case had it not applied.
 */
export function overallOf(run: OverallInput): OverallVerdict {
  if (!run.cases.some(({ outcome }) => outcome === "pass" || outcome === "fail")) {
    return { overall: "skipped", reasons: ["no case ran to a verdict"] };
  }
  const failed = run.cases.filter((result) => countsAsFailed(result, run.strict));
  const core = sectionsOf(failed.filter(({ section }) => isCore(section)));
  if (core.length > 0) return { overall: "fail", reasons: core.map(([name, count]) => `${name}: ${count} failed`) };

  const reasons: string[] = [];
  for (const [name, count] of sectionsOf(failed.filter(({ section }) => isRequiredIfAdvertised(section)))) {
    reasons.push(`${name}: ${count} failed`);
  }
  const advertised = run.sectionsAdvertised.filter(isRequiredIfAdvertised);
  const undecided = run.cases.filter(({ level, outcome, section }) =>
    level === "MUST" && (outcome === "inconclusive" || outcome === "error") &&
    (isCore(section) || advertised.includes(section))
  );
  for (const [name, count] of sectionsOf(undecided)) reasons.push(`${name}: ${count} required without a verdict`);
  for (const name of REQUIRED_CORE) {
    if (!run.cases.some(({ section, outcome }) => section === name && outcome === "pass")) {
      reasons.push(`${name}: no case passed`);
    }
  }
  for (const name of advertised) {
    if (run.sectionsDeselected.includes(name)) reasons.push(`${name}: advertised, but taken out of this run`);
    else if (!run.sectionsWithSuite.includes(name)) {
      reasons.push(`${name}: advertised, but this version has no suite for it`);
    }
  }
  return reasons.length > 0 ? { overall: "partial", reasons } : { overall: "pass", reasons };
}

function sectionsOf(cases: readonly CaseResult[]): [section: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { section } of cases) counts.set(section, (counts.get(section) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
