import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { isObject, tryParseJson } from "../src/protocol/mod.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import { systemClock } from "../src/wire/clock.ts";
import { soakInProcess } from "./testing_run.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;

/** A node of its own process, and where to find it. */
async function startNode(folder: string) {
  const { program, args } = selfCommand(MAIN, ["node", "--port", "0", "--data", folder, "--profile", "civil-defence"]);
  const node = new Deno.Command(program, { args: [...args], stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const reader = node.stdout.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  const ready = tryParseJson(new TextEncoder().encode(text));
  if (!isObject(ready) || typeof ready.url !== "string" || typeof ready.root_key !== "string") {
    throw new Error(`Cannot start the node: it said ${text}`);
  }
  return {
    url: ready.url,
    rootKey: ready.root_key,
    async stop() {
      await node.stdin.close();
      await reader.cancel();
      await node.status;
    },
  };
}

Deno.test("two shards of one run against one node merge into one report", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-shards-" });
  const node = await startNode(join(folder, "node"));
  try {
    const origin = String(systemClock().wall() + 500);
    const shard = (index: number) =>
      soakInProcess([
        ...["--target", node.url, "--root-key", node.rootKey, "--allow-writes", "--duration", "4s", "--rate", "40/s"],
        ...["--time-origin", origin, "--shard", `${index}/2`, "--output-dir", join(folder, `s${index}`)],
      ]);
    const [one, two] = await Promise.all([shard(1), shard(2)]);
    for (const { report } of [one, two]) {
      assertEquals(report.monitors.filter(({ outcome }) => outcome === "violated"), []);
    }
    const merged = await soakInProcess([
      "merge",
      join(folder, "s2"),
      join(folder, "s1"),
      "--output-dir",
      join(folder, "m"),
    ]);
    const { events, load, latency } = merged.report;
    assertEquals(load.calls, one.report.load.calls + two.report.load.calls);
    // 4 s at 40/s, however many processes share them.
    assertEquals(load.calls, 160);
    assertEquals(events.observed, one.report.events.observed + two.report.events.observed);
    assertEquals([events.lost, events.duplicated], [0, 0]);
    assertEquals(latency.max, Math.max(one.report.latency.max ?? 0, two.report.latency.max ?? 0));
    assert(merged.report.series.some(({ name }) => name === "latency.p50 (shard 2)"));
    assertStringIncludes(merged.out, "Report:");
  } finally {
    await node.stop();
    await Deno.remove(folder, { recursive: true });
  }
});
