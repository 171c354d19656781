/** chat.history: whose it is and what it shows. CONTRACT §4.16; M10 §3.4. */

import {
  equals,
  errorCode,
  hasMembers,
  holds,
  isArray,
  isInteger,
  matches,
  refusedWith,
  type Verdict,
} from "../../../src/check/mod.ts";
import {
  type EventEnvelope,
  type Json,
  type JsonObject,
  parseTimestamp,
  timestamp,
  TIMESTAMP_PATTERN,
  ULID_PATTERN,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { given, judged } from "../../core/events/helpers.ts";
import { from, history, historyWith, marker, messageEvent, send, withId } from "./helpers.ts";

/** How much older a wall clock pretends to be, in milliseconds. */
const OLD_MS = 3_600_000;
const LOOPBACK = /^(127\.|localhost$|::1$|\[::1\]$)/;

/** Whether the node takes every caller over loopback for itself (catalogue conflict "Self-only"). */
async function takesLoopbackForSelf({ target }: CaseContext, caller: Actor): Promise<boolean> {
  if (!LOOPBACK.test(target.endpoint.host) || target.advertised("auth.token.introspect") === undefined) return false;
  const answer = await target.call(caller, "auth.token.introspect", { token: "no token" });
  return answer.status > 0 && errorCode(answer) !== "unauthorized";
}

/** A caller that is not the node does not get its history. */
async function refuses(context: CaseContext, caller: Actor, input: JsonObject): Promise<void> {
  const answer = await context.target.call(caller, "chat.history", input);
  if (answer.status === 200 && await takesLoopbackForSelf(context, caller)) {
    return context.note("the node takes callers over loopback for itself: its history was readable");
  }
  context.must(refusedWith(answer, "unauthorized"));
}

/** Null, absent, or a timestamp. */
function receiptTime(value: Json | undefined, what: string): Verdict {
  const sound = value === undefined || value === null || parseTimestamp(value) !== undefined;
  return holds(sound, `${what} absent, null, or a timestamp`, value);
}

/** Pushes a message of a member and waits until the history shows it. */
async function received(context: CaseContext, author: Actor): Promise<EventEnvelope> {
  const event = await messageEvent(context, author, context.target.nodeId);
  await given(context, "an incoming message", event);
  await historyWith(context, event, from(event.lamport));
  return event;
}

/** A message of the node to each of two members, and one from each where events can be pushed. */
async function conversations(context: CaseContext): Promise<{
  readonly bob: Actor;
  readonly carol: Actor;
  readonly lamport: number;
  /** Ids of the messages with each. */
  readonly ids: readonly [withBob: readonly string[], withCarol: readonly string[]];
}> {
  const { actors, target } = context;
  const [bob, carol] = [await actors.member("bob"), await actors.member("carol")];
  const ids: [string[], string[]] = [[], []];
  const first = await send(context, actors.self(), bob);
  ids[0].push(first.eventId);
  ids[1].push((await send(context, actors.self(), carol)).eventId);
  if (target.profile.sync) {
    ids[0].push((await received(context, bob)).event_id);
    ids[1].push((await received(context, carol)).event_id);
  }
  return { bob, carol, lamport: first.lamport, ids };
}

export const historyCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/chat/history-for-the-node-only",
    requirement: "CHT-022",
    brokenBy: ["history-for-members"],
    effects: "none",
    async run(context) {
      const { actors, target } = context;
      await refuses(context, await actors.member("alice"), {});
      if (target.profile.identities.anchor > 0) await refuses(context, await actors.anchor("anna"), {});
    },
  }),
  defineCase({
    id: "services/chat/history-not-for-the-other-party",
    requirement: "CHT-023",
    brokenBy: ["history-for-either-party"],
    effects: "writes",
    async run(context) {
      const { actors, target } = context;
      const alice = await actors.member("alice");
      if (target.profile.sync) {
        await given(context, "a message to the node", await messageEvent(context, alice, target.nodeId));
      }
      await refuses(context, alice, { peer: alice.id });
    },
  }),
  defineCase({
    id: "services/chat/history-entry-form",
    requirement: "CHT-024",
    brokenBy: ["history-names-sender-and-recipient"],
    effects: "writes",
    async run(context) {
      const { actors, target } = context;
      const bob = await actors.member("bob");
      const sent = await send(context, actors.self(), bob);
      const { entry, answer } = await historyWith(context, { event_id: sent.eventId }, from(sent.lamport));
      const names = ["event_id", "lamport", "from", "to", "body", "attachments", "created_at"];
      judged(
        context,
        answer,
        hasMembers(entry, names, "the entry"),
        matches(entry.event_id, ULID_PATTERN, "event_id"),
        isInteger(entry.lamport, "lamport", 1),
        equals(entry.from, target.nodeId, "from"),
        equals(entry.to, bob.id, "to"),
        equals(entry.body, sent.input.body, "body"),
        isArray(entry.attachments, "attachments"),
        holds(
          parseTimestamp(entry.created_at) !== undefined,
          `created_at as in ${TIMESTAMP_PATTERN}`,
          entry.created_at,
        ),
        receiptTime(entry.delivered_at, "delivered_at"),
        receiptTime(entry.read_at, "read_at"),
      );
    },
  }),
  defineCase({
    id: "services/chat/history-with-one-peer",
    requirement: "CHT-025",
    brokenBy: ["history-peer-ignored"],
    effects: "writes",
    async run(context) {
      const { carol, lamport, ids: [, withCarol] } = await conversations(context);
      const { messages, answer } = await history(context, { ...from(lamport), peer: carol.id });
      const other = messages.find((message) => message.from !== carol.id && message.to !== carol.id);
      const shown = withId(messages, withCarol[0] ?? "") !== undefined;
      judged(
        context,
        answer,
        holds(other === undefined, "only messages from or to the peer", other),
        holds(shown, "the message sent to the peer", "it is not there"),
      );
    },
  }),
  defineCase({
    id: "services/chat/history-with-all-peers",
    requirement: "CHT-026",
    brokenBy: ["history-needs-a-peer"],
    effects: "writes",
    async run(context) {
      const { actors } = context;
      const first = await send(context, actors.self(), await actors.member("bob"));
      const second = await send(context, actors.self(), await actors.member("carol"));
      const { messages, answer } = await history(context, from(first.lamport));
      const missing = [first, second].find(({ eventId }) => withId(messages, eventId) === undefined);
      judged(context, answer, holds(missing === undefined, "the messages to both members", missing?.input));
    },
  }),
  defineCase({
    id: "services/chat/history-since-lamport",
    requirement: "CHT-027",
    brokenBy: ["history-ignores-since"],
    effects: "writes",
    async run(context) {
      const { actors } = context;
      const bob = await actors.member("bob");
      const sent = [];
      for (let i = 0; i < 4; i++) sent.push(await send(context, actors.self(), bob));
      const middle = sent[1]?.lamport ?? 0;
      const { messages, answer } = await history(context, { since_lamport: middle });
      const older = messages.find(({ lamport }) => Number(lamport) < middle);
      const missing = sent.slice(2).find(({ eventId }) => withId(messages, eventId) === undefined);
      judged(
        context,
        answer,
        holds(older === undefined, `no message below lamport ${middle}`, older),
        holds(missing === undefined, "every message above it", missing?.lamport),
      );
    },
  }),
  defineCase({
    id: "services/chat/history-limit",
    requirement: "CHT-028",
    brokenBy: ["history-ignores-limit"],
    effects: "writes",
    async run(context) {
      const { actors } = context;
      const bob = await actors.member("bob");
      for (let i = 0; i < 5; i++) await send(context, actors.self(), bob);
      const limit = 2;
      const { messages, answer } = await history(context, { limit });
      judged(context, answer, holds(messages.length <= limit, `at most ${limit} messages`, `${messages.length}`));
    },
  }),
  defineCase({
    id: "services/chat/history-in-order-of-lamport",
    requirement: "CHT-029",
    brokenBy: ["history-in-order-of-clocks"],
    effects: "writes",
    async run(context) {
      const { target, should } = context;
      const alice = await context.actors.member("alice");
      const lamport = await target.nextLamport();
      const lower = await messageEvent(context, alice, target.nodeId, { lamport });
      const higher = await messageEvent(context, alice, target.nodeId, {
        lamport: lamport + 1,
        wallClock: timestamp(target.wall() - OLD_MS),
      });
      await given(context, "two incoming messages", lower, higher);
      const { messages, answer } = await historyWith(context, higher, from(lamport));
      const order = messages.map(({ event_id }) => event_id);
      const [first, second] = [order.indexOf(lower.event_id), order.indexOf(higher.event_id)];
      judged(context, answer, holds(first >= 0 && first < second, "the lower lamport first", order));
      const rising = messages.every(({ lamport: at, event_id: id }, i) => {
        const { lamport: before = 0, event_id: earlier = "" } = messages[i - 1] ?? {};
        return Number(before) < Number(at) || (before === at && String(earlier) < String(id));
      });
      should.hold(rising, "entries by lamport, then event_id", messages.map((message) => message.lamport ?? null));
    },
  }),
  defineCase({
    id: "services/chat/history-without-messages-of-others",
    requirement: "CHT-030",
    brokenBy: ["history-of-everyone"],
    effects: "writes",
    async run(context) {
      const { actors } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const event = await messageEvent(context, alice, bob.id);
      await given(context, "a message between two members", event);
      await marker(context, alice);
      for (const input of [{}, { peer: alice.id }]) {
        const { messages, answer } = await history(context, { ...from(event.lamport), ...input });
        const entry = withId(messages, event.event_id);
        judged(context, answer, holds(entry === undefined, "no message between other members", entry));
      }
    },
  }),
  defineCase({
    id: "services/chat/history-shows-synced-messages",
    requirement: "CHT-031",
    brokenBy: ["history-without-synced-messages"],
    effects: "writes",
    async run(context) {
      const { target } = context;
      const alice = await context.actors.member("alice");
      const event = await messageEvent(context, alice, target.nodeId);
      await given(context, "an incoming message", event);
      const { entry, answer } = await historyWith(context, event, from(event.lamport));
      judged(
        context,
        answer,
        equals(entry.from, alice.id, "from"),
        equals(entry.to, target.nodeId, "to"),
        equals(entry.body, event.data.body, "body"),
      );
    },
  }),
  defineCase({
    id: "services/chat/history-shows-repeated-messages-once",
    requirement: "CHT-032",
    brokenBy: ["history-row-per-arrival"],
    effects: "writes",
    async run(context) {
      const { target } = context;
      const alice = await context.actors.member("alice");
      const event = await messageEvent(context, alice, target.nodeId);
      for (let i = 0; i < 2; i++) await given(context, "an incoming message", event);
      const { messages, answer } = await historyWith(context, event, from(event.lamport));
      const count = messages.filter(({ event_id }) => event_id === event.event_id).length;
      judged(context, answer, holds(count === 1, "one entry for the message", `${count}`));
    },
  }),
];
