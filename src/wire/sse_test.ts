import { assertEquals, assertLess } from "@std/assert";
import { fromUtf8 } from "../protocol/mod.ts";
import { openStream } from "./http.ts";
import { readSse, SseReader } from "./sse.ts";
import { serve } from "./server.ts";
import { endless, saysAndStays, testNetwork, withPeer } from "./testing_hostile.ts";

const GET = { method: "GET", path: "/", headers: [] } as const;
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

Deno.test("a stream is read to its end", async () => {
  const { network } = testNetwork();
  const listener = await serve(network, {}, async (_, reply) => {
    await reply.head(200);
    await reply.frame("token", { text: "a" });
    await reply.frame("done", {});
  });
  const stream = await openStream(network, { scheme: "http", host: "127.0.0.1", port: listener.port }, GET);
  const { frames, ended, trailing } = await readSse(stream);
  assertEquals([frames.map(({ event }) => event), ended, trailing.length], [["token", "done"], "eof", 0]);
  network.close();
});

Deno.test("a reader acts in the middle and goes on afterwards", async () => {
  const { network } = testNetwork();
  const listener = await serve(network, {}, async (_, reply) => {
    await reply.head(200);
    for (let i = 0; i < 5; i++) await reply.frame("token", { i });
  });
  const stream = await openStream(network, { scheme: "http", host: "127.0.0.1", port: listener.port }, GET);
  const reader = new SseReader(stream);
  assertEquals((await reader.next())?.json, { i: 0 });
  assertEquals((await reader.read({ maxFrames: 1 })).ended, "frames");
  assertEquals((await reader.read({ until: ({ json }) => JSON.stringify(json) === '{"i":3}' })).ended, "until");
  const rest = [];
  for await (const frame of reader) rest.push(frame.json);
  assertEquals([rest, reader.ended, reader.frames.length], [[{ i: 4 }], "eof", 5]);
  network.close();
});

Deno.test("a stream that never ends costs the deadline, and what came is kept", async () => {
  await withPeer(saysAndStays(HEAD, "event: a\ndata: 1\n\nevent: b\n"), async (network, endpoint) => {
    const stream = await openStream(network, endpoint, GET);
    const result = await readSse(stream, { deadlineMs: 60 });
    assertEquals([result.frames.length, result.ended, fromUtf8(result.trailing)], [1, "deadline", "event: b\n"]);
    assertEquals(stream.failure, undefined);
    stream.reset();
  });
});

Deno.test("endless frames and an endless frame each hit a limit", async () => {
  await withPeer(endless(HEAD, "data: 1\n\n"), async (network, endpoint) => {
    const stream = await openStream(network, endpoint, GET, { maxFrames: 100 });
    const result = await readSse(stream);
    assertEquals(result.ended, "limit");
    assertLess(result.frames.length, 101);
  });
  await withPeer(endless(HEAD, "data: x"), async (network, endpoint) => {
    const stream = await openStream(network, endpoint, GET, { maxFrameBytes: 10_000 });
    assertEquals((await readSse(stream)).ended, "limit");
  });
});

Deno.test("a stream cut by a reset is told from one that ended", async () => {
  const { network } = testNetwork();
  const seen = Promise.withResolvers<void>();
  const listener = await serve(network, {}, async (_, reply) => {
    await reply.head(200);
    await reply.frame("token", {});
    await seen.promise;
    return "reset";
  });
  const stream = await openStream(network, { scheme: "http", host: "127.0.0.1", port: listener.port }, GET);
  const reader = new SseReader(stream);
  assertEquals((await reader.next())?.event, "token");
  seen.resolve();
  assertEquals((await reader.read()).ended, "reset");
  network.close();
});
