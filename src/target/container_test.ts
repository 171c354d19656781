import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { LiveNetwork, nullSink, systemClock } from "../wire/mod.ts";
import { foundedIdentities } from "./access.ts";
import { type ContainerOptions, ContainerTarget, createArguments, ManagedContainer } from "./container.ts";
import { CONTRACT_DIALECT } from "./dialect.ts";
import { endNode } from "./managed_node.ts";
import { ProcessError } from "./running_child.ts";
import { FakeEngine } from "./testing_engine.ts";

const SEED = 5;
const clock = systemClock();
/** Generous: the machine may be busy. */
const DEADLINE_MS = 60_000;

function optionsOf(fake: FakeEngine, image: string, more: Partial<ContainerOptions> = {}): ContainerOptions {
  return {
    engine: fake.engine,
    image,
    command: [],
    args: [],
    seed: SEED,
    clock,
    readyMs: DEADLINE_MS,
    logFiles: [],
    ...more,
  };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = clock.mono() + DEADLINE_MS;
  while (!await holds()) {
    if (clock.mono() > end) throw new Error("the condition did not come to hold");
    await clock.sleep(20);
  }
}

Deno.test("a container gets a port, a volume with the keys, the variables and the arguments of the operator", async () => {
  await using fake = await FakeEngine.make(SEED);
  const node = await ManagedContainer.create(
    optionsOf(fake, "sound", { args: ["--memory=64m"], command: ["--port={port}", "--data", "{data}", "{other}"] }),
  );
  try {
    const { endpoint, nodeId, communityId } = await node.start();
    const { root, node: own } = foundedIdentities(SEED);
    assertEquals([nodeId, communityId], [own.id, root.id]);
    const [create = []] = await fake.calls("create");
    assertEquals(create, [
      ...["create", "--name", node.name, "--label", "hearthproof.target", "--interactive", "--volume", "/data"],
      ...["--publish", `127.0.0.1:${endpoint.port}:7900`],
      ...["--env", "HEARTHNET_HOST=0.0.0.0", "--env", "HEARTHNET_PORT=7900", "--env", "HEARTHNET_DATA=/data/node"],
      ...["--env", "HEARTHNET_ROOT_KEY=/data/node/root.key", "--env", "HEARTHNET_NODE_KEY=/data/node/node.key"],
      ...["--memory=64m", "sound", "--port=7900", "--data", "/data/node", "{other}"],
    ]);
    assertEquals(await fake.file(node.name, "/data/node/root.key"), root.seed);
    assertEquals(await fake.file(node.name, "/data/node/node.key"), own.seed);
    assertEquals(await node.memoryBytes(), 12.5 * 1024 * 1024);
  } finally {
    await node.remove();
  }
  assertEquals(fake.containers(), []);
});

Deno.test("in the network of the machine nothing is published and the node gets a free port of it", () => {
  const base = { engine: undefined as never, image: "i", command: [], seed: SEED, clock, readyMs: 1, logFiles: [] };
  for (const args of [["--network=host"], ["--net", "host"], ["--network", "host"]]) {
    const words = createArguments({ ...base, args }, "n", 20_001);
    assertEquals(words.includes("--publish"), false);
    assertEquals(words.filter((word) => /^HEARTHNET_(HOST|PORT)/.test(word)), [
      "HEARTHNET_HOST=127.0.0.1",
      "HEARTHNET_PORT=20001",
    ]);
  }
  assertEquals(createArguments({ ...base, args: ["--network", "bridge"] }, "n", 20_001).includes("--publish"), true);
});

Deno.test("a stop and a kill keep port and volume, and tell how the node ended", async () => {
  await using fake = await FakeEngine.make(SEED);
  const node = await ManagedContainer.create(optionsOf(fake, "sound"));
  try {
    const first = await node.start();
    assertEquals(await endNode(node, "SIGTERM"), { code: 0, signal: null, byItself: true });
    assertEquals(await node.start(), first);
    assertEquals(await endNode(node, "SIGKILL"), { code: null, signal: "SIGKILL", byItself: true });
    assertEquals(await node.start(), first);
    const starts = new TextDecoder().decode(await fake.file(node.name, "/data/node/starts"));
    assertEquals(starts, "started\n".repeat(3));
  } finally {
    await node.remove();
  }
  assertEquals(fake.containers(), []);
});

Deno.test("a node that ignores SIGTERM is killed at the deadline, and the outcome says so", async () => {
  await using fake = await FakeEngine.make(SEED);
  const node = await ManagedContainer.create(optionsOf(fake, "stubborn"));
  try {
    await node.start();
    assertEquals(await endNode(node, "SIGTERM", 200), { code: null, signal: "SIGKILL", byItself: false });
  } finally {
    await node.remove();
  }
});

