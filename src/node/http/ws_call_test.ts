import { assertEquals, assertLess } from "@std/assert";
import type { Clock, JsonObject } from "../../protocol/mod.ts";
import { systemClock, VirtualClock } from "../../wire/clock.ts";
import { type Frame, type IncomingCall, NodeError } from "../core.ts";
import type { Overrides } from "../fault.ts";
import { behaviourOf } from "../with.ts";
import { defaultNodeOptions, ReferenceNode } from "../node.ts";
import { fakeNode, framesAnswer, MEMBER, OTHER_MEMBER, STRANGER } from "./fake_parts.ts";
import { ACCEPT, clientFrame, envelopeOf, FakeSocket } from "./fake_socket.ts";
import { post, signedCall } from "./fake_client.ts";
import { utf8 } from "../../protocol/mod.ts";

const STREAM = { capability: "test.stream" };
const LONG = { capability: "test.stream.long" };
const INBOX = { capability: "test.stream.inbox" };
const FRAMES_OF_LONG = 40;

interface Seen {
  aborted: number;
}

async function* long(signal: AbortSignal, seen: Seen): AsyncGenerator<Frame, void, void> {
  signal.addEventListener("abort", () => seen.aborted++, { once: true });
  for (let i = 0; i < FRAMES_OF_LONG; i++) yield await Promise.resolve({ event: "chunk", data: { i } });
  yield { event: "done", data: { chunks: FRAMES_OF_LONG } };
}

async function* echoInbox(call: IncomingCall): AsyncGenerator<Frame, void, void> {
  yield { event: "tool_call", data: {} };
  for await (const message of call.inbox) {
    yield { event: "token", data: { text: String(message.tool_call_id) } };
    break;
  }
  yield { event: "done", data: {} };
}

async function withNode(
  use: (node: ReferenceNode, seen: Seen) => Promise<void>,
  clock: Clock = systemClock(),
  overrides: readonly Overrides[] = [],
): Promise<void> {
  const seen: Seen = { aborted: 0 };
  const fake = fakeNode({
    "test.stream": () => framesAnswer({ event: "chunk", data: { i: 0 } }, { event: "done", data: { chunks: 1 } }),
    "test.stream.long": (call) => ({ kind: "stream", frames: long(call.signal, seen) }),
    "test.stream.absent": () => {
      throw new NodeError("not_found", "Cannot find it");
    },
    "test.stream.inbox": (call) => ({ kind: "stream", frames: echoInbox(call) }),
  });
  const node = await ReferenceNode.start({ ...defaultNodeOptions({ clock }), ...behaviourOf(overrides) }, fake.parts);
  try {
    await use(node, seen);
  } finally {
    await node.stop();
  }
}

async function withSocket(
  node: ReferenceNode,
  capability: { capability: string },
  use: (socket: FakeSocket) => Promise<void>,
): Promise<void> {
  const socket = await FakeSocket.open(node, capability, MEMBER);
  try {
    assertEquals(socket.status, 101);
    await use(socket);
  } finally {
    socket.close();
  }
}

Deno.test("the handshake selects the subprotocol and proves the key", () =>
  withNode(async (node) => {
    const offers = [
      ["hearthnet-bus.v2", 101, "hearthnet-bus.v2"],
      ["chat, hearthnet-bus.v2, hearthnet-bus.v99", 101, "hearthnet-bus.v2"],
      ["hearthnet-bus.v99", 426, "hearthnet-bus.v2"],
    ] as const;
    for (const [offered, status, selected] of offers) {
      const socket = await FakeSocket.open(node, STREAM, MEMBER, "/bus/v1/call", offered);
      assertEquals([socket.status, socket.header("sec-websocket-protocol")], [status, selected]);
      assertEquals(socket.header("sec-websocket-accept"), status === 101 ? ACCEPT : undefined);
      socket.close();
    }
    for (
      const [path, capability, status] of [["/bus/v1/call", "test.echo", 400], ["/sync/v1/events", "x", 404]] as const
    ) {
      const socket = await FakeSocket.open(node, { capability }, MEMBER, path);
      assertEquals(socket.status, status);
      socket.close();
    }
  }));

Deno.test("a call message starts the stream, which ends in one terminal frame and a normal close", () =>
  withNode((node) =>
    withSocket(node, STREAM, async (socket) => {
      await socket.call(node, STREAM, MEMBER);
      assertEquals(await socket.rest(), [
        { event: "chunk", data: { i: 0 }, seq: 1 },
        { event: "done", data: { chunks: 1 }, seq: 2 },
        1000,
      ]);
    })
  ));

