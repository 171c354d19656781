import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../src/cli/parse.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import { systemClock } from "../src/wire/clock.ts";
import { folderDisk } from "./journal_disk.ts";
import { soakInProcess } from "./testing_run.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;
const DEADLINE_MS = 60_000;
const EVERY_MS = 50;

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-workers-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const clock = systemClock();
  for (const end = clock.mono() + DEADLINE_MS; !await holds();) {
    if (clock.mono() > end) throw new Error("Cannot go on: what was waited for did not come");
    await clock.sleep(EVERY_MS);
  }
}

/** Whether a worker has had an answer. */
async function answered(folder: string, index: number): Promise<boolean> {
  const disk = folderDisk(join(folder, `worker-${index}`, "journal"));
  const text = new TextDecoder().decode(await disk.read("00000001.jsonl").catch(() => new Uint8Array()));
  return text.includes('"code":"ok"');
}

/** Processes whose parent is this one. */
async function childrenOf(pid: number): Promise<number[]> {
  const children: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (/^\d+$/.test(name) && (await processOf(Number(name)))?.parent === pid) children.push(Number(name));
  }
  return children;
}

async function processOf(pid: number): Promise<{ readonly state: string; readonly parent: number } | undefined> {
  const text = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => undefined);
  const [state = "", parent = ""] = text?.slice(text.lastIndexOf(")") + 2).split(" ") ?? [];
  return text === undefined || state === "Z" ? undefined : { state, parent: Number(parent) };
}

Deno.test("two workers make one run: one schedule, exact accounting, and a restart that both declare", async () => {
  await inFolder(async (folder) => {
    const argv = ["--workers", "2", "--duration", "4s", "--rate", "40/s", "--kill-at", "2s", "--output-dir", folder];
    const { report, code, out } = await soakInProcess(argv);
    assertEquals(report.monitors.filter(({ outcome }) => outcome === "violated"), []);
    // 4 s at 40/s, however many processes share them.
    assertEquals(report.load.calls, 160);
    const { events } = report;
    assertEquals([events.lost, events.duplicated, events.reordered, events.changed], [0, 0, 0, 0]);
    assert(events.acknowledged > 20 && events.observed >= events.acknowledged);
    assertEquals(report.gaps.map(({ why }) => why).sort(), [
      "worker 1: SIGKILL and restart on purpose",
      "worker 2: SIGKILL and restart on purpose",
    ]);
    assertEquals([code, report.target.url], [3, "embedded"]);
    assertStringIncludes(out, "Judged is the built-in reference node, not yours.");
    const again = await soakInProcess(["report", folder, "--output-dir", folder]);
    assertEquals(again.report, report);
    await assertRejects(() => soakInProcess(["--resume", folder], { resumed: true }), UsageError, "came to its end");
    await assertRejects(() => soakInProcess(["merge", folder]), UsageError, "a run of several workers");
  });
});

Deno.test("the first interrupt ends all workers with one report", async () => {
  const { code, report } = await soakInProcess(["--workers", "2", "--duration", "1h", "--concurrency", "3"], {
    onProgress: (interrupt) => interrupt(),
  });
  assert(report.duration_s < 600);
  assertEquals([report.planned_s, report.ended_early, code], [3600, "interrupted", 3]);
  assertEquals([report.events.lost, report.events.duplicated], [0, 0]);
});

Deno.test("a threshold is judged over what all workers do together, and ends all of them with --fail-fast", async () => {
  // Each of them makes 20 calls a second: only both together break the limit.
  const threshold = "calls.rate < 30/s over 2s";
  const { code, report } = await soakInProcess([
    ...["--workers", "2", "--duration", "1h", "--rate", "40/s", "--fail-fast", "--threshold", threshold],
  ]);
  assertEquals([report.ended_early, report.planned_s], [`--fail-fast: ${threshold}`, 3600]);
  assertEquals(report.thresholds.map(({ expression, verdict }) => [expression, verdict]), [[threshold, "violated"]]);
  const busy = report.instrument.saturated !== null;
  assertEquals([code, report.verdict], busy ? [3, "invalid"] : [1, "violated"]);
});

Deno.test("workers and their node end with a coordinator that is killed, and the run is gone on with", async () => {
  await inFolder(async (folder) => {
    const run = join(folder, "run");
    const argv = ["soak", "--workers", "2", "--duration", "4s", "--rate", "40/s", "--output-dir", run];
    const { program, args } = selfCommand(MAIN, argv);
    const coordinator = new Deno.Command(program, { args: [...args], stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
    await until(async () => await answered(run, 1) && await answered(run, 2));
    const children = await childrenOf(coordinator.pid);
    assertEquals(children.length, 3);
    coordinator.kill("SIGKILL");
    await coordinator.status;
    await until(async () => (await Promise.all(children.map(processOf))).every((one) => one === undefined));
    const seen = await soakInProcess(["report", run, "--output-dir", run]);
    assertStringIncludes(seen.report.reason, `--resume ${run}`);
    await assertRejects(() => soakInProcess(["--workers", "2", "--output-dir", run]), UsageError, "was cut off");
    const { report } = await soakInProcess(["--resume", run], { resumed: true });
    const { events } = report;
    assertEquals([events.lost, events.duplicated, events.reordered, events.changed], [0, 0, 0, 0]);
    assert(events.observed >= events.acknowledged && events.acknowledged >= seen.report.events.acknowledged);
    assertEquals(report.gaps.map(({ why }) => why).sort(), [
      "worker 1: the tester was away",
      "worker 2: the tester was away",
    ]);
  });
});

Deno.test("what keeps every worker from beginning is said once", async () => {
  await inFolder(async (folder) => {
    const argv = ["--workers", "2", "--target", "http://127.0.0.1:9", "--duration", "1s", "--output-dir", folder];
    const failed = await assertRejects(() => soakInProcess(argv), Error);
    assertEquals(failed.name, "ProcessError");
    assertStringIncludes(failed.message, "http://127.0.0.1:9");
  });
});
