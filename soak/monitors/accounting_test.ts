import { assertEquals, assertStringIncludes } from "@std/assert";
import { type EventEnvelope, identityFromSeed, Random, signEvent } from "../../src/protocol/mod.ts";
import { EventText, EXPIRE_REASON } from "../event_text.ts";
import type { CallDone, LogRead, Monitor } from "../observation.ts";
import { seenEvent } from "../seen_event.ts";
import { AccountingMonitor, LOST_AFTER_MS } from "./accounting.ts";
import { IntegrityMonitor } from "./integrity.ts";

const TEXT = new EventText("r1");
const NODE = identityFromSeed(new Uint8Array(32).fill(9));

function event(sequence: number, lamport: number, more: { readonly words?: string; readonly id?: string } = {}) {
  const clientId = TEXT.clientId(0, sequence);
  return signEvent(NODE, {
    event_id: more.id ?? `E${sequence}`,
    lamport,
    wall_clock: "2027-01-01T00:00:00Z",
    community_id: NODE.id,
    event_type: "chat.message.sent",
    data: { client_id: clientId, body: more.words ?? TEXT.words(clientId) },
  });
}

function acknowledged(sequence: number, lamport: number, floor = 0): CallDone {
  return {
    kind: "call",
    capability: "chat.send",
    due: 0,
    started: 0,
    ended: 10,
    code: "ok",
    wrote: { caller: 0, sequence },
    written: { caller: 0, sequence, eventId: `E${sequence}`, lamport, floor },
  };
}

function read(events: readonly EventEnvelope[], at = 20, again = false): LogRead {
  const seen = events.map((event) => seenEvent(event, TEXT));
  return { kind: "log", at, after: 0, events: seen, complete: true, again, upTo: Infinity };
}

function feed<M extends Monitor>(monitor: M, ...observations: Parameters<Monitor["observe"]>[0][]): M {
  for (const observation of observations) monitor.observe(observation);
  return monitor;
}

const accounting = () => new AccountingMonitor(true, 0);

Deno.test("events that are acknowledged and observed once are sound, whichever comes first", () => {
  const monitor = feed(accounting(), acknowledged(0, 5), read([event(0, 5), event(1, 6)]), acknowledged(1, 6, 5));
  assertEquals(monitor.verdict().outcome, "sound");
  assertEquals([monitor.counts.acknowledged, monitor.counts.observed, monitor.pending], [2, 2, 0]);
});

Deno.test("an event that stays away is lost, but not before its time", () => {
  const monitor = feed(accounting(), acknowledged(0, 5), read([], LOST_AFTER_MS));
  assertEquals(monitor.counts.lost, 0);
  feed(monitor, read([], LOST_AFTER_MS + 11));
  assertEquals(monitor.counts.lost, 1);
  assertStringIncludes(monitor.verdict().reason, "lost: event E0");
});

Deno.test("an answer that takes long says nothing of what was acknowledged while it was under way", () => {
  const slow = { ...read([], 3 * LOST_AFTER_MS), asked: LOST_AFTER_MS };
  const monitor = feed(accounting(), acknowledged(0, 5), slow);
  assertEquals([monitor.counts.lost, monitor.pending], [0, 1]);
  feed(monitor, { ...slow, asked: LOST_AFTER_MS + 11 });
  assertEquals(monitor.counts.lost, 1);
});

Deno.test("a lost event that comes after all is late", () => {
  const monitor = feed(accounting(), acknowledged(0, 5), read([], 9000), read([event(0, 5)], 9500));
  assertEquals([monitor.counts.lost, monitor.counts.late], [0, 1]);
});

Deno.test("a second event for one write is a duplicate", () => {
  const monitor = feed(accounting(), acknowledged(0, 5), read([event(0, 5), event(0, 6, { id: "X" })]));
  assertEquals(monitor.counts.duplicated, 1);
  assertStringIncludes(monitor.verdict().reason, "duplicated");
});

