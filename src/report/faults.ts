/** Deliberate mistakes of the reporter and the runner: they kill the cases that judge these (PRO-040..056). */

import type { JsonObject } from "../protocol/mod.ts";
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

const all = faults({
  "report-drops-suite-version": {
    breaks: ["PRO-040", "PRO-051"],
    report: ({ suite_version: _, ...rest }) => rest,
  },
});

/** Name of a reporter fault. */
export type ReporterFaultName = keyof typeof all;

/** All reporter faults by name. */
export const REPORTER_FAULTS: Readonly<Record<string, ReporterFault>> = all;
