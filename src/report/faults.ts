/** Deliberate mistakes of the reporter and the runner: they kill the cases that judge these (PRO-040..056). */

import { isObject, type JsonObject } from "../protocol/mod.ts";
import type { RunResult } from "./results.ts";

/** What a reporter fault may override. */
export interface ReporterFault {
  /** Requirement ids this fault breaks. */
  readonly breaks: readonly [string, ...string[]];
  /** Before the report is built. */
  readonly result?: (result: RunResult) => RunResult;
  /** Before the report is signed. */
  readonly report?: (report: JsonObject, result: RunResult) => JsonObject;
  /** After the report was signed. */
  readonly signedReport?: (report: JsonObject) => JsonObject;
  /** The run manifest; `secrets` is key and token material given to the run. */
  readonly manifest?: (manifest: JsonObject, secrets: readonly string[]) => JsonObject;
  /** How the runner itself behaves. */
  readonly runner?: {
    /** Goes on when the target speaks no supported version. */
    readonly ignoreVersion?: true;
    /** Counts a closed gate as a failure. */
    readonly failUnadvertised?: true;
  };
}

/** Declares reporter faults by name and keeps the names as types. */
function faults<const T extends Readonly<Record<string, ReporterFault>>>(table: T): T {
  return table;
}

/** A local time instead of UTC. */
const OFFSET = "+02:00";
/** A version that no implementation names. */
const OTHER_PROTOCOL = "9.0.0";
let runs = 0;

/** Changes every section of a report. */
function sections(change: (section: JsonObject) => JsonObject): (report: JsonObject) => JsonObject {
  return (report) => {
    const all = Object.entries(isObject(report.sections) ? report.sections : {});
    const changed = all.map(([name, section]) => [name, isObject(section) ? change(section) : section] as const);
    return { ...report, sections: Object.fromEntries(changed) };
  };
}

/** Changes the verdict where the condition on run and report holds. */
function verdict(
  overall: string,
  condition: (report: JsonObject, result: RunResult) => boolean,
): (report: JsonObject, result: RunResult) => JsonObject {
  return (report, result) => condition(report, result) ? { ...report, overall } : report;
}

const failedIn = (prefix: string) => (_: JsonObject, { cases }: RunResult) =>
  cases.some(({ section, outcome }) => section.startsWith(prefix) && outcome === "fail");

const all = faults({
  "report-drops-suite-version": {
    breaks: ["PRO-040", "PRO-051"],
    report: ({ suite_version: _, ...rest }) => rest,
  },
  "report-invents-a-section": {
    breaks: ["PRO-041"],
    report: (report) => ({
      ...report,
      sections: {
        ...isObject(report.sections) ? report.sections : {},
        misc: { name: "misc", total: 0, passed: 0, failed: 0, skipped: 0, failures: [] },
      },
    }),
  },
  "report-total-without-skipped": {
    breaks: ["PRO-042"],
    report: sections((section) => ({ ...section, total: Number(section.passed) + Number(section.failed) })),
  },
  "report-without-failures": {
    breaks: ["PRO-043"],
    report: sections((section) => ({ ...section, failures: [] })),
  },
  "report-failures-without-recipe": {
    breaks: ["PRO-043"],
    report: sections((section) => ({
      ...section,
      failures: (Array.isArray(section.failures) ? section.failures : []).filter(isObject).map((failure) => ({
        ...failure,
        reproduction: "",
      })),
    })),
  },
  "report-hides-core-failures": {
    breaks: ["PRO-044"],
    report: verdict("partial", ({ overall }) => overall === "fail"),
  },
  "report-fails-on-experimental": {
    breaks: ["PRO-045"],
    report: verdict("fail", failedIn("experimental/")),
  },
  "report-passes-with-broken-services": {
    breaks: ["PRO-045", "PRO-046"],
    report: verdict("pass", (report, result) => report.overall === "partial" && failedIn("services/")(report, result)),
  },
  "report-passes-empty-runs": {
    breaks: ["PRO-047"],
    report: verdict("pass", ({ overall }) => overall === "skipped"),
  },
  "report-counts-skips-as-failures": {
    breaks: ["PRO-048"],
    report: verdict(
      "fail",
      ({ overall }, { cases }) => overall !== "skipped" && cases.some(({ outcome }) => outcome === "skipped"),
    ),
  },
  "report-changed-after-signing": {
    breaks: ["PRO-049"],
    signedReport: (report) => ({ ...report, remarks: ["reviewed"] }),
  },
  "report-of-another-protocol": {
    breaks: ["PRO-050"],
    report: (report) => ({ ...report, protocol_version: OTHER_PROTOCOL }),
  },
  "report-time-with-offset": {
    breaks: ["PRO-051"],
    report: (report) => ({ ...report, ran_at: String(report.ran_at).replace("Z", OFFSET) }),
  },
  "report-suite-version-of-two-parts": {
    breaks: ["PRO-051"],
    report: (report) => ({ ...report, suite_version: String(report.suite_version).split(".").slice(0, 2).join(".") }),
  },
  "report-passes-filtered-runs": {
    breaks: ["PRO-052"],
    report: verdict(
      "pass",
      ({ overall }, { cases }) => overall === "partial" && !cases.some(({ outcome }) => outcome === "fail"),
    ),
  },
  "report-differs-between-runs": {
    breaks: ["PRO-053", "PRO-052"],
    result: (result) => ++runs % 2 === 0 ? result : { ...result, cases: result.cases.slice(1) },
  },
  "runner-ignores-the-version": {
    breaks: ["PRO-054"],
    runner: { ignoreVersion: true },
  },
  "runner-fails-the-unadvertised": {
    breaks: ["PRO-055"],
    runner: { failUnadvertised: true },
  },
  "run-manifest-leaks-the-token": {
    breaks: ["PRO-056"],
    manifest: (manifest, [token = ""]) => ({
      ...manifest,
      configuration: { ...isObject(manifest.configuration) ? manifest.configuration : {}, "admin-token": token },
    }),
  },
  "run-manifest-without-seed": {
    breaks: ["PRO-056"],
    manifest: ({ seed: _, ...rest }) => rest,
  },
});

/** Name of a reporter fault. */
export type ReporterFaultName = keyof typeof all;

/** All reporter faults by name. */
export const REPORTER_FAULTS: Readonly<Record<string, ReporterFault>> = all;
