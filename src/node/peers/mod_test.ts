import { assert, assertEquals, assertRejects } from "@std/assert";
import { CALL_HEADERS, type JsonObject, signDocument, timestamp, verifyCall } from "../../protocol/mod.ts";
import { systemClock, VirtualClock } from "../../wire/clock.ts";
import {
  anyCapability,
  callOf,
  codeOf,
  MEM1,
  NODE,
  PEER,
  PEER2,
  REVOKED1,
  ROOT,
  STRANGER,
  testCore,
} from "../bus/testing.ts";
import { type BusAnswer, type Frame, NodeError } from "../core.ts";
import type { Rules } from "../rules.ts";
import { createPeers } from "./mod.ts";
import { frame, type PeerOptions, ScriptedPeer, unary, until } from "./testing.ts";

const WALL_MS = 1_790_000_000_000;
const ECHO = "experimental.echo";

/** A node and scripted peers; everything is stopped at the end. */
async function mesh(
  run: (parts: {
    readonly clock: VirtualClock;
    readonly test: ReturnType<typeof testCore>;
    readonly peer: (options?: Partial<PeerOptions>) => Promise<ScriptedPeer>;
    readonly call: (name?: string, more?: Parameters<typeof callOf>[1]) => Promise<BusAnswer>;
  }) => Promise<void>,
  rules: Partial<Rules> = {},
): Promise<void> {
  const clock = new VirtualClock({ wallMs: WALL_MS, advanceOnSleep: false });
  const test = testCore(clock, (core) => ({ peers: createPeers(core) }), rules);
  const peers: ScriptedPeer[] = [];
  try {
    await run({
      clock,
      test,
      peer: async (options = {}) => {
        const peer = await ScriptedPeer.start({ wall: () => clock.wall(), ...options });
        peers.push(peer);
        return peer;
      },
      call: (name = ECHO, more = {}) => test.core.bus.dispatch(callOf(name, more)),
    });
  } finally {
    await test.core.peers.stop();
    for (const peer of peers) await peer.stop();
  }
}

async function frames(answer: BusAnswer): Promise<Frame[]> {
  const list: Frame[] = [];
  if (answer.kind === "stream") { for await (const frame of answer.frames) list.push(frame); }
  return list;
}

Deno.test("a call nobody serves here goes to a peer, signed by the node, under the same request id", async () => {
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer();
    assertEquals(await test.core.peers.add(remote.url), true);
    const body = { params: { a: 1 }, input: { text: "ü" } };
    const answer = await call(ECHO, { body });
    assertEquals(answer, { kind: "unary", body: { output: { echo: body }, meta: { ms: 1 } } });
    const headers = remote.calls[0]?.headers ?? {};
    const header = (name: keyof typeof CALL_HEADERS) => String(headers[CALL_HEADERS[name].toLowerCase()]);
    assertEquals([header("from"), header("community"), header("request_id")], [
      NODE.id,
      ROOT.id,
      "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B",
    ]);
    const envelope = {
      capability: header("capability"),
      version: header("version"),
      request_id: header("request_id"),
      from: header("from"),
      community: header("community"),
      timestamp: header("timestamp"),
      body,
    };
    assert(verifyCall(envelope, header("signature")));
  });
});

Deno.test("versions of peers compare as numbers", async () => {
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer({ capabilities: [[ECHO, "1.10"]] });
    await test.core.peers.add(remote.url);
    for (
      const [version, code] of [["1.9", "ok"], ["1.10", "ok"], ["1.11", "not_found"], ["2.0", "not_found"]] as const
    ) {
      assertEquals(await codeOf(call(ECHO, { version })), code, version);
    }
    assertEquals(remote.calls.length, 2);
  });
});