Deno.test("a call message is accepted in fragments, as binary, and with pings in between", () =>
  withNode((node) =>
    withSocket(node, STREAM, async (socket) => {
      const bytes = utf8(JSON.stringify({ type: "call", ...envelopeOf(node, STREAM, MEMBER) }));
      await socket.raw(clientFrame(2, bytes.subarray(0, 10), false));
      await socket.raw(clientFrame(9, utf8("12345678")));
      await socket.raw(clientFrame(0, bytes.subarray(10, 20), false));
      await socket.raw(clientFrame(0, bytes.subarray(20)));
      const pong = await socket.frame();
      assertEquals([pong?.opcode, pong?.payload], [10, utf8("12345678")]);
      assertEquals((await socket.rest()).length, 3);
    })
  ));

Deno.test("bad first messages get at most one error frame and a close", () =>
  withNode(async (node) => {
    const other = { capability: "test.stream.inbox" };
    const cases: [string, (socket: FakeSocket) => Promise<void>, string, number][] = [
      ["not JSON", (s) => s.text("hello"), "bad_request", 1007],
      ["cancel", (s) => s.text({ type: "cancel" }), "bad_request", 1002],
      ["no envelope", (s) => s.text({ type: "call" }), "bad_request", 1002],
      [
        "no signature",
        (s) => s.text({ type: "call", envelope: envelopeOf(node, STREAM, MEMBER).envelope }),
        "invalid_signature",
        1008,
      ],
      ["foreign key", (s) => s.call(node, { ...STREAM, from: MEMBER }, STRANGER), "invalid_signature", 1008],
      [
        "changed body",
        (s) => s.call(node, STREAM, MEMBER, (e) => e.body = { params: {}, input: { x: 1 } }),
        "invalid_signature",
        1008,
      ],
      ["stranger", (s) => s.call(node, STREAM, STRANGER), "unauthorized", 1008],
      ["other capability", (s) => s.call(node, other, MEMBER), "bad_request", 1002],
      ["other caller", (s) => s.call(node, STREAM, OTHER_MEMBER), "bad_request", 1002],
    ];
    for (const [name, send, code, close] of cases) {
      await withSocket(node, STREAM, async (socket) => {
        await send(socket);
        const [error, closed, ...more] = await socket.rest();
        const { event, data } = error as JsonObject;
        assertEquals([name, event, (data as JsonObject).error, closed, more.length], [name, "error", code, close, 0]);
      });
    }
    assertEquals((await post(node, signedCall(node, {}, MEMBER))).status, 200);
  }));

Deno.test("the window holds sixteen frames, acknowledgements open it and absurd ones do not", () =>
  withNode((node) =>
    withSocket(node, LONG, async (socket) => {
      await socket.call(node, LONG, MEMBER);
      await socket.text({ type: "ack", upto: 1_000_000 });
      await socket.raw(clientFrame(9, utf8("stalled?")));
      let received = 0;
      for (let pongs = 0; pongs === 0 || received < 16;) {
        const frame = await socket.frame();
        if (frame?.opcode === 10) pongs++;
        else received++;
      }
      assertEquals(received, 16);
      await socket.raw(clientFrame(9, utf8("still?")));
      assertEquals((await socket.frame())?.opcode, 10);
      await socket.text({ type: "ack", upto: 16 });
      for (; received <= FRAMES_OF_LONG; received++) {
        const message = await socket.message() as JsonObject;
        assertEquals(message.seq, received + 1);
        if (Number(message.seq) % 8 === 0) await socket.text({ type: "ack", upto: message.seq ?? 0 });
      }
      assertEquals(await socket.message(), 1000);
    })
  ));

Deno.test("cancel ends a stalled stream at once with one terminal frame", () =>
  withNode((node, seen) =>
    withSocket(node, LONG, async (socket) => {
      await socket.call(node, LONG, MEMBER);
      for (let i = 0; i < 16; i++) await socket.message();
      const clock = systemClock();
      const before = clock.mono();
      await socket.text({ type: "cancel" });
      const [terminal, close] = await socket.rest();
      assertLess(clock.mono() - before, 200);
      assertEquals([(terminal as JsonObject).event, close], ["error", 1000]);
      assertEquals(seen.aborted, 1);
    })
  ));

Deno.test("a dropped connection aborts the handler", () =>
  withNode(async (node, seen) => {
    await withSocket(node, LONG, async (socket) => {
      await socket.call(node, LONG, MEMBER);
      await socket.message();
    });
    const clock = systemClock();
    for (const give = clock.mono() + 2_000; seen.aborted === 0 && clock.mono() < give;) await clock.sleep(5);
    assertEquals(seen.aborted, 1);
  }));

Deno.test("bad messages during a stream end it in an error frame", () =>
  withNode(async (node) => {
    const second = JSON.stringify({ type: "call", ...envelopeOf(node, LONG, MEMBER) });
    for (const [text, close] of [["{", 1007], ['{"type":"subscribe"}', 1002], [second, 1002]] as const) {
      await withSocket(node, LONG, async (socket) => {
        await socket.call(node, LONG, MEMBER);
        await socket.message();
        await socket.text(text);
        const rest = await socket.rest();
        assertEquals(rest.at(-1), close);
        assertEquals((rest.at(-2) as JsonObject).event, "error");
      });
    }
  }));

