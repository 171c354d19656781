import { assertEquals } from "@std/assert";
import { fromUtf8Lossy, utf8 } from "../../src/protocol/mod.ts";
import { encodeFrame, OPCODE, type TranscriptRecord } from "../../src/wire/mod.ts";
import { socketOf } from "./sockets.ts";

const UPGRADE = utf8("GET /bus/v1/call HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
const HEAD = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
const MASK = Uint8Array.of(1, 2, 3, 4);

function record(direction: "in" | "out", bytes: Uint8Array): TranscriptRecord {
  return { scope: "a/case", connection: 1, at: 0, direction, bytes };
}

function text(said: string, masked: boolean): Uint8Array {
  return encodeFrame({ opcode: OPCODE.text, payload: utf8(said), masked }, MASK);
}

Deno.test("a conversation is read with what had been heard before each thing said", () => {
  const socket = socketOf([
    record("out", UPGRADE),
    record("in", new Uint8Array([...utf8(HEAD), ...text("one", false)])),
    record("out", text("two", true)),
    record("in", text("three", false)),
    record("in", Uint8Array.of(0x88, 2, 0x03, 0xe8)),
  ]);
  assertEquals(socket?.said, [{ text: "two", after: 1 }]);
  assertEquals(socket?.heard.map(({ payload }) => fromUtf8Lossy(payload)), ["one", "three"]);
  assertEquals([fromUtf8Lossy(socket?.answer ?? new Uint8Array(0)), socket?.close], [HEAD, 1000]);
});

Deno.test("frames that are no whole texts are not said again", () => {
  const binary = encodeFrame({ opcode: OPCODE.binary, payload: utf8("x") }, MASK);
  assertEquals(socketOf([record("out", UPGRADE), record("out", binary)]), undefined);
});