Deno.test("only sound manifests of members of the community are admitted", async () => {
  const hourAgo = { issued_at: timestamp(WALL_MS - 3_600_000), expires_at: timestamp(WALL_MS - 3_570_000) };
  const broken: readonly (readonly [string, Partial<PeerOptions>, (peer: ScriptedPeer) => void])[] = [
    ["altered", {}, (p) => p.tamper = (m) => ({ ...m, display_name: "other" })],
    ["expired", {}, (p) => p.edit = (m) => ({ ...m, ...hourAgo })],
    ["without expiry", {}, (p) => p.edit = ({ expires_at: _, ...m }) => m],
    ["foreign community", {}, (p) => p.edit = (m) => ({ ...m, community_id: STRANGER.id })],
    ["stranger", { identity: STRANGER }, () => {}],
    ["revoked", { identity: REVOKED1 }, () => {}],
    ["the node itself", { identity: NODE }, () => {}],
    ["no object", {}, (p) => p.tamper = () => [] as unknown as JsonObject],
  ];
  for (const [name, options, prepare] of broken) {
    await mesh(async ({ test, peer, call }) => {
      const remote = await peer(options);
      prepare(remote);
      assertEquals(await test.core.peers.add(remote.url), false, name);
      assertEquals(await codeOf(call()), "not_found", name);
      assertEquals(remote.calls, [], name);
      assertEquals(test.counters.size, name === "altered" ? 1 : 0, name);
    });
  }
});

Deno.test("each admission check can be switched off by its rule alone", async () => {
  const cases: readonly (readonly [Partial<Rules>, Partial<PeerOptions>, (peer: ScriptedPeer) => void])[] = [
    [{ peerSignatureChecked: false }, {}, (p) => p.tamper = (m) => ({ ...m, display_name: "other" })],
    [{ peerExpiryChecked: false }, {}, (p) => p.edit = (m) => ({ ...m, expires_at: timestamp(WALL_MS - 1000) })],
    [{ peerCommunityChecked: false }, {}, (p) => p.edit = (m) => ({ ...m, community_id: STRANGER.id })],
    [{ peerMembershipChecked: false }, { identity: STRANGER }, () => {}],
  ];
  for (const [rules, options, prepare] of cases) {
    await mesh(async ({ test, peer }) => {
      const remote = await peer(options);
      prepare(remote);
      assertEquals(await test.core.peers.add(remote.url), true, Object.keys(rules)[0]);
    }, rules);
  }
});

Deno.test("a later manifest under another key changes nothing and is counted", async () => {
  for (const peerKeyPinned of [true, false]) {
    await mesh(async ({ test, peer, call }) => {
      const remote = await peer();
      await test.core.peers.add(remote.url);
      remote.capabilities = [["experimental.new", "1.0"]];
      remote.tamper = (manifest) => ({ ...signDocument(STRANGER, manifest) });
      await test.core.peers.add(remote.url);
      assertEquals(await codeOf(call("experimental.new")), peerKeyPinned ? "not_found" : "ok");
      assertEquals(await codeOf(call(ECHO)), peerKeyPinned ? "ok" : "not_found");
      assertEquals([...test.counters.keys()].length, peerKeyPinned ? 1 : 0);
    }, { peerKeyPinned });
  }
});

Deno.test("codes of a peer come back unchanged, with their hints", async () => {
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer();
    await test.core.peers.add(remote.url);
    remote.answer = unary({ error: "capacity_exceeded", message: "full", retry_after_ms: 750 }, 429);
    const refusal = await assertRejects(() => call(), NodeError);
    assertEquals([refusal.code, refusal.message, refusal.more.retry_after_ms], ["capacity_exceeded", "full", 750]);
    for (
      const [body, code] of [
        [{ error: "not_found" }, "not_found"],
        [{ error: 7 }, "internal_error"],
        [{ error: "<script>" }, "internal_error"],
        [{}, "internal_error"],
      ] as const
    ) {
      remote.answer = unary(body, 404);
      test.core.peers.count();
      assertEquals(await codeOf(call()), code);
    }
  }, { quarantineBelow: 0 });
});

Deno.test("a stream is passed on frame by frame with one terminal frame", async () => {
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer();
    await test.core.peers.add(remote.url);
    let next: (text: string) => void = () => {};
    remote.answer = (_, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      next = (text) => void response.write(text);
      next(": comment\n" + frame("token", { text: "0" }));
    };
    const answer = await call();
    assert(answer.kind === "stream");
    const seen: Frame[] = [];
    for (let i = 1;; i++) {
      const step = await answer.frames.next();
      if (step.done === true) break;
      seen.push(step.value);
      if (i < 5) next(frame("token", { text: `${i}` }));
      else if (i === 5) next(frame("done", { ms: 1 }));
    }
    assertEquals(seen.map(({ event, data }) => data["text"] ?? event), ["0", "1", "2", "3", "4", "done"]);
    assertEquals(test.core.bus.inFlight(), 0);
  });
});

