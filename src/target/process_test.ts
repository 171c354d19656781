import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { LiveNetwork, nullSink, systemClock } from "../wire/mod.ts";
import { foundedIdentities } from "./access.ts";
import { NO_ADAPTER } from "./adapter.ts";
import { CONTRACT_DIALECT } from "./dialect.ts";
import { filled, splitCommand } from "./managed_node.ts";
import { type ProcessOptions, ProcessTarget } from "./process.ts";
import { ProcessError } from "./running_child.ts";

const SEED = 6;
const clock = systemClock();
const DEADLINE_MS = 60_000;

/** A node that answers with its identities and notes in its data directory that it was started. */
const NODE = `
const [port, data, manifest] = Deno.args;
Deno.writeTextFileSync(data + "/log.txt", "started\\n", { append: true });
Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, () => new Response(manifest));
`;

async function withTarget(
  command: (folder: string) => string,
  run: (target: ProcessTarget, folder: string) => Promise<void>,
  more: Partial<ProcessOptions> = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/node.js`, NODE);
  const adapter = { ...NO_ADAPTER, logFiles: ["{data}/log.txt"] };
  const target = new ProcessTarget({
    command: command(folder),
    seed: SEED,
    dialect: CONTRACT_DIALECT,
    adapter,
    readyMs: DEADLINE_MS,
    ...more,
  });
  try {
    await run(target, folder);
  } finally {
    await target.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

const sound = (folder: string): string => {
  const { root, node } = foundedIdentities(SEED);
  const manifest = JSON.stringify({ node_id: node.id, community_id: root.id });
  return `${Deno.execPath()} run -A ${folder}/node.js {port} {data} '${manifest}'`;
};

Deno.test("a process has its keys, keeps port and data, and tells how it ended and what it logged", async () => {
  await withTarget(sound, async (target) => {
    const network = new LiveNetwork({ scope: "test", clock, sink: nullSink });
    const own = await target.open(network, { durable: true });
    try {
      const before = own.node;
      assertEquals(before.nodeId, foundedIdentities(SEED).node.id);
      assertEquals(await own.logs?.(), "started\n");
      await own.restart?.("kill");
      assertEquals(own.node, before);
      const ended = await own.end?.("SIGTERM", DEADLINE_MS);
      assertEquals([ended?.ended, ended?.code, ended?.signal], [true, 0, null]);
      assertEquals((await own.begin?.())?.started, true);
      const killed = await own.end?.("SIGKILL", DEADLINE_MS);
      assertEquals([killed?.ended, killed?.code, killed?.signal], [true, null, "SIGKILL"]);
      assertEquals(await own.logs?.(), "started\n".repeat(3));
    } finally {
      await own.close();
      network.close();
    }
  });
});

Deno.test("a process that ends before it answers is quoted", async () => {
  await withTarget(() => `sh -c 'echo no config >&2; exit 4'`, async (target) => {
    const error = await assertRejects(() => target.shared(), ProcessError);
    assertEquals(error.message, "The target ended with code 4 before it answered: no config");
  });
});

Deno.test("a process that does not answer in time is ended, with all it started", async () => {
  const command = (folder: string) => `sh -c 'sleep 1000 & echo $! > ${folder}/pid; wait'`;
  await withTarget(command, async (target, folder) => {
    const error = await assertRejects(() => target.shared(), ProcessError);
    assertMatch(error.message, /^The target did not answer GET \/manifest on port \d+ within 0\.5 s/);
    const pid = (await Deno.readTextFile(`${folder}/pid`)).trim();
    const end = clock.mono() + DEADLINE_MS;
    while (isAlive(pid)) {
      if (clock.mono() > end) throw new Error("the process of the process still runs");
      await clock.sleep(20);
    }
  }, { readyMs: 500 });
});

Deno.test("a command that cannot be started is an error of the tester", async () => {
  await withTarget(() => "/none/at/all {port}", async (target) => {
    const error = await assertRejects(() => target.shared(), ProcessError);
    assertMatch(error.message, /^Cannot start \/none\/at\/all: /);
  });
});

Deno.test("a process that outlives its leader is counted and does not outlive the restart", async () => {
  const command = (folder: string) => `sh -c 'sleep 1000 & echo $! >> ${folder}/pids; exec "$@"' sh ${sound(folder)}`;
  await withTarget(command, async (target, folder) => {
    const network = new LiveNetwork({ scope: "test", clock, sink: nullSink });
    const own = await target.open(network, { durable: true });
    try {
      assertEquals((await own.end?.("SIGTERM", DEADLINE_MS))?.leftovers, Deno.build.os === "linux" ? 1 : null);
      const [left = ""] = (await Deno.readTextFile(`${folder}/pids`)).split("\n");
      assertEquals(isAlive(left), true);
      await own.begin?.();
      assertEquals(isAlive(left), false);
    } finally {
      await own.close();
      network.close();
    }
  });
});

Deno.test("a command is split at spaces and quotes, and known names are filled in", () => {
  assertEquals(splitCommand(`a "b c" 'd "e"' --f=g`), ["a", "b c", 'd "e"', "--f=g"]);
  assertEquals(filled(["--port={port}", "{x}"], { port: "1" }), ["--port=1", "{x}"]);
});

/** Whether a process runs; one that ended and waits for its parent does not. */
function isAlive(pid: string): boolean {
  try {
    const { stdout } = new Deno.Command("ps", { args: ["-o", "stat=", "-p", pid] }).outputSync();
    const state = new TextDecoder().decode(stdout).trim();
    return state !== "" && !state.startsWith("Z");
  } catch {
    return false;
  }
}
