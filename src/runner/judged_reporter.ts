/** The report builder and the runner as cases see them that judge these (PRO-040..056). */

import type { JsonObject } from "../protocol/mod.ts";
import type { RunResult } from "../report/results.ts";

/** A small run of the real runner and what it wrote. */
export interface BenchRun {
  readonly result: RunResult;
  /** The signed report. */
  readonly report: JsonObject;
  readonly manifest: JsonObject;
  /** Key and token texts that were given to the run. */
  readonly secrets: readonly string[];
}

/** What the runner said when it refused to start. */
export interface BenchRefusal {
  readonly refused: string;
}

/** What a bench run is like. */
export interface BenchOptions {
  /** The target advertises nothing beyond protocol.version.list. */
  readonly bare?: boolean;
  /** The target reports only this contract version. */
  readonly contractVersion?: string;
  /** Which of several equal runs; equal options name the same run, which is made once. */
  readonly round?: number;
  /** Only cases that match. */
  readonly filter?: string;
}

/** See the module comment. The implementation is `src/runner/bench.ts`. */
export interface ReporterBench {
  /** Builds and signs the report of a given result. */
  build(result: RunResult): JsonObject;
  /** Runs one case per core section against a sound node and reports on it. */
  run(options?: BenchOptions): Promise<BenchRun | BenchRefusal>;
  /** Whether the report's signature verifies under its NodeID. */
  verify(report: JsonObject): boolean;
}
