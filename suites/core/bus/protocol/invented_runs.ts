/** Results of invented runs: what the report builder is given to judge its reports. */

import { REQUIRED_CORE } from "../../../../src/report/overall.ts";
import type { CaseResult, Outcome, RunResult } from "../../../../src/report/results.ts";
import type { BenchRun } from "../../../../src/runner/judged_reporter.ts";

const LEVEL = "MUST";

/** One result in a section. */
export function result(section: string, name: string, outcome: Outcome = "pass"): CaseResult {
  return {
    id: `${section}/${name}`,
    requirement: "BUS-001",
    specRef: "CONTRACT §3.1",
    level: LEVEL,
    section,
    outcome,
    notes: [],
    durationMs: 1,
    ...(outcome === "skipped" ? { skip: "gated" as const, reason: "an invented reason" } : {}),
    ...(outcome === "fail"
      ? {
        failure: {
          expected: "404 not_found",
          observed: "200",
          reproduction: `hearthproof run --suite-filter ${section}/${name}`,
          exchange: 1,
        },
      }
      : {}),
  };
}

/** One passed case in every required core section. */
export function corePassed(): CaseResult[] {
  return REQUIRED_CORE.map((section) => result(section, "sound"));
}

/** The result of a real run with other cases. */
export function withCases({ result: real }: BenchRun, cases: readonly CaseResult[]): RunResult {
  const sections = [...new Set(cases.map(({ section }) => section))];
  return {
    ...real,
    filtered: false,
    cases,
    sectionsWithSuite: [...new Set([...REQUIRED_CORE, ...sections])],
    sectionsAdvertised: sections.filter((section) => section.startsWith("services/") || section === "federation"),
    sectionsDeselected: [],
  };
}

/** Every outcome in core, services, experimental and operability sections. */
export function mixedCases(): CaseResult[] {
  return [
    ...corePassed(),
    result("core/bus", "failed", "fail"),
    result("core/files", "gated", "skipped"),
    result("core/files", "failed-1", "fail"),
    result("core/files", "failed-2", "fail"),
    result("services/market", "open", "inconclusive"),
    result("services/chat", "failed", "fail"),
    result("experimental/moe", "failed", "fail"),
    result("operability", "gated", "skipped"),
  ];
}
