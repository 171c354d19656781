import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { JournalDisk } from "./journal_disk.ts";
import { AT_START, isFull, Journal, MAX_SEGMENTS, MIN_SEGMENT_BYTES, segmentOf } from "./journal.ts";
import { restoreRun } from "./journal_restore.ts";
import { reportOf } from "./report_command.ts";
import type { Observation } from "./observation.ts";
import { RunState } from "./run_state.ts";
import { memoryDisk, runConfig, simulatedLoad } from "./testing.ts";

const CONFIG = runConfig();

async function journalOf(disk: JournalDisk, state: RunState, failed: (why: string) => void = () => {}) {
  return await Journal.open({
    disk,
    config: state.config,
    keepers: state.keepers,
    after: AT_START,
    now: () => state.tally.last,
    failed,
  });
}

function record(journal: Journal, state: RunState, observations: Iterable<Observation>): void {
  for (const observation of observations) {
    state.observe(observation);
    journal.note(observation);
  }
}

function statesOf(state: RunState): string {
  return JSON.stringify(
    state.keepers.map((keeper) => [keeper.name, keeper.name === "instrument" ? null : keeper.state()]),
  );
}

Deno.test("a journal gives back exactly what was learned, from states and from what came after them", async () => {
  const disk = memoryDisk(CONFIG);
  const state = new RunState(CONFIG);
  const journal = await journalOf(disk, state);
  record(journal, state, simulatedLoad(1, 0, 300));
  await journal.rotate();
  record(journal, state, simulatedLoad(2, 300, 300));
  journal.flush();
  const back = await restoreRun(disk);
  assertEquals(back?.cut, undefined);
  assertEquals(statesOf(back?.state ?? new RunState(CONFIG)), statesOf(state));
});

Deno.test("a journal that is cut at any byte still gives a report, and never more than was seen", async () => {
  const disk = memoryDisk(CONFIG);
  const state = new RunState(CONFIG);
  const journal = await journalOf(disk, state);
  record(journal, state, simulatedLoad(1, 0, 40));
  journal.flush();
  await journal.rotate();
  record(journal, state, simulatedLoad(2, 40, 40));
  journal.flush();
  const [older, newer] = await Promise.all(
    (await disk.names()).filter((name) => segmentOf(name) !== undefined).map((name) => disk.read(name)),
  );
  assert(older !== undefined && newer !== undefined);
  const cutAt = async (name: string, bytes: Uint8Array, others: ReadonlyMap<string, Uint8Array>) => {
    const copy = memoryDisk(CONFIG);
    for (const [other, content] of others) copy.create(other).write(content);
    copy.create(name).write(bytes);
    const back = await restoreRun(copy);
    assert(back !== undefined);
    const report = reportOf(back, "DIR");
    assertEquals(report.verdict, "inconclusive");
    assert(report.load.calls <= 80 && report.events.observed <= 80);
    assertEquals([report.events.lost, report.events.duplicated], [0, 0]);
    return report;
  };
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: newer.length }), async (at) => {
      const report = await cutAt("00000002.jsonl", newer.subarray(0, at), new Map([["00000001.jsonl", older]]));
      assert(report.load.calls >= 40, "the generation before is whole");
    }),
    { seed: 7, numRuns: 60 },
  );
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: older.length }), async (at) => {
      await cutAt("00000001.jsonl", older.subarray(0, at), new Map());
    }),
    { seed: 8, numRuns: 60 },
  );
});

Deno.test("a changed byte ends what counts of a journal", async () => {
  const disk = memoryDisk(CONFIG);
  const state = new RunState(CONFIG);
  const journal = await journalOf(disk, state);
  record(journal, state, simulatedLoad(1, 0, 20));
  journal.flush();
  record(journal, state, simulatedLoad(1, 20, 20));
  journal.flush();
  const bytes = await disk.read("00000001.jsonl");
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ by;
      const copy = memoryDisk(CONFIG);
      copy.create("00000001.jsonl").write(changed);
      const back = await restoreRun(copy);
      assert(back?.cut !== undefined);
    }),
    { seed: 9, numRuns: 60 },
  );
});

Deno.test("a full disk is told once, and what was written before counts", async () => {
  for (const room of [20_000, 8_500_000, 8_420_000]) {
    const disk = memoryDisk(CONFIG, room);
    const told: string[] = [];
    const state = new RunState(CONFIG);
    const journal = await journalOf(disk, state, (why) => void told.push(why));
    for (let n = 0; n < 40; n++) {
      record(journal, state, simulatedLoad(1, n * 50, 50));
      await journal.checkpoint();
    }
    assertEquals(told, ["the disk is full"]);
    const back = await restoreRun(disk);
    assert(back !== undefined && back.state.tally.calls <= state.tally.calls);
  }
});

Deno.test("what was read again and found wrong is kept, though the reading is not", async () => {
  const disk = memoryDisk(CONFIG);
  const state = new RunState(CONFIG);
  const journal = await journalOf(disk, state);
  record(journal, state, simulatedLoad(1, 0, 10));
  record(journal, state, [{ kind: "log", at: 600, after: 0, events: [], complete: true, again: true, upTo: 5 }]);
  const back = await restoreRun(disk);
  assertStringIncludes(back?.state.integrity.verdict().reason ?? "", "forgotten");
});

Deno.test("old segments go, and the room they take is bounded", async () => {
  const disk = memoryDisk(CONFIG);
  const state = new RunState(CONFIG);
  const journal = await journalOf(disk, state);
  let most = 0;
  for (let n = 0; n < 100; n++) {
    record(journal, state, simulatedLoad(n, n * 400, 400));
    await journal.checkpoint();
    most = Math.max(most, (await disk.names()).filter((name) => segmentOf(name) !== undefined).length);
  }
  assert(most < MAX_SEGMENTS, `${most} segments`);
  assert(journal.largest < MAX_SEGMENTS * (journal.stateBytes + 2 * MIN_SEGMENT_BYTES));
  const back = await restoreRun(disk);
  assertEquals(back?.state.tally.calls, 40_000);
});

Deno.test("errors of the system that mean a full disk are known", () => {
  assert(isFull(new Error("No space left on device (os error 28)")));
  assert(isFull(Object.assign(new Error("x"), { code: "EDQUOT" })));
  assert(!isFull(new Error("Permission denied (os error 13)")));
});
