import { assertEquals, assertRejects } from "@std/assert";
import { soundRules } from "../rules.ts";
import { FirstResults, repeatKey } from "./idempotency.ts";

Deno.test("identical calls at the same time share one result", async () => {
  const results = new FirstResults<number>(soundRules);
  let runs = 0;
  const five = await Promise.all(Array.from({ length: 5 }, () => results.once("k", () => ++runs)));
  assertEquals([five, runs], [[1, 1, 1, 1, 1], 1]);
});

Deno.test("a failure is not remembered", async () => {
  const results = new FirstResults<number>(soundRules);
  await assertRejects(() => results.once("k", () => Promise.reject(new Error("no"))));
  assertEquals(await results.once("k", () => 7), 7);
});

Deno.test("keys differ by caller, capability and client id", () => {
  const keys = [["a", "b", "c"], ["a", "b,c", ""], ["a,b", "c", ""]].map(([caller, capability, id]) =>
    repeatKey({ caller: caller ?? "", capability: capability ?? "" }, id ?? "")
  );
  assertEquals(new Set(keys).size, 3);
});

Deno.test("the oldest results are forgotten", async () => {
  const results = new FirstResults<number>({ ...soundRules, repeatsKept: 2 });
  let runs = 0;
  for (const key of ["a", "b", "c", "a"]) await results.once(key, () => ++runs);
  assertEquals(runs, 4);
});

Deno.test("without the lock two calls at the same time both do the work", async () => {
  const results = new FirstResults<number>({ ...soundRules, repeats: "racy" });
  let runs = 0;
  const work = async () => {
    await Promise.resolve();
    return ++runs;
  };
  await Promise.all([results.once("k", work), results.once("k", work)]);
  assertEquals(runs, 2);
});
