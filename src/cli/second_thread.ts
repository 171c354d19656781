/** The worker of a run as the run command uses it: started with the first case, for embedded targets only. */

import type { CaseResult } from "../report/results.ts";
import { RemoteError, RemoteRunner } from "../runner/remote.ts";
import type { PlannedCase } from "../runner/select.ts";
import { DIALECT_NAMES } from "../target/dialect.ts";
import { faultNames } from "../target/embedded.ts";
import type { TargetProfile } from "../target/profile.ts";
import type { Target } from "../target/target.ts";
import type { Options } from "./parse.ts";
import type { Recording } from "./recording.ts";
import { type CommandContext, reproductionOf } from "./run_command.ts";

/** See the module comment. */
export class SecondThread {
  /** Whether there is anything to gain: an embedded target, a shipped dialect, and more than one case at a time. */
  readonly useful: boolean;
  #runner: RemoteRunner | undefined;

  constructor(
    private readonly target: Target,
    private readonly options: Options,
    private readonly context: Pick<CommandContext, "programUrl">,
    private readonly recording: Recording,
    private readonly fixed: { readonly seed: number; readonly timeOrigin: number; readonly captureWire: boolean },
  ) {
    this.useful = context.programUrl !== undefined && target.kind === "embedded" &&
      DIALECT_NAMES.includes(target.dialect.name) && options.text("vector") === undefined &&
      (options.number("parallel") ?? 1) > 1;
  }

  /** Runs a case there; undefined if the worker cannot, so that this thread does. */
  run = async (planned: PlannedCase, profile: TargetProfile): Promise<CaseResult | undefined> => {
    const { id } = planned.definition;
    try {
      const faults = faultNames(this.target.url);
      const { result, records } = await this.#started(profile).run({ id, faults, variants: [], recorded: true });
      this.recording.take(id, records);
      if (result.failure === undefined) return result;
      const reproduction = reproductionOf(this.options, this.fixed.seed, id);
      return { ...result, failure: { ...result.failure, reproduction } };
    } catch (error) {
      if (error instanceof RemoteError) return undefined;
      throw error;
    }
  };

  close(): void {
    this.#runner?.close();
  }

  #started(profile: TargetProfile): RemoteRunner {
    return this.#runner ??= new RemoteRunner(this.context.programUrl ?? "", {
      ...this.fixed,
      dialect: this.target.dialect.name,
      profile,
    });
  }
}
