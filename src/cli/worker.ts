/** A further thread of `hearthproof run` and `selftest`: runs single cases against embedded nodes of its own. */

import type { Clock } from "../protocol/mod.ts";
import type { Suite } from "../runner/case.ts";
import { Labs } from "../runner/lab.ts";
import { serveRemote } from "../runner/remote.ts";
import type { Requirement } from "../runner/requirement.ts";
import { plan } from "../runner/select.ts";
import { shippedDialect } from "../target/dialect.ts";
import { MemorySink, nullSink } from "../wire/mod.ts";

/** What main hands to the worker. */
export interface WorkerContext {
  readonly clock: Clock;
  readonly suites: readonly Suite[];
  readonly requirementOf: (id: string) => Requirement;
  readonly suiteVersion: string;
}

/** Serves cases to the thread that started this one. */
export function workerCommand(context: () => Promise<WorkerContext>): void {
  serveRemote(async ({ seed, timeOrigin, captureWire, profile, ...start }) => {
    const { clock, suites, requirementOf, suiteVersion } = await context();
    const dialect = shippedDialect(start.dialect);
    const labs = new Labs({
      requirementOf,
      clock,
      seed,
      timeOrigin,
      suiteVersion,
      captureWire,
      ...(dialect === undefined ? {} : { dialect }),
    });
    const byId = new Map(plan(suites, requirementOf).map((planned) => [planned.definition.id, planned]));
    return async ({ id, faults, variants, recorded }) => {
      const planned = byId.get(id);
      if (planned === undefined) throw new RangeError(`Cannot run a case: ${id} is unknown`);
      const sink = new MemorySink();
      const lab = labs.of({ host: "embedded", faults, variants });
      const result = await lab.run(planned, profile, recorded ? sink : nullSink);
      return { result, records: sink.records };
    };
  });
}
