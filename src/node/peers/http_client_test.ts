import { assertEquals, assertRejects } from "@std/assert";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { fromUtf8 } from "../../protocol/mod.ts";
import { exchange, readAll } from "./http_client.ts";
import { openSocket, PeerError } from "./socket.ts";

const MAX_BODY = 1000;

/** What a client makes of the bytes a server sends before it closes. */
async function answerTo(pieces: readonly string[]): Promise<{ status: number; body: string; keepAlive: boolean }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      for (const piece of pieces) socket.write(piece);
      socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const socket = await openSocket({ tls: false, host: "127.0.0.1", port }, new AbortController().signal);
  try {
    const { status, body, keepAlive } = await exchange(socket, "x", { method: "GET", path: "/", headers: [] });
    return { status, body: fromUtf8(await readAll(body, MAX_BODY)), keepAlive };
  } finally {
    socket.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

Deno.test("bodies by length, in chunks and until the end are read, however they are cut", async () => {
  const answers = [
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n", true],
    ["HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", false],
    ["HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false],
    ["HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\ncontent-length: 5\n\nhello", true],
  ] as const;
  for (const [text, keepAlive] of answers) {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 4 }), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const pieces = at.slice(1).map((end, i) => text.slice(at[i], end));
        assertEquals(await answerTo(pieces), { status: 200, body: "hello", keepAlive });
      }),
      { numRuns: 5 },
    );
  }
});

Deno.test("answers that are no HTTP, too long or cut short are failures with a kind", async () => {
  const table: readonly (readonly [string, PeerError["kind"]])[] = [
    ["", "broken"],
    ["SSH-2.0-x\r\n", "malformed"],
    ["HTTP/2 200 OK\r\n\r\n", "malformed"],
    ["HTTP/1.1 20 OK\r\n\r\n", "malformed"],
    ["HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "malformed"],
    ["HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "malformed"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\nhello", "malformed"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "broken"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + "x".repeat(5000), "limit"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "broken"],
    [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}\r\n\r\n`, "limit"],
    ["HTTP/1.1 200 OK\r\n" + "X: y\r\n".repeat(20_000) + "\r\n", "limit"],
  ];
  for (const [text, kind] of table) {
    const error = await assertRejects(() => answerTo([text]), PeerError);
    assertEquals(error.kind, kind, text.slice(0, 60));
  }
});

Deno.test("nothing that listens is unreachable, also when the signal was aborted before", async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as AddressInfo;
  const signal = AbortSignal.abort();
  const aborted = await assertRejects(() => openSocket({ tls: false, host: "127.0.0.1", port }, signal), PeerError);
  await new Promise<void>((resolve) => closed.close(() => resolve()));
  const refused = await assertRejects(
    () => openSocket({ tls: false, host: "127.0.0.1", port }, new AbortController().signal),
    PeerError,
  );
  assertEquals([aborted.kind, refused.kind], ["unreachable", "unreachable"]);
});
