import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../src/cli/parse.ts";
import { reasonOf } from "./chaos.ts";
import { parseChaos } from "./chaos_file.ts";

const HOUR_MS = 3_600_000;
const chaos = (faults: string, durationMs = HOUR_MS) =>
  parseChaos(`schema: hearthproof.chaos/1\nfaults:\n${faults}`, durationMs);

Deno.test("faults are read with their times and come in order", () => {
  const read = chaos("- { do: kill, at: 1m, for: 5s }\n- { do: delay, at: 30s, for: 10s, ms: 200, chance: 0.5 }\n");
  assertEquals(read, [
    { kind: "delay", atMs: 30_000, forMs: 10_000, chance: 0.5, delayMs: 200 },
    { kind: "kill", atMs: 60_000, forMs: 5000 },
  ]);
});

Deno.test("every repeats a fault to the end of the run", () => {
  const read = chaos("- { do: restart, at: 10m, every: 20m }\n");
  assertEquals(read.map(({ atMs }) => atMs / 60_000), [10, 30, 50]);
  assertEquals(chaos("- { do: skew, every: 25m, for: 1m, by: -10m }\n").map(({ atMs }) => atMs / 60_000), [25, 50]);
});

Deno.test("each kind says what it does", () => {
  const words = chaos(
    "- { do: pause, at: 1m, for: 2s }\n- { do: reset, at: 2m, for: 3s, chance: 0.25 }\n- { do: skew, at: 3m, for: 1s, by: -10m }\n",
  ).map(reasonOf);
  assertEquals(words, [
    "SIGSTOP for 2 s on purpose",
    "connections of 25% of requests reset for 3 s on purpose",
    "our clock behind by 600 s for 1 s on purpose",
  ]);
});

Deno.test("what is wrong is said in one line that names the place", () => {
  const wrong: readonly (readonly [faults: string, words: string])[] = [
    ["- { do: explode, at: 1m }", "fault 1: do must be one of"],
    ["- { do: kill }", "fault 1: at is missing"],
    ["- { do: kill, at: 2h }", "within the run of 3600 s"],
    ["- { do: pause, at: 59m, for: 2m }", "over before the run of 3600 s is"],
    ["- { do: kill, at: 90 }", "at must be a time like 90s"],
    ["- { do: kill, at: 1m, chance: 1 }", "chance is not known for kill"],
    ["- { do: pause, at: 1m }", "pause needs for"],
    ["- { do: drop, at: 1m, for: 1s, chance: 7 }", "chance must be above 0"],
    ["- { do: delay, at: 1m, for: 1s }", "ms must be from 1"],
    ["- { do: skew, at: 1m, for: 1s, by: much }", "by must be a time"],
    ["- { do: kill, at: 1m, for: 2m, every: 1m }", "every must be longer than for"],
    ["- { do: pause, at: 1m, for: 1m }\n- { do: kill, at: 90s }", "kill at 90 s begins before pause at 60 s is over"],
    ["- 7", "fault 1 must be a mapping"],
  ];
  for (const [faults, words] of wrong) {
    assertStringIncludes(assertThrows(() => chaos(`${faults}\n`), UsageError).message, words);
  }
  assertStringIncludes(assertThrows(() => parseChaos("schema: x", 1), UsageError).message, "schema must be");
  assertStringIncludes(assertThrows(() => parseChaos("a: [", 1), UsageError).message, "no YAML");
});
