import { assertEquals, assertMatch } from "@std/assert";
import { request } from "./http.ts";
import type { Connection, Endpoint } from "./network.ts";
import { ReplayNetwork } from "./replay_network.ts";
import { fingerprintOf } from "./socket.ts";
import { testCertificate } from "./testing_certificate.ts";
import { says, saysAndStays, testNetwork, withPeer } from "./testing_hostile.ts";

const GET = { method: "GET", path: "/", headers: [] } as const;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Deno.test("a self-signed certificate is accepted and shown with its fingerprint", async () => {
  const tls = await testCertificate();
  await withPeer(saysAndStays(OK), async (network, endpoint, sink) => {
    const first = await request(network, endpoint, GET);
    const { fingerprint = "", der = new Uint8Array(0) } = first.certificate ?? {};
    assertEquals([first.status, fingerprintOf(der)], [200, fingerprint]);
    const pinned = await request(network, { ...endpoint, fingerprint }, GET);
    assertEquals(pinned.status, 200);
    const dials = sink.records.filter(({ direction }) => direction === "dial");
    assertEquals(dials.map(({ bytes }) => bytes !== undefined), [true, false]);
    const again = new ReplayNetwork(sink.records);
    assertEquals((await request(again, endpoint, GET)).certificate, first.certificate);
    assertEquals((await request(again, { ...endpoint, fingerprint }, GET)).certificate, first.certificate);
  }, { tls });
});

Deno.test("a changed fingerprint fails the connection as tls, live and replayed", async () => {
  const tls = await testCertificate();
  await withPeer(saysAndStays(OK), async (network, endpoint, sink) => {
    const pinned: Endpoint = { ...endpoint, fingerprint: "00".repeat(32) };
    const answer = await request(network, pinned, GET);
    assertEquals([answer.status, answer.failure?.kind], [0, "tls"]);
    assertMatch(answer.failure?.message ?? "", /pinned is 0000/);
    assertEquals((await request(new ReplayNetwork(sink.records), pinned, GET)).failure, answer.failure);
  }, { tls });
});

Deno.test("a peer that does not speak TLS fails the handshake", async () => {
  await withPeer(says("HTTP/1.1 400 Bad Request\r\n\r\n"), async (network, endpoint) => {
    const answer = await request(network, { ...endpoint, scheme: "https" }, GET);
    assertEquals([answer.status, answer.failure?.kind], [0, "tls"]);
  });
});

Deno.test("a peer that keeps silent in the handshake costs the deadline", async () => {
  const silent = async (connection: Connection) => {
    while (await connection.read(2_000) !== null);
  };
  await withPeer(silent, async (network, endpoint) => {
    const answer = await request(network, { ...endpoint, scheme: "https" }, GET, { deadlineMs: 150 });
    assertEquals([answer.status, answer.failure?.kind], [0, "deadline"]);
  });
});

Deno.test("a TLS connection can be reset by either side; the runtime shows it as an end without an answer", async () => {
  const tls = await testCertificate();
  const ends: string[] = [];
  const peer = async (connection: Connection) => {
    const seen = await connection.read(2_000).then((read) => read === null ? "eof" : "bytes", (error) => error.kind);
    ends.push(seen);
    if (seen === "bytes") connection.reset();
  };
  await withPeer(peer, async (network, endpoint) => {
    assertEquals((await request(network, endpoint, GET)).failure?.kind, "closed");
    const { host, port } = endpoint;
    const connection = await network.dial({ host, port, tls: {} });
    connection.reset();
    const { network: watch } = testNetwork();
    const until = watch.clock.mono() + 2_000;
    while (ends.length < 2 && watch.clock.mono() < until) await watch.clock.sleep(5);
    assertEquals(ends, ["bytes", "eof"]);
    watch.close();
  }, { tls });
});
