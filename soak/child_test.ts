import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { systemClock } from "../src/wire/clock.ts";
import { ChildError, NodeChild } from "./child.ts";
import { endOrphan, startOf } from "./orphan.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-child-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the built-in node is restarted on the same address, with the keys of its data, and stopped", async () => {
  await inFolder(async (data) => {
    const child = await NodeChild.start({ main: MAIN, faults: [], clock: systemClock(), data, seed: 3 });
    const { url, pid } = child;
    const { root } = await child.keys();
    assert(pid !== undefined && startOf(pid) !== undefined);
    await child.restart("SIGKILL");
    assertEquals([child.url, (await child.keys()).root.id], [url, root.id]);
    assert(child.pid !== pid);
    assertEquals(startOf(pid), undefined);
    const last = child.pid ?? 0;
    await child.stop();
    assertEquals([startOf(last), child.pid], [undefined, undefined]);
  });
});

Deno.test("a node that does not come up is told with its last words", async () => {
  await inFolder(async (data) => {
    const started = NodeChild.start({ main: MAIN, faults: ["no-such-fault"], clock: systemClock(), data, seed: 3 });
    const error = await assertRejects(() => started, ChildError);
    assert(error.message.includes("no-such-fault"), error.message);
  });
});

Deno.test("an orphan is found by the moment it started, and nobody else is touched", async () => {
  if (Deno.build.os !== "linux") return;
  await inFolder(async (folder) => {
    const file = join(folder, "process.json");
    const sleeper = new Deno.Command("sleep", { args: ["600"], stdin: "null", detached: true }).spawn();
    await Deno.writeTextFile(file, JSON.stringify({ pid: sleeper.pid, started: "1" }));
    await endOrphan(file, systemClock(), 0);
    assert(startOf(sleeper.pid) !== undefined, "a stranger with the same number");
    sleeper.kill("SIGSTOP");
    await Deno.writeTextFile(file, JSON.stringify({ pid: sleeper.pid, started: startOf(sleeper.pid) }));
    await endOrphan(file, systemClock(), 0);
    assertEquals((await sleeper.status).signal, "SIGTERM");
  });
});
