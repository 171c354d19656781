/**
 * One hour at 1,000 events per second with a simulated clock: journal and memory must stay inside what is announced.
 * `deno run -A --v8-flags=--expose-gc soak/bounds_bench.ts [SECONDS]`.
 */

import { Random } from "../src/protocol/mod.ts";
import { systemClock } from "../src/wire/clock.ts";
import { AT_START, Journal } from "./journal.ts";
import { diskBound, memoryBound } from "./journal_bound.ts";
import { folderDisk } from "./journal_disk.ts";
import { restoreRun, writeRunFile } from "./journal_restore.ts";
import type { Observation } from "./observation.ts";
import { RunState } from "./run_state.ts";
import { runConfig } from "./testing.ts";

const RATE = 1000;
const CALLERS = 200;
const HOUR_S = 3600;
/** Simulated seconds between two checkpoints, two samples, and two lines of output. */
const CHECKPOINT_S = 2;
const SAMPLE_S = 5;
const SHOWN_S = 300;
const COUNTERS = 250;
const CAPABILITIES = ["market.post", "market.expire", "chat.send"];
const MIB = 1_048_576;

/** Everything seen in one second of a run in which every call writes an event. */
function* second(at_s: number, random: Random): Generator<Observation> {
  const from = at_s * 1000;
  const events = [];
  for (let n = 0; n < RATE; n++) {
    const number = at_s * RATE + n;
    const [caller, sequence] = [number % CALLERS, Math.floor(number / CALLERS)];
    const due = from + n * 1000 / RATE;
    const eventId = `01M7Y5${String(number).padStart(20, "0")}`;
    const lamport = number + 1;
    yield { kind: "sending", at: due, caller, sequence };
    yield {
      kind: "call",
      capability: CAPABILITIES[n % CAPABILITIES.length] ?? "",
      due,
      started: due + random.unit(),
      ended: due + 1 + random.unit() * 30,
      code: "ok",
      wrote: { caller, sequence },
      written: { caller, sequence, eventId, lamport, floor: number },
      clocks: { target: 1_800_000_000_000 + from, ours: 1_800_000_000_000 + Math.floor(due) },
    };
    const own = { caller, sequence, unchanged: true };
    const digest = lamport.toString(16).padStart(16, "0");
    events.push({ event_id: eventId, lamport, type: "market.post.created", digest, valid: true, bytes: 612, own });
  }
  const at = from + 1100;
  const head = (at_s + 1) * RATE;
  yield { kind: "log", at, after: head - RATE, events, complete: true, again: false, upTo: head };
  yield { kind: "head", at, head, acknowledged: head };
  if (at_s % SAMPLE_S !== 0) return;
  for (let series = 0; series < 12; series++) {
    const name = series === 0 ? "memory.rss" : `series.${series}`;
    yield { kind: "sample", series: name, at, value: 1e8 + random.below(1_000_000) };
  }
  yield { kind: "metrics", at, since: at - SAMPLE_S * 1000, counters: COUNTERS, fallen: [] };
}

async function main(seconds: number): Promise<number> {
  const print = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-bounds-" });
  const clock = systemClock();
  const load = { rate: RATE, durationMs: seconds * 1000 };
  const config = runConfig({ durationMs: load.durationMs, callers: CALLERS, rateText: `${RATE}/s` });
  const [disk, state] = [folderDisk(folder), new RunState(config)];
  await writeRunFile(folder, config);
  let failure = "";
  const journal = await Journal.open({
    disk,
    config,
    keepers: state.keepers,
    after: AT_START,
    now: () => state.tally.last,
    failed: (why) => void (failure = why),
  });
  const random = new Random(1, "bounds");
  const began = clock.mono();
  let [mostDisk, mostMemory, mostHeap, slowest] = [0, 0, 0, 0];
  for (let at = 0; at < seconds; at++) {
    for (const observation of second(at, random)) {
      state.observe(observation);
      journal.note(observation);
    }
    if (at % CHECKPOINT_S === 0) {
      const before = clock.mono();
      await journal.checkpoint();
      slowest = Math.max(slowest, clock.mono() - before);
    }
    mostMemory = Math.max(mostMemory, Deno.memoryUsage().rss);
    if ((at + 1) % SHOWN_S !== 0) continue;
    collect();
    const { heapUsed } = Deno.memoryUsage();
    mostHeap = Math.max(mostHeap, heapUsed);
    mostDisk = Math.max(mostDisk, await folderBytes(folder));
    print(
      `${at + 1} s: ${(at + 1) * RATE} events, on disk ${mib(await folderBytes(folder))}, states ${
        mib(journal.stateBytes)
      }, heap ${mib(heapUsed)}, rss ${mib(Deno.memoryUsage().rss)}`,
    );
  }
  const { counts } = state.accounting;
  await journal.close({ endMs: load.durationMs, early: undefined, incomplete: undefined });
  const back = await restoreRun(disk);
  const same = JSON.stringify(back?.state.accounting.counts) === JSON.stringify(counts);
  const disks = mostDisk <= diskBound(load);
  const memory = mostMemory <= memoryBound(load);
  print(
    `simulated ${seconds} s in ${((clock.mono() - began) / 1000).toFixed(1)} s, slowest checkpoint ${
      slowest.toFixed(0)
    } ms`,
  );
  print(`disk: most ${mib(mostDisk)}, announced ${mib(diskBound(load))}: ${disks ? "inside" : "OUTSIDE"}`);
  print(
    `memory: most ${mib(mostMemory)}, heap after collection ${mib(mostHeap)}, announced ${mib(memoryBound(load))}: ${
      memory ? "inside" : "OUTSIDE"
    }`,
  );
  print(
    `accounting ${counts.observed} of ${seconds * RATE} observed; from the journal ${same ? "the same" : "ANOTHER"}`,
  );
  if (failure !== "") print(`journal: ${failure}`);
  await Deno.remove(folder, { recursive: true });
  return disks && memory && same && failure === "" && counts.observed === seconds * RATE ? 0 : 1;
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name } of Deno.readDir(folder)) bytes += (await Deno.stat(`${folder}/${name}`)).size;
  return bytes;
}

if (import.meta.main) Deno.exit(await main(Number(Deno.args[0] ?? HOUR_S)));