Deno.test("an event with other words or another place is changed", () => {
  const words = feed(accounting(), acknowledged(0, 5), read([event(0, 5, { words: "hello" })]));
  const place = feed(accounting(), acknowledged(0, 5), read([event(0, 7)]));
  assertEquals([words.counts.changed, place.counts.changed], [1, 1]);
});

Deno.test("an event that does not lie above what was acknowledged before is reordered", () => {
  assertEquals(feed(accounting(), acknowledged(0, 5, 5)).counts.reordered, 1);
});

Deno.test("events of others and of other runs are left out", () => {
  const other = new EventText("r2");
  assertEquals(other.of(event(0, 5)), undefined);
  const expired: EventEnvelope = { ...event(3, 5), event_type: "market.post.expired" };
  const data = { client_id: TEXT.clientId(0, 3), reason: EXPIRE_REASON };
  assertEquals(TEXT.of({ ...expired, data }), { caller: 0, sequence: 3, unchanged: true });
});

Deno.test("without a readable log nothing is claimed", () => {
  const monitor = feed(new AccountingMonitor(false, 0), acknowledged(0, 5));
  assertEquals(monitor.verdict().outcome, "inconclusive");
});

const integrity = () => new IntegrityMonitor(new Random(1), 0);

Deno.test("history that is read again unchanged is sound, changed or missing it is not", () => {
  const before = [event(0, 5), event(1, 6)];
  const verdict = (again: readonly EventEnvelope[]) => feed(integrity(), read(before), read(again, 30, true)).verdict();
  assertEquals(verdict(before).outcome, "sound");
  assertStringIncludes(verdict([event(0, 5), event(1, 6, { words: "x" })]).reason, "rewritten: event E1");
  assertStringIncludes(verdict([event(0, 5)]).reason, "forgotten: event E1");
});

Deno.test("an event that is gone was lost after it was seen last, so what follows from the loss is not the first offence", () => {
  const before = [event(0, 5), event(1, 6)];
  const gone = feed(integrity(), read(before, 2000), read(before, 4700, true), read([event(0, 5)], 30_000, true));
  assertEquals(gone.verdict().first_offence?.at_s, 4);
  const back = new IntegrityMonitor(new Random(1), 0);
  back.restore(JSON.parse(JSON.stringify(feed(integrity(), read(before, 2000)).state())));
  assertEquals(feed(back, read([event(0, 5)], 30_000, true)).verdict().first_offence?.at_s, 2);
});

Deno.test("what was changed for both readers is rewritten, what only the second is shown is an equivocation", () => {
  const [before, after] = [[event(0, 5)], [event(0, 5, { words: "x" })]];
  const second = (events: readonly EventEnvelope[]) => ({ ...read(events, 31, true), reader: 1 });
  const both = feed(integrity(), read(before), read(after, 30, true), second(after));
  assertEquals(both.offences, 1);
  assertStringIncludes(both.verdict().reason, "rewritten: event E0");
  const one = feed(integrity(), read(before), read(before, 30, true), second(after));
  assertStringIncludes(one.verdict().reason, "equivocation, for a second reader: rewritten: event E0");
});

Deno.test("what lies above the answer's reach is not expected in it", () => {
  const monitor = feed(integrity(), read([event(0, 5), event(1, 6)]), { ...read([event(0, 5)], 30, true), upTo: 5 });
  assertEquals(monitor.verdict().outcome, "sound");
});

Deno.test("a wrong signature and a head that goes back are offences", () => {
  const forged = { ...event(0, 5), wall_clock: "2027-01-01T00:00:01Z" };
  assertStringIncludes(feed(integrity(), read([forged])).verdict().reason, "no valid signature");
  const head = (value: number, told: number) => ({ kind: "head", at: 1, head: value, acknowledged: told }) as const;
  assertStringIncludes(feed(integrity(), head(9, 0), head(8, 0)).verdict().reason, "went back from 9 to 8");
  assertStringIncludes(feed(integrity(), head(9, 12), head(10, 12)).verdict().reason, "head is 10");
});
