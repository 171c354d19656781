import { assert, assertEquals } from "@std/assert";
import { concat, fromUtf8, Random, utf8 } from "../protocol/mod.ts";
import type { Connection } from "./network.ts";
import { type Handler, serve } from "./server.ts";
import { says, testNetwork, withPeer } from "./testing_hostile.ts";
import { acceptFor, openWebSocket, type WsClient } from "./websocket.ts";
import { encodeFrame, OPCODE, WsFrameParser, type WsFrameSpec } from "./websocket_frame.ts";

const OPTIONS = { path: "/bus/v1/call", protocols: ["hearthnet-bus.v2"] };
const WAIT_MS = 2_000;
const NO_KEY = new Uint8Array(4);

/** Bytes of an unmasked frame, as servers send them. */
function frame(spec: WsFrameSpec): Uint8Array {
  return encodeFrame({ masked: false, ...spec }, NO_KEY);
}

/** Upgrades, then lets `behave` play the server. */
function upgrades(behave: (connection: Connection) => Promise<void>): Handler {
  return async (request, reply) => {
    const key = request.headers.find(([name]) => name === "Sec-WebSocket-Key")?.[1] ?? "";
    await reply.head(101, [
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Accept", acceptFor(key)],
      ["Sec-WebSocket-Protocol", "hearthnet-bus.v2"],
    ]);
    await behave(reply.connection);
  };
}

async function withSocket(
  behave: (connection: Connection) => Promise<void>,
  test: (socket: WsClient) => Promise<void>,
  options: { autoPong?: boolean } = {},
): Promise<void> {
  const { network } = testNetwork();
  const listener = await serve(network, {}, upgrades(behave));
  const endpoint = { scheme: "http", host: "127.0.0.1", port: listener.port } as const;
  try {
    await test(await openWebSocket(network, endpoint, { ...OPTIONS, random: new Random(1), ...options }));
  } finally {
    network.close();
  }
}

/** Sends frames and waits for the client to finish. */
function sends(...specs: readonly WsFrameSpec[]): (connection: Connection) => Promise<void> {
  return async (connection) => {
    await connection.write(concat(specs.map(frame)));
    while (await connection.read(WAIT_MS) !== null);
  };
}

Deno.test("the accept value of RFC 6455 section 1.3 comes out", () => {
  assertEquals(acceptFor("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

Deno.test("an upgrade reports accept value and protocol, and frames that came along are not lost", async () => {
  await withSocket(sends({ opcode: OPCODE.text, payload: utf8("hi") }), async (socket) => {
    const { upgraded, acceptExpected, acceptGot, protocol } = socket.handshake;
    assertEquals([upgraded, acceptGot, protocol], [true, acceptExpected, "hearthnet-bus.v2"]);
    assertEquals((await socket.next())?.text, "hi");
  });
});

Deno.test("a refused upgrade closes the client and keeps the answer", async () => {
  await withPeer(says("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n"), async (network, endpoint) => {
    const socket = await openWebSocket(network, endpoint, { ...OPTIONS, random: new Random(1) });
    assertEquals([socket.handshake.upgraded, socket.handshake.answer.status], [false, 426]);
    assertEquals([await socket.next(), socket.closed?.clean], [null, false]);
  });
});

Deno.test("fragments are put together around control frames, and pings are answered", async () => {
  const got: Uint8Array[] = [];
  const behave = async (connection: Connection) => {
    await connection.write(concat([
      frame({ opcode: OPCODE.text, fin: false, payload: utf8("a") }),
      frame({ opcode: OPCODE.ping, payload: utf8("p") }),
      frame({ opcode: OPCODE.continuation, payload: utf8("b") }),
    ]));
    const parser = new WsFrameParser(1_000);
    for (let read = await connection.read(WAIT_MS); read !== null; read = await connection.read(WAIT_MS)) {
      for (const { opcode, payload } of parser.feed(read.bytes, 0)) if (opcode === OPCODE.pong) got.push(payload);
      if (got.length > 0) return;
    }
  };
  await withSocket(behave, async (socket) => {
    const message = await socket.next();
    assertEquals([message?.text, message?.fragments], ["ab", 2]);
    assertEquals(socket.control.map(({ opcode }) => opcode), [OPCODE.ping]);
    assertEquals(await socket.next(), null);
    assertEquals(got.map(fromUtf8), ["p"]);
  });
});

Deno.test("a closing handshake gives code and reason", async () => {
  const payload = concat([Uint8Array.of(0x03, 0xe8), utf8("bye")]);
  await withSocket(sends({ opcode: OPCODE.close, payload }), async (socket) => {
    assertEquals(await socket.next(), null);
    const { code, reason, clean } = socket.closed ?? {};
    assertEquals([code, reason, clean], [1000, "bye", true]);
  });
});

Deno.test("violations of the server become problems", async () => {
  const specs: readonly WsFrameSpec[] = [
    { opcode: OPCODE.text, masked: true, payload: utf8("m") },
    { opcode: OPCODE.text, rsv: 4, payload: Uint8Array.of(0xff) },
    { opcode: OPCODE.continuation },
    { opcode: 5 },
    { opcode: OPCODE.ping, payload: new Uint8Array(126) },
    { opcode: OPCODE.binary, payload: Uint8Array.of(1) },
  ];
  await withSocket(sends(...specs), async (socket) => {
    for (let i = 0; i < 3; i++) await socket.next();
    assertEquals(socket.problems, [
      "the server masks its frames",
      "a reserved bit is set",
      "invalid UTF-8 in a text message",
      "a continuation without a beginning",
      "reserved opcode 5",
      "a control frame of more than 125 bytes",
    ]);
  });
});

Deno.test("a frame that claims 2^62 bytes ends the WebSocket with a limit at once", async () => {
  await withSocket(sends({ opcode: OPCODE.binary, declaredLength: 2n ** 62n }), async (socket) => {
    assertEquals(await socket.next(), null);
    assertEquals(socket.closed?.failure?.kind, "limit");
  });
});

Deno.test("silence costs the deadline and leaves the WebSocket usable", async () => {
  const echo = async (connection: Connection) => {
    const parser = new WsFrameParser(1_000);
    for (let read = await connection.read(WAIT_MS); read !== null; read = await connection.read(WAIT_MS)) {
      for (const { opcode, payload } of parser.feed(read.bytes, 0)) await connection.write(frame({ opcode, payload }));
    }
  };
  await withSocket(echo, async (socket) => {
    const kind = await socket.next({ deadlineMs: 30 }).then(() => "message", (error) => error.kind);
    assertEquals(kind, "deadline");
    await socket.send("again");
    assertEquals((await socket.next())?.text, "again");
    await socket.ping(utf8("x"));
    assert(await socket.nextControl(({ opcode }) => opcode === OPCODE.ping, WAIT_MS) !== null);
    const { code, clean } = await socket.close(1000, "done");
    assertEquals([code, clean], [1000, true]);
  }, { autoPong: false });
});
