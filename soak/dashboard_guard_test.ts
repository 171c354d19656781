import { assertEquals } from "@std/assert";
import { VirtualClock } from "../src/wire/clock.ts";
import { LOCKED_MS, MAX_WRONG, TokenGuard } from "./dashboard_guard.ts";

Deno.test("who gives wrong tokens has to wait, and then has one try; nobody else waits for it", () => {
  const clock = new VirtualClock({ advanceOnSleep: false });
  const guard = new TokenGuard(clock);
  for (let n = 0; n < MAX_WRONG; n++) {
    assertEquals(guard.waits("a"), 0);
    guard.wrong("a");
  }
  assertEquals([guard.waits("a"), guard.waits("b")], [LOCKED_MS / 1000, 0]);
  clock.advance(LOCKED_MS);
  assertEquals(guard.waits("a"), 0);
  guard.wrong("a");
  assertEquals(guard.waits("a"), LOCKED_MS / 1000);
  guard.right("a");
  assertEquals(guard.waits("a"), 0);
});

Deno.test("addresses without end take no room", () => {
  const guard = new TokenGuard(new VirtualClock({ advanceOnSleep: false }));
  for (let n = 0; n < MAX_WRONG; n++) guard.wrong("first");
  for (let n = 0; n < 999; n++) guard.wrong(`other ${n}`);
  assertEquals(guard.waits("first"), 60);
  guard.wrong("one more");
  assertEquals(guard.waits("first"), 0);
});
