import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concat, utf8 } from "../protocol/mod.ts";
import { MessageParser } from "./http_parser.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { WireError } from "./network.ts";

/** Runs of each property; enough to meet every boundary of messages this short. */
const RUNS = 200;

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

/** What a parser makes of the pieces, as plain data. */
function outcome(pieces: readonly Uint8Array[], method = "GET") {
  const parser = new MessageParser({ kind: "answer", method }, { ...DEFAULT_LIMITS, maxHeaderBytes: 200 });
  const body: Uint8Array[] = [];
  let rest = 0;
  try {
    for (const piece of pieces) {
      const taken = parser.feed(piece);
      rest += piece.length - taken;
      body.push(...parser.takeBody());
    }
    parser.end();
    return { head: parser.head, body: concat(body), rest };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { head: parser.head, failure: error.message };
  }
}

const places = fc.array(fc.nat(), { maxLength: 8 });
const name = fc.stringMatching(/^[A-Za-z-]{1,8}$/);
const value = fc.stringMatching(/^[!-~]{0,12}$/);
const body = fc.uint8Array({ maxLength: 60 });

const message = fc.tuple(fc.constantFrom(200, 204, 404, 503), fc.array(fc.tuple(name, value), { maxLength: 4 }), body)
  .chain(([status, headers, body]) => {
    const plain = headers.filter(([name]) => !/^(content-length|transfer-encoding)$/i.test(name));
    const head = `HTTP/1.1 ${status} Some Reason\r\n${plain.map(([n, v]) => `${n}: ${v}\r\n`).join("")}`;
    const fixed = concat([utf8(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
    const open = concat([utf8(`${head}\r\n`), body]);
    const chunked = fc.array(fc.nat(), { maxLength: 4 }).map((at) => {
      const parts = cut(body, at).filter((part) => part.length > 0);
      const chunks = parts.map((part) => concat([utf8(`${part.length.toString(16)}\r\n`), part, utf8("\r\n")]));
      return concat([utf8(`${head}Transfer-Encoding: chunked\r\n\r\n`), ...chunks, utf8("0\r\n\r\n")]);
    });
    const form = fc.oneof(fc.constant(fixed), fc.constant(open), chunked);
    return form.map((bytes) => ({ bytes, status, body, headers: plain }));
  });

Deno.test("a message parses the same however its bytes are cut", () => {
  fc.assert(
    fc.property(message, places, ({ bytes }, at) => assertEquals(outcome(cut(bytes, at)), outcome([bytes]))),
    { numRuns: RUNS },
  );
});

Deno.test("a message gives back the headers and the body it was made of", () => {
  fc.assert(
    fc.property(message, ({ bytes, status, body, headers }) => {
      const { head, body: got } = outcome([bytes]);
      assertEquals(head?.status, status);
      assertEquals(head?.headers.slice(0, headers.length), headers);
      if (status !== 204) assertEquals(got, body);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("damaged messages end in the same way however they are cut, and never in a crash", () => {
  const damage = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(message, damage, places, ({ bytes }, [where, byte], at) => {
      const broken = bytes.slice();
      broken[where % broken.length] = byte;
      assertEquals(outcome(cut(broken, at)), outcome([broken]));
    }),
    { numRuns: RUNS },
  );
});

Deno.test("any bytes end in an outcome that does not depend on the cuts", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), places, (bytes, at) => {
      assertEquals(outcome(cut(bytes, at)), outcome([bytes]));
    }),
    { numRuns: RUNS },
  );
});

Deno.test("an answer to HEAD has no body whatever its length says", () => {
  const result = outcome([utf8("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")], "HEAD");
  assertEquals([result.failure, result.body], [undefined, new Uint8Array(0)]);
});

Deno.test("a request is read with its line, headers and body", () => {
  const parser = new MessageParser({ kind: "request" }, DEFAULT_LIMITS);
  const bytes = utf8("POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET");
  assertEquals(parser.feed(bytes), bytes.length - 3);
  assertEquals(parser.requestHead?.path, "/a?b");
  assertEquals(concat(parser.takeBody()), utf8("hi"));
  assertEquals(parser.done, true);
});

/** What a parser makes of one piece under limits that are kept from message to message, as load keeps them. */
function read(bytes: Uint8Array, method: string, limits = DEFAULT_LIMITS) {
  const parser = new MessageParser({ kind: "answer", method }, limits);
  const taken = parser.feed(bytes);
  return { taken, head: parser.head, body: concat(parser.takeBody()), done: parser.done, bodyBytes: parser.bodyBytes };
}

Deno.test("the same head again and again gives each answer its own body, and method and limits still count", () => {
  const head = "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\n";
  const first = read(utf8(`${head}abGET`), "GET");
  assertEquals([first.taken, first.body, first.done], [head.length + 2, utf8("ab"), true]);
  assertEquals(first.head?.headers, [["X-A", "b"], ["Content-Length", "2"]]);
  for (const body of ["cd", "ef"]) assertEquals(read(utf8(`${head}${body}GET`), "GET"), { ...first, body: utf8(body) });
  assertEquals(read(utf8(`${head}g`), "GET"), {
    ...first,
    taken: head.length + 1,
    body: utf8("g"),
    done: false,
    bodyBytes: 1,
  });
  assertEquals(read(utf8(head), "HEAD"), { ...first, taken: head.length, body: new Uint8Array(0), bodyBytes: 0 });
  assertThrows(
    () => read(utf8(`${head}ab`), "GET", { ...DEFAULT_LIMITS, maxBodyBytes: 1 }),
    WireError,
    "longer than 1",
  );
  assertThrows(() => read(utf8(`${head}ab`), "GET", { ...DEFAULT_LIMITS, maxHeaders: 1 }), WireError, "more than 1");
  assertEquals(read(utf8(head.replace(": 2", ": 3") + "abc"), "GET").body, utf8("abc"));
  assertEquals(read(utf8(head.replace("200 OK", "404 No") + "ab"), "GET").head?.status, 404);
});

Deno.test("a head that comes again is read alike however the messages are cut", () => {
  fc.assert(
    fc.property(message, places, ({ bytes }, at) => {
      const ways = [[bytes], [bytes], cut(bytes, at)];
      const [once, again, pieces] = ways.map((parts) => {
        const parser = new MessageParser({ kind: "answer", method: "GET" }, DEFAULT_LIMITS);
        for (const part of parts) parser.feed(part);
        return { head: parser.head, body: concat(parser.takeBody()), done: parser.done };
      });
      assertEquals(again, once);
      assertEquals(pieces, once);
    }),
    { numRuns: RUNS },
  );
});
