import { assertEquals } from "@std/assert";
import { rateOf } from "./load.ts";

const call = (startedAt: number, firstByteAt: number, status = 200) => ({ startedAt, firstByteAt, status });

Deno.test("the rate counts from the first byte sent to the last answer, in whatever order they are", () => {
  assertEquals(rateOf([call(500, 900), call(0, 2_000), call(100, 300), call(1_000, 1_500)]), 2);
});

Deno.test("calls without an answer count neither as calls nor as time", () => {
  assertEquals(rateOf([call(0, 500), call(500, 1_000), call(0, 60_000, 0)]), 2);
  assertEquals(rateOf([call(0, 500, 0)]), 0);
  assertEquals(rateOf([]), 0);
});

Deno.test("answers at once are as fast as can be", () => {
  assertEquals(rateOf([call(5, 5)]), Infinity);
});
