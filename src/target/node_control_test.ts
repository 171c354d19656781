import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { LiveNetwork, MemorySink, nullSink, ReplayNetwork, systemClock, type TranscriptRecord } from "../wire/mod.ts";
import { EmbeddedTarget } from "./embedded.ts";
import { NodeControl } from "./node_control.ts";
import type { Network } from "../wire/mod.ts";

const CLOCK = systemClock();
const T0 = Date.UTC(2026, 10, 21);
const DEADLINE_MS = 10_000;

/** Ends an embedded node, starts it again and reads its log. */
async function lifeOf(network: Network, faults: readonly string[] = []) {
  const target = new EmbeddedTarget({ seed: 5, timeOrigin: T0, faults });
  const host = await target.open(network, { durable: true });
  try {
    const control = new NodeControl(network, host);
    const first = host.node;
    const ended = await control.end("SIGTERM", DEADLINE_MS);
    const begun = await control.begin();
    const logs = await control.logs();
    return { separate: control.separate, first, ended: ended.ended, begun, second: host.node, logs };
  } finally {
    await host.close();
  }
}

Deno.test("an embedded node is ended and started on its data, and a recheck sees the same without one", async () => {
  const records: TranscriptRecord[] = [];
  const live = new LiveNetwork({ scope: "x", sink: { record: (record) => void records.push(record) }, clock: CLOCK });
  const seen = await lifeOf(live);
  await live.close();
  assert(seen.separate && seen.ended && seen.begun.started);
  assertEquals(seen.second.nodeId, seen.first.nodeId);
  assertStringIncludes(seen.logs, '"msg":"stopped"');
  assertEquals(await lifeOf(new ReplayNetwork(records)), seen);
});

Deno.test("a node that does not start again is an outcome that says why", async () => {
  const live = new LiveNetwork({ scope: "x", sink: nullSink, clock: CLOCK });
  const { begun } = await lifeOf(live, ["lock-file-left"]);
  await live.close();
  assertEquals(begun.started, false);
  assertStringIncludes(begun.why, "node.lock");
});

Deno.test("what a target does not provide is an error of the harness", async () => {
  const live = new LiveNetwork({ scope: "x", sink: new MemorySink(), clock: CLOCK });
  const node = { endpoint: { scheme: "http" as const, host: "127.0.0.1", port: 1 }, nodeId: "", communityId: "" };
  const control = new NodeControl(live, { node, close: () => Promise.resolve() });
  assertEquals(control.separate, false);
  for (const ask of [() => control.end(), () => control.begin(), () => control.logs(), () => control.moveClock(1)]) {
    await assertRejects(ask, Error, "the target does not provide it");
  }
  await assertRejects(() => control.corruptChain(), Error, "the target does not provide it");
  await live.close();
});
