/** What the process says to its caller. design.md, "Output of a run". */

import { isCore, isRequiredIfAdvertised, overallOf } from "../report/overall.ts";
import type { CaseResult, RunResult } from "../report/results.ts";
import type { BaselineJudgement } from "./baseline.ts";

export const EXIT = { clean: 0, violations: 1, harness: 2, inconclusive: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * Exit code of a run, first that applies: a failure that is required (under `strict` any) and not listed, or a stale
 * baseline entry: violations; an error of the tester: harness, because a green build must not rest on it; nothing ran:
 * inconclusive; else clean.
 */
export function exitCodeOf(run: RunResult, baseline?: BaselineJudgement): ExitCode {
  const failures = baseline === undefined ? run.cases.filter(({ outcome }) => outcome === "fail") : baseline.unknown;
  if (failures.some((result) => run.strict || isRequired(result))) return EXIT.violations;
  if (baseline !== undefined && baseline.stale.length > 0) return EXIT.violations;
  if (run.cases.some(({ outcome }) => outcome === "error")) return EXIT.harness;
  if (overallOf(run).overall === "skipped") return EXIT.inconclusive;
  return EXIT.clean;
}

function isRequired({ level, section }: CaseResult): boolean {
  return level === "MUST" && (isCore(section) || isRequiredIfAdvertised(section));
}
