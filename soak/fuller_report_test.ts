import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { fullerReport } from "./fuller_report.ts";
import { REPORT_FILE } from "./run_folder.ts";
import { RunState } from "./run_state.ts";
import { runConfig, simulatedLoad } from "./testing.ts";

/** The report of a run that saw so many calls. */
function reportAfter(calls: number, startedWall = 1_800_000_000_000) {
  const state = new RunState(runConfig({ startedWall }));
  for (const observation of simulatedLoad(1, 0, calls)) state.observe(observation);
  return state.report({ endMs: state.tally.last, early: undefined, incomplete: undefined });
}

Deno.test("a report that tells of more calls of the same run stays, a lesser, an equal and a strange one do not", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-fuller-" });
  const stored = async (text: string) => {
    await Deno.writeTextFile(join(folder, REPORT_FILE), text);
    return (await fullerReport(folder, reportAfter(50)))?.load.calls;
  };
  try {
    assertEquals(await fullerReport(folder, reportAfter(50)), undefined);
    assertEquals(await stored(JSON.stringify(reportAfter(80))), 80);
    assertEquals(await stored(JSON.stringify(reportAfter(50))), undefined);
    assertEquals(await stored(JSON.stringify(reportAfter(20))), undefined);
    assertEquals(await stored(JSON.stringify(reportAfter(80, 1_800_000_001_000))), undefined);
    assertEquals(await stored('{"schema":"hearthproof.soak/1"}'), undefined);
    assertEquals(await stored("no JSON"), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