Deno.test("tool results reach the handler", () =>
  withNode((node) =>
    withSocket(node, INBOX, async (socket) => {
      await socket.call(node, INBOX, MEMBER);
      assertEquals((await socket.message() as JsonObject).event, "tool_call");
      await socket.text({ type: "tool_result", tool_call_id: "tc_9", body: {} });
      assertEquals(await socket.message(), { event: "token", data: { text: "tc_9" }, seq: 2 });
    })
  ));

Deno.test("broken and oversized frames close the connection only", () =>
  withNode(async (node) => {
    const huge = Uint8Array.of(0x81, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4);
    for (
      const [bytes, close] of [[Uint8Array.of(0x81, 1, 65), 1002], [Uint8Array.of(0xc1, 0x80), 1002], [
        huge,
        1009,
      ]] as const
    ) {
      await withSocket(node, STREAM, async (socket) => {
        await socket.raw(bytes);
        assertEquals(await socket.rest(), [close]);
      });
    }
    assertEquals((await post(node, signedCall(node, {}, MEMBER))).status, 200);
  }));

Deno.test("an idle connection is pinged every 30 s and closed with 1000 after 120 s", () => {
  const clock = new VirtualClock({ advanceOnSleep: false });
  return withNode((node) =>
    withSocket(node, STREAM, async (socket) => {
      await socket.raw(clientFrame(9, utf8("here")));
      assertEquals((await socket.frame())?.opcode, 10);
      for (let i = 0; i < 3; i++) {
        clock.advance(30_000);
        assertEquals((await socket.frame())?.opcode, 9);
      }
      clock.advance(30_000);
      let frame = await socket.frame();
      if (frame?.opcode === 9) frame = await socket.frame();
      assertEquals([frame?.opcode, frame?.payload], [8, Uint8Array.of(3, 232)]);
    }), clock);
});

Deno.test("a call the handler refuses ends in an error frame and a normal close", () =>
  withNode((node) =>
    withSocket(node, { capability: "test.stream.absent" }, async (socket) => {
      await socket.call(node, { capability: "test.stream.absent" }, MEMBER);
      const [error, close] = await socket.rest();
      assertEquals((error as JsonObject).data, { error: "not_found", message: "Cannot find it" });
      assertEquals(close, 1000);
    })
  ));

Deno.test("mistakes of a WebSocket server can be expressed as rules", async () => {
  const mistakes: [Overrides, (socket: FakeSocket, node: ReferenceNode) => Promise<void>][] = [
    [{ rules: { streamWindow: Number.POSITIVE_INFINITY } }, async (socket, node) => {
      await socket.call(node, LONG, MEMBER);
      assertEquals((await socket.rest()).length, FRAMES_OF_LONG + 2);
    }],
    [{ rules: { stopsAfterCancel: false } }, async (socket, node) => {
      await socket.call(node, LONG, MEMBER);
      for (let i = 0; i < 16; i++) await socket.message();
      await socket.text({ type: "cancel" });
      const rest = await socket.rest();
      assertEquals((rest[0] as JsonObject).event, "error");
      assertEquals((rest[1] as JsonObject).event, "chunk");
    }],
    [{ rules: { badMessage: () => "run", envelopeMustMatchUpgrade: false } }, async (socket, node) => {
      await socket.call(node, LONG, MEMBER);
      for (let i = 0; i < 16; i++) await socket.message();
      await socket.call(node, INBOX, MEMBER);
      await socket.text({ type: "ack", upto: 16 });
      const events: unknown[] = [];
      for (let i = 0; i < 16; i++) events.push((await socket.message() as JsonObject).event);
      assertEquals([events.includes("chunk"), events.includes("tool_call")], [true, true]);
    }],
    [{ rules: { greeting: [{ event: "chunk", data: {} }] } }, async (socket) => {
      assertEquals((await socket.message() as JsonObject).event, "chunk");
    }],
    [{ rules: { messageSeq: () => 0 } }, async (socket, node) => {
      await socket.call(node, STREAM, MEMBER);
      assertEquals((await socket.rest()).slice(0, 2).map((m) => (m as JsonObject).seq), [0, 0]);
    }],
    [{ rules: { verifyCallMessage: () => true } }, async (socket, node) => {
      await socket.call(node, { ...STREAM, from: MEMBER }, STRANGER);
      assertEquals((await socket.rest()).length, 3);
    }],
  ];
  for (const [overrides, check] of mistakes) {
    await withNode(
      (node) => withSocket(node, overrides.rules?.badMessage ? LONG : STREAM, (socket) => check(socket, node)),
      systemClock(),
      [{ rules: { envelopeMustMatchUpgrade: false } }, overrides],
    );
  }
});
