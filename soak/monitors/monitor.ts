/** What outlives the tester: everything that judges a run is a keeper, whose state goes to the journal and comes back. */

import type { Json } from "../../src/protocol/mod.ts";
import type { Observation } from "../observation.ts";

/**
 * Something that learns from observations and can be put back to where it was. Its state after `restore(state())` and
 * the same further observations must be equal, and its memory and its state are bounded. It learns from observations
 * alone: these are what the journal keeps between two states. Times in a state are those of observations, which go on
 * over a resume (run_clock.ts).
 */
export interface Keeper {
  /** Unique within a run, and the same in every version that reads its journals. */
  readonly name: string;
  observe(observation: Observation): void;
  /** Plain JSON without references to live data. */
  state(): Json;
  /** Takes the place of everything learned so far. Called once, before any observation. */
  restore(state: Json): void;
}

/** What monitors are made from; all of it is in the journal's header, so that a report needs no target. */
export interface RunFacts {
  /** `mono()` of the run at its start: 0 (run_clock.ts). */
  readonly startedAt: number;
  readonly seed: number;
  readonly nodeId: string;
  readonly communityId: string;
  /** Whether the target's log can be read. */
  readonly readable: boolean;
  readonly durationMs: number;
  /** Whether a stretch in run milliseconds touches a declared gap or fault window. */
  readonly interrupted: (from: number, to: number) => boolean;
}
