import { assert, assertEquals } from "@std/assert";
import type { Clock } from "../src/protocol/mod.ts";
import { heldUp, watched } from "./lag.ts";
import { runPair } from "./pair.ts";
import { answered, listCalls, scripted, silent } from "./testing.ts";

/** A clock whose sleeps take so many times as long as asked. */
function slowClock(factor: number): Clock {
  let now = 0;
  return {
    wall: () => now,
    mono: () => now,
    sleep: (ms) => {
      now += ms * factor;
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}

async function turns(count: number): Promise<string> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
  return "done";
}

Deno.test("a tester that comes late to its own clock was held up", async () => {
  const { value, heldMs } = await watched(slowClock(5), () => turns(4));
  assertEquals(value, "done");
  assert(heldMs >= 400);
  assertEquals((await watched(slowClock(1), () => turns(4))).heldMs, 0);
});

Deno.test("a deadline of one side counts unless the tester was held up", () => {
  const late = (heldMs: number) => ({ ...silent("deadline"), ms: 10_000, heldMs });
  assertEquals(heldUp(late(6000), answered("{}")), "the tester itself was held up for 6000 of 10000 ms");
  assertEquals(heldUp(answered("{}"), late(100)), undefined);
  assertEquals(heldUp(late(9000), late(9000)), undefined);
  assertEquals(heldUp(answered("{}", { heldMs: 9000 }), answered("{}")), undefined);
});

Deno.test("a run whose tester is held up ends there, and nothing is claimed of that step", async () => {
  const plan = { seed: 1, actors: {}, steps: listCalls(4) };
  const late = { ...silent("deadline"), ms: 10_000, heldMs: 9_000 };
  const right = scripted((index) => index === 2 ? late : answered("{}"));
  const run = await runPair(plan, scripted(() => answered("{}")), right);
  assertEquals([run.stop?.who, run.stop?.step, run.findings], ["tester", 2, []]);
  const truly = scripted((index) => index === 2 ? { ...late, heldMs: 0 } : answered("{}"));
  assertEquals((await runPair(plan, scripted(() => answered("{}")), truly)).findings.map(({ path }) => path), [
    "connection",
  ]);
});

Deno.test("slower is who took longer, not whom the tester saw later", async () => {
  const plan = { seed: 1, actors: {}, steps: listCalls(1) };
  const slow = (heldMs: number) => scripted(() => answered("{}", { ms: 1800, heldMs }));
  const found = async (heldMs: number) =>
    (await runPair(plan, scripted(() => answered("{}")), slow(heldMs))).findings.map(({ path }) => path);
  assertEquals(await found(20), ["timing"]);
  assertEquals(await found(1500), []);
});
