import { assertEquals, assertStringIncludes } from "@std/assert";
import type { CallDone, Monitor, Observation } from "../observation.ts";
import { CounterMonitor } from "./counters.ts";
import { NamedEventsMonitor } from "./named_events.ts";
import { RestartMonitor } from "./restarts.ts";
import { SILENT_AFTER_MS, SubscriptionMonitor } from "./subscriptions.ts";
import { LOST_AFTER_MS } from "./accounting.ts";

const never = () => false;

/** Feeds the observations, with a stop in the middle: the monitor is stored and another one goes on. */
function fed(make: () => Monitor, observations: readonly Observation[]): Monitor {
  const half = Math.floor(observations.length / 2);
  const first = make();
  for (const observation of observations.slice(0, half)) first.observe(observation);
  const second = make();
  second.restore(JSON.parse(JSON.stringify(first.state())));
  for (const observation of observations.slice(half)) second.observe(observation);
  return second;
}

const metrics = (at: number, ...fallen: { key: string; before: number; after: number }[]): Observation => ({
  kind: "metrics",
  at,
  since: at - 1,
  counters: 9,
  fallen,
});

Deno.test("a counter that falls is an offence, unless the target was restarted on purpose", () => {
  const readings = [metrics(1), metrics(2), metrics(3, { key: "calls", before: 7, after: 2 })];
  const verdict = fed(() => new CounterMonitor(0, never), readings).verdict();
  assertStringIncludes(verdict.reason, "the counter calls fell from 7 to 2");
  assertEquals(fed(() => new CounterMonitor(0, (_, to) => to === 3), readings).verdict().outcome, "sound");
});

const manifest = (at: number, uptime_seconds: number): Observation => ({
  kind: "manifest",
  at,
  wall: at,
  manifest: { uptime_seconds },
});

Deno.test("an uptime that goes back or another process is a restart that somebody must have declared", () => {
  const looks = [manifest(1, 100), manifest(2, 101), manifest(3, 1)];
  const verdict = fed(() => new RestartMonitor(0, never), looks).verdict();
  assertStringIncludes(verdict.reason, "nobody declared: its uptime fell from 101 s to 1 s");
  assertEquals(fed(() => new RestartMonitor(0, () => true), looks).verdict().outcome, "sound");
  const started = (at: number, value: number): Observation => ({
    kind: "sample",
    series: "process.started",
    at,
    value,
  });
  const processes = fed(() => new RestartMonitor(0, never), [started(1, 7), started(2, 7), started(3, 8)]);
  assertStringIncludes(processes.verdict().reason, "its process is another one");
});

const message = (at: number, messages: number, subscriber = 0): Observation => ({
  kind: "message",
  at,
  subscriber,
  messages,
});

function post(ended: number, eventId: string): CallDone {
  const written = { caller: 0, sequence: ended, eventId, lamport: ended, floor: 0 };
  return { kind: "call", capability: "market.post", due: 0, started: 0, ended, code: "ok", written };
}

Deno.test("a subscription that says nothing while there is news has gone silent, once", () => {
  const make = () => new SubscriptionMonitor(0, never);
  const news = [message(1, 1), message(2, 1, 1), post(100, "B"), post(200, "C"), message(300, 1, 1)];
  const late = 300 + SILENT_AFTER_MS;
  const silent = fed(make, [...news, message(late, 0), message(late + 9000, 0)]).verdict();
  assertEquals([silent.outcome, silent.offences], ["violated", 1]);
  assertStringIncludes(silent.reason, "subscription 0 told nothing");
  assertEquals(fed(make, [...news, message(301, 1), message(late, 0)]).verdict().outcome, "sound");
  assertEquals(fed(make, [message(1, 1), message(late, 0), message(2 * late, 0)]).verdict().outcome, "sound");
});

function naming(ended: number, eventId: string, lamport: number): CallDone {
  const capability = "civdef.alert.cancel";
  return { kind: "call", capability, due: 0, started: 0, ended, code: "ok", named: { eventId, lamport } };
}

function log(at: number, ids: readonly (readonly [string, number])[]): Observation {
  const events = ids.map(([event_id, lamport]) => ({
    event_id,
    lamport,
    type: "civdef.alert.cancelled",
    digest: "",
    valid: true,
    bytes: 1,
  }));
  return { kind: "log", at, after: 0, events, complete: true, again: false, upTo: Infinity };
}

Deno.test("an event an answer names must be in the log at its place, whichever is seen first", () => {
  const make = () => new NamedEventsMonitor(true, 0);
  const verdict = (...observations: Observation[]) => fed(make, observations).verdict();
  assertEquals(verdict(naming(1, "A", 5), log(2, [["A", 5], ["B", 6]]), naming(3, "B", 6)).outcome, "sound");
  assertStringIncludes(verdict(naming(1, "A", 5), log(2, [["A", 6]])).reason, "at lamport 5 and is logged at 6");
  const lost = verdict(naming(7, "A", 5), log(8, []), log(8 + LOST_AFTER_MS, []));
  assertStringIncludes(lost.reason, "lost: event A");
  assertEquals(lost.first_offence?.at_s, 0.007);
});
