/** A node set-up on which a selftest runs cases: embedded nodes or child processes, with certain faults and variants. */

import type { Clock } from "../protocol/mod.ts";
import { REPORTER_FAULTS } from "../report/faults.ts";
import type { CaseResult } from "../report/results.ts";
import { NO_ADAPTER } from "../target/adapter.ts";
import { CONTRACT_DIALECT } from "../target/dialect.ts";
import { EmbeddedTarget } from "../target/embedded.ts";
import { type Preflight, preflight } from "../target/preflight.ts";
import { ProcessTarget } from "../target/process.ts";
import type { TargetProfile } from "../target/profile.ts";
import type { Target } from "../target/target.ts";
import { LiveNetwork, nullSink, steadyClock } from "../wire/mod.ts";
import { RunnerBench } from "./bench.ts";
import type { JobNode } from "./job.ts";
import type { Requirement } from "./requirement.ts";
import { runCase, sessionNeeds } from "./run.ts";
import type { PlannedCase } from "./select.ts";

/** What every lab of a selftest shares. */
export interface LabBasis {
  readonly requirementOf: (id: string) => Requirement;
  readonly clock: Clock;
  readonly seed: number;
  readonly timeOrigin: number;
  readonly suiteVersion: string;
  /** Command line of a child node, with the placeholders of an `exec:` target; without it there are no children. */
  readonly childCommand?: (faults: readonly string[], variants: readonly string[]) => string;
}

/** Whether a fault is one of the reporter, not of the node. */
export function isReporterFault(name: string): boolean {
  return Object.hasOwn(REPORTER_FAULTS, name);
}

/** See the module comment. */
export class Lab {
  readonly target: Target;
  readonly #bench: RunnerBench;
  /** Cases that share one process go one after the other: none sees the traffic of another. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly basis: LabBasis, private readonly node: JobNode) {
    const { seed, timeOrigin } = basis;
    const nodeFaults = node.faults.filter((name) => !isReporterFault(name));
    if (node.host === "process") {
      const command = basis.childCommand?.(nodeFaults, node.variants);
      if (command === undefined) throw new RangeError("Cannot make child processes: the program is not known");
      this.target = new ProcessTarget({ command, seed, dialect: CONTRACT_DIALECT, adapter: NO_ADAPTER });
    } else this.target = new EmbeddedTarget({ seed, timeOrigin, faults: nodeFaults, variants: node.variants });
    this.#bench = new RunnerBench({ ...basis, faults: node.faults.filter(isReporterFault) });
  }

  /** What the target turns out to be. */
  async look(): Promise<Preflight> {
    const { seed, timeOrigin } = this.basis;
    const network = this.#network("preflight", false);
    try {
      return await preflight(this.target, network, { seed, timeOrigin });
    } finally {
      await network.close();
    }
  }

  /**
   * Runs a case. The profile is that of the sound node: a fault that hides a capability must not turn its case into a
   * skip.
   */
  run(planned: PlannedCase, profile: TargetProfile): Promise<CaseResult> {
    if (this.node.host !== "process" || sessionNeeds(planned).durable === true) return this.#run(planned, profile);
    const result = this.#turn.then(() => this.#run(planned, profile));
    this.#turn = result;
    return result;
  }

  close(): Promise<void> {
    return this.target.stop();
  }

  #run(planned: PlannedCase, profile: TargetProfile): Promise<CaseResult> {
    const { clock, seed, timeOrigin } = this.basis;
    return runCase(
      {
        target: this.target,
        networkOf: (scope, moving) => this.#network(scope, moving),
        clock,
        seed,
        timeOrigin,
        reporter: this.#bench,
        reproduction: (id) => `hearthproof run --target '${this.target.url}' --suite-filter ${id}`,
      },
      profile,
      planned,
    );
  }

  #network(scope: string, moving: boolean): LiveNetwork {
    const { clock, timeOrigin } = this.basis;
    // A child process has the clock of the machine, and a selftest may last longer than timestamps stay valid.
    const real = moving || this.node.host === "process";
    return new LiveNetwork({ scope, sink: nullSink, clock: real ? clock : steadyClock(timeOrigin, clock) });
  }
}
