import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { LiveNetwork, MemorySink, ReplayNetwork, systemClock } from "../wire/mod.ts";
import { type Adapter, NO_ADAPTER, parseAdapter } from "./adapter.ts";
import {
  AdapterError,
  endCommand,
  featuresOf,
  provisionCommands,
  restartCommands,
  runAdapterCommand,
} from "./adapter_commands.ts";

const adapter = (commands: Adapter["commands"]): Adapter => ({ ...NO_ADAPTER, commands });

Deno.test("commands open the features they are for", () => {
  assertEquals(featuresOf(NO_ADAPTER), []);
  assertEquals(featuresOf(adapter({ start: "a", stop: "b" })), ["managed"]);
  assertEquals(featuresOf(adapter({ start: "a" })), []);
  assertEquals(featuresOf(adapter({ cut_network: "a" })), []);
  assertEquals(featuresOf(adapter({ cut_network: "a", restore_network: "b", disk_cap: "c" })), [
    "disk-cap",
    "network-control",
  ]);
});

Deno.test("log files, a clock and a way to damage the audit chain open their words", () => {
  const commands = { clock: "shift {seconds}", corrupt_chain: "scratch" };
  assertEquals(featuresOf({ ...adapter(commands), logFiles: ["/var/log/node.log"] }), [
    "log-access",
    "clock",
    "corruption-hook",
  ]);
});

Deno.test("a node is ended by the command for the signal, and not at all where it can only be restarted", () => {
  const commands = { start: "up", stop: "down", kill: "axe" };
  assertEquals(endCommand(commands, "SIGTERM"), "down");
  assertEquals(endCommand(commands, "SIGKILL"), "axe");
  assertEquals(endCommand({ start: "up", stop: "down" }, "SIGKILL"), "down");
  assertEquals(endCommand({ restart: "again" }, "SIGTERM"), undefined);
});

Deno.test("a restart kills only where the adapter can", () => {
  assertEquals(restartCommands({ start: "up", stop: "down", kill: "axe" }, "kill"), ["axe", "up"]);
  assertEquals(restartCommands({ start: "up", stop: "down" }, "kill"), ["down", "up"]);
  assertEquals(restartCommands({ restart: "again" }, "stop"), ["again"]);
});

Deno.test("provisions fill the placeholders, and what has no command is an error", () => {
  const commands = { backend_fault: "backend {mode}", disk_cap: "disk {bytes}" };
  assertEquals(provisionCommands(commands, { backendFault: "hang", diskBudgetBytes: 1024 }), [
    "backend hang",
    "disk 1024",
  ]);
  assertThrows(() => provisionCommands({}, { backendFault: "fail" }), AdapterError, "backend_fault");
  assertThrows(() => provisionCommands(commands, { websocket: false }), AdapterError, "websocket");
});

Deno.test("a command runs once, and a recheck takes its end from the transcript", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-adapter-" });
  const sink = new MemorySink();
  const live = new LiveNetwork({ scope: "x", sink, clock: systemClock() });
  await runAdapterCommand(live, `echo once >> ${folder}/log`);
  await assertRejects(() => runAdapterCommand(live, "echo broken >&2; exit 3"), AdapterError, "code 3: broken");
  await live.close();
  await runAdapterCommand(new ReplayNetwork(sink.records), `echo once >> ${folder}/log`);
  assertEquals(await Deno.readTextFile(`${folder}/log`), "once\n");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a command that leaves a process in the background is over when it ends itself", async () => {
  const live = new LiveNetwork({ scope: "x", sink: new MemorySink(), clock: systemClock() });
  const pidFile = await Deno.makeTempFile({ prefix: "hearthproof-adapter-" });
  await runAdapterCommand(live, `sleep 600 & echo $! > ${pidFile}`);
  Deno.kill(Number(await Deno.readTextFile(pidFile)), "SIGKILL");
  await Deno.remove(pidFile);
  await live.close();
});

Deno.test("an adapter file is read, and a mistake in it is named", () => {
  const read = parseAdapter("isolated: true\nsecond_url: http://127.0.0.1:1\ncommands: {restart: again}\n", "a.yaml");
  assertEquals([read.isolated, read.secondUrl, read.commands.restart], [true, "http://127.0.0.1:1", "again"]);
  const roles = "[{role: district, severity_cap: warning, region: DE.NRW, cancels: [town]}]";
  const full = parseAdapter(`log_files: [a, b]\nauditor_key: auditor.key\nrole_schema: ${roles}\n`, "a.yaml");
  assertEquals([full.logFiles, full.auditorKey], [["a", "b"], "auditor.key"]);
  assertEquals(full.roleSchema, [{ role: "district", severityCap: "warning", region: "DE.NRW", cancels: ["town"] }]);
  assertThrows(() => parseAdapter("role_schema: [{role: x}]", "a.yaml"), TypeError, "severity_cap");
  assertThrows(() => parseAdapter("log_files: [1]", "a.yaml"), TypeError, "log_files");
  assertThrows(() => parseAdapter("corpus: x", "a.yaml"), TypeError, "unknown member corpus");
  assertThrows(() => parseAdapter("commands: {explode: now}", "a.yaml"), TypeError, "commands.explode");
  assertThrows(() => parseAdapter("blobs: [{cid: x}]", "a.yaml"), TypeError, "blobs");
});
