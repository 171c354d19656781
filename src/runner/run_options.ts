/** The one place that makes the options of a run: what follows from target, cases, seed and clock, and defaults. */

import type { Clock } from "../protocol/mod.ts";
import { NO_ADAPTER } from "../target/adapter.ts";
import type { Target } from "../target/target.ts";
import { LiveNetwork, nullSink, steadyClock, type TranscriptSink } from "../wire/mod.ts";
import type { Requirement } from "./requirement.ts";
import type { NetworkSource, RunOptions } from "./run.ts";
import type { PlannedCase } from "./select.ts";

/** What everything that runs cases starts from: the suite, the seed and the time. */
export interface RunBasis {
  readonly requirementOf: (id: string) => Requirement;
  readonly clock: Clock;
  readonly seed: number;
  /** Milliseconds since the epoch. */
  readonly timeOrigin: number;
  readonly suiteVersion: string;
}

/** What is different from run to run; the rest has defaults. */
export type RunChoice =
  & {
    readonly target: Target;
    /** All cases of this version, before filters. */
    readonly all: readonly PlannedCase[];
    readonly reporter: RunOptions["reporter"];
  }
  & Partial<RunOptions>;

/** Networks on which the wall clock stands at the time origin, unless the scope asks for a moving one. */
export function liveNetworks(
  { clock, timeOrigin }: Pick<RunBasis, "clock" | "timeOrigin">,
  sink: TranscriptSink = nullSink,
): (scope: string, moving: boolean) => LiveNetwork {
  return (scope, moving) => new LiveNetwork({ scope, sink, clock: moving ? clock : steadyClock(timeOrigin, clock) });
}

/** Options of a run: of all cases unless `selected` says less, one after the other, without record. */
export function runOptions(basis: RunBasis, choice: RunChoice): RunOptions {
  const { clock, seed, timeOrigin, suiteVersion } = basis;
  const { selected = choice.all } = choice;
  const networkOf: NetworkSource = liveNetworks(basis);
  return {
    clock,
    seed,
    timeOrigin,
    suiteVersion,
    suiteCommit: "unknown",
    selected,
    filtered: selected.length < choice.all.length,
    networkOf,
    parallel: 1,
    slow: false,
    strict: false,
    adapter: NO_ADAPTER,
    deselected: [],
    configuration: {},
    reproduction: (id) => `hearthproof run --suite-filter '${id}'`,
    progress: () => {},
    ...choice,
  };
}
