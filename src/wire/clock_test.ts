import { assertEquals, assertGreaterOrEqual, assertRejects } from "@std/assert";
import { steadyClock, systemClock, turn, VirtualClock } from "./clock.ts";

Deno.test("a system clock with an origin starts there and does not go back", async () => {
  const clock = systemClock({ wallMs: 1_000_000 });
  const first = clock.wall();
  assertGreaterOrEqual(first, 1_000_000);
  const mono = clock.mono();
  await clock.sleep(5);
  assertGreaterOrEqual(clock.wall(), first);
  assertGreaterOrEqual(clock.mono() - mono, 4);
});

Deno.test("a sleep of a system clock ends with the signal's reason", async () => {
  const stop = new AbortController();
  const sleep = systemClock().sleep(60_000, stop.signal);
  stop.abort(new Error("enough"));
  await assertRejects(() => sleep, Error, "enough");
  await assertRejects(() => systemClock().sleep(60_000, stop.signal), Error, "enough");
});

Deno.test("a steady clock stands still on the wall only", async () => {
  const base = new VirtualClock();
  const clock = steadyClock(5, base);
  await clock.sleep(30);
  assertEquals([clock.wall(), clock.mono()], [5, 30]);
});

Deno.test("a virtual clock wakes sleepers in the order in which they are due", async () => {
  const clock = new VirtualClock({ wallMs: 100, advanceOnSleep: false });
  const woken: number[] = [];
  for (const ms of [30, 10, 20]) clock.sleep(ms).then(() => woken.push(ms));
  const stop = new AbortController();
  const stopped = assertRejects(() => clock.sleep(15, stop.signal));
  stop.abort();
  await stopped;
  clock.advance(25);
  await turn();
  assertEquals([woken, clock.wall(), clock.sleeping], [[10, 20], 125, 1]);
});
