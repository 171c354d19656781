import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { fromUtf8, fromUtf8Lossy, tryParseJson, utf8 } from "../protocol/mod.ts";
import { systemClock, turn } from "./clock.ts";
import { HttpConnection, openStream, request, sendRaw } from "./http.ts";
import { encodeRequest } from "./http_exchange.ts";
import { limitsOf } from "./limits.ts";
import { LiveNetwork } from "./live_network.ts";
import { headerOf, type HttpRequest } from "./network.ts";
import { serve } from "./server.ts";
import { drip, endless, says, saysAndStays, testNetwork, withPeer } from "./testing_hostile.ts";
import { nullSink } from "./transcript.ts";

const GET: HttpRequest = { method: "GET", path: "/", headers: [] };
/** Short enough for a test, long enough for a loaded machine. */
const SHORT = { deadlineMs: 400, idleMs: 200 };
/** Twice the longest limit of a hostile test. */
const BOUND_MS = 4_000;

Deno.test("a request is encoded with host and length, and without them when they are to be left out", () => {
  const endpoint = { scheme: "http", host: "127.0.0.1", port: 7900 } as const;
  const post: HttpRequest = { method: "POST", path: "/x?y=1", headers: [["A", "b"]], body: utf8("hi") };
  assertEquals(
    fromUtf8(encodeRequest(endpoint, post)),
    "POST /x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:7900\r\nA: b\r\nContent-Length: 2\r\n\r\nhi",
  );
  assertEquals(
    fromUtf8(encodeRequest(endpoint, { ...post, omit: ["Host", "content-length"] })),
    "POST /x?y=1 HTTP/1.1\r\nA: b\r\n\r\nhi",
  );
  assertEquals(
    fromUtf8(encodeRequest(endpoint, { ...post, body: utf8("hello"), chunked: 3 })),
    "POST /x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:7900\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
  );
  for (const body of ["hi", "h\u00ef \u20ac"]) {
    for (const chunked of [undefined, 2]) {
      const as = (body: string | Uint8Array): HttpRequest => ({
        ...post,
        body,
        ...(chunked === undefined ? {} : { chunked }),
      });
      assertEquals(encodeRequest(endpoint, as(body)), encodeRequest(endpoint, as(utf8(body))), `${body} ${chunked}`);
    }
  }
  const odd: HttpRequest = { ...post, headers: [["A", "ä€"], ["host", "h"]] };
  assertEquals(
    fromUtf8(encodeRequest(endpoint, odd)),
    "POST /x?y=1 HTTP/1.1\r\nA: ä€\r\nhost: h\r\nContent-Length: 2\r\n\r\nhi",
  );
  for (const path of ["/a", "/a", "/b"]) {
    assertEquals(
      fromUtf8(encodeRequest(endpoint, { ...GET, path })),
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:7900\r\n\r\n`,
    );
  }
});

Deno.test("an answer with a length is read exactly", async () => {
  await withPeer(
    saysAndStays("HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok"),
    async (network, endpoint, sink) => {
      const answer = await request(network, endpoint, GET);
      assertEquals(answer.status, 200);
      assertEquals(fromUtf8(answer.body), "ok");
      assertEquals(headerOf(answer, "x-a"), "1");
      assertEquals(answer.end, "kept");
      assertEquals(answer.failure, undefined);
      assertEquals(answer.exchange, 1);
      assertEquals(sink.records.map(({ direction }) => direction), ["begin", "dial", "exchange", "out", "in", "close"]);
    },
  );
});

Deno.test("a chunked answer in pieces is put together", async () => {
  const pieces = [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "3\r\nabc\r\n",
    "2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n",
  ];
  await withPeer(saysAndStays(...pieces), async (network, endpoint) => {
    const answer = await request(network, endpoint, GET);
    assertEquals([answer.failure, fromUtf8(answer.body)], [undefined, "abcde"]);
  });
});

Deno.test("an answer without a length ends with the connection", async () => {
  await withPeer(says("HTTP/1.1 200 OK\r\n\r\nuntil", " close"), async (network, endpoint) => {
    const answer = await request(network, endpoint, GET);
    assertEquals([fromUtf8(answer.body), answer.end, answer.failure], ["until close", "closed", undefined]);
  });
});

Deno.test("an interim answer is passed over", async () => {
  const peer = saysAndStays("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  await withPeer(peer, async (network, endpoint) => {
    assertEquals((await request(network, endpoint, GET)).status, 204);
  });
});

Deno.test("nobody listening is a refused exchange without a status", async () => {
  const { network } = testNetwork();
  const listener = await network.listen({}, () => Promise.resolve());
  await listener.close();
  const answer = await request(network, { scheme: "http", host: "127.0.0.1", port: listener.port }, GET);
  assertEquals([answer.status, answer.failure?.kind], [0, "refused"]);
  network.close();
});

const MALFORMED: Readonly<Record<string, string>> = {
  "a status line of another protocol": "SSH-2.0-OpenSSH_9\r\n\r\n",
  "a bare line feed": "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
  "a header without a colon": "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
  "a folded header": "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
  "both length and coding": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
  "a length that is no number": "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
  "a garbage chunk size": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
  "a chunk longer than its size": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
  "bytes after the message": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc",
};

for (const [name, bytes] of Object.entries(MALFORMED)) {
  Deno.test(`${name} makes the answer malformed`, async () => {
    await withPeer(says(bytes), async (network, endpoint) => {
      assertEquals((await request(network, endpoint, GET, SHORT)).failure?.kind, "malformed");
    });
  });
}

Deno.test("an endless body costs a limit, not memory", async () => {
  const peer = endless("HTTP/1.1 200 OK\r\n\r\n", "x");
  await withPeer(peer, async (network, endpoint) => {
    const answer = await request(network, endpoint, GET, { maxBodyBytes: 100_000 });
    assertEquals([answer.status, answer.failure?.kind], [200, "limit"]);
    assertLess(answer.received.length, 2_000_000);
  });
});

Deno.test("a body that claims more than the limit is refused at its head", async () => {
  await withPeer(saysAndStays("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n"), async (network, endpoint) => {
    assertEquals((await request(network, endpoint, GET, SHORT)).failure?.kind, "limit");
  });
});

Deno.test("endless headers cost a limit", async () => {
  await withPeer(endless("HTTP/1.1 200 OK\r\n", "A: b\r\n"), async (network, endpoint) => {
    assertEquals((await request(network, endpoint, GET)).failure?.kind, "limit");
  });
  await withPeer(endless("HTTP/1.1 200 OK\r\nA: ", "x"), async (network, endpoint) => {
    assertEquals((await request(network, endpoint, GET)).failure?.kind, "limit");
  });
});

Deno.test("one byte at a time ends at the deadline, although it is never idle", async () => {
  const peer = drip("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", 30);
  await withPeer(peer, async (network, endpoint) => {
    const answer = await request(network, endpoint, GET, SHORT);
    assertEquals([answer.status, answer.failure?.kind], [200, "deadline"]);
    assertMatch(answer.failure?.message ?? "", /not complete within 400 ms/);
    assertLess(answer.endedAt - answer.startedAt, BOUND_MS);
  });
});

Deno.test("silence ends at the idle limit", async () => {
  await withPeer(saysAndStays("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), async (network, endpoint) => {
    const answer = await request(network, endpoint, GET, SHORT);
    assertEquals([answer.failure?.kind, fromUtf8(answer.body)], ["deadline", "abc"]);
    assertMatch(answer.failure?.message ?? "", /silent for 200 ms/);
  });
});

Deno.test("an early close is told from a reset", async () => {
  await withPeer(says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), async (network, endpoint) => {
    const answer = await request(network, endpoint, GET);
    assertEquals([answer.failure?.kind, answer.end, fromUtf8(answer.body)], ["closed", "closed", "abc"]);
  });
  const resets = async (connection: Parameters<Parameters<typeof withPeer>[0]>[0]) => {
    await connection.read(1_000);
    connection.reset();
  };
  await withPeer(resets, async (network, endpoint) => {
    const answer = await request(network, endpoint, GET);
    assertEquals([answer.status, answer.failure?.kind, answer.end], [0, "reset", "reset"]);
  });
});

const OK = "HTTP/1.1 200 OK\r\n";
const PEERS: Readonly<Record<string, Parameters<typeof withPeer>[0]>> = {
  "a whole answer": saysAndStays(`${OK}Content-Length: 2\r\n\r\nhi`),
  "an answer in pieces": async (connection) => {
    await connection.read(BOUND_MS);
    for (const piece of [OK, "Content-Len", "gth: 4\r\n\r\n", "ab", "cd"]) {
      await connection.write(utf8(piece));
      await turn();
    }
    await connection.read(BOUND_MS);
  },
  "bytes after the answer": saysAndStays(`${OK}Content-Length: 1\r\n\r\naHTTP`),
  "no protocol": saysAndStays("SSH-2.0-x\r\n\r\n"),
  "a body that breaks off": says(`${OK}Content-Length: 9\r\n\r\nabc`),
  "a close at once": says(),
  "a reset": async (connection) => {
    await connection.read(BOUND_MS);
    connection.reset();
  },
  silence: saysAndStays(),
  "a body without end": endless(`${OK}Content-Length: 99999999\r\n\r\n`, "x"),
};

for (const [name, peer] of Object.entries(PEERS)) {
  Deno.test(`where nobody keeps records, ${name} is the same`, async () => {
    await withPeer(peer, async (recorded, endpoint) => {
      const bare = new LiveNetwork({ scope: "test", sink: nullSink, clock: systemClock() });
      const seen = [];
      for (const network of [recorded, bare]) {
        const connection = await HttpConnection.open(network, endpoint);
        const answer = await connection.exchange(GET, { ...SHORT, maxBodyBytes: 1000 });
        const { status, end, failure } = answer;
        seen.push({ status, end, failure, body: fromUtf8(answer.body), usable: connection.usable });
        connection.close();
      }
      bare.close();
      assertEquals(seen[1], seen[0]);
    });
  });
}

Deno.test("what is made of a complete answer may fail, whether it came in one read or in several", async () => {
  for (const name of ["a whole answer", "an answer in pieces", "silence"]) {
    await withPeer(PEERS[name] ?? says(), async (network, endpoint) => {
      const connection = await HttpConnection.open(network, endpoint);
      const exchange = connection.start(GET, limitsOf(SHORT), network.clock.mono());
      const failing = exchange.complete(() => {
        throw new RangeError("a defect");
      });
      await assertRejects(() => failing, RangeError, "a defect");
      connection.close();
    });
  }
});

Deno.test("deep JSON and invalid UTF-8 pass the wire and fail in the reader of JSON", async () => {
  const deep = "[".repeat(100_000);
  await withPeer(
    saysAndStays(`HTTP/1.1 200 OK\r\nContent-Length: ${deep.length}\r\n\r\n${deep}`),
    async (network, endpoint) => {
      const answer = await request(network, endpoint, GET);
      assertEquals([answer.failure, tryParseJson(answer.body)], [undefined, undefined]);
    },
  );
  const bytes = Uint8Array.of(0x22, 0xff, 0x22);
  await withPeer(saysAndStays("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", bytes), async (network, endpoint) => {
    const answer = await request(network, endpoint, GET);
    assertEquals([answer.body, tryParseJson(answer.body)], [bytes, undefined]);
  });
});

Deno.test("a kept connection carries several exchanges, also pipelined, and knows when it is over", async () => {
  const { network } = testNetwork();
  const listener = await serve(
    network,
    {},
    ({ path }) => Promise.resolve({ status: 200, body: path, close: path === "/last" }),
  );
  const endpoint = { scheme: "http", host: "127.0.0.1", port: listener.port } as const;
  const connection = await HttpConnection.open(network, endpoint);
  assertEquals(fromUtf8((await connection.exchange({ ...GET, path: "/a" })).body), "/a");
  const answers = await connection.pipeline(["/b", "/c", "/d"].map((path) => ({ ...GET, path })));
  assertEquals(answers.map(({ body }) => fromUtf8(body)), ["/b", "/c", "/d"]);
  assertMatch(fromUtf8(answers[1]?.sent ?? new Uint8Array(0)), /^GET \/c /);
  assertEquals(connection.usable, true);
  const [last, late] = await connection.pipeline(["/last", "/late"].map((path) => ({ ...GET, path })));
  assertEquals([last?.status, late?.status], [200, 0]);
  assert(late?.failure?.kind === "closed" || late?.failure?.kind === "reset");
  assertEquals(connection.usable, false);
  assertEquals((await connection.exchange(GET)).failure?.kind, "closed");
  network.close();
});

Deno.test("a stream hands out pieces as they come and can be waited for in between", async () => {
  const { network } = testNetwork();
  let aborted = false;
  const listener = await serve(network, {}, async (_, reply) => {
    await reply.head(200, [["Content-Type", "text/event-stream"]]);
    await reply.write("one");
    aborted = await reply.connection.read(5_000) === null;
  });
  const stream = await openStream(network, { scheme: "http", host: "127.0.0.1", port: listener.port }, GET);
  assertEquals(stream.status, 200);
  assertEquals(fromUtf8((await stream.next())?.bytes ?? new Uint8Array(0)), "one");
  const kind = await stream.next(20).then(() => "piece", (error) => error.kind);
  assertEquals(kind, "deadline");
  assertEquals(stream.failure, undefined);
  stream.abort();
  await listener.close();
  assert(aborted);
  assertEquals(fromUtf8Lossy(stream.finish().body), "one");
  network.close();
});

Deno.test("raw bytes go out as they are: malformed, in pieces, half-closed", async () => {
  const { network } = testNetwork();
  const listener = await serve(network, {}, ({ body }) => Promise.resolve({ status: 200, body }));
  const endpoint = { scheme: "http", host: "127.0.0.1", port: listener.port } as const;
  assertEquals((await sendRaw(network, endpoint, utf8("nonsense\r\n\r\n"))).status, 400);
  const pieces = ["POST / HTTP/1.1\r\nContent-", "Length: 4\r\n\r\nab", "cd"].map(utf8);
  const slow = await sendRaw(network, endpoint, pieces, { pauseMs: 5, keepReadingMs: 20 });
  assertEquals([slow.status, fromUtf8(slow.body), slow.end], [200, "abcd", "kept"]);
  const half = await sendRaw(network, endpoint, utf8("GET / HTTP/1.1\r\n\r\n"), {
    closeWrite: true,
    keepReadingMs: 500,
  });
  assertEquals([half.status, half.end], [200, "closed"]);
  const short = await sendRaw(network, endpoint, utf8("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"), {
    closeWrite: true,
  });
  assertEquals([short.status, short.failure?.kind], [0, "closed"]);
  network.close();
});
