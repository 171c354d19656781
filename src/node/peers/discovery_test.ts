import { assertEquals } from "@std/assert";
import { createSocket } from "node:dgram";
import { type JsonObject, shortId, utf8 } from "../../protocol/mod.ts";
import { VirtualClock } from "../../wire/clock.ts";
import { NODE, PEER, ROOT, STRANGER, testCore } from "../bus/testing.ts";
import { announcedPort } from "./discovery.ts";
import { createPeers } from "./mod.ts";
import { ScriptedPeer, until } from "./testing.ts";

const announcement = (more: JsonObject = {}): JsonObject => ({
  v: 1,
  node: shortId(PEER.id),
  community: shortId(ROOT.id),
  port: 7081,
  caps: [],
  ...more,
});

Deno.test("only announcements of other nodes of the community with a usable port are heard", () => {
  const core = { communityId: ROOT.id, identity: NODE };
  const heard = (value: JsonObject) => announcedPort(core, utf8(JSON.stringify(value)));
  assertEquals(heard(announcement()), 7081);
  for (
    const more of [
      { v: 2 },
      { community: shortId(STRANGER.id) },
      { community: null },
      { node: shortId(NODE.id) },
      { port: 0 },
      { port: 65_536 },
      { port: "7081" },
      { pad: "x".repeat(1024) },
    ]
  ) {
    assertEquals(heard(announcement(more)), undefined, JSON.stringify(more).slice(0, 60));
  }
  assertEquals(announcedPort(core, utf8("{")), undefined);
  assertEquals(announcedPort(core, utf8("[]")), undefined);
});

/** A UDP port that was free a moment ago. */
async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

Deno.test("an announced peer is fetched and admitted", async () => {
  const clock = new VirtualClock({ wallMs: 1_790_000_000_000, advanceOnSleep: false });
  const discoveryPort = await freeUdpPort();
  const test = testCore(clock, (core) => {
    const options = { ...core.options, discoveryPort };
    return { options, peers: createPeers({ ...core, options }) };
  });
  const peer = await ScriptedPeer.start({ wall: () => clock.wall() });
  const sender = createSocket("udp4");
  try {
    const bytes = utf8(JSON.stringify(announcement({ port: peer.port })));
    await until(() => {
      if (test.core.peers.count() === 1) return true;
      sender.send(bytes, discoveryPort, "127.0.0.1");
      return false;
    }, "the announced peer is admitted");
  } finally {
    await new Promise<void>((resolve) => sender.close(() => resolve()));
    await test.core.peers.stop();
    await peer.stop();
  }
});
