import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { selfCommand } from "../src/cli/self_command.ts";
import { segmentOf } from "./journal.ts";
import { folderDisk } from "./journal_disk.ts";
import { readSegment } from "./journal_format.ts";
import { JOURNAL_DIR } from "./journal_restore.ts";
import { soakInProcess } from "./testing_run.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;

/** Runs of some seconds with one fault each; what it shows among the errors, where it must. */
const FAULTS: readonly (readonly [fault: string, why: string, shows: RegExp | undefined])[] = [
  ["{ do: restart, at: 1s }", "SIGTERM and restart", undefined],
  ["{ do: kill, at: 1s, for: 1s }", "SIGKILL and restart", /refused|closed|reset/],
  ["{ do: pause, at: 1s, for: 1500ms }", "SIGSTOP for 1.5 s", undefined],
  ["{ do: delay, at: 1s, for: 2s, ms: 300 }", "delayed by 300 ms", undefined],
  ["{ do: drop, at: 1s, for: 2s }", "all requests dropped", /closed/],
  ["{ do: reset, at: 1s, for: 2s }", "reset for 2 s", /reset/],
  ["{ do: skew, at: 1s, for: 2s, by: -20m }", "our clock behind by 1200 s", undefined],
];

const MINUTES_19_MS = 1_140_000;

/** Whether the journal has a call in which our clock and the target's were this far apart, milliseconds. */
async function skewed(folder: string, ms: number): Promise<boolean> {
  const disk = folderDisk(join(folder, JOURNAL_DIR));
  for (const name of (await disk.names()).filter((name) => segmentOf(name) !== undefined)) {
    for (const { record } of readSegment(await disk.read(name))?.lines ?? []) {
      const calls = record.t === "obs" ? record.list : [];
      for (const call of calls) {
        if (call.kind === "call" && Math.abs((call.clocks?.ours ?? 0) - (call.clocks?.target ?? 0)) > ms) return true;
      }
    }
  }
  return false;
}

/** A run with one fault: accounting holds across it, and it is declared. */
async function accounted([fault, why, shows]: typeof FAULTS[number]): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-chaos-" });
  try {
    const file = join(folder, "chaos.yaml");
    const run = join(folder, "run");
    await Deno.writeTextFile(file, `schema: hearthproof.chaos/1\nfaults:\n  - ${fault}\n`);
    // Long after the fault is over, so that a machine that stands still for seconds gets to it all the same.
    const argv = ["--duration", "12s", "--rate", "30/s", "--chaos", file, "--output-dir", run];
    const { report: { events, gaps, monitors, latency, errors } } = await soakInProcess(argv);
    assertEquals(monitors.filter(({ outcome }) => outcome === "violated"), [], fault);
    assertEquals([events.lost, events.duplicated, events.reordered, events.changed], [0, 0, 0, 0], fault);
    assert(events.acknowledged > 10 && events.observed >= events.acknowledged, fault);
    assertEquals(gaps.length, 1, fault);
    assertStringIncludes(gaps[0]?.why ?? "", why);
    if (shows !== undefined) assert(shows.test(Object.keys(errors).join()), `${fault}: ${JSON.stringify(errors)}`);
    if (fault.includes("skew")) assert(await skewed(run, MINUTES_19_MS), "nothing was sent with a wrong time");
    if (/pause|delay/.test(fault)) assert((latency.max ?? 0) >= 300, `${fault}: ${latency.max} ms`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a target that does not come up after its restart is a violation, with a report of all that was seen", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-chaos-" });
  try {
    const { program, args } = selfCommand(MAIN, ["node", "--port", "$1", "--data", "$2"]);
    const script = join(folder, "node.sh");
    const node = [program, ...args].map((word) => `"${word}"`).join(" ");
    const lines = [
      'test -e "$2/begun" && { echo "I do not start twice" >&2; exit 4; }',
      ': > "$2/begun"',
      `exec ${node}`,
    ];
    await Deno.writeTextFile(script, lines.join("\n"));
    const target = ["--target", `exec:sh ${script} {port} {data}`, "--restart-at", "1s", "--kill-at", "30s"];
    const run = await soakInProcess(["--duration", "1h", "--rate", "20/s", ...target]);
    const restarts = run.report.monitors.find(({ name }) => name === "restarts");
    assertEquals([restarts?.outcome, restarts?.offences], ["violated", 1]);
    assertStringIncludes(restarts?.reason ?? "", "the target did not come up again: SIGTERM and restart on purpose");
    assertStringIncludes(restarts?.reason ?? "", "I do not start twice");
    // A machine so busy that the tester itself was late says that first.
    const busy = run.report.instrument.saturated !== null;
    assertEquals([run.code, run.report.verdict], busy ? [3, "invalid"] : [1, "violated"]);
    assertEquals(run.report.ended_early, "the target did not come up again");
    assert(run.report.load.calls > 0 && run.report.duration_s < run.report.planned_s);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("accounting holds across signals to the target, and each is declared", async () => {
  await Promise.all(FAULTS.slice(0, 3).map(accounted));
});

Deno.test("accounting holds across faults of the network and the clock, and each is declared", async () => {
  await Promise.all(FAULTS.slice(3).map(accounted));
});
