import { assertEquals } from "@std/assert";
import { fromUtf8, utf8 } from "../protocol/mod.ts";
import { HttpConnection, request, sendRaw } from "./http.ts";
import type { Endpoint } from "./network.ts";
import { type Handler, serve, type ServeOptions } from "./server.ts";
import { testNetwork } from "./testing_hostile.ts";
import type { LiveNetwork } from "./live_network.ts";

const GET = { method: "GET", path: "/", headers: [] } as const;
const SHORT = { deadlineMs: 400, idleMs: 200 };

async function withServer(
  handler: Handler,
  test: (network: LiveNetwork, endpoint: Endpoint) => Promise<void>,
  options: ServeOptions = {},
): Promise<void> {
  const { network } = testNetwork();
  const listener = await serve(network, options, handler);
  try {
    await test(network, { scheme: "http", host: "127.0.0.1", port: listener.port });
  } finally {
    network.close();
  }
}

Deno.test("a handler sees method, path, headers in order, body and connection", async () => {
  await withServer((served) => {
    const { method, path, headers, body } = served;
    return Promise.resolve({ status: 200, body: JSON.stringify([method, path, headers, fromUtf8(body)]) });
  }, async (network, endpoint) => {
    const answer = await request(network, endpoint, {
      method: "PUT",
      path: "/x?y",
      headers: [["b", "2"], ["a", "1"], ["b", "3"]],
      body: utf8("body"),
      chunked: 3,
      omit: ["host"],
    });
    assertEquals(JSON.parse(fromUtf8(answer.body)), [
      "PUT",
      "/x?y",
      [["b", "2"], ["a", "1"], ["b", "3"], ["Transfer-Encoding", "chunked"]],
      "body",
    ]);
  });
});

Deno.test("a handler can swallow, close, reset and break off in the middle", async () => {
  await withServer(async ({ path }, reply) => {
    if (path === "/swallow") return "swallow";
    if (path === "/close") return "close";
    if (path === "/reset") return "reset";
    await reply.head(200, [["Content-Length", "100"]]);
    await reply.write("part");
    return undefined;
  }, async (network, endpoint) => {
    const kinds = [];
    for (const path of ["/swallow", "/close", "/reset", "/break"]) {
      const { status, failure } = await request(network, endpoint, { ...GET, path }, SHORT);
      kinds.push([status, failure?.kind]);
    }
    assertEquals(kinds, [[0, "deadline"], [0, "closed"], [0, "reset"], [200, "closed"]]);
  });
});

Deno.test("a handler that keeps the connection serves on", async () => {
  await withServer(async (_, reply) => {
    await reply.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    reply.keep();
    return undefined;
  }, async (network, endpoint) => {
    const connection = await HttpConnection.open(network, endpoint);
    for (let i = 0; i < 3; i++) assertEquals((await connection.exchange(GET)).status, 200);
    connection.close();
  });
});

Deno.test("requests beyond the limits or the grammar are refused", async () => {
  const ok: Handler = () => Promise.resolve({ status: 200 });
  await withServer(ok, async (network, endpoint) => {
    const post = { ...GET, method: "POST" } as const;
    assertEquals((await request(network, endpoint, { ...post, body: new Uint8Array(2_000) })).status, 413);
    assertEquals((await request(network, endpoint, { ...GET, headers: [["a", "b".repeat(1_000)]] })).status, 413);
    assertEquals((await sendRaw(network, endpoint, utf8("GET / HTTP/1.1\r\nbad header\r\n\r\n"))).status, 400);
    assertEquals((await sendRaw(network, endpoint, utf8("GET /\r\n\r\n"))).status, 400);
    const slow = await sendRaw(network, endpoint, utf8("GET / HT"), { limits: SHORT });
    assertEquals([slow.status, slow.failure?.kind], [0, "closed"]);
  }, { limits: { maxBodyBytes: 1_000, maxHeaderBytes: 500, idleMs: 50 } });
});

Deno.test("a handler that fails ends its connection and nothing else", async () => {
  await withServer(({ path }) => {
    if (path === "/fail") return Promise.reject(new Error("handler"));
    return Promise.resolve({ status: 200 });
  }, async (network, endpoint) => {
    assertEquals((await request(network, endpoint, { ...GET, path: "/fail" })).failure?.kind, "closed");
    assertEquals((await request(network, endpoint, GET)).status, 200);
  });
});

Deno.test("a server tells which connections the other side closed", async () => {
  const closed: number[] = [];
  let told: () => void = () => {};
  const seen = new Promise<void>((resolve) => told = resolve);
  const onClosed = (connectionId: number) => {
    closed.push(connectionId);
    told();
  };
  let served = -1;
  await withServer(({ connectionId }) => {
    served = connectionId;
    return Promise.resolve({ status: 200 });
  }, async (network, endpoint) => {
    await request(network, endpoint, GET);
    await seen;
    assertEquals(closed, [served]);
  }, { onClosed });
});
