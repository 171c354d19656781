/** Conversations against a small model: boundaries, receipts, restarts, and every kind of text. CONTRACT §4.16, §7.2. */

import fc from "fast-check";
import { equals, holds, of } from "../../../src/check/mod.ts";
import { type EventEnvelope, type Json, timestamp } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { given } from "../../core/events/helpers.ts";
import { holdsForAll } from "../properties.ts";
import {
  from,
  history,
  historyWith,
  loggedMessage,
  marker,
  messageEvent,
  receiptEvent,
  send,
  SENT,
  type SentMessage,
} from "./helpers.ts";

/** Sequences per case: few, as each makes calls of one identity. */
const SEQUENCES = 3;
const MAX_STEPS = 6;
/** Most calls of chat.send by the node itself in one sequence, so that all of them stay below ten per second. */
const MAX_SENDS = 3;
/** Planes of Unicode, code points in each, and the two at the end of each that are no characters. */
const PLANES = 17;
const PLANE_SIZE = 0x10000;
const LAST_CHARACTER = PLANE_SIZE - 3;
/** Length of a long text in characters. */
const LONG_TEXT = 4000;
/** How far wall clocks of incoming messages are apart, in milliseconds. */
const CLOCK_STEP_MS = 60_000;

const noText = (point: number) => (point >= 0xd800 && point <= 0xdfff) || (point >= 0xfdd0 && point <= 0xfdef);

/** A character of any plane. */
const character = fc.tuple(fc.nat({ max: PLANES - 1 }), fc.nat({ max: LAST_CHARACTER }))
  .map(([plane, offset]) => plane * PLANE_SIZE + offset)
  .filter((point) => !noText(point))
  .map((point) => String.fromCodePoint(point));

/** A text that looks like JSON, with the white space of a person. */
const jsonLike = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify({ value }, null, 1));

/** One text of each kind. */
const bodies = fc.tuple(
  fc.string({ unit: character, minLength: 1, maxLength: 20 }),
  jsonLike,
  fc.oneof(fc.string({ unit: "grapheme", minLength: 1 }), character.map((one) => one.repeat(LONG_TEXT))),
);

async function comesBack(context: CaseContext, texts: readonly string[], run: number): Promise<void> {
  const { actors, target } = context;
  const [sender, recipient] = [await actors.member(`sender-${run}`), await actors.member("bob")];
  const observer = await target.eventSubscribe([SENT]);
  const sent: SentMessage[] = [];
  for (const body of texts) sent.push(await send(context, sender, recipient, { body, attachments: [] }));
  for (const message of sent) {
    const { data } = await loggedMessage(context, observer, message);
    context.must.all(
      of(message.answer, equals(data.body, message.input.body, "data.body")),
      of(message.answer, equals(data.attachments ?? [], [], "data.attachments")),
    );
  }
}

type Way = "to-bob" | "to-carol" | "from-bob" | "from-carol" | "between" | "foreign";
const ways = fc.array(fc.constantFrom<Way>("to-bob", "to-carol", "from-bob", "from-carol", "between", "foreign"), {
  minLength: 1,
  maxLength: MAX_STEPS,
}).filter((steps) => steps.filter((way) => way.startsWith("to-")).length <= MAX_SENDS);

/** A message of one way; its id if it belongs into the node's history. */
async function carryOut(context: CaseContext, way: Way, bob: Actor, carol: Actor): Promise<string | undefined> {
  const { actors, target } = context;
  const [direction, name] = way.split("-");
  const peer = name === "bob" ? bob : carol;
  if (direction === "to") return (await send(context, actors.self(), peer)).eventId;
  if (direction === "from") {
    const event = await messageEvent(context, peer, target.nodeId);
    await given(context, "an incoming message", event);
    return event.event_id;
  }
  if (way === "between") {
    await given(context, "a message between members", await messageEvent(context, bob, carol.id));
    return undefined;
  }
  const data = { client_id: target.id(), recipient: target.nodeId, body: "From elsewhere", attachments: [] };
  await target.push([await target.event(bob, SENT, data, { communityId: actors.fresh("elsewhere").id })]);
  return undefined;
}

async function staysApart(context: CaseContext, steps: readonly Way[]): Promise<void> {
  const { actors, target } = context;
  const [bob, carol] = [await actors.member("bob"), await actors.member("carol")];
  const start = await target.nextLamport();
  const expected: Record<string, string[]> = { bob: [], carol: [] };
  for (const way of steps) {
    const id = await carryOut(context, way, bob, carol);
    if (id !== undefined) expected[way.split("-")[1] ?? ""]?.push(id);
  }
  // What follows a message in the log is shown after it: one more that has nothing to do with bob or carol.
  await marker(context, await actors.member("alice"));
  for (const peer of [bob, carol]) {
    const { messages, answer } = await history(context, { peer: peer.id, since_lamport: start });
    const shown = messages.filter(({ lamport }) => Number(lamport) > start).map(({ event_id: id }) => String(id))
      .sort();
    context.must(of(answer, equals(shown, expected[peer.name]?.sort(), `the conversation with ${peer.name}`)));
  }
}

