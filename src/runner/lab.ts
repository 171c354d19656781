/**
 * A node set-up on which single cases are run: embedded nodes or child processes of this program, with certain faults
 * and variants. Selftest and the further threads of a run use it.
 */

import { REPORTER_FAULTS } from "../report/faults.ts";
import type { CaseResult } from "../report/results.ts";
import { NO_ADAPTER } from "../target/adapter.ts";
import { CONTRACT_DIALECT, type Dialect } from "../target/dialect.ts";
import { type EmbeddedOptions, EmbeddedTarget } from "../target/embedded.ts";
import { type Preflight, preflight } from "../target/preflight.ts";
import { ProcessTarget } from "../target/process.ts";
import type { TargetProfile } from "../target/profile.ts";
import type { Target } from "../target/target.ts";
import { type LiveNetwork, nullSink, type TranscriptSink } from "../wire/mod.ts";
import { RunnerBench } from "./bench.ts";
import { type JobNode, nodeKey } from "./job.ts";
import type { ReporterBench } from "./judged_reporter.ts";
import { gateOf, runCase, sessionNeeds, unrun } from "./run.ts";
import { liveNetworks, type RunBasis } from "./run_options.ts";
import type { PlannedCase } from "./select.ts";

/** What the labs of one program share. */
export interface LabBasis extends RunBasis {
  readonly dialect?: Dialect;
  readonly captureWire?: boolean;
  /** Sees what every embedded node is made with. */
  readonly embedded?: Pick<EmbeddedOptions, "overrides" | "watch">;
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
  /** Cases that share one process go one after the other: none sees the traffic of another. */
  #turn: Promise<unknown> = Promise.resolve();
  /** What a sound variant turned out to be. */
  #own: Promise<TargetProfile> | undefined;

  constructor(
    private readonly basis: LabBasis,
    private readonly node: JobNode,
    private readonly reporter: ReporterBench = new RunnerBench({
      ...basis,
      faults: node.faults.filter(isReporterFault),
    }),
  ) {
    const { seed, timeOrigin, dialect = CONTRACT_DIALECT, captureWire = false } = basis;
    const { variants } = node;
    const faults = node.faults.filter((name) => !isReporterFault(name));
    if (node.host === "process") {
      const command = basis.childCommand?.(faults, variants);
      if (command === undefined) throw new RangeError("Cannot make child processes: the program is not known");
      this.target = new ProcessTarget({ command, seed, dialect, adapter: NO_ADAPTER });
    } else {this.target = new EmbeddedTarget({
        seed,
        timeOrigin,
        faults,
        variants,
        dialect,
        captureWire,
        ...basis.embedded,
      });}
  }

  /** What the target turns out to be. */
  async look(): Promise<Preflight> {
    const { seed, timeOrigin } = this.basis;
    const network = this.#network("preflight", false, nullSink);
    try {
      return await preflight(this.target, network, { seed, timeOrigin });
    } finally {
      await network.close();
    }
  }

  /**
   * Runs a case. A node with faults has the gates of the sound one, whose profile is given: a fault that hides a
   * capability must not turn its case into a skip. A sound variant has gates of its own: it may lack what the sound
   * node has.
   */
  async run(planned: PlannedCase, profile: TargetProfile, sink: TranscriptSink = nullSink): Promise<CaseResult> {
    const { faults, variants, host } = this.node;
    let open = profile;
    if (faults.length === 0 && variants.length > 0) {
      try {
        open = await (this.#own ??= this.look().then((found) => found.profile));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return unrun(planned, { outcome: "error", reason: `looking at the variant: ${why}` });
      }
      const reason = gateOf(planned, open, this.target);
      if (reason !== undefined) return unrun(planned, { outcome: "skipped", skip: "gated", reason });
    }
    const own = host === "embedded" || sessionNeeds(planned).durable === true;
    if (own) return await this.#run(planned, open, sink);
    const result = this.#turn.then(() => this.#run(planned, open, sink));
    this.#turn = result;
    return await result;
  }

  close(): Promise<void> {
    return this.target.stop();
  }

  #run(planned: PlannedCase, profile: TargetProfile, sink: TranscriptSink): Promise<CaseResult> {
    const { clock, seed, timeOrigin } = this.basis;
    return runCase(
      {
        target: this.target,
        networkOf: (scope, moving) => this.#network(scope, moving, sink),
        clock,
        seed,
        timeOrigin,
        reporter: this.reporter,
        reproduction: (id) => `hearthproof run --target '${this.target.url}' --suite-filter ${id}`,
      },
      profile,
      planned,
    );
  }

  #network(scope: string, moving: boolean, sink: TranscriptSink): LiveNetwork {
    // A child process has the clock of the machine, and a selftest may last longer than timestamps stay valid.
    return liveNetworks(this.basis, sink)(scope, moving || this.node.host === "process");
  }
}

/** Labs by node set-up, each made when it is first needed. */
export class Labs {
  readonly #labs = new Map<string, Lab>();
  /** Set-ups without reporter faults share a reporter: what it runs and builds does not depend on the node. */
  readonly #reporter: ReporterBench;

  constructor(private readonly basis: LabBasis) {
    this.#reporter = new RunnerBench(basis);
  }

  of(node: JobNode): Lab {
    const key = nodeKey(node);
    const known = this.#labs.get(key);
    if (known !== undefined) return known;
    const lab = new Lab(this.basis, node, node.faults.some(isReporterFault) ? undefined : this.#reporter);
    this.#labs.set(key, lab);
    return lab;
  }

  /** Ends a lab; the next use of its set-up makes a new one. */
  async end(node: JobNode): Promise<void> {
    const key = nodeKey(node);
    const lab = this.#labs.get(key);
    this.#labs.delete(key);
    await lab?.close();
  }

  async close(): Promise<void> {
    const labs = [...this.#labs.values()];
    this.#labs.clear();
    await Promise.all(labs.map((lab) => lab.close()));
  }
}
