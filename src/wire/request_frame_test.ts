import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat, fromUtf8Lossy, utf8 } from "../protocol/mod.ts";
import { encodeRequest } from "./http_exchange.ts";
import type { Endpoint, HeaderList, HttpRequest } from "./network.ts";
import { framed } from "./request_frame.ts";

const ENDPOINTS: readonly Endpoint[] = [
  { scheme: "http", host: "127.0.0.1", port: 7900 },
  { scheme: "http", host: "::1", port: 80 },
];

/** The bytes by the plainest way there is. */
function plainly({ host, port }: Endpoint, { method, path, headers }: HttpRequest, body: string): Uint8Array {
  const has = (name: string) => headers.some(([other]) => other.toLowerCase() === name);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...(has("host") ? [] : [`Host: ${host.includes(":") ? `[${host}]` : host}:${port}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(has("content-length") ? [] : [`Content-Length: ${utf8(body).length}`]),
    "",
    body,
  ];
  return concat([utf8(lines.join("\r\n"))]);
}

/** Few names and values, so that lists are often alike; among them what looks like other lines and what is no ASCII. */
const name = fc.constantFrom("A", "B", "Host", "Content-Length", "content-length", "X-Other");
const value = fc.oneof(
  fc.constantFrom("", "1", "22", "ü", "x\r\nContent-Length: 9", "x\r\nA: 1"),
  fc.string({ minLength: 3, maxLength: 3 }),
);
const drawn = fc.record({
  endpoint: fc.constantFrom(...ENDPOINTS),
  method: fc.constantFrom("POST", "PUT"),
  path: fc.constantFrom("/a", "/b", "/bb"),
  headers: fc.array(fc.tuple(name, value), { maxLength: 4 }),
  body: fc.oneof(fc.constantFrom("", "{}", "ü", "x".repeat(2000)), fc.string({ maxLength: 4 })),
});

Deno.test("whatever was sent before, the bytes of a request are its own", () => {
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 2, maxLength: 20 }), (all) => {
      for (const { endpoint, method, path, headers, body } of all) {
        const request = { method, path, headers, body };
        const [is, must] = [encodeRequest(endpoint, request), plainly(endpoint, request, body)];
        assertEquals(fromUtf8Lossy(is), fromUtf8Lossy(must));
        assertEquals(is, must);
      }
    }),
    { numRuns: 500, seed: 4 },
  );
});

Deno.test("a head that differs in values of the same length is made of the bytes of the earlier one", () => {
  const endpoint: Endpoint = { scheme: "http", host: "127.0.0.1", port: 7901 };
  const call = (id: string, signature: string, last = "Signature"): HttpRequest => {
    const headers: HeaderList = [["Accept", "*/*"], ["Id", id], ["From", "me"], [last, signature]];
    return { method: "POST", path: "/call", headers };
  };
  const known = call("id-1", "first");
  assertEquals(framed(endpoint, known, "{}"), undefined);
  const first = encodeRequest(endpoint, { ...known, body: "{}" });
  for (const [id, signature, body] of [["id-2", "other", '{"a":1}'], ["id-1", "a longer one", ""]] as const) {
    const next = call(id, signature);
    assertEquals(framed(endpoint, next, body), plainly(endpoint, next, body));
  }
  assertEquals(first, plainly(endpoint, known, "{}"));
  const unlike: readonly (readonly [Endpoint, HttpRequest, string])[] = [
    [endpoint, call("id-10", "first"), "{}"],
    // As long in all as the known one.
    [endpoint, { ...known, headers: [["Accept", "*/"], ["Id", "id-10"], ...known.headers.slice(2)] }, "{}"],
    [endpoint, call("id-2", "first", "Signatur"), "{}"],
    [endpoint, call("id-ü", "first"), "{}"],
    [endpoint, call("id-2", "first"), "ü"],
    [endpoint, call("id-2", "ü"), "{}"],
    [endpoint, { ...known, path: "/cal2" }, "{}"],
    [endpoint, { ...known, method: "PUT" }, "{}"],
    [endpoint, { ...known, headers: known.headers.slice(1) }, "{}"],
    [{ ...endpoint, port: 7902 }, known, "{}"],
  ];
  for (const [to, request, body] of unlike) assertEquals(framed(to, request, body), undefined);
});
