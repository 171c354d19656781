import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { copyOf, room } from "./byte_block.ts";

Deno.test("pieces share a buffer and no byte", () => {
  const pieces = Array.from({ length: 200 }, (_, index) => room(1 + index % 300));
  assertEquals(pieces.every((piece) => piece.every((byte) => byte === 0)), true);
  for (const [index, piece] of pieces.entries()) piece.fill(index);
  for (const [index, piece] of pieces.entries()) {
    assertEquals(piece.length, 1 + index % 300);
    assertEquals(piece.every((byte) => byte === index), true, `piece ${index} was written by another`);
  }
  assertStrictEquals(pieces[0]?.buffer === pieces[1]?.buffer || pieces[1]?.buffer === pieces[2]?.buffer, true);
});

Deno.test("long pieces have a buffer of their own", () => {
  const [one, other] = [room(5000), room(5000)];
  assertEquals(one.length, 5000);
  assertNotStrictEquals(one.buffer, other.buffer);
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
