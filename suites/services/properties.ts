/** Properties over generated sequences inside a case: the seed is the case's, a violation shows the minimal sequence. */

import fc from "fast-check";
import type { CaseContext } from "../../src/runner/case.ts";
import { Violation } from "../../src/runner/verdict.ts";

/** How many smaller sequences are tried after a violation, unless each of them waits for something. */
const MAX_SHRINKS = 20;

/**
 * Runs a check on generated values, which raises through `must`; `run` numbers the attempts from 0. Everything else that
 * is raised ends the case as it would outside of a property.
 */
export async function holdsForAll<T>(
  context: CaseContext,
  arbitrary: fc.Arbitrary<T>,
  runs: number,
  check: (value: T, run: number) => Promise<void>,
  maxShrinks = MAX_SHRINKS,
): Promise<void> {
  const seed = context.random.uint32() | 0;
  let attempts = 0;
  let shrinks = 0;
  let violation: { readonly error: Violation; readonly sequence: string } | undefined;
  let raised: { readonly error: unknown } | undefined;
  const property = fc.asyncProperty(arbitrary, async (value) => {
    if (raised !== undefined || (violation !== undefined && ++shrinks > maxShrinks)) return;
    try {
      await check(value, attempts++);
    } catch (error) {
      if (error instanceof Violation) {
        violation = { error, sequence: fc.stringify(value) };
        throw error;
      }
      raised = { error };
    }
  });
  await fc.check(property, { seed, numRuns: runs });
  if (raised !== undefined) throw raised.error;
  if (violation === undefined) return;
  const { error: { difference }, sequence } = violation;
  context.must({ ...difference, observed: `${difference.observed}; minimal sequence ${sequence}, seed ${seed}` });
}
