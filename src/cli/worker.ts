/** The second thread of `hearthproof run`: runs single cases against embedded nodes of its own. */

import type { Clock } from "../protocol/mod.ts";
import { RunnerBench } from "../runner/bench.ts";
import type { Suite } from "../runner/case.ts";
import { serveRemote } from "../runner/remote.ts";
import type { Requirement } from "../runner/requirement.ts";
import { runCase, type RunOptions } from "../runner/run.ts";
import { plan } from "../runner/select.ts";
import { NO_ADAPTER } from "../target/adapter.ts";
import { shippedDialect } from "../target/dialect.ts";
import { EmbeddedTarget } from "../target/embedded.ts";
import { LiveNetwork, MemorySink, steadyClock } from "../wire/mod.ts";

/** What main hands to the worker. */
export interface WorkerContext {
  readonly clock: Clock;
  readonly suites: readonly Suite[];
  readonly requirementOf: (id: string) => Requirement;
  readonly suiteVersion: string;
}

/** Serves cases to the thread that started this one. */
export function workerCommand(context: () => Promise<WorkerContext>): void {
  serveRemote(async (start) => {
    const { clock, suites, requirementOf, suiteVersion } = await context();
    const { seed, timeOrigin, faults, captureWire } = start;
    const dialect = shippedDialect(start.dialect);
    const target = new EmbeddedTarget({
      seed,
      timeOrigin,
      faults,
      captureWire,
      ...(dialect === undefined ? {} : { dialect }),
    });
    const all = plan(suites, requirementOf);
    const byId = new Map(all.map((planned) => [planned.definition.id, planned]));
    const reporter = new RunnerBench({ requirementOf, clock, seed, timeOrigin, suiteVersion });
    return async (id) => {
      const planned = byId.get(id);
      if (planned === undefined) throw new RangeError(`Cannot run a case: ${id} is unknown`);
      const sink = new MemorySink();
      const options: RunOptions = {
        target,
        all,
        selected: [planned],
        filtered: true,
        networkOf: (scope, moving) =>
          new LiveNetwork({ scope, sink, clock: moving ? clock : steadyClock(timeOrigin, clock) }),
        clock,
        seed,
        timeOrigin,
        parallel: 1,
        slow: start.slow,
        strict: false,
        adapter: NO_ADAPTER,
        reporter,
        suiteVersion,
        suiteCommit: "worker",
        deselected: [],
        configuration: {},
        // The thread that reports knows the command line and writes the recipe.
        reproduction: () => "",
        progress: () => {},
      };
      const result = await runCase(options, start.profile, planned);
      return { result, records: sink.records };
    };
  });
}
