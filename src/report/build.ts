/** Result of a run -> ConformanceReport. M32 §4.1, X09 §6.6; members: wire-format-experimental.md section 4. */

import type { Json, JsonObject } from "../protocol/mod.ts";
import { bounded } from "./escape.ts";
import { countsAsFailed, isWarning, type Overall, overallOf } from "./overall.ts";
import type { CaseResult, Implementation, Outcome, RequirementLevel, RunResult, SkipKind } from "./results.ts";

/** Name of the format in `schema`. */
export const REPORT_SCHEMA = "hearthproof.report/1";

/** Longest text taken over from a target, in UTF-16 units; the transcript has the rest. */
export const MAX_REPORT_TEXT = 4000;

/** A failed requirement, or under `warnings` one that only warns. */
export interface ReportedFailure {
  readonly test: string;
  readonly requirement: string;
  readonly level: RequirementLevel;
  readonly spec_ref: string;
  readonly expected: string;
  readonly observed: string;
  readonly reproduction: string;
  /** Number of the exchange in the transcript; -1 if none belongs to it. */
  readonly exchange: number;
}

/** What the number `skipped` is made of. */
export interface SkippedParts {
  readonly gated: number;
  readonly slow: number;
  readonly inconclusive: number;
  readonly error: number;
}

/** Counters: total = passed + failed + skipped, and `warned` of the passed ones missed a SHOULD. */
export interface Counts {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly warned: number;
  readonly of_skipped: SkippedParts;
}

export interface ReportedSection extends Counts {
  readonly name: string;
  readonly failures: readonly ReportedFailure[];
  readonly warnings: readonly ReportedFailure[];
}

export interface ReportedCase {
  readonly id: string;
  readonly requirement: string;
  readonly level: RequirementLevel;
  readonly section: string;
  readonly spec_ref: string;
  readonly outcome: Outcome;
  readonly reason?: string;
  readonly skip?: SkipKind;
  readonly notes?: readonly string[];
  readonly attempts?: readonly Outcome[];
  readonly judges_runner?: true;
  readonly duration_ms: number;
}

/** The report without signatures. */
export interface UnsignedReport {
  readonly schema: typeof REPORT_SCHEMA;
  readonly implementation: Implementation;
  readonly protocol_version: string;
  readonly suite_version: string;
  readonly suite_commit: string;
  readonly ran_at: string;
  readonly duration_ms: number;
  readonly seed: number;
  /** Milliseconds since the epoch. */
  readonly time_origin: number;
  readonly target: { readonly kind: string; readonly url: string; readonly dialect: string };
  readonly node_id: string;
  readonly strict: boolean;
  readonly filtered: boolean;
  readonly overall: Overall;
  readonly overall_reasons: readonly string[];
  readonly totals: Counts;
  /**
   * Where a failed SHOULD stands in the counters. It was judged, so `skipped` would be wrong; it must not change the
   * verdict, and `failed` in a core section does (PRO-044); so it is a pass with a warning beside it.
   */
  readonly warnings_counted_as: "passed" | "failed";
  readonly sections: { readonly [name: string]: ReportedSection };
  readonly cases: readonly ReportedCase[];
  readonly advertised: readonly string[];
  readonly sections_advertised: readonly string[];
  readonly sections_deselected: readonly string[];
  readonly sections_without_suite: readonly string[];
  readonly substitutions: readonly { readonly path: string; readonly count: number }[];
  readonly remarks: readonly string[];
  readonly calls: number;
  readonly more?: { readonly [name: string]: Json };
}

/** The tester's signature over the ASCII text of `transcript_digest`. */
export interface TesterSignature {
  readonly node_id: string;
  readonly transcript_digest: string;
  readonly signature: string;
}

/** The complete report. */
export interface ConformanceReport extends UnsignedReport {
  readonly tester: TesterSignature;
  /** Why there is no signature of the target. */
  readonly signature_reason?: string;
  /** Over the canonical JSON of all other members, with the key of the target. */
  readonly signature: string | null;
}

