import { assertEquals, assertMatch } from "@std/assert";
import { connect } from "node:net";
import { systemClock } from "../wire/clock.ts";
import { type Frame, NodeError } from "./core.ts";
import type { Overrides } from "./fault.ts";
import { rawExchange, rawRequest, signedCall } from "./http/fake_client.ts";
import { type FakeHandler, fakeNode, MEMBER } from "./http/fake_parts.ts";
import { defaultNodeOptions, ReferenceNode } from "./node.ts";
import { behaviourOf } from "./with.ts";

const clock = systemClock();

/** A node whose `test.stream` sends a frame and then waits for its end, and whose `test.slow` answers when told. */
async function busyNode(overrides: readonly Overrides[] = []) {
  const began = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  async function* frames(signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    yield await Promise.resolve({ event: "token", data: { text: "a" } });
    began.resolve();
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    throw new NodeError("timeout", "Cannot go on");
  }
  const handlers: Record<string, FakeHandler> = {
    "test.stream": ({ signal }) => ({ kind: "stream", frames: frames(signal) }),
    "test.slow": async () => {
      began.resolve();
      await answer.promise;
      return { kind: "unary", body: { output: { late: true }, meta: { ms: 1 } } };
    },
  };
  const options = { ...defaultNodeOptions({ clock }), ...behaviourOf(overrides) };
  const node = await ReferenceNode.start(options, fakeNode(handlers).parts);
  return { node, began: began.promise, answer: answer.resolve };
}

function call(node: ReferenceNode, capability: string): Promise<string> {
  const { headers, body } = signedCall(node, { capability }, MEMBER);
  return rawExchange(node, rawRequest("POST", "/bus/v1/call", headers, body));
}

/** Whether something listens on the node's port. */
function listens(node: ReferenceNode): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(node.url).port) });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false)).once("connect", () => socket.end());
  });
}

Deno.test("a stream that runs when the node is asked to stop ends in an error frame", async () => {
  const { node, began } = await busyNode();
  const text = call(node, "test.stream");
  await began;
  await node.shutdown();
  assertMatch(await text, /event: token\n[^]*event: error\ndata: \{"error":"partition"[^]*\}\n\n$/);
  assertEquals(await listens(node), false);
});

Deno.test("a call that runs when the node is asked to stop is answered, and its connection closed", async () => {
  const { node, began, answer } = await busyNode();
  const text = call(node, "test.slow");
  await began;
  const stopped = node.shutdown();
  assertEquals(await listens(node), false);
  answer();
  assertMatch(await text, /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n[^]*"late":true/);
  await stopped;
});

Deno.test("idle connections and open polls do not hold up the stop", async () => {
  const { node } = await busyNode();
  const idle = connect({ host: "127.0.0.1", port: Number(new URL(node.url).port) });
  const closed = new Promise<void>((resolve) => idle.once("close", () => resolve()));
  await new Promise<void>((resolve) => idle.once("connect", () => resolve()));
  const target = "/pubsub/v1/subscribe?topic=community.member.revoked&timeout=60";
  const poll = rawExchange(node, rawRequest("GET", target, {}));
  while ((node.core.topics.subscribers?.("community.member.revoked") ?? 0) === 0) await clock.sleep(1);
  await node.shutdown();
  assertMatch(await poll, /"timeout":true/);
  await closed;
});

Deno.test("work that does not end is cut off when the drain time is over", async () => {
  const { node, began, answer } = await busyNode([{ rules: { drainMs: 50 } }]);
  const text = call(node, "test.slow");
  await began;
  await node.shutdown();
  answer();
  assertEquals(await text, "");
});
