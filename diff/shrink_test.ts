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

Deno.test("two steps that only matter together go together", async () => {
  let runs = 0;
  const { indices } = await shrink({
    size: 6,
    needs: [],
    target: 5,
    related: [],
    expired: () => false,
    // Step 2 hides the difference and step 3 brings it back.
    shows: (kept) => {
      runs++;
      return Promise.resolve([0, 1, 5].every((one) => kept.includes(one)) && kept.includes(2) === kept.includes(3));
    },
  });
  assertEquals(indices, [0, 1, 5]);
  assertLessOrEqual(runs, 40);
});

Deno.test("another step that showed it is taken where it shows it alone", async () => {
  const shows = (kept: readonly number[]) =>
    Promise.resolve(kept.includes(7) || [1, 4].every((one) => kept.includes(one)));
  const task = { size: 9, needs: [], target: 4, related: [], expired: () => false, shows };
  assertEquals((await shrink({ ...task, others: [7] })).indices, [7]);
  assertEquals((await shrink(task)).indices, [1, 4]);
});

Deno.test("removal goes on from a sequence reached before, and tells every step forward", async () => {
  const told: (readonly number[])[] = [];
  const { indices, attempts } = await shrink({
    size: 100,
    needs: [],
    target: 90,
    related: [],
    from: [3, 40, 90],
    expired: () => false,
    shows: (kept) => Promise.resolve(kept.includes(40) && kept.includes(90)),
    reached: (kept) => {
      told.push(kept);
      return Promise.resolve();
    },
  });
  assertEquals(indices, [40, 90]);
  assertEquals([told[0], told.at(-1)], [[3, 40, 90], [40, 90]]);
  assertLessOrEqual(attempts, 5);
});

Deno.test("what shows only at the second try of the same sequence is unsteady", async () => {
  let tries = 0;
  let unsteady = false;
  await shrink({
    size: 3,
    needs: [],
    target: 2,
    related: [],
    expired: () => false,
    shows: (kept) => Promise.resolve(kept.length === 3 && ++tries > 1),
    unsteady: () => {
      unsteady = true;
    },
  });
  assertEquals(unsteady, true);
});

Deno.test("a budget that ends leaves what was reached", async () => {
  let runs = 0;
  const { indices, minimal } = await shrink({
    size: 50,
    needs: [],
    target: 49,
    related: [],
    expired: () => runs >= 4,
    shows: (kept) => {
      runs++;
      return Promise.resolve([10, 20, 30, 49].every((one) => kept.includes(one)));
    },
  });
  assertEquals(minimal, false);
  assert(indices !== undefined && [10, 20, 30, 49].every((one) => indices.includes(one)));
});