/** A receipt: of which message, by whom, and which. */
const receipts = fc.record({
  messages: fc.integer({ min: 1, max: 2 }),
  receipts: fc.array(
    fc.record({
      message: fc.nat({ max: 1 }),
      by: fc.constantFrom("recipient", "other", "third"),
      kind: fc.constantFrom("delivered" as const, "read" as const),
    }),
    { minLength: 1, maxLength: MAX_STEPS },
  ),
});
type Receipts = typeof receipts extends fc.Arbitrary<infer T> ? T : never;

async function receiptsFollowModel(context: CaseContext, sequence: Receipts): Promise<void> {
  const { actors, target } = context;
  const [bob, carol, dave] = [
    await actors.member("bob"),
    await actors.member("carol"),
    await actors.member("dave"),
  ] as const;
  const model = [];
  for (let i = 0; i < sequence.messages; i++) {
    const [recipient, other] = i === 0 ? [bob, carol] : [carol, bob];
    const sent = await send(context, actors.self(), recipient);
    model.push({ sent, by: { recipient, other, third: dave }, delivered: false, read: false });
  }
  for (const { message, by, kind } of sequence.receipts) {
    const known = model[message % model.length];
    if (known === undefined) continue;
    await target.push([await receiptEvent(context, known.by[by], kind, known.sent.eventId)]);
    if (by === "recipient") known[kind] = true;
  }
  await marker(context, dave);
  for (const { sent, delivered, read } of model) {
    const { entry, answer } = await historyWith(context, { event_id: sent.eventId }, from(sent.lamport));
    const known = (value: Json | undefined) => value !== undefined && value !== null;
    const shown = { delivered: known(entry.delivered_at), read: known(entry.read_at) };
    context.must(of(answer, equals(shown, { delivered, read }, "which receipts a message has")));
  }
}

/** Incoming messages with clocks of their own; `again`: pushed twice; a restart comes after some of them. */
const incoming = fc.record({
  messages: fc.array(fc.record({ clock: fc.integer({ min: -5, max: 5 }), again: fc.boolean() }), {
    minLength: 1,
    maxLength: MAX_STEPS,
  }),
  restartAfter: fc.nat({ max: MAX_STEPS }),
  how: fc.constantFrom("stop" as const, "kill" as const),
});
type Incoming = typeof incoming extends fc.Arbitrary<infer T> ? T : never;

async function survives(context: CaseContext, { messages, restartAfter, how }: Incoming): Promise<void> {
  const { actors, target } = context;
  const alice = await actors.member("alice");
  const start = await target.nextLamport();
  const pushed: EventEnvelope[] = [];
  const restartAt = restartAfter % messages.length;
  for (const [i, { clock, again }] of messages.entries()) {
    const wallClock = timestamp(target.wall() + clock * CLOCK_STEP_MS);
    const event = await messageEvent(context, alice, target.nodeId, { wallClock });
    await given(context, "an incoming message", event);
    pushed.push(event);
    if (i === restartAt) await target.restart(how);
    if (again) await given(context, "the message again", event);
  }
  const last = pushed.at(-1);
  if (last !== undefined) await historyWith(context, last, from(last.lamport));
  const { messages: shown, answer } = await history(context, { since_lamport: start });
  const ids = pushed.map(({ event_id: id }) => id);
  const found = shown.filter(({ lamport }) => Number(lamport) > start).map(({ event_id: id }) => String(id));
  context.must(of(answer, holds(found.length === new Set(found).size, "every message once", found)));
  context.must(of(answer, equals(found, ids, "the messages in order of lamport")));
}

export const modelCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/chat/any-text-comes-back",
    requirement: "CHT-018",
    brokenBy: ["send-reformats-json", "send-normalises-unicode"],
    effects: "writes",
    async run(context) {
      await holdsForAll(context, bodies, SEQUENCES, (texts, run) => comesBack(context, texts, run));
    },
  }),
  defineCase({
    id: "services/chat/conversations-stay-apart",
    requirement: "CHT-025",
    brokenBy: ["history-peer-as-recipient-only", "history-peer-ignored"],
    alsoNeeds: ["sync"],
    effects: "writes",
    async run(context) {
      await holdsForAll(context, ways, SEQUENCES, (steps) => staysApart(context, steps));
    },
  }),
  defineCase({
    id: "services/chat/receipts-follow-a-model",
    requirement: "CHT-038",
    brokenBy: ["read-by-anyone", "delivered-by-anyone"],
    alsoNeeds: ["members:3"],
    effects: "writes",
    async run(context) {
      await holdsForAll(context, receipts, SEQUENCES, (sequence) => receiptsFollowModel(context, sequence));
    },
  }),
  defineCase({
    id: "services/chat/history-survives-restarts",
    requirement: "CHT-032",
    brokenBy: ["messages-lost-at-restart", "history-row-per-arrival"],
    alsoNeeds: ["managed"],
    durable: true,
    effects: "writes",
    async run(context) {
      await holdsForAll(context, incoming, SEQUENCES, (sequence) => survives(context, sequence));
    },
  }),
];
