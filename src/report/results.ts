/** What a run produced. Everything a report is written from; nothing else is read. */

import type { Json, JsonObject } from "../protocol/mod.ts";

export type RequirementLevel = "MUST" | "SHOULD" | "MAY";

/**
 * Outcome of a case. `error` is a defect of the tester or its set-up; it is never a failure of the target and never a
 * pass.
 */
export type Outcome = "pass" | "fail" | "skipped" | "inconclusive" | "error";

/** Why a case was skipped: a gate of the target, or `--slow` not given. */
export type SkipKind = "gated" | "slow";

/** One judged difference, with everything needed to see it again. */
export interface Failure {
  readonly expected: string;
  readonly observed: string;
  /** Command line that repeats just this case. */
  readonly reproduction: string;
  /** Number of the exchange in the transcript that shows it; -1 if none belongs to it. */
  readonly exchange: number;
}

/** Result of one case. Strings that came from the target are unescaped here; every writer escapes them. */
export interface CaseResult {
  readonly id: string;
  readonly requirement: string;
  readonly specRef: string;
  readonly level: RequirementLevel;
  /** `core/identity`, … */
  readonly section: string;
  readonly outcome: Outcome;
  /** Of a skip, an inconclusive or an error. */
  readonly reason?: string;
  readonly skip?: SkipKind;
  readonly failure?: Failure;
  /** Observations that are no verdict. */
  readonly notes: readonly string[];
  /** Outcomes of earlier attempts when a failure that depends on time was run again alone. */
  readonly attempts?: readonly Outcome[];
  readonly durationMs: number;
  /** Judges the report or the runner (PRO-040..056). */
  readonly judgesRunner?: boolean;
}

/** One exchange as the HTML report shows it. */
export interface ShownExchange {
  readonly exchange: number;
  readonly caseId: string;
  /** May be cut; then the length of all is beside it. */
  readonly sent: Uint8Array;
  readonly received: Uint8Array;
  /** Bytes sent and received altogether; without it nothing was cut. */
  readonly sentLength?: number;
  readonly receivedLength?: number;
}

/** The identity of the judged implementation as it describes itself. */
export interface Implementation {
  readonly name: string;
  readonly vendor: string;
  readonly version: string;
  readonly protocol_versions: readonly string[];
  readonly homepage_url: string | null;
  readonly contact: string | null;
}

/** Everything about a run but the transcript. */
export interface RunResult {
  readonly implementation: Implementation;
  readonly protocolVersion: string;
  readonly suiteVersion: string;
  /** Commit of the suite, or "unknown". */
  readonly suiteCommit: string;
  /** RFC 3339, whole seconds. */
  readonly ranAt: string;
  readonly durationMs: number;
  readonly seed: number;
  /** Time origin T0, milliseconds since the epoch. */
  readonly timeOrigin: number;
  readonly target: { readonly kind: string; readonly url: string; readonly dialect: string };
  /** NodeID of the target, empty if it never told. */
  readonly nodeId: string;
  readonly strict: boolean;
  readonly filtered: boolean;
  readonly cases: readonly CaseResult[];
  /** Names of advertised capabilities. */
  readonly advertised: readonly string[];
  /** Sections this version has suites for. */
  readonly sectionsWithSuite: readonly string[];
  /** Sections the target's capabilities ask for (X09 §5), deselected or not. */
  readonly sectionsAdvertised: readonly string[];
  /** Sections taken out by filter or option. */
  readonly sectionsDeselected: readonly string[];
  /** Learned values substituted in the traffic of a run against a target that is not seeded. */
  readonly substitutions: readonly { readonly path: string; readonly count: number }[];
  /** Remarks for the reader: what a fresh namespace replaced, what was there before, what remains open. */
  readonly remarks: readonly string[];
  /** Calls made to the target. */
  readonly calls: number;
  /** Options of the run without secrets, for run_manifest.json. */
  readonly configuration: JsonObject;
  readonly more?: { readonly [name: string]: Json };
}
