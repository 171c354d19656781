/** A further thread of `hearthproof run` and `selftest`: runs single cases against embedded nodes of its own. */

import type { Suite } from "../runner/case.ts";
import { Labs } from "../runner/lab.ts";
import { serveRemote } from "../runner/remote.ts";
import type { RunBasis } from "../runner/run_options.ts";
import { plan } from "../runner/select.ts";
import { shippedDialect } from "../target/dialect.ts";
import { MemorySink, nullSink } from "../wire/mod.ts";

/** What main hands to the worker. */
export interface WorkerContext extends Omit<RunBasis, "seed" | "timeOrigin"> {
  readonly suites: readonly Suite[];
}

/** Serves cases to the thread that started this one. */
export function workerCommand(context: () => Promise<WorkerContext>): void {
  serveRemote(async ({ seed, timeOrigin, captureWire, profile, ...start }) => {
    const { suites, ...basis } = await context();
    const dialect = shippedDialect(start.dialect);
    const labs = new Labs({
      ...basis,
      seed,
      timeOrigin,
      captureWire,
      ...(dialect === undefined ? {} : { dialect }),
    });
    const byId = new Map(plan(suites, basis.requirementOf).map((planned) => [planned.definition.id, planned]));
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