/** Builds the report of a run. Pure; order of the cases in the run changes nothing. */
export function buildReport(run: RunResult): UnsignedReport {
  const cases = [...run.cases].sort((a, b) => compare(a.id, b.id));
  const { overall, reasons } = overallOf(run);
  const names = [...new Set(cases.map(({ section }) => section))].sort(compare);
  const report: UnsignedReport = {
    schema: REPORT_SCHEMA,
    implementation: run.implementation,
    protocol_version: run.protocolVersion,
    suite_version: run.suiteVersion,
    suite_commit: run.suiteCommit,
    ran_at: run.ranAt,
    duration_ms: Math.round(run.durationMs),
    seed: run.seed,
    time_origin: run.timeOrigin,
    target: run.target,
    node_id: run.nodeId,
    strict: run.strict,
    filtered: run.filtered,
    overall,
    overall_reasons: reasons,
    totals: counts(cases, run.strict),
    warnings_counted_as: run.strict ? "failed" : "passed",
    sections: Object.fromEntries(
      names.map((name) => [name, section(name, cases.filter((result) => result.section === name), run.strict)]),
    ),
    cases: cases.map(reportedCase),
    advertised: run.advertised,
    sections_advertised: run.sectionsAdvertised,
    sections_deselected: run.sectionsDeselected,
    sections_without_suite: run.sectionsAdvertised.filter((name) => !run.sectionsWithSuite.includes(name)),
    substitutions: run.substitutions,
    remarks: run.remarks,
    calls: run.calls,
    ...(run.more === undefined ? {} : { more: run.more }),
  };
  return wellFormed(report as unknown as Json) as unknown as UnsignedReport;
}

/** Text of report.json: members in the order of {@linkcode ConformanceReport}, two spaces, one line feed at the end. */
export function reportText(report: ConformanceReport | JsonObject): string {
  return JSON.stringify(report, null, 2) + "\n";
}

/** Counts outcomes; inconclusive and error stand under `skipped`, and `of_skipped` tells them apart. */
export function counts(cases: readonly CaseResult[], strict: boolean): Counts {
  const number = (wanted: (result: CaseResult) => boolean) => cases.filter(wanted).length;
  const failed = number((result) => countsAsFailed(result, strict));
  const warned = number((result) => isWarning(result, strict));
  const passed = number(({ outcome }) => outcome === "pass") + warned;
  const of_skipped: SkippedParts = {
    gated: number(({ outcome, skip }) => outcome === "skipped" && skip !== "slow"),
    slow: number(({ outcome, skip }) => outcome === "skipped" && skip === "slow"),
    inconclusive: number(({ outcome }) => outcome === "inconclusive"),
    error: number(({ outcome }) => outcome === "error"),
  };
  return { total: cases.length, passed, failed, skipped: cases.length - passed - failed, warned, of_skipped };
}

/** The four parts X09 §6.6 asks for, none of them empty (PRO-043). */
export function reportedFailure(result: CaseResult): ReportedFailure {
  const { failure } = result;
  return {
    test: result.id,
    requirement: result.requirement,
    level: result.level,
    spec_ref: told(result.specRef, "not stated"),
    expected: told(failure?.expected, "the requirement holds"),
    observed: told(
      failure === undefined ? result.reason : failure.observed,
      failure === undefined ? "not recorded" : "(empty)",
    ),
    reproduction: told(failure?.reproduction, `hearthproof run --suite-filter ${result.id}`),
    exchange: failure?.exchange ?? -1,
  };
}

function section(name: string, cases: readonly CaseResult[], strict: boolean): ReportedSection {
  return {
    name,
    ...counts(cases, strict),
    failures: cases.filter((result) => countsAsFailed(result, strict)).map(reportedFailure),
    warnings: cases.filter((result) => isWarning(result, strict)).map(reportedFailure),
  };
}

function reportedCase(result: CaseResult): ReportedCase {
  return {
    id: result.id,
    requirement: result.requirement,
    level: result.level,
    section: result.section,
    spec_ref: result.specRef,
    outcome: result.outcome,
    ...(result.reason === undefined ? {} : { reason: result.reason }),
    ...(result.skip === undefined ? {} : { skip: result.skip }),
    ...(result.notes.length === 0 ? {} : { notes: result.notes }),
    ...(result.attempts === undefined ? {} : { attempts: result.attempts }),
    ...(result.judgesRunner === true ? { judges_runner: true } : {}),
    duration_ms: Math.round(result.durationMs),
  };
}

function told(text: string | undefined, otherwise: string): string {
  return text === undefined || text.trim() === "" ? otherwise : text;
}

/** Bounds every text and repairs lone surrogates, which canonical JSON refuses. */
function wellFormed(value: Json): Json {
  if (typeof value === "string") return bounded(value.toWellFormed(), MAX_REPORT_TEXT);
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name.toWellFormed(), wellFormed(member)]));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
