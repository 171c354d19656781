import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { systemClock } from "./clock.ts";
import { LiveNetwork } from "./live_network.ts";
import { type Connection, WireError } from "./network.ts";
import { endless, says, testNetwork, testPeer, withPeer } from "./testing_hostile.ts";
import { nullSink } from "./transcript.ts";

const HOUR_MS = 3_600_000;
/** Kernel buffers of both ends and ours; a peer that got rid of more was read without anybody asking. */
const MOST_BUFFERED_BYTES = 32 * 1_048_576;

Deno.test("what nobody reads is not taken from the peer without bound", async () => {
  let sent = 0;
  const piece = new Uint8Array(65_536);
  const flood = async (connection: Connection) => {
    for (; sent <= MOST_BUFFERED_BYTES; sent += piece.length) await connection.write(piece);
  };
  await withPeer(flood, async (network, { host, port }) => {
    await network.dial({ host, port });
    const clock = systemClock();
    for (let quiet = 0, last = -1; quiet < 5 && sent <= MOST_BUFFERED_BYTES; last = sent) {
      await clock.sleep(10);
      quiet = sent === last && sent > 0 ? quiet + 1 : 0;
    }
    assertLess(sent, MOST_BUFFERED_BYTES);
  });
});

Deno.test("a deadline leaves the connection usable, and bytes that waited are not lost", async () => {
  const asked = async (connection: Connection) => {
    await connection.read(5_000);
    await connection.write(Uint8Array.of(1));
    await connection.read(5_000);
  };
  await withPeer(asked, async (network, { host, port }) => {
    const connection = await network.dial({ host, port });
    await assertRejects(() => connection.read(20), WireError, "20 ms");
    await connection.write(Uint8Array.of(0));
    assertEquals((await connection.read(5_000))?.bytes, Uint8Array.of(1));
    await assertRejects(() => connection.read(0), WireError);
  });
});

Deno.test("a short deadline after a long one is kept", async () => {
  const { network } = testNetwork();
  const peer = await testPeer(async (connection) => {
    await connection.write(Uint8Array.of(1));
    await connection.read(5_000);
  });
  const connection = await network.dial({ host: peer.endpoint.host, port: peer.endpoint.port });
  await connection.read(HOUR_MS);
  const began = network.clock.mono();
  await assertRejects(() => connection.read(30), WireError);
  assertLess(network.clock.mono() - began, 2_000);
  network.close();
  await peer.close();
});

Deno.test("records have times from the beginning of the scope that never go back within a connection", async () => {
  await withPeer(says("a", "b", "c"), async (network, { host, port }, sink) => {
    const connection = await network.dial({ host, port });
    await connection.write(Uint8Array.of(1));
    while (await connection.read(5_000) !== null);
    connection.close();
    const times = sink.records.map(({ at }) => at);
    assertEquals(times, times.toSorted((a, b) => a - b));
    assertEquals(sink.records[0]?.direction, "begin");
    assertEquals(sink.records.at(-1)?.direction, "close");
    assertLess(Math.max(...times), 5_000);
  });
});

Deno.test("a closed network drops what it held, refuses to dial and records nothing more", async () => {
  await withPeer(endless("", "x"), async (network, { host, port }, sink) => {
    const connection = await network.dial({ host, port });
    const read = connection.read(5_000);
    const { length } = sink.records;
    network.close();
    assertEquals(await read, null);
    await assertRejects(() => network.dial({ host, port }), WireError, "over");
    assertEquals(sink.records.length, length);
  });
});

Deno.test("a port that is taken is refused to a second listener", async () => {
  const network = new LiveNetwork({ scope: "a", sink: nullSink, clock: systemClock() });
  const first = await network.listen({}, () => Promise.resolve());
  await assertRejects(() => network.listen({ port: first.port }, () => Promise.resolve()), WireError, "EADDRINUSE");
  network.close();
});

Deno.test("what was posted leaves before what is written after it and before the connection closes", async () => {
  const network = new LiveNetwork({ scope: "a", sink: nullSink, clock: systemClock() });
  const { promise, resolve } = Promise.withResolvers<number[]>();
  const listener = await network.listen({}, async (connection) => {
    const all: number[] = [];
    for (let part = await connection.read(5_000); part !== null; part = await connection.read(5_000)) {
      all.push(...part.bytes);
    }
    resolve(all);
  });
  const connection = await network.dial({ host: listener.host, port: listener.port });
  connection.post?.(Uint8Array.of(1));
  connection.post?.(Uint8Array.of(2));
  const written = connection.write(Uint8Array.of(3));
  connection.post?.(Uint8Array.of(4));
  connection.close();
  await written;
  assertEquals(await promise, [1, 2, 3, 4]);
  network.close();
});
