/**
 * Faults of the reference node that show only over time. No requirement names memory or growing latency; they name the
 * nearest one, that the node stays alive (OPS-029).
 */

import { isObject, type JsonObject } from "../../protocol/mod.ts";
import { faults, type Overrides } from "../fault.ts";

/** At 20 calls per second this is 1 MB per second. */
const LEAK_PER_CALL_BYTES = 50_000;
/** One event in so many is acknowledged and not stored. */
const DROPPED_ONE_IN = 500;
/** Which event of a caller is handed out twice, and which one changes once it is old; counted as they are handed out. */
const REPEATED_NUMBER = 150;
const REWRITTEN_NUMBER = 20;
/** Answers to sync after which the old event changes; a soak asks about once a second. */
const REWRITTEN_AFTER_ANSWERS = 30;
/** First delay, well above what a busy machine adds by itself, and its growth. */
const FIRST_DELAY_MS = 250;
const GROWTH = 1.1;
const GROWTH_EVERY_MS = 10_000;

type Outbound = NonNullable<Overrides["outbound"]>;

const SYNC_ROUTE = "/sync/v1/events";

/** Changes the events of a sync answer. */
function syncAnswers(change: (events: readonly unknown[]) => unknown[]): Outbound {
  return (answer) => {
    if (answer.route !== SYNC_ROUTE || !isObject(answer.body) || !Array.isArray(answer.body.events)) return answer;
    return { ...answer, body: { ...answer.body, events: change(answer.body.events) as never } };
  };
}

function leaking(): Outbound {
  const kept: Uint8Array[] = [];
  return (answer) => {
    if (answer.capability !== undefined) kept.push(new Uint8Array(LEAK_PER_CALL_BYTES).fill(kept.length + 1));
    return answer;
  };
}

/** Counts events that a caller can look for, so that it is one of those that is lost. */
function dropping(): NonNullable<Overrides["log"]> {
  let stored = 0;
  return (event) => isCallers(event) && ++stored % DROPPED_ONE_IN === 0 ? null : event;
}

function isCallers(event: unknown): event is JsonObject {
  return isObject(event) && isObject(event.data) && typeof event.data.client_id === "string";
}

/** Recognises one event again: the `number`th event of a caller that was handed out. */
function chosen(number: number): (event: unknown) => event is JsonObject {
  const seen = new Set<unknown>();
  let id: unknown;
  return (event): event is JsonObject => {
    if (!isCallers(event)) return false;
    if (id === undefined && seen.add(event.event_id).size === number) {
      id = event.event_id;
      seen.clear();
    }
    return id !== undefined && event.event_id === id;
  };
}

function repeating(): Outbound {
  const isChosen = chosen(REPEATED_NUMBER);
  return syncAnswers((events) => events.flatMap((event) => isChosen(event) ? [event, event] : [event]));
}

function rewriting(): Outbound {
  const isChosen = chosen(REWRITTEN_NUMBER);
  let answers = 0;
  return syncAnswers((events) => {
    answers++;
    return events.map((event) =>
      isChosen(event) && answers > REWRITTEN_AFTER_ANSWERS
        ? { ...event, data: { ...(isObject(event.data) ? event.data : {}), edited: true } }
        : event
    );
  });
}

export const soakFaults = faults({
  "leaks-memory-per-call": {
    breaks: ["OPS-029"],
    outbound: leaking(),
  },
  "answers-slower-every-10-s": {
    breaks: ["OPS-029"],
    rules: { answerDelayMs: (monoMs) => FIRST_DELAY_MS * GROWTH ** Math.floor(monoMs / GROWTH_EVERY_MS) },
  },
  "drops-every-500th-event": {
    breaks: ["OPS-005", "OPS-006", "OPS-012"],
    log: dropping(),
  },
  "duplicates-one-event": {
    breaks: ["OPS-006"],
    outbound: repeating(),
  },
  "rewrites-an-old-event": {
    breaks: ["OPS-018"],
    outbound: rewriting(),
  },
  "forgets-last-event-on-restart": {
    breaks: ["OPS-005", "OPS-012", "OPS-017", "OPS-018", "OPS-019"],
    rules: { eventsLostOnOpen: 1 },
  },
});
