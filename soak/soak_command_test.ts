import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../src/cli/parse.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import { OutputError } from "../src/report/atomic.ts";
import { systemClock } from "../src/wire/clock.ts";
import { folderDisk, type JournalDisk } from "./journal_disk.ts";
import { REPORT_FILE } from "./run_folder.ts";
import { readShard } from "./soak_plan.ts";
import { soakInProcess } from "./testing_run.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;
const DEADLINE_MS = 60_000;

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-soak-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a short run against the sound node violates nothing, survives a kill, and is too short to be stable", async () => {
  const { code, report, out } = await soakInProcess(["--duration", "4s", "--rate", "40/s", "--kill-at", "2s"]);
  const { events } = report;
  assertEquals(report.monitors.filter(({ outcome }) => outcome === "violated"), []);
  assertEquals([events.lost, events.duplicated, events.reordered, events.changed], [0, 0, 0, 0]);
  assert(events.acknowledged > 20 && events.observed >= events.acknowledged);
  assertEquals(report.gaps.length, 1);
  assertEquals(code, 3);
  assertStringIncludes(out, "Judged is the built-in reference node, not yours.");
});

Deno.test("the first interrupt ends a run with its report, which can be had again from the journal", async () => {
  await inFolder(async (folder) => {
    const first = await soakInProcess(["--duration", "1h", "--output-dir", folder], {
      onProgress: (interrupt) => interrupt(),
    });
    assert(first.report.duration_s < 60);
    assertEquals([first.report.planned_s, first.report.ended_early], [3600, "interrupted"]);
    const again = await soakInProcess(["report", folder, "--output-dir", folder]);
    const { instrument: _, ...told } = again.report;
    const { instrument: __, ...before } = first.report;
    assertEquals(told, before);
    await assertRejects(() => soakInProcess(["--resume", folder], { resumed: true }), UsageError, "came to its end");
  });
});

/** The program in a run that has had an answer, and what it says on standard error. */
async function underWay(folder: string) {
  const { program, args } = selfCommand(MAIN, ["soak", "--duration", "1h", "--output-dir", folder]);
  const tester = new Deno.Command(program, { args: [...args], stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const said = new Response(tester.stderr).text();
  const journal = folderDisk(join(folder, "journal"));
  const clock = systemClock();
  for (const end = clock.mono() + DEADLINE_MS; clock.mono() < end;) {
    const text = new TextDecoder().decode(await journal.read("00000001.jsonl").catch(() => new Uint8Array()));
    if (text.includes('"code":"ok"')) break;
    await clock.sleep(50);
  }
  return { tester, said };
}

Deno.test("a signal ends the program with a whole report, and its node with it", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await inFolder(async (folder) => {
      const run = join(folder, "run");
      const { tester, said } = await underWay(run);
      tester.kill(signal);
      const { code } = await tester.status;
      assertEquals(code, 3, await said);
      const report = JSON.parse(await Deno.readTextFile(join(run, REPORT_FILE)));
      assertEquals([report.ended_early, report.events.lost], ["interrupted", 0]);
      assert(report.events.observed >= report.events.acknowledged);
      const [node = ""] = [...Deno.readDirSync(run)].map(({ name }) => name).filter((name) => name.startsWith("node-"));
      await assertRejects(() => Deno.stat(join(run, node, "process.json")), Deno.errors.NotFound);
    });
  }
});

Deno.test("the second interrupt ends the tester at once, and the run can be gone on with", async () => {
  await inFolder(async (folder) => {
    const run = join(folder, "run");
    const { tester, said } = await underWay(run);
    tester.kill("SIGINT");
    tester.kill("SIGTERM");
    const { code } = await tester.status;
    assertEquals(code, 2, await said);
    const { report, code: told } = await soakInProcess(["report", run, "--output-dir", run]);
    assertEquals(told, 3);
    assertStringIncludes(report.reason, "--resume");
    assert(report.load.calls > 0);
    await assertRejects(() => soakInProcess(["--duration", "1s", "--output-dir", run]), UsageError, "was cut off");
  });
});

/** A disk that takes so many bytes. */
function smallDisk(room: number): (folder: string) => JournalDisk {
  let left = room;
  return (folder) => {
    const disk = folderDisk(folder);
    return {
      ...disk,
      create(name) {
        const file = disk.create(name);
        return {
          ...file,
          write(bytes) {
            file.write(bytes.subarray(0, Math.max(0, left)));
            left -= bytes.length;
            if (left < 0) throw new Error("No space left on device (os error 28)");
          },
        };
      },
    };
  };
}

