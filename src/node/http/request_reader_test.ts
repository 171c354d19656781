import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { concat, fromUtf8, utf8 } from "../../protocol/mod.ts";
import { NodeError } from "../core.ts";
import { type HttpRequest, readRequest, type RequestSource } from "./request_reader.ts";

const LIMITS = {
  maxHeadBytes: 200,
  maxHeaders: 4,
  maxBodyBytes: 20,
  oversized: () => new NodeError("bad_request", "Cannot read the request: too large"),
};

/** Bytes in pieces of `size`. */
function source(text: string, size = 7): RequestSource & { rest(): string; interim: number } {
  let held = utf8(text);
  return {
    interim: 0,
    read() {
      if (held.length === 0) return Promise.resolve(null);
      const piece = held.subarray(0, size);
      held = held.subarray(piece.length);
      return Promise.resolve(piece);
    },
    unread: (bytes) => void (held = concat([bytes, held])),
    continue() {
      this.interim++;
      return Promise.resolve();
    },
    started: () => {},
    rest: () => fromUtf8(held),
  };
}

function read(text: string, size?: number): Promise<HttpRequest | undefined> {
  return readRequest(source(text, size), LIMITS);
}

Deno.test("a request is read whatever pieces it comes in", async () => {
  for (const size of [1, 3, 1000]) {
    const from = source("\r\nPOST /a?b=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET", size);
    const request = await readRequest(from, LIMITS);
    assertEquals([request?.method, request?.path, request?.query.get("b")], ["POST", "/a", "1"]);
    assertEquals([request?.keepAlive, fromUtf8(request?.body ?? new Uint8Array())], [true, "hello"]);
    assertStringIncludes("GET", from.rest());
  }
});

Deno.test("a chunked body is put together, extensions and trailers left out", async () => {
  const request = await read(
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n",
    2,
  );
  assertEquals(fromUtf8(request?.body ?? new Uint8Array()), "abcde");
});

Deno.test("a client that waits for 100 is told to go on", async () => {
  const from = source("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na");
  await readRequest(from, LIMITS);
  assertEquals(from.interim, 1);
});

Deno.test("malformed and oversized requests are refused", async () => {
  const cases = [
    "GET /\r\n\r\n",
    "GET / HTTP/2.0\r\n\r\n",
    "GET x HTTP/1.1\r\n\r\n",
    "G T / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nno colon\r\n\r\n",
    "GET / HTTP/1.1\r\n folded: x\r\n\r\n",
    "GET / HTTP/1.1\r\na: 1\r\nb: 1\r\nc: 1\r\nd: 1\r\ne: 1\r\n\r\n",
    `GET /${"x".repeat(300)} HTTP/1.1\r\n\r\n`,
    "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "POST / HTTP/1.1\r\nContent-Length: 21\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
    "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
  ];
  for (const text of cases) {
    const error = await assertRejects(() => read(text), NodeError, "Cannot read the request");
    assertEquals(error.code, "bad_request");
  }
});

Deno.test("a connection that ends inside a request is no request", async () => {
  for (const text of ["", "GET / HT", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"]) {
    assertEquals(await read(text), undefined);
  }
});
