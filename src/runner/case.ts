/** What a conformance case is. A case is a value; adding one is one entry in the list of its file. */

import type { FaultName } from "../node/faults/mod.ts";
import type { Random } from "../protocol/mod.ts";
import type { ReporterFaultName } from "../report/faults.ts";
import type { Actors } from "../target/actors.ts";
import type { Session } from "../target/session.ts";
import type { Must } from "./verdict.ts";
import type { ReporterBench } from "./judged_reporter.ts";

/** What a case leaves behind on a node that is not ours. */
export type Effects =
  /** Reads only, or is refused before anything is stored. */
  | "none"
  /** Adds entries to the log or the store that a community can live with. */
  | "writes"
  /** Revocations, policy changes, huge Lamport values, overload: only for disposable targets. */
  | "harm";

/** Everything a case may use. */
export interface CaseContext {
  readonly target: Session;
  readonly actors: Actors;
  readonly must: Must;
  /** The same as `must`, for requirements that are recommendations. */
  readonly should: Must;
  /** Randomness of this case: a function of seed and case id. */
  readonly random: Random;
  /** Writes down an observation that is no verdict. */
  note(text: string): void;
  /** Ends the case: a condition found out at run time does not hold. */
  skip(reason: string): never;
  /** Ends the case: it ran and cannot tell. */
  inconclusive(reason: string): never;
  /**
   * Repeats `attempt` until it returns something else than undefined, or the deadline passes (then undefined). The
   * first attempt is made at once.
   */
  until<T>(attempt: () => Promise<T | undefined>, deadlineMs: number, everyMs?: number): Promise<T | undefined>;
  /** Report builder and runner under test, for the requirements that judge these (PRO-040..056). */
  readonly reporter: ReporterBench;
}

/** What the runner needs to know of a case; a vector or a bench case is no more than this. */
export interface RunnableCase {
  /** `core/identity/manifest-lifetime`: section and a name that says what is checked. */
  readonly id: string;
  /** Level, reference, section, needs and wording come from the catalogue. */
  readonly requirement: string;
  readonly effects: Effects;
  /** Needs beyond those of the catalogue entry, in the same words. */
  readonly alsoNeeds?: readonly string[];
  /**
   * The case judges what only a process of its own can show: exit code, signals, the released port, log files. Targets
   * of other kinds skip it; selftest hosts it on child processes of this program.
   */
  readonly hostedBy?: "process";
  /** The verdict rests on measured time: a failure is run again alone before it counts. */
  readonly timed?: boolean;
  /** Longest time it may take in milliseconds, where the rule itself allows a node more than the usual deadline. */
  readonly longestMs?: number;
  /** About how long the case waits on a sound node, in milliseconds, if that is long: such cases start first. */
  readonly waitsMs?: number;
  /** State on disk, so that the node can be restarted. */
  readonly durable?: boolean;
  /** The wall clock of an embedded node runs on; otherwise it stands at the time origin, except for slow cases. */
  readonly nodeClockMoves?: boolean;
  run(context: CaseContext): Promise<void> | void;
}

/** A case of a suite: its requirement is judged, and it is known what must make it fail. */
export interface ConformanceCase extends RunnableCase {
  /** Faults that must make it fail; at least one. */
  readonly brokenBy: readonly [FaultName | ReporterFaultName, ...(FaultName | ReporterFaultName)[]];
}

/** Declares a case; exists so that the compiler checks the fields and the fault names. */
export function defineCase(definition: ConformanceCase): ConformanceCase {
  return definition;
}

/** The cases of one section. */
export interface SuiteOf<C extends RunnableCase> {
  /** `core/identity`. */
  readonly section: string;
  readonly cases: readonly C[];
}

/** A suite of this version: every case has its faults. */
export type Suite = SuiteOf<ConformanceCase>;