Deno.test("a full disk ends the run with a clear line and a report of what was seen", async () => {
  await inFolder(async (folder) => {
    const { code, report, err } = await soakInProcess(["--duration", "1h", "--rate", "40/s", "--output-dir", folder], {
      disk: smallDisk(8_500_000),
    });
    assertStringIncludes(err.replaceAll("\n", " "), "The journal cannot be written: the disk is full.");
    // A machine so busy that the tester itself was late says that first.
    assertEquals([code, report.verdict], [3, report.instrument.saturated === null ? "inconclusive" : "invalid"]);
    assertStringIncludes(report.ended_early ?? "", "the disk is full");
    assert(report.load.calls > 0 && report.events.lost === 0);
    const again = await soakInProcess(["report", folder, "--output-dir", folder]);
    // The journal holds less than the run has seen.
    assertEquals([again.code, again.report.load.calls], [3, report.load.calls]);
    await Deno.remove(join(folder, REPORT_FILE));
    const rest = await soakInProcess(["report", folder, "--output-dir", folder]);
    assert(rest.report.load.calls > 0 && rest.report.load.calls <= report.load.calls);
  });
});

Deno.test("without --duration the run takes 10 minutes, and how much room it takes is said", async () => {
  const { err, report } = await soakInProcess([], { onProgress: (interrupt) => interrupt() });
  assertStringIncludes(err, "No --duration is given: the run takes 10 minutes.");
  assertStringIncludes(err, "Journal: at most");
  assertEquals(report.planned_s, 600);
});

Deno.test("--fail-fast ends a run at the first broken threshold and names it", async () => {
  // Nobody calls that often, on no machine: the first window breaks it, before anything else can be found.
  const threshold = "calls.rate > 100000/s over 1s";
  const { code, report } = await soakInProcess([
    ...["--duration", "1h", "--rate", "40/s", "--fail-fast", "--threshold", threshold],
  ]);
  assertStringIncludes(report.ended_early ?? "", `--fail-fast: ${threshold}`);
  assertEquals(report.thresholds.map(({ verdict }) => verdict), ["violated"]);
  assertEquals(report.planned_s, 3600);
  assert(report.duration_s < report.planned_s);
  // A machine so busy that the tester itself was late says so instead.
  const busy = report.instrument.saturated !== null;
  assertEquals([code, report.verdict], busy ? [3, "invalid"] : [1, "violated"]);
});

Deno.test("a folder is of one tester at a time", async () => {
  await inFolder(async (folder) => {
    const second: Promise<unknown>[] = [];
    await soakInProcess(["--duration", "1h", "--output-dir", folder], {
      onProgress: (interrupt) => {
        second.push(
          assertRejects(() => soakInProcess(["--duration", "1s", "--output-dir", folder]), OutputError, "at work"),
        );
        second.at(-1)?.finally(interrupt);
      },
    });
    await Promise.all(second);
    assert(second.length > 0);
  });
});

Deno.test("what does not fit together is refused in one line", async () => {
  await inFolder(async (folder) => {
    const wrong: readonly (readonly [argv: readonly string[], words: string])[] = [
      [["--resume", folder], "holds no run"],
      [["report", folder], "holds no run"],
      [["report"], "PATH is missing"],
      [["merge"], "PATH is missing"],
      [["merge", folder], "holds no run"],
      [["--resume", folder, "--output-dir", folder], "leave out --output-dir"],
      [["--shard", "1/2"], "--shard needs --time-origin"],
      [["--shard", "1/2", "--time-origin", "1"], "--shard needs a target that all shards reach"],
      [["--shard", "1/5", "--time-origin", "1", "--concurrency", "4"], "cannot be shared by 5 shards"],
      [["--shard", "1/2", "--time-origin", "1", "--workers", "2"], "leave out --shard or --workers"],
      [["--workers", "5", "--concurrency", "4"], "--workers 5 cannot share --concurrency 4"],
      [["--workers", "0"], "a whole number from 1"],
      [["--duration", "5s", "--kill-at", "1h"], "within the run"],
      [["--rate", "much"], "--rate must be like 20/s"],
      [["--threshold", "memory.slop < 1MB/h"], "memory.slop is unknown"],
      [["--chaos", join(folder, "none.yaml")], "there is no such file"],
      [["--target", "http://127.0.0.1:9", "--kill-at", "1s"], "need a target that is started here"],
    ];
    for (const [argv, words] of wrong) {
      const resumed = argv.includes("--resume") && !argv.includes("--output-dir");
      await assertRejects(() => soakInProcess(argv, { resumed }), UsageError, words);
    }
  });
});

Deno.test("shards have a number and a count", () => {
  assertEquals(readShard("2/3"), { index: 2, count: 3 });
  assertEquals(readShard(undefined), undefined);
  for (const text of ["0/3", "4/3", "1", "1/x", "1/100000"]) {
    assertThrows(() => readShard(text), UsageError, "--shard must be I/N");
  }
});