Deno.test("a container that ends before it answers is quoted and removed", async () => {
  await using fake = await FakeEngine.make(SEED);
  const target = targetOf(fake, "ends");
  const error = await assertRejects(() => target.shared(), ProcessError);
  assertEquals(error.message, "The target ended with code 3 before it answered: Cannot read the configuration");
  assertEquals(fake.containers(), []);
});

Deno.test("a container that does not answer in time is removed", async () => {
  await using fake = await FakeEngine.make(SEED);
  const error = await assertRejects(() => targetOf(fake, "silent", { readyMs: 200 }).shared(), ProcessError);
  assertMatch(error.message, /^The target did not answer GET \/manifest on port \d+ within 0\.2 s \(--start-deadline/);
  assertEquals(fake.containers(), []);
});

Deno.test("Ctrl-C while a container starts removes it", async () => {
  await using fake = await FakeEngine.make(SEED);
  const interrupted = new AbortController();
  const starting = targetOf(fake, "silent", { signal: interrupted.signal }).shared();
  await until(() => fake.containers().length > 0);
  interrupted.abort();
  const error = await assertRejects(() => starting, ProcessError);
  assertMatch(error.message, /interrupted/);
  await until(() => fake.containers().length === 0);
});

Deno.test("an image that is not there is the engine's own error", async () => {
  await using fake = await FakeEngine.make(SEED);
  const error = await assertRejects(() => targetOf(fake, "nothing").shared(), ProcessError);
  assertEquals(error.message, "Cannot make a container of nothing: Error: no such image");
});

Deno.test("a container that cannot be removed is named with the command that removes it", async () => {
  await using fake = await FakeEngine.make(SEED);
  const node = await ManagedContainer.create(optionsOf(fake, "sound"));
  await fake.stick();
  const error = await assertRejects(() => node.remove(), ProcessError);
  assertStringIncludes(error.message, "device or resource busy");
  assertStringIncludes(error.message, `docker rm -f -v ${node.name}`);
});

Deno.test("the newest log file of a container is read, and none is empty", async () => {
  await using fake = await FakeEngine.make(SEED);
  const node = await ManagedContainer.create(optionsOf(fake, "sound", { logFiles: ["{data}/starts", "/none"] }));
  try {
    assertEquals(await node.logs(), "");
    await node.start();
    assertEquals(await node.logs(), "started\n");
  } finally {
    await node.remove();
  }
});

Deno.test("sessions share a container, one that restarts its node has its own, and all are removed", async () => {
  await using fake = await FakeEngine.make(SEED);
  const target = targetOf(fake, "sound");
  const network = new LiveNetwork({ scope: "test", clock, sink: nullSink });
  try {
    const [a, b] = [await target.open(network, {}), await target.open(network, {})];
    assertEquals(a.node, b.node);
    assertEquals(fake.containers().length, 1);
    const own = await target.open(network, { durable: true });
    assertEquals(fake.containers().length, 2);
    const before = own.node;
    await own.restart?.("kill");
    assertEquals(own.node, before);
    const outcome = await own.end?.("SIGTERM", DEADLINE_MS);
    assertEquals([outcome?.ended, outcome?.code, outcome?.signal, outcome?.leftovers], [true, 0, null, 0]);
    assertEquals((await own.begin?.())?.started, true);
    await own.close();
    assertEquals(fake.containers().length, 1);
  } finally {
    network.close();
    await target.stop();
  }
  assertEquals(fake.containers(), []);
});

Deno.test("a container is removed when the tester is killed", async () => {
  await using fake = await FakeEngine.make(SEED);
  const program = `
    import { ContainerEngine } from "${import.meta.resolve("./container_engine.ts")}";
    import { ManagedContainer } from "${import.meta.resolve("./container.ts")}";
    import { systemClock } from "${import.meta.resolve("../wire/mod.ts")}";
    const clock = systemClock();
    const engine = new ContainerEngine(["${fake.home}/docker"], clock);
    const node = await ManagedContainer.create(
      { engine, image: "sound", command: [], args: [], seed: ${SEED}, clock, readyMs: ${DEADLINE_MS}, logFiles: [] },
    );
    await node.start();
    console.log("ready");
    await clock.sleep(1e9);
  `;
  const args = ["eval", "--no-check", "--ext=ts", program];
  await using tester = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  const reader = tester.stdout.getReader();
  assertEquals(new TextDecoder().decode((await reader.read()).value), "ready\n");
  assertEquals(fake.containers().length, 1);
  tester.kill("SIGKILL");
  await reader.cancel();
  await until(() => fake.containers().length === 0);
});

function targetOf(fake: FakeEngine, image: string, more: Partial<ContainerOptions> = {}): ContainerTarget {
  const { engine: _, ...options } = optionsOf(fake, image, more);
  return new ContainerTarget({ ...options, dialect: CONTRACT_DIALECT, engine: `"${fake.home}/docker"` });
}
