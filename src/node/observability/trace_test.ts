import { assertEquals } from "@std/assert";
import { RecentTraces } from "./trace.ts";

Deno.test("the ring keeps the last entries, newest last", () => {
  const ring = new RecentTraces(3);
  for (let i = 1; i <= 5; i++) ring.add({ i });
  assertEquals(ring.recent(10).map(({ i }) => i), [3, 4, 5]);
  assertEquals(ring.recent(2).map(({ i }) => i), [4, 5]);
  assertEquals(ring.recent(0), []);
});
