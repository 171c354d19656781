import { assertEquals } from "@std/assert";
import { added, joined, NONE } from "./pieces.ts";

Deno.test("lists that begin as the shared empty one have nothing in common", () => {
  let [one, other] = [NONE, NONE];
  for (let at = 0; at < 3; at++) one = added(one, new Uint8Array([at]));
  other = added(other, new Uint8Array([9]));
  assertEquals([...joined(one)], [0, 1, 2]);
  assertEquals([...joined(other)], [9]);
  assertEquals([NONE.length, joined(NONE).length], [0, 0]);
});