Deno.test("a stream that breaks or is malformed ends with a refusal, an error frame with its own code", async () => {
  const table: readonly (readonly [string, string])[] = [
    [frame("token", {}), "partition"],
    [frame("token", {}) + "event: token\ndata: {broken\n\n", "internal_error"],
    [frame("token", {}) + "data: {}\n\n", "internal_error"],
    [frame("token", {}) + frame("error", { error: "not_found", message: "gone" }), "not_found"],
  ];
  for (const [text, code] of table) {
    await mesh(async ({ test, peer, call }) => {
      const remote = await peer();
      await test.core.peers.add(remote.url);
      remote.answer = (_, response) => {
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        response.write(text, () => response.socket?.end());
      };
      const answer = await call();
      assertEquals(await codeOf(frames(answer)), code, text);
      assertEquals(test.core.bus.inFlight(), 0);
    });
  }
});

Deno.test("a caller that goes away closes the connection to the peer", async () => {
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer();
    await test.core.peers.add(remote.url);
    let closed = false;
    remote.answer = (_, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write(frame("token", {}));
      response.on("close", () => closed = true);
    };
    const gone = new AbortController();
    const answer = await call(ECHO, { signal: gone.signal });
    assert(answer.kind === "stream");
    await answer.frames.next();
    gone.abort();
    assertEquals(await answer.frames.next(), { done: true, value: undefined });
    await until(() => closed, "the connection is closed");
    assertEquals(test.core.bus.inFlight(), 0);
  });
});

Deno.test("a stream nobody reads gives its slot at the peer back", async () => {
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer({ capabilities: [[ECHO, "1.0", 1]] });
    await test.core.peers.add(remote.url);
    remote.answer = (_, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write(frame("token", {}));
    };
    for (let i = 0; i < 3; i++) {
      const answer = await call();
      assertEquals(await codeOf(call()), "capacity_exceeded");
      if (answer.kind === "stream") await answer.frames.return();
    }
    assertEquals(remote.calls.length, 3);
  });
});

Deno.test("an unreachable peer is a partition, a silent one a timeout", async () => {
  await mesh(async ({ test, peer, call, clock }) => {
    const remote = await peer();
    await test.core.peers.add(remote.url);
    remote.answer = () => {};
    const silent = codeOf(call());
    await until(() => remote.calls.length === 1, "the call has arrived");
    clock.advance(30_000);
    assertEquals(await silent, "timeout");
  });
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer();
    await test.core.peers.add(remote.url);
    await remote.stop();
    assertEquals(await codeOf(call()), "partition");
  });
});

Deno.test("another provider takes the call when the first cannot be reached", async () => {
  await mesh(async ({ test, peer, call }) => {
    const [a, b] = [await peer(), await peer({ identity: PEER2 })];
    for (const { url } of [a, b]) await test.core.peers.add(url);
    await a.stop();
    assertEquals(await codeOf(call()), "ok");
    assertEquals(b.calls.length, 1);
  });
});

Deno.test("a peer never gets more calls at once than it advertises", async () => {
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer({ capabilities: [[ECHO, "1.0", 2]] });
    await test.core.peers.add(remote.url);
    const waiting: (() => void)[] = [];
    remote.answer = (received, response) => waiting.push(() => unary({ output: {} })(received, response));
    const answers = [1, 2, 3, 4].map(() => codeOf(call()));
    await until(() => waiting.length === 2, "two calls have arrived");
    assertEquals(await Promise.all(answers.slice(2)), ["capacity_exceeded", "capacity_exceeded"]);
    for (const answer of waiting) answer();
    assertEquals(await Promise.all(answers.slice(0, 2)), ["ok", "ok"]);
    assertEquals(remote.calls.length, 2);
  });
});

Deno.test("a call is not sent back to where it came from", async () => {
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer();
    await test.core.peers.add(remote.url);
    assertEquals(await codeOf(call(ECHO, { via: PEER.id })), "not_found");
    assertEquals(remote.calls, []);
  });
});

Deno.test("the signature of the node lends a caller no rights", async () => {
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer({ capabilities: [["rag.ingest", "1.0"], ["chat.history", "1.0"]] });
    await test.core.peers.add(remote.url);
    assertEquals(await codeOf(call("rag.ingest")), "unauthorized");
    assertEquals(await codeOf(call("rag.ingest", { level: "trusted" })), "ok");
    assertEquals(await codeOf(call("chat.history", { level: "anchor" })), "unauthorized");
  });
});

