import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import * as fc from "fast-check";
import { shrink } from "./shrink.ts";

/** A synthetic target: it differs exactly when all these steps were taken. */
async function shrunk(size: number, needs: readonly (readonly number[])[], cause: readonly number[], target: number) {
  let runs = 0;
  const result = await shrink({
    size,
    needs,
    target,
    related: [],
    expired: () => false,
    shows: (indices) => {
      runs++;
      for (const index of indices) for (const needed of needs[index] ?? []) assert(indices.includes(needed));
      return Promise.resolve(cause.every((index) => indices.includes(index)));
    },
  });
  return { ...result, runs };
}

Deno.test("a difference of one call shrinks to that call in one run", async () => {
  const { indices, runs } = await shrunk(100, [], [57], 57);
  assertEquals(indices, [57]);
  assertEquals(runs, 1);
});

Deno.test("what the step needs stays", async () => {
  const needs = Array.from({ length: 30 }, (_, i) => i === 20 ? [4] : i === 4 ? [1] : []);
  assertEquals((await shrunk(30, needs, [20], 20)).indices, [1, 4, 20]);
});

Deno.test("any set of causes is found, and nothing else is left", async () => {
  const causes = fc.uniqueArray(fc.integer({ min: 0, max: 38 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(causes, async (before) => {
      const cause = [...before.sort((a, b) => a - b), 39];
      const { indices, minimal } = await shrunk(40, [], cause, 39);
      assertEquals(indices, cause);
      assertEquals(minimal, true);
    }),
    { numRuns: 50 },
  );
});

Deno.test("a difference that does not come back is given up", async () => {
  const { indices, attempts } = await shrunk(10, [], [99], 9);
  assertEquals(indices, undefined);
  assertLessOrEqual(attempts, 4);
});
