import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { parseCommandLine } from "../src/cli/parse.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import { systemClock } from "../src/wire/clock.ts";
import { startOf } from "./orphan.ts";
import { SOAK } from "./soak_spec.ts";
import { openTarget } from "./soak_target.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;

/** Our own node as a command of an operator, behind a shell that stays. */
function command(): string {
  const { program, args } = selfCommand(MAIN, ["node", "--port", "{port}", "--data", "{data}"]);
  return `exec:sh -c "${[program, ...args].map((word) => `'${word}'`).join(" ")}; exit 0"`;
}

function open(target: string, folder: string) {
  const { options } = parseCommandLine(["soak", "--target", target], [SOAK]);
  return openTarget(options, { clock: systemClock(), seed: 3, timeOrigin: 1, folder, programUrl: MAIN });
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-target-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a command of the operator is restarted on the same address and data, all of it is ended, and its data stay", async () => {
  await inFolder(async (folder) => {
    const opened = await open(command(), folder);
    const { child, data = "", named } = opened;
    assert(child !== undefined);
    const first = { url: child.url, pid: child.pid ?? 0 };
    assertEquals([named.kind, data], ["process", join(folder, "node-1")]);
    const keys = await Deno.readFile(join(data, "root.key"));
    await child.restart("SIGKILL");
    assertEquals(child.url, first.url);
    assert(child.pid !== first.pid);
    assertEquals(startOf(first.pid), undefined);
    const noted = JSON.parse(await Deno.readTextFile(join(data, "process.json")));
    assertEquals(noted.pid, child.pid);
    await opened.stop();
    const { port } = new URL(first.url);
    // Also what the shell started is gone: the port is free at once.
    Deno.listen({ hostname: "127.0.0.1", port: Number(port) }).close();
    assertEquals(await Deno.readFile(join(data, "root.key")), keys);
  });
});

Deno.test("a command that ends at once is told with its last words", async () => {
  await inFolder(async (folder) => {
    const failing = () => open('exec:sh -c "echo no such node >&2; exit 3" {port}', folder);
    const error = await assertRejects(failing, Error);
    assertEquals(error.name, "ProcessError");
    assert(error.message.includes("code 3") && error.message.includes("no such node"), error.message);
  });
});