Deno.test("a local provider below 80 percent serves itself, above it the better score wins", async () => {
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer({ capabilities: [["file.list", "1.0"]] });
    await test.core.peers.add(remote.url);
    const held: (() => void)[] = [];
    test.core.bus.register(
      anyCapability({ max_concurrent: 2 }),
      () => new Promise((resolve) => held.push(() => resolve({ output: {} }))),
    );
    const local = [call("file.list"), call("file.list")];
    await until(() => held.length === 2, "both calls run here");
    assertEquals(await codeOf(call("file.list")), "ok");
    assertEquals(remote.calls.length, 1);
    for (const release of held) release();
    await Promise.all(local);
    const last = call("file.list");
    await until(() => held.length === 3, "the next call runs here again");
    held[2]?.();
    await last;
    assertEquals(remote.calls.length, 1);
  });
});

Deno.test("a failing provider is left alone for a minute, then probed", async () => {
  await mesh(async ({ test, peer, call, clock }) => {
    const [bad, good] = [await peer(), await peer({ identity: PEER2 })];
    for (const { url } of [bad, good]) await test.core.peers.add(url);
    bad.answer = unary({ error: "internal_error" }, 500);
    let failures = 0;
    for (let i = 0; i < 30; i++) if (await codeOf(call()) !== "ok") failures++;
    assertEquals([failures <= 10, bad.calls.length], [true, failures]);
    const before = bad.calls.length;
    bad.answer = unary({ output: {} });
    await good.stop();
    clock.advance(59_000);
    for (const { url } of [bad]) await test.core.peers.add(url);
    if (before > 0) {
      assertEquals(await codeOf(call()), "partition");
      assertEquals(bad.calls.length, before);
      clock.advance(1500);
      assertEquals(await codeOf(call()), "ok");
      assertEquals(bad.calls.length, before + 1);
    }
  });
});

Deno.test("a capability that disappears is not routed any more, and a silent peer ages out", async () => {
  await mesh(async ({ test, peer, call, clock }) => {
    const remote = await peer();
    await test.core.peers.add(remote.url);
    assertEquals(await codeOf(call()), "ok");
    remote.capabilities = [["experimental.other", "1.0"]];
    const fetched = () => remote.paths.filter((path) => path === "/manifest").length;
    const before = fetched();
    clock.advance(30_000);
    await until(() => fetched() > before && !test.core.peers.offers(ECHO, "1.0"), "the manifest is read again");
    assertEquals(await codeOf(call()), "not_found");
    await remote.stop();
    clock.advance(61_000);
    assertEquals(await codeOf(call("experimental.other")), "partition");
  });
});

Deno.test("connections are used again and closed when idle", async () => {
  await mesh(async ({ test, peer, call, clock }) => {
    const remote = await peer();
    await test.core.peers.add(remote.url);
    let closed = 0;
    remote.answer = (received, response) => {
      response.socket?.once("close", () => closed++);
      unary({ output: {} })(received, response);
    };
    await call();
    await call();
    assertEquals(new Set(remote.calls.map(({ connection }) => connection)).size, 1);
    clock.advance(60_000);
    await until(() => closed > 0, "the idle connection is closed");
  }, { peerRefreshMs: 1e9 });
});

Deno.test("the caller of a forwarded call may be anyone the transport admitted", async () => {
  await mesh(async ({ test, peer, call }) => {
    const remote = await peer();
    await test.core.peers.add(remote.url);
    assertEquals(await codeOf(call(ECHO, { level: "unknown", caller: STRANGER.id })), "unauthorized");
    assertEquals(await codeOf(call(ECHO, { level: "member", caller: MEM1.id })), "ok");
  });
});

Deno.test("rounds come every 300 s, and every 30 s while the internet is out of reach", async () => {
  await mesh(async ({ clock, test, peer }) => {
    let rounds = 0;
    Object.assign(test.core.peers, { gossip: () => Promise.resolve(void rounds++) });
    await test.core.peers.add((await peer()).url);
    const after = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 10_000) {
        clock.advance(10_000);
        await systemClock().sleep(0);
      }
      return rounds;
    };
    assertEquals(await after(290_000), 0);
    assertEquals(await after(10_000), 1);
    Object.assign(test.core.emergency, { mode: "offline" });
    assertEquals(await after(60_000), 3);
    Object.assign(test.core.emergency, { mode: "online" });
    assertEquals(await after(120_000), 3);
  });
});
