import { concat, utf8 } from "../protocol/mod.ts";
import { assertEquals } from "@std/assert";
import { ascii, beginsWith, copyOf, encoded, room } from "./byte_block.ts";

Deno.test("pieces share a buffer and no byte", () => {
  const pieces = Array.from({ length: 200 }, (_, index) => room(1 + index % 300));
  assertEquals(pieces.every((piece) => piece.every((byte) => byte === 0)), true);
  for (const [index, piece] of pieces.entries()) piece.fill(index);
  for (const [index, piece] of pieces.entries()) {
    assertEquals(piece.length, 1 + index % 300);
    assertEquals(piece.every((byte) => byte === index), true, `piece ${index} was written by another`);
  }
  assertEquals(new Set(pieces.map(({ buffer }) => buffer)).size < 10, true);
});

Deno.test("long pieces have a buffer of their own", () => {
  const [one, other] = [room(5000), room(5000)];
  assertEquals(one.length, 5000);
  assertEquals(one.buffer === other.buffer, false);
  assertEquals(one.buffer.byteLength, 5000);
});

Deno.test("a copy does not change with what it was copied from", () => {
  const bytes = new Uint8Array([1, 2, 3, 4]);
  const [all, some, none] = [copyOf(bytes), copyOf(bytes, 2), copyOf(bytes, 0)];
  bytes.fill(9);
  assertEquals([...all], [1, 2, 3, 4]);
  assertEquals([...some], [1, 2]);
  assertEquals(none.length, 0);
});

Deno.test("encoded text is that of the encoder, with and without bytes behind it", () => {
  const more = new Uint8Array([0, 255, 128]);
  for (const text of ["", "plain", "Grüße", "水", "a\u{1F525}", "\ud800", "x".repeat(3000), `${"x".repeat(1020)}ü`]) {
    assertEquals(ascii(text), utf8(text).length === text.length ? utf8(text) : undefined);
    assertEquals(encoded(text, more), concat([utf8(text), more]));
  }
});

Deno.test("whether bytes begin with others does not depend on where they lie", () => {
  const start = Uint8Array.from({ length: 21 }, (_, index) => 255 - index);
  const words = new DataView(start.buffer);
  for (let before = 0; before < 9; before++) {
    room(before);
    const cut = copyOf(concat([start, new Uint8Array(before)]));
    for (const bytes of [cut, new Uint8Array(cut)]) {
      assertEquals(beginsWith(bytes, start, words), true);
      assertEquals(beginsWith(bytes.subarray(0, 20), start, words), false);
      assertEquals(beginsWith(bytes.subarray(1), start, words), false);
      for (let at = 0; at < start.length; at++) {
        bytes[at] = 1;
        assertEquals(beginsWith(bytes, start, words), false, `byte ${at} differs`);
        bytes[at] = start[at] as number;
      }
    }
  }
});
