import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../protocol/mod.ts";
import type { Frame } from "../core.ts";
import { PeerError } from "./socket.ts";
import { readFrames } from "./sse.ts";
import { frame } from "./testing.ts";

async function read(...pieces: readonly Uint8Array[]): Promise<Frame[]> {
  async function* body() {
    for (const piece of pieces) yield await Promise.resolve(piece);
  }
  return await Array.fromAsync(readFrames(body()));
}

Deno.test("frames are the same wherever the bytes are cut", async () => {
  const bytes = utf8(
    ": hello\n" + frame("token", { text: "Brücke" }) + 'event: done\r\ndata: {"ms":\r\ndata: 1}\r\n\r\n',
  );
  await fc.assert(fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length), async (a, b) => {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    assertEquals(await read(bytes.slice(0, from), bytes.slice(from, to), bytes.slice(to)), [
      { event: "token", data: { text: "Brücke" } },
      { event: "done", data: { ms: 1 } },
    ]);
  }));
});

Deno.test("a frame without an end is no frame", async () => {
  assertEquals(await read(utf8('event: done\ndata: {"ms":1}\n')), []);
});

Deno.test("frames without event, object or UTF-8, and endless ones, are failures", async () => {
  const table: readonly (readonly [Uint8Array, PeerError["kind"]])[] = [
    [utf8("data: {}\n\n"), "malformed"],
    [utf8("event: x\n\n"), "malformed"],
    [utf8("event: x\ndata: 7\n\n"), "malformed"],
    [new Uint8Array([0x64, 0xff, 0x0a]), "malformed"],
    [new Uint8Array(3 << 20).fill(0x78), "limit"],
    [utf8("data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n".repeat(100_000)), "limit"],
  ];
  for (const [bytes, kind] of table) assertEquals((await assertRejects(() => read(bytes), PeerError)).kind, kind);
});
