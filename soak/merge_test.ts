import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { IntervalSet } from "../src/stats/interval_set.ts";
import { LatencyHistogram } from "../src/stats/latency_histogram.ts";
import { mergeShards } from "./merge.ts";
import { mergeAccounting, ofShard } from "./merge_accounting.ts";
import { AccountingMonitor, type AccountingState } from "./monitors/accounting.ts";
import type { Observation } from "./observation.ts";
import { RunState } from "./run_state.ts";
import { shardOf } from "./soak_run.ts";
import { runConfig } from "./testing.ts";

const RUNS = { seed: 5, numRuns: 100 };

function histogram(values: readonly number[]): LatencyHistogram {
  const made = new LatencyHistogram();
  for (const value of values) made.record(0, value);
  return made;
}

function merged(...all: readonly LatencyHistogram[]): string {
  const total = new LatencyHistogram();
  for (const one of all) total.merge(one);
  return JSON.stringify(total);
}

Deno.test("histograms merge in any order and grouping to that of all values", () => {
  const values = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { maxLength: 50 });
  fc.assert(
    fc.property(values, values, values, (a, b, c) => {
      const [x, y, z] = [histogram(a), histogram(b), histogram(c)];
      const all = merged(histogram([...a, ...b, ...c]));
      const left = new LatencyHistogram();
      left.merge(x);
      left.merge(y);
      assertEquals(merged(left, z), all);
      assertEquals(merged(z, y, x), all);
    }),
    RUNS,
  );
});

Deno.test("interval sets merge in any order and grouping", () => {
  const numbers = fc.array(fc.nat({ max: 60 }), { maxLength: 40 });
  const setOf = (list: readonly number[]) => {
    const set = new IntervalSet();
    for (const one of list) set.insert(one);
    return set;
  };
  fc.assert(
    fc.property(numbers, numbers, numbers, (a, b, c) => {
      const all = setOf([...a, ...b, ...c]).toJSON();
      assertEquals(setOf(a).union(setOf(b)).union(setOf(c)).toJSON(), all);
      assertEquals(setOf(a).union(setOf(b).union(setOf(c))).toJSON(), all);
      assertEquals(setOf(c).union(setOf(a)).union(setOf(b)).toJSON(), all);
    }),
    RUNS,
  );
});

/** What happens to a write: whether it is acknowledged, how often it is in the log, whether it is changed there. */
const write = fc.record({
  caller: fc.nat({ max: 5 }),
  acknowledged: fc.boolean(),
  logged: fc.integer({ min: 0, max: 2 }),
  unchanged: fc.boolean(),
});

function* observed(
  writes: readonly (typeof write extends fc.Arbitrary<infer T> ? T : never)[],
): Generator<Observation> {
  const next = new Map<number, number>();
  for (const [n, { caller, acknowledged, logged, unchanged }] of writes.entries()) {
    const sequence = next.get(caller) ?? 0;
    next.set(caller, sequence + 1);
    const [at, lamport, eventId] = [n * 100, n + 1, `E${n}`];
    yield { kind: "sending", at, caller, sequence };
    const call = { kind: "call", capability: "chat.send", due: at, started: at, ended: at + 1 } as const;
    const wrote = { caller, sequence };
    if (acknowledged) yield { ...call, code: "ok", wrote, written: { ...wrote, eventId, lamport, floor: 0 } };
    else yield { ...call, code: "timeout", wrote };
    const seen = { event_id: eventId, lamport, type: "t", digest: "d", valid: true, bytes: 1 };
    const events = Array.from({ length: logged }, () => ({ ...seen, own: { caller, sequence, unchanged } }));
    yield { kind: "log", at: at + 2, after: 0, events, complete: true, again: false, upTo: lamport };
  }
}

function callerOf(observation: Observation): number | undefined {
  if (observation.kind === "sending") return observation.caller;
  if (observation.kind === "call") return observation.wrote?.caller;
  return observation.kind === "log" ? observation.events[0]?.own?.caller : undefined;
}

function accounting(observations: Iterable<Observation>): AccountingMonitor {
  const monitor = new AccountingMonitor(true, 0);
  for (const observation of observations) monitor.observe(observation);
  return monitor;
}

const stateOf = (monitor: AccountingMonitor) => monitor.state() as unknown as AccountingState;

Deno.test("merged accounting of shards is that of one process that did it all, in any order of merging", () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), (writes, count) => {
      const all = [...observed(writes)];
      const shards = Array.from({ length: count }, (_, shard) =>
        stateOf(accounting(all.filter((one) => {
          const caller = callerOf(one);
          return caller === undefined || caller % count === shard;
        }))));
      const whole = accounting(all);
      for (const order of [shards, shards.toReversed()]) {
        const one = new AccountingMonitor(true, 0);
        one.restore(order.reduce(mergeAccounting) as unknown as Parameters<typeof one.restore>[0]);
        assertEquals(one.counts, whole.counts);
        assertEquals(one.firstOffence, whole.firstOffence);
      }
    }),
    RUNS,
  );
});

Deno.test("merging a shard with itself counts its events once, as another shard twice", () => {
  const state = stateOf(accounting(observed([{ caller: 1, acknowledged: true, logged: 1, unchanged: true }])));
  const countsOf = (merged: AccountingState) => {
    const monitor = new AccountingMonitor(true, 0);
    monitor.restore(merged as unknown as Parameters<typeof monitor.restore>[0]);
    return monitor.counts.observed;
  };
  assertEquals(countsOf(mergeAccounting(state, state)), 1);
  assertEquals(countsOf(mergeAccounting(ofShard(state, 1), ofShard(state, 2))), 2);
});

Deno.test("the schedules of all shards are the whole schedule", () => {
  const whole = Array.from({ length: 100 }, (_, n) => n * 50);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), (count) => {
      const parts = Array.from({ length: count }, (_, i) => [...shardOf(whole, { index: i + 1, count })]);
      assertEquals(parts.flat().toSorted((a, b) => a - b), whole);
    }),
    RUNS,
  );
});

/** A shard whose calls all took this long. */
function shard(index: number, count: number, ms: number, calls: number) {
  const config = runConfig({ shard: { index, count } });
  const state = new RunState(config);
  for (let n = 0; n < calls; n++) {
    const due = n * 100;
    state.observe({ kind: "call", capability: "market.list", due, started: due, ended: due + ms, code: "ok" });
  }
  const ending = { endMs: calls * 100, early: undefined, incomplete: undefined };
  const position = { segment: 1, line: 1, link: "", full: 1 };
  return { path: `s${index}`, index, run: { config, state, ending, position, cut: undefined } };
}

Deno.test("percentiles come from merged histograms, a missing shard and a broken limit are named", () => {
  const report = mergeShards([shard(2, 3, 400, 100), shard(1, 3, 10, 900)], [3]);
  assertEquals([report.load.calls, report.latency.max], [1000, 400]);
  assertEquals(Math.round(report.latency.p50 ?? 0), 10);
  // The average of both 99th percentiles would be 205.
  assert(Math.abs((report.latency.p99 ?? 0) - 400) < 1);
  assertEquals(report.verdict, "violated");
  assertStringIncludes(report.reason, "latency.p99 < 250ms over 5s");
  assertStringIncludes(report.ended_early ?? "", "shard 3 is missing");
});
