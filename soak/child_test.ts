import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { selfCommand } from "../src/cli/self_command.ts";
import { systemClock } from "../src/wire/clock.ts";
import { ChildError, NodeChild } from "./child.ts";
import { endOrphan, startOf } from "./orphan.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;

function commandLine(args: readonly string[]): string {
  const self = selfCommand(MAIN, args);
  return [self.program, ...self.args].map((word) => `"${word}"`).join(" ");
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-child-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a command of the operator is started on a free port, restarted on the same, and stopped", async () => {
  await inFolder(async (data) => {
    const command = commandLine(["node", "--port", "{port}", "--data", "{data}"]);
    const child = await NodeChild.start({ what: { kind: "exec", command }, clock: systemClock(), data, seed: 3 });
    const { url, pid } = child;
    assert(pid !== undefined && startOf(pid) !== undefined);
    await child.restart("SIGKILL");
    assertEquals(child.url, url);
    assert(child.pid !== pid);
    assertEquals(startOf(pid), undefined);
    const last = child.pid ?? 0;
    await child.stop();
    assertEquals([startOf(last), child.pid], [undefined, undefined]);
  });
});

Deno.test("a command that ends at once is told with its last words", async () => {
  await inFolder(async (data) => {
    const what = { kind: "exec", command: `sh -c "echo no such node >&2; exit 3" {port}` } as const;
    const started = NodeChild.start({ what, clock: systemClock(), data, seed: 3 });
    const error = await assertRejects(() => started, ChildError);
    assert(error.message.includes("it ended") && error.message.includes("no such node"), error.message);
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
