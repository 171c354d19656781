import { assertEquals } from "@std/assert";
import { systemClock } from "../../wire/clock.ts";
import { defaultNodeOptions, ReferenceNode } from "../node.ts";
import { fakeNode, MEMBER, STRANGER } from "./fake_parts.ts";
import { FakeSocket } from "./fake_socket.ts";

const PATH = "/pubsub/v1/subscribe";

async function withNode(use: (node: ReferenceNode) => Promise<void>): Promise<void> {
  const node = await ReferenceNode.start(defaultNodeOptions({ clock: systemClock() }), fakeNode().parts);
  try {
    await use(node);
  } finally {
    await node.stop();
  }
}

async function poll(node: ReferenceNode, query: string): Promise<unknown> {
  const response = await fetch(`${node.url}${PATH}${query}`);
  return [response.status, await response.json()];
}

Deno.test("a poll answers with the next message or says that its time is over", () =>
  withNode(async (node) => {
    assertEquals(await poll(node, "?topic=a.b&timeout=0.01"), [200, { timeout: true }]);
    node.core.topics.publish("a.b", { x: 1 });
    const message = { topic: "a.b", seq: 1, payload: { x: 1 } };
    assertEquals(await poll(node, "?topic=a.b&last_seq=0&timeout=1"), [200, message]);
    assertEquals(await poll(node, "?topic=a.b&last_seq=1&timeout=0.01"), [200, { timeout: true }]);
  }));

Deno.test("local topics never reach a remote subscriber", () =>
  withNode(async (node) => {
    node.core.topics.publish("emergency.mode.changed", {});
    assertEquals(await poll(node, "?topic=emergency.mode.changed&last_seq=0&timeout=0.01"), [200, { timeout: true }]);
  }));

Deno.test("a malformed subscription is refused", () =>
  withNode(async (node) => {
    for (const query of ["", "?topic=", "?topic=a.b&timeout=x", "?topic=a.b&timeout=-1", "?topic=a.b&last_seq=x"]) {
      const response = await fetch(`${node.url}${PATH}${query}`);
      assertEquals([query, response.status, (await response.json()).error], [query, 400, "bad_request"]);
    }
  }));

Deno.test("a subscription by upgrade delivers its backlog and then live messages", () =>
  withNode(async (node) => {
    for (const x of [1, 2, 3]) node.core.topics.publish("a.b", { x });
    const socket = await FakeSocket.open(node, {}, MEMBER, `${PATH}?topic=a.b&since_seq=1`);
    assertEquals(socket.status, 101);
    assertEquals(await socket.message(), { event: "published", data: { x: 2 }, seq: 2 });
    assertEquals(await socket.message(), { event: "published", data: { x: 3 }, seq: 3 });
    node.core.topics.publish("c.d", { x: 0 });
    node.core.topics.publish("a.b", { x: 4 });
    assertEquals(await socket.message(), { event: "published", data: { x: 4 }, seq: 4 });
    socket.close();
  }));

Deno.test("a stranger may not subscribe by upgrade", () =>
  withNode(async (node) => {
    const socket = await FakeSocket.open(node, {}, STRANGER, `${PATH}?topic=a.b`);
    assertEquals(socket.status, 401);
    socket.close();
  }));
