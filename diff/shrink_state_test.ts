import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../src/cli/parse.ts";
import { readState, SEQUENCE_FILE, ShrinkLedger, STATE_FILE } from "./shrink_state.ts";
import { listCalls } from "./testing.ts";

const HEAD = {
  left: "embedded",
  right: "http://127.0.0.1:1",
  plan: { seed: 5, actors: { m1: "member" as const }, steps: listCalls(3) },
  timeOrigin: 1_790_000_000_000,
  mask: [{ address: "x.y", path: "output.z", why: "varies" }],
  calibrationRuns: 4,
};

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-state-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("what was reached is there again for the same comparison and for no other", async () => {
  await inFolder(async (folder) => {
    const saved = { indices: [0, 2], removed: true, attempts: 7, confidence: "3 of 3 on fresh nodes" };
    await (await ShrinkLedger.open(folder, HEAD)).put("a key", saved);
    assertEquals((await ShrinkLedger.open(folder, HEAD)).get("a key"), saved);
    assertEquals((await ShrinkLedger.open(folder, { ...HEAD, right: "embedded" })).get("a key"), undefined);
    assertEquals((await ShrinkLedger.open(folder, HEAD)).get("a key"), undefined);
  });
});

Deno.test("a folder can be resumed with sequence, sides and mask", async () => {
  await inFolder(async (folder) => {
    await ShrinkLedger.open(folder, HEAD);
    const { plan, left, right, mask, calibrationRuns, timeOrigin } = await readState(folder);
    assertEquals<unknown>({ left, right, mask: [...mask], calibrationRuns, timeOrigin, plan }, HEAD);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [SEQUENCE_FILE, STATE_FILE]);
  });
});

Deno.test("a state that someone broke is refused with its folder, or its broken parts are left out", async () => {
  await inFolder(async (folder) => {
    await ShrinkLedger.open(folder, HEAD);
    const path = join(folder, STATE_FILE);
    const value = JSON.parse(await Deno.readTextFile(path));
    const reductions = { a: { indices: "all", attempts: 1 }, b: { indices: [1], attempts: 2, removed: false } };
    await Deno.writeTextFile(path, JSON.stringify({ ...value, reductions }));
    const ledger = await ShrinkLedger.open(folder, HEAD);
    assertEquals([ledger.get("a"), ledger.get("b")?.attempts], [undefined, 2]);
    await Deno.writeTextFile(path, '{"schema":"other"}');
    await assertRejects(() => readState(folder), UsageError, folder);
  });
});
