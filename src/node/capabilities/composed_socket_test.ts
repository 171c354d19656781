import { assert, assertEquals } from "@std/assert";
import { base64url, blobShape, chunksOf, type JsonObject, manifestCid } from "../../protocol/mod.ts";
import { systemClock } from "../../wire/clock.ts";
import { FakeSocket } from "../http/fake_socket.ts";
import { defaultNodeOptions, ReferenceNode } from "../node.ts";
import { NODE_PARTS } from "../parts.ts";

const BLOB = Uint8Array.from({ length: 600_000 }, (_, k) => k % 251);
const SHAPE = blobShape(BLOB);
const CID = manifestCid(SHAPE);
const CHUNKS: JsonObject[] = chunksOf(BLOB).map(({ i, cid, bytes }) => ({ i, cid, data_b64: base64url(bytes) }));

/** Opens a socket to a node with all its parts, as the founder of the community. */
async function withNode(
  use: (
    open: (call: { capability: string; version?: string; body: JsonObject }) => Promise<FakeSocket>,
    node: ReferenceNode,
  ) => Promise<void>,
) {
  const options = defaultNodeOptions({ clock });
  const node = await ReferenceNode.start(options, NODE_PARTS);
  const sockets: FakeSocket[] = [];
  try {
    await use(async (call) => {
      const socket = await FakeSocket.open(node, call, options.root);
      sockets.push(socket);
      assertEquals(socket.status, 101);
      await socket.call(node, call, options.root);
      return socket;
    }, node);
  } finally {
    for (const socket of sockets) socket.close();
    await node.stop();
  }
}

const clock = systemClock();
/** Milliseconds a condition may take. */
const PATIENCE_MS = 5000;

async function until(holds: () => boolean): Promise<void> {
  const deadline = clock.mono() + PATIENCE_MS;
  while (!holds()) {
    assert(clock.mono() < deadline, "the condition does not hold in time");
    await clock.sleep(1);
  }
}

const events = (messages: readonly unknown[]) =>
  messages.map((message) => typeof message === "number" ? message : (message as JsonObject).event);

Deno.test("a blob is put over WebSocket in two parts, the second by resumption", () =>
  withNode(async (open, node) => {
    const manifest = { cid: CID, size_bytes: BLOB.length, chunks: SHAPE.chunks.map(({ cid }, i) => ({ i, cid })) };
    const first = await open({ capability: "file.put", body: { params: {}, input: { manifest } } });
    assertEquals(await first.message(), { event: "ready", data: { needed: [0, 1, 2] }, seq: 1 });
    await first.text({ event: "chunk", data: CHUNKS[0] as JsonObject });
    await until(() => node.core.blobs.hasChunk(SHAPE.chunks[0]?.cid ?? ""));
    first.close();

    const body = { params: {}, input: { manifest_cid: CID, client_id: "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B" } };
    const second = await open({ capability: "file.put.resume", body });
    assertEquals(await second.message(), { event: "ready", data: { missing: [1, 2] }, seq: 1 });
    for (const data of CHUNKS.slice(1)) await second.text({ type: "chunk", data });
    assertEquals(events(await second.rest()), ["done", 1000]);
    assertEquals(node.core.blobs.read(CID), BLOB);
  }));

Deno.test("a tool result resumes the stream on the same socket", () =>
  withNode(async (open) => {
    const input = {
      messages: [{ role: "user", content: "Count to 2" }],
      tools: [{ name: "lookup", description: "", parameters_schema: {} }],
      tool_choice: "required",
    };
    const body = { params: { model: "ember-small" }, input };
    const socket = await open({ capability: "llm.chat", version: "2.0", body });
    let frame = await socket.message() as JsonObject;
    while (frame.event !== "tool_call") frame = await socket.message() as JsonObject;
    await socket.text({
      type: "tool_result",
      tool_call_id: (frame.data as JsonObject).id as string,
      body: { hits: 2 },
    });
    assertEquals(events(await socket.rest()), ["token", "token", "token", "done", 1000]);
  }));

Deno.test("a cancelled chat ends as cancelled", () =>
  withNode(async (open) => {
    const body = { params: { model: "ember-small" }, input: { messages: [{ role: "user", content: "a long story" }] } };
    const socket = await open({ capability: "llm.chat", body });
    await socket.message();
    await socket.text({ type: "cancel" });
    const last = (await socket.rest()).findLast((message) => typeof message !== "number") as JsonObject;
    assertEquals([last.event, (last.data as JsonObject).stop_reason ?? null], ["done", "cancelled"]);
  }));
