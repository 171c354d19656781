import { assertEquals, assertStringIncludes } from "@std/assert";
import { RunState } from "./run_state.ts";
import { runConfig, simulatedLoad } from "./testing.ts";

const ENDING = { endMs: 60_000, early: undefined, incomplete: undefined };

function stateAfter(...loads: readonly Iterable<Parameters<RunState["observe"]>[0]>[]): RunState {
  const state = new RunState(runConfig());
  for (const load of loads) for (const observation of load) state.observe(observation);
  return state;
}

Deno.test("keepers have names of their own", () => {
  const names = stateAfter().keepers.map(({ name }) => name);
  assertEquals(names.length, new Set(names).size);
});

Deno.test("every keeper goes on after a restore as if nothing had been", () => {
  const [first, later] = [[...simulatedLoad(1, 0, 60)], [...simulatedLoad(2, 60, 60)]];
  const whole = stateAfter(first, later);
  const before = stateAfter(first);
  const after = new RunState(before.config);
  for (const [place, keeper] of after.keepers.entries()) {
    // As the journal has it: text.
    keeper.restore(JSON.parse(JSON.stringify(before.keepers[place]?.state())));
  }
  for (const observation of later) after.observe(observation);
  const told = (state: RunState) => {
    const { instrument: _, ...report } = state.report(ENDING);
    return report;
  };
  assertEquals(told(after), told(whole));
});

Deno.test("acknowledged events that nobody could look for are not called accounted for", () => {
  const unread = [...simulatedLoad(1, 0, 10)].filter(({ kind }) => kind !== "log");
  const { monitors } = stateAfter(unread).report(ENDING);
  const events = monitors.find(({ name }) => name === "events");
  assertEquals(events?.outcome, "inconclusive");
  assertStringIncludes(events?.reason ?? "", "were not looked up");
});

Deno.test("an incomplete run is never stable, and says why", () => {
  const report = stateAfter(simulatedLoad(1, 0, 10)).report({ ...ENDING, incomplete: "the disk is full" });
  assertEquals([report.verdict, report.reason, report.ended_early], [
    "inconclusive",
    "the disk is full",
    "the disk is full",
  ]);
});

Deno.test("calls that fail on a disk the tester has filled are no fault of the target", () => {
  const outcome = (diskShared: boolean) => {
    const state = stateAfter(simulatedLoad(1, 0, 2000));
    const { monitors } = state.report({ ...ENDING, incomplete: "the disk is full", diskShared });
    return monitors.find(({ name }) => name === "errors")?.outcome;
  };
  assertEquals([outcome(false), outcome(true)], ["violated", "inconclusive"]);
});
