import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { announcement, diskBound, memoryBound } from "./journal_bound.ts";

const MIB = 1_048_576;
const DAY_MS = 86_400_000;

Deno.test("a day takes no more room than some hundred MiB, whatever its length", () => {
  const day = diskBound({ rate: 20, durationMs: DAY_MS });
  assert(day < 300 * MIB, `${day}`);
  assertEquals(diskBound({ rate: 20, durationMs: 30 * DAY_MS }), diskBound({ rate: 20, durationMs: 7 * DAY_MS }));
  assert(memoryBound({ rate: 20, durationMs: DAY_MS }) < 1024 * MIB);
});

Deno.test("more calls and more time never announce less", () => {
  const of = (rate: number, durationMs: number) => diskBound({ rate, durationMs });
  assert(of(1, 1000) <= of(20, 1000) && of(20, 1000) <= of(20, DAY_MS) && of(20, DAY_MS) <= of(1000, DAY_MS));
});

Deno.test("what shards write down for thresholds is announced as well", () => {
  const room = (windows: number) =>
    Number(
      /at most (\d+) MiB in/.exec(
        announcement({ rate: 20, durationMs: DAY_MS, folder: "./out", resumable: true, windows }),
      )?.[1],
    );
  assert(room(1) > room(0) && room(2) > room(1) && room(1) - room(0) < 100);
});

Deno.test("the announcement names room, place and the way back", () => {
  const of = (resumable: boolean) => announcement({ rate: 20, durationMs: 60_000, folder: "./out", resumable });
  assertStringIncludes(of(true), "MiB in ./out");
  assertStringIncludes(of(true), "--resume ./out");
  assert(!of(false).includes("--resume"));
  assertStringIncludes(of(false), "soak report ./out");
});
