import { assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Clock } from "../src/protocol/mod.ts";
import { VirtualClock } from "../src/wire/clock.ts";
import { Punctual } from "./punctual.ts";

const NEVER = new AbortController().signal;
/** What one look at the clock costs, milliseconds. */
const TURN_MS = 0.01;

/** Timers of whole milliseconds that fire late, in a fixed pattern; how long they slept is counted. */
function lateClock(lateness: (n: number) => number) {
  const base = new VirtualClock();
  const counts = { sleeps: 0, turns: 0 };
  const clock: Clock = {
    wall: () => base.wall(),
    mono: () => base.mono(),
    sleep: (ms, signal) => base.sleep(ms + lateness(counts.sleeps++), signal),
  };
  const turn = () => {
    counts.turns++;
    base.advance(TURN_MS);
    return Promise.resolve();
  };
  return { clock, turn, counts };
}

/** How late each of many moments was met. */
async function lags(lateness: (n: number) => number, gapMs: number, count: number) {
  const { clock, turn, counts } = lateClock(lateness);
  const punctual = new Punctual(clock, turn);
  const all: number[] = [];
  for (let n = 1; n <= count; n++) {
    await punctual.until(n * gapMs, NEVER);
    all.push(clock.mono() - n * gapMs);
  }
  return { all, counts };
}

Deno.test("where timers are exact, it only sleeps", async () => {
  const { all, counts } = await lags(() => 0, 10, 50);
  assertEquals(all, new Array(50).fill(0));
  assertEquals(counts, { sleeps: 50, turns: 0 });
});

Deno.test("moments are met although timers fire up to a millisecond late", async () => {
  // 0.35 to 1.25 ms, as measured of the runtime's.
  const { all, counts } = await lags((n) => 0.35 + 0.9 * (n * 7 % 10) / 10, 10, 400);
  const settled = all.slice(100).toSorted((a, b) => a - b);
  assertLess(settled[150] ?? Infinity, 2 * TURN_MS);
  assertLess(settled[299] ?? Infinity, 0.5);
  assertEquals(settled.every((lag) => lag >= 0), true);
  // Less than half a millisecond of each ten is spent looking.
  assertLess(counts.turns * TURN_MS / 400, 0.5);
  assertGreater(counts.turns, 0);
});

Deno.test("timers that are far off are not made up for", async () => {
  const { all } = await lags(() => 30, 100, 200);
  assertEquals(all.slice(150).every((lag) => lag > 27 && lag <= 30), true);
});

Deno.test("moments that are past or closer than timers are exact do not keep the processor busy", async () => {
  const { all, counts } = await lags(() => 0.9, 0.5, 400);
  assertEquals(counts.turns, 0);
  assertEquals(all.every((lag) => lag < 1), true);
});

Deno.test("an abort ends the wait", async () => {
  const { clock, turn } = lateClock(() => 0);
  const abort = new AbortController();
  abort.abort();
  await new Punctual(clock, turn).until(10, abort.signal);
  assertEquals(clock.mono(), 0);
});
