import { assertEquals } from "@std/assert";
import { VirtualClock } from "../src/wire/clock.ts";
import { LookBack } from "./look_back.ts";
import { AccountingMonitor } from "./monitors/accounting.ts";
import type { Observation } from "./observation.ts";
import type { SeenEvent } from "./seen_event.ts";
import { Tally } from "./tally.ts";

function event(sequence: number, lamport: number): SeenEvent {
  const own = { caller: 0, sequence, unchanged: true };
  return { event_id: `E${sequence}`, lamport, type: "t", digest: "d", valid: true, bytes: 1, own };
}

/** A log, and an accounting that was told of these acknowledgements. */
function world(log: readonly SeenEvent[], acknowledged: readonly SeenEvent[]) {
  const clock = new VirtualClock();
  const [accounting, tally] = [new AccountingMonitor(true, 0), new Tally()];
  const observe = (observation: Observation) => {
    for (const keeper of [tally, accounting]) keeper.observe(observation);
  };
  for (const { event_id: eventId, lamport, own } of acknowledged) {
    const wrote = { caller: own?.caller ?? 0, sequence: own?.sequence ?? 0 };
    const call = { kind: "call", capability: "sync.push", due: 0, started: 0, ended: 0, code: "ok" } as const;
    observe({ ...call, wrote, written: { ...wrote, eventId, lamport, floor: 0 } });
  }
  observe({ kind: "log", at: 0, after: 0, events: [], complete: false, again: false, upTo: 50 });
  const page = (after: number) => Promise.resolve(log.filter(({ lamport }) => lamport > after));
  const reached = () => tally.position.lamport;
  return { clock, accounting, tally, observe, look: new LookBack({ clock, accounting, reached, page, observe }) };
}

Deno.test("an acknowledged event below what was read is found when it is overdue, not before", async () => {
  const { clock, accounting, look } = world([event(0, 10), event(1, 60)], [event(0, 10)]);
  await look.overdue();
  assertEquals(accounting.pending, 1);
  clock.advance(5000);
  await look.overdue();
  assertEquals([accounting.pending, accounting.counts.observed], [0, 1]);
});

Deno.test("an event that the reading of what is new has not come to is left to it, and counted once", async () => {
  const late = event(0, 70);
  const { clock, accounting, tally, observe, look } = world([event(1, 60), late], [late]);
  clock.advance(5000);
  await look.overdue();
  assertEquals([tally.position.lamport, accounting.pending], [50, 1]);
  observe({ kind: "log", at: 5000, after: 50, events: [late], complete: true, again: false, upTo: 70 });
  await look.overdue();
  assertEquals([accounting.pending, accounting.counts.observed, accounting.counts.duplicated], [0, 1, 0]);
});

Deno.test("looking through a stretch shows what was never acknowledged, once", async () => {
  const { accounting, look, clock, observe } = world([event(0, 10), event(1, 20), event(2, 60)], []);
  const page = () => Promise.resolve(undefined);
  const silent = new LookBack({ clock, accounting, reached: () => 50, page, observe });
  assertEquals(await silent.through(5, 50), false, "nobody answered");
  assertEquals(await look.through(5, 50), true);
  assertEquals(await look.through(5, 50), true);
  assertEquals([accounting.counts.observed, accounting.counts.sent, accounting.counts.duplicated], [2, 2, 0]);
});
