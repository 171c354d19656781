import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "./clock.ts";
import { MAX_QUEUED_BYTES } from "./limits.ts";
import { WireError } from "./network.ts";
import { connectSocket, listenSocket, type StreamSocket } from "./socket.ts";

const HOST = "127.0.0.1";
const DEADLINE_MS = 20_000;
const clock = systemClock();
const mono = () => clock.mono();

/** Two ends of a TCP connection of ours. */
async function pair(): Promise<{ ours: StreamSocket; peer: StreamSocket; end: () => void }> {
  const { promise, resolve } = Promise.withResolvers<StreamSocket>();
  const listener = await listenSocket({ host: HOST, port: 0 }, mono, resolve);
  const ours = await connectSocket({ host: HOST, port: listener.port }, mono);
  const peer = await promise;
  return {
    ours,
    peer,
    end: () => {
      ours.destroy();
      peer.destroy();
      listener.close();
    },
  };
}

async function readBytes(socket: StreamSocket, count: number): Promise<Uint8Array> {
  const all = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const received = await socket.read(DEADLINE_MS);
    if (received === null) throw new Error(`the peer closed after ${at} bytes`);
    all.set(received.bytes, at);
    at += received.bytes.length;
  }
  return all;
}

Deno.test("what several connections receive at once is not mixed up, however late it is read", async () => {
  const pairs = await Promise.all(Array.from({ length: 8 }, pair));
  const size = 50_000;
  for (let turn = 0; turn < 4; turn++) {
    for (const [index, { peer }] of pairs.entries()) peer.post(new Uint8Array(size).fill(16 * index + turn));
  }
  for (const [index, { ours }] of pairs.entries()) {
    const bytes = await readBytes(ours, 4 * size);
    for (let turn = 0; turn < 4; turn++) {
      const part = bytes.subarray(turn * size, (turn + 1) * size);
      assertEquals(part.every((byte) => byte === 16 * index + turn), true, `connection ${index}, turn ${turn}`);
    }
  }
  for (const { end } of pairs) end();
});

Deno.test("a socket nobody reads is paused, and gives everything and the end when it is read again", async () => {
  const { ours, peer, end } = await pair();
  const piece = new Uint8Array(MAX_QUEUED_BYTES).fill(7);
  const pieces = 24;
  for (let index = 0; index < pieces; index++) peer.post(piece);
  peer.closeWrite();
  // The kernel takes some megabytes; the rest must stay with the peer, for ours is not read.
  let held = peer.pending;
  const until = mono() + DEADLINE_MS;
  for (let same = 0; same < 10 && mono() < until; same = peer.pending === held ? same + 1 : 0) {
    held = peer.pending;
    await clock.sleep(20);
  }
  assertEquals(held > 0, true, "all was taken though nobody reads");
  const all = await readBytes(ours, pieces * piece.length);
  assertEquals(all.every((byte) => byte === 7), true);
  assertEquals(await ours.read(DEADLINE_MS), null);
  end();
});

Deno.test("the end and the reset of a peer are told apart", async () => {
  const first = await pair();
  first.peer.post(new Uint8Array([1, 2]));
  first.peer.closeWrite();
  assertEquals((await first.ours.read(DEADLINE_MS))?.bytes, new Uint8Array([1, 2]));
  assertEquals(await first.ours.read(DEADLINE_MS), null);
  first.end();
  const second = await pair();
  second.peer.reset();
  const error = await assertRejects(() => second.ours.read(DEADLINE_MS), WireError);
  assertEquals(error.kind, "reset");
  second.ours.post(new Uint8Array([1]));
  second.end();
});
