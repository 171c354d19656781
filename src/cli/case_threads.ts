/** Further threads for the jobs of a selftest: one for each processor beyond the first. */

import type { CaseThread } from "../runner/crew.ts";
import { RemoteError, RemoteRunner, type RemoteStart } from "../runner/remote.ts";
import { CONTRACT_DIALECT } from "../target/dialect.ts";
import type { TargetProfile } from "../target/profile.ts";

/** More threads than this only wait for the one that hands out the jobs. */
const MAX_THREADS = 7;

/** How many further threads gain something. */
export function usefulThreads(parallel: number, processors: number): number {
  return Math.max(0, Math.min(parallel, processors, MAX_THREADS + 1) - 1);
}

/** A thread that starts with its first job. */
function caseThread(programUrl: string, start: RemoteStart): CaseThread {
  let runner: RemoteRunner | undefined;
  return {
    async run({ planned, faults, variants }) {
      try {
        runner ??= new RemoteRunner(programUrl, start);
        const { result } = await runner.run({ id: planned.definition.id, faults, variants, recorded: false });
        return result;
      } catch (error) {
        if (error instanceof RemoteError) return undefined;
        throw error;
      }
    },
    close: () => runner?.close(),
  };
}

/**
 * Makes the threads of a selftest.
 *
 * @param programUrl the program, which is also its own worker; without it there are no further threads.
 */
export function caseThreads(
  programUrl: string | undefined,
  { seed, timeOrigin, parallel }: { readonly seed: number; readonly timeOrigin: number; readonly parallel: number },
): (profile: TargetProfile) => readonly CaseThread[] {
  if (programUrl === undefined) return () => [];
  const count = usefulThreads(parallel, navigator.hardwareConcurrency);
  return (profile) =>
    Array.from(
      { length: count },
      () => caseThread(programUrl, { seed, timeOrigin, dialect: CONTRACT_DIALECT.name, captureWire: false, profile }),
    );
}
