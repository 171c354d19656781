import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { CHUNK_SIZE, isObject, type JsonObject, verifyDocument } from "../protocol/mod.ts";
import { systemClock } from "../wire/clock.ts";
import { post, rawExchange, rawRequest, signedCall } from "./http/fake_client.ts";
import { FakeSocket } from "./http/fake_socket.ts";
import { defaultNodeOptions, ReferenceNode } from "./node.ts";

const clock = systemClock();
/** Chunks of a blob that does not fit the window of a WebSocket. */
const BLOB_CHUNKS = 20;
/** Bytes above the limit of a body, and of what a socket may have in flight. */
const OVERSIZED_BYTES = 64 * 1024 * 1024;

async function withNode(use: (node: ReferenceNode) => Promise<void>, seed = 1): Promise<void> {
  const node = await ReferenceNode.start(defaultNodeOptions({ clock, seed }));
  try {
    await use(node);
  } finally {
    await node.stop();
  }
}

Deno.test("a whole node serves its capabilities to the root of its community", () =>
  withNode(async (node) => {
    const { root } = node.core.options;
    const list = { capability: "market.list", body: { params: {}, input: {} } };
    const { status, body } = await post(node, signedCall(node, list, root));
    assertEquals([status, (body.output as JsonObject).posts], [200, []]);
    const manifest = await (await fetch(`${node.url}/manifest`)).json();
    assertEquals(manifest.capabilities.some(({ name }: { name: string }) => name === "market.list"), true);
    const community = await (await fetch(`${node.url}/community/manifest`)).json();
    assertEquals([root.id, node.nodeId].some((id) => verifyDocument(id, community)), true);
  }));

Deno.test("equal seeds give equal identities, other seeds others", async () => {
  const ids: string[] = [];
  for (const seed of [1, 1, 2]) await withNode((node) => Promise.resolve(void ids.push(node.nodeId)), seed);
  assertEquals(ids[0], ids[1]);
  assertNotEquals(ids[0], ids[2]);
});

Deno.test("registrations are published inside the node, and remote subscribers see none of them", () =>
  withNode(async (node) => {
    const names = node.core.bus.descriptors().map(({ name }) => name);
    assertEquals(node.core.topics.seq("capability.registered"), names.length);
    const response = await fetch(`${node.url}/pubsub/v1/subscribe?topic=capability.registered&last_seq=0&timeout=0`);
    assertEquals(await response.json(), { timeout: true });
  }));

Deno.test("operational endpoints answer without headers", () =>
  withNode(async (node) => {
    const get = async (path: string) => {
      const response = await fetch(node.url + path);
      return { status: response.status, text: await response.text() };
    };
    const call = signedCall(node, { capability: "market.absent" }, node.core.options.root);
    await post(node, call);
    assertEquals((await get("/health")).status, 200);
    assertEquals((await get("/ready")).status, 503);
    const { text } = await get("/metrics");
    assertMatch(text, /hearthnet_requests_total\{capability="market.absent",result="not_found"\} 1/);
    assertMatch(text, /hearthnet_request_duration_ms_count\{capability="market.absent"\} 1/);
    assertMatch(text, /hearthnet_emergency_mode\{state="online"\} 1/);
    const heads = JSON.parse((await get("/sync/v1/heads")).text);
    assertMatch(text, new RegExp(`hearthnet_event_log_lamport_head\\{community="[^"]+"\\} ${heads.head}\\n`));
    const { traces } = JSON.parse((await get("/trace/recent?n=5")).text);
    assertEquals([traces.at(-1).trace_id, traces.at(-1).result], [call.requestId, "not_found"]);
  }));

Deno.test("an oversized body is refused and the node goes on", () =>
  withNode(async (node) => {
    const head = rawRequest("POST", "/bus/v1/call", {
      "Content-Length": String(OVERSIZED_BYTES),
      "X-HearthNet-Request-Id": "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B",
    });
    const bytes = new Uint8Array(head.length + OVERSIZED_BYTES);
    bytes.set(head);
    assertMatch(
      await rawExchange(node, bytes),
      /^HTTP\/1\.1 400 [^]*Request-Id: 01K3ZV8Q5N7R2T4W6X8Y0Z1A2B\r\n[^]*"error":"bad_request"/,
    );
    assertEquals(await fetch(`${node.url}/health`).then((r) => r.body?.cancel().then(() => r.status)), 200);
  }));

Deno.test("a port that is taken is an error and leaves nothing open", () =>
  withNode(async (node) => {
    const port = Number(new URL(node.url).port);
    await assertRejects(() => ReferenceNode.start({ ...defaultNodeOptions({ clock }), port }));
  }));

Deno.test("a pushed body that is no push is refused", () =>
  withNode(async (node) => {
    for (const body of ["", "[]", '{"community_id":"x","events":[]}', "{"]) {
      const response = await fetch(`${node.url}/sync/v1/events`, { method: "POST", body });
      assertEquals([body, response.status, (await response.json()).error], [body, 400, "bad_request"]);
    }
  }));

Deno.test("a node admits neither itself nor what it cannot reach, and a crash frees its port", async () => {
  const first = await ReferenceNode.start(defaultNodeOptions({ clock, seed: 3 }));
  try {
    assertEquals(await first.addPeer(first.url), false);
    assertEquals(await first.addPeer("http://127.0.0.1:1"), false);
  } finally {
    await first.crash();
  }
  assertEquals(await fetch(first.url).then(() => true, () => false), false);
});

Deno.test("a large blob is read alike over event stream and WebSocket", () =>
  withNode(async (node) => {
    const { root } = node.core.options;
    const cid = node.core.blobs.putBlob(new Uint8Array(CHUNK_SIZE * BLOB_CHUNKS).fill(7));
    const call = { capability: "file.read", body: { params: {}, input: { cid } } };
    const { headers, body } = signedCall(node, call, root);
    const text = await rawExchange(node, rawRequest("POST", "/bus/v1/call", headers, body));
    const bySse = [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, event, data]) => {
      return { event, data: untimed(JSON.parse(data ?? "{}")) };
    });
    const socket = await FakeSocket.open(node, call, root);
    await socket.call(node, call, root);
    const bySocket: unknown[] = [];
    for (;;) {
      const message = await socket.message();
      if (!isObject(message)) {
        assertEquals(message, 1000);
        break;
      }
      bySocket.push({ event: message.event, data: untimed(message.data as JsonObject) });
      if (Number(message.seq) % 8 === 0) await socket.text({ type: "ack", upto: message.seq ?? 0 });
    }
    socket.close();
    assertEquals(bySse.length, BLOB_CHUNKS + 2);
    assertEquals(bySocket, bySse);
  }));

function untimed({ ms: _, ...rest }: JsonObject): JsonObject {
  return rest;
}
