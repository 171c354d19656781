import { assert, assertEquals } from "@std/assert";
import { fromUtf8, Random, utf8 } from "../protocol/mod.ts";
import { request } from "./http.ts";
import type { Endpoint, Network } from "./network.ts";
import { type Proxy, type ProxyRule, startProxy } from "./proxy.ts";
import { ReplayNetwork } from "./replay_network.ts";
import { serve } from "./server.ts";
import { testNetwork } from "./testing_hostile.ts";
import type { MemorySink } from "./transcript.ts";
import { acceptFor, openWebSocket } from "./websocket.ts";
import { encodeFrame, OPCODE, WsFrameParser } from "./websocket_frame.ts";

const NO_MASK = new Uint8Array(4);

interface Scene {
  readonly proxy: Proxy;
  readonly endpoint: Endpoint;
  /** Bodies that reached the server behind the proxy, in order. */
  readonly seen: string[];
  readonly client: Network;
  readonly sink: MemorySink;
}

/** A server behind a proxy; the client has a network of its own, as a target would. */
async function withProxy(rules: readonly ProxyRule[], test: (scene: Scene) => Promise<void>): Promise<void> {
  const { network, sink } = testNetwork();
  const { network: client } = testNetwork();
  const { network: behind } = testNetwork();
  const seen: string[] = [];
  const server = await serve(behind, {}, async ({ path, body, headers }, reply) => {
    seen.push(fromUtf8(body));
    if (path === "/stream") {
      await reply.head(200);
      await reply.frame("token", { n: 1 });
      await reply.frame("done", {});
      return undefined;
    }
    if (path !== "/ws") return { status: 200, body: `got ${fromUtf8(body)}` };
    const key = headers.find(([name]) => name === "Sec-WebSocket-Key")?.[1] ?? "";
    await reply.head(101, [["Upgrade", "websocket"], ["Sec-WebSocket-Accept", acceptFor(key)]]);
    const parser = new WsFrameParser(1_000);
    for (let read = await reply.connection.read(2_000); read !== null; read = await reply.connection.read(2_000)) {
      for (const { opcode, payload } of parser.feed(read.bytes, 0)) {
        await reply.write(encodeFrame({ opcode, payload, masked: false }, NO_MASK));
      }
    }
    return undefined;
  });
  const upstream: Endpoint = { scheme: "http", host: "127.0.0.1", port: server.port };
  const proxy = await startProxy(network, { upstream, rules, random: new Random(1) });
  try {
    await test({ proxy, endpoint: { ...upstream, port: proxy.port }, seen, client, sink });
  } finally {
    for (const each of [network, client, behind]) each.close();
  }
}

function post({ client, endpoint }: Scene, text: string, path = "/") {
  return request(client, endpoint, { method: "POST", path, headers: [], body: utf8(text) }, { deadlineMs: 3_000 });
}

Deno.test("without rules requests and streams pass unchanged, and the bytes are in the transcript", async () => {
  await withProxy([], async (scene) => {
    assertEquals(fromUtf8((await post(scene, "a")).body), "got a");
    assertEquals(
      fromUtf8((await post(scene, "b", "/stream")).body),
      'event: token\ndata: {"n":1}\n\nevent: done\ndata: {}\n\n',
    );
    const kinds = scene.sink.records.map(({ direction }) => direction);
    assertEquals(kinds.filter((kind) => kind === "accept" || kind === "dial"), ["accept", "dial", "accept", "dial"]);
  });
});

Deno.test("a WebSocket passes as a tunnel", async () => {
  await withProxy([], async ({ client, endpoint }) => {
    const socket = await openWebSocket(client, endpoint, { path: "/ws", random: new Random(2) });
    await socket.send("through");
    assertEquals((await socket.next())?.text, "through");
    assertEquals((await socket.close()).clean, true);
    assert(socket.control.some(({ opcode }) => opcode === OPCODE.close));
  });
});

Deno.test("requests are dropped, repeated and changed as the rules say, and counted", async () => {
  const of = (text: string) => ({ body }: { readonly body: Uint8Array }) => fromUtf8(body) === text;
  const rules: readonly ProxyRule[] = [
    { name: "cut", applies: of("cut"), drop: "reset" },
    { name: "twice", applies: of("twice"), duplicate: 1 },
    { name: "shift", applies: of("old"), transform: (request) => ({ ...request, body: utf8("newer") }) },
    { name: "never", chance: 0, drop: "close" },
  ];
  await withProxy(rules, async (scene) => {
    assertEquals((await post(scene, "cut")).failure?.kind, "reset");
    assertEquals(fromUtf8((await post(scene, "twice")).body), "got twice");
    assertEquals(fromUtf8((await post(scene, "old")).body), "got newer");
    const { network } = testNetwork();
    const until = network.clock.mono() + 2_000;
    while (scene.seen.length < 3 && network.clock.mono() < until) await network.clock.sleep(5);
    network.close();
    assertEquals(scene.seen.toSorted(), ["newer", "twice", "twice"]);
    assertEquals([...scene.proxy.applied], [["cut", 1], ["twice", 1], ["shift", 1]]);
    scene.proxy.setRules([{ name: "delay", delayMs: 30 }]);
    const slow = await post(scene, "slow");
    assert(slow.endedAt - slow.startedAt >= 29);
  });
});

Deno.test("a held request arrives after the next one", async () => {
  let held = 0;
  const rule: ProxyRule = { name: "hold", applies: () => held++ === 0, reorderMs: 2_000 };
  await withProxy([rule], async (scene) => {
    const first = post(scene, "first");
    const { network } = testNetwork();
    while (held === 0) await network.clock.sleep(2);
    network.close();
    await post(scene, "second");
    assertEquals((await first).status, 200);
    assertEquals(scene.seen, ["second", "first"]);
  });
});

Deno.test("the same seed drops the same requests", async () => {
  const outcomes: number[][] = [];
  for (let run = 0; run < 2; run++) {
    await withProxy([{ name: "half", chance: 0.5, drop: "close" }], async (scene) => {
      const statuses: number[] = [];
      for (let i = 0; i < 8; i++) statuses.push((await post(scene, "x")).status);
      outcomes.push(statuses);
    });
  }
  assertEquals(outcomes[0], outcomes[1]);
  assert(outcomes[0]?.includes(0) && outcomes[0].includes(200));
});

Deno.test("what passed a proxy passes again in a replay", async () => {
  await withProxy([], async (scene) => {
    await post(scene, "a");
    const replay = new ReplayNetwork(scene.sink.records);
    const [first] = scene.proxy.passed;
    const port = scene.sink.records.find(({ direction }) => direction === "dial")?.port ?? 0;
    const upstream: Endpoint = { scheme: "http", host: "127.0.0.1", port };
    const again = await startProxy(replay, { upstream, rules: [], random: new Random(1) });
    while (replay.unused().accepted + replay.unused().connections > 0) await replay.clock.sleep(1);
    assertEquals(again.passed.map(({ raw }) => raw), [first?.raw]);
  });
});
