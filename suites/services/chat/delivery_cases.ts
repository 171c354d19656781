/** How messages reach their recipients: topics, encrypted bodies, store and forward. CONTRACT §8; CONTRACT2 §1.1, §4.21. */

import { equals, holds, isString, json, of, refusedWith, type Verdict } from "../../../src/check/mod.ts";
import {
  base64url,
  type EventEnvelope,
  isObject,
  type Json,
  type JsonObject,
  shortId,
  verifyEvent,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { judged, VIEW_DEADLINE_MS } from "../../core/events/helpers.ts";
import { endOf, messageAfter, type TopicMessage } from "../topics.ts";
import { messageEvent, pair, send, SENT, sentAndLogged, type SentMessage } from "./helpers.ts";

/** How long a message may take on either spelling of its topic, in seconds; five together with the call (CHT-039). */
const POLL_SECONDS = 2;
/** Bytes of a made-up ciphertext. */
const CIPHERTEXT_BYTES = 48;

/** Sends a message and reads it from its topic, whose name has the recipient's full or short id. */
async function published(
  context: CaseContext,
): Promise<{ readonly sent: SentMessage; readonly message: TopicMessage; readonly bob: Actor }> {
  const { target, must } = context;
  const [alice, bob] = await pair(context);
  const topics = [bob.id, shortId(bob.id)].map((id) => `chat.message.${id}`);
  const ends: number[] = [];
  for (const topic of topics) ends.push(await endOf(context, topic));
  const sent = await send(context, alice, bob);
  // Bob is an identity of this case: nobody else writes to him.
  for (const [i, topic] of topics.entries()) {
    const message = await messageAfter(context, topic, ends[i] ?? 0, POLL_SECONDS, () => true);
    if (message !== undefined) return { sent, message, bob };
  }
  return must.get({
    difference: { expected: `a message on ${topics[0]}`, observed: "none", exchange: target.lastExchange },
  });
}

/** A body that looks encrypted. */
function encryptedBody({ random }: CaseContext): JsonObject & { readonly ciphertext: string } {
  return {
    e2e: true,
    header: { alg: "made-up", n: 7, ratchet: { dh: base64url(random.bytes(32)), pn: 0 } },
    ciphertext: base64url(random.bytes(CIPHERTEXT_BYTES)),
  };
}

/** The first of an event's data with its ciphertext changed by one character. */
function flipped(event: EventEnvelope): EventEnvelope {
  const body = isObject(event.data.body) ? event.data.body : {};
  const text = String(body.ciphertext ?? "");
  const ciphertext = (text.startsWith("A") ? "B" : "A") + text.slice(1);
  return { ...event, data: { ...event.data, body: { ...body, ciphertext } } };
}

/** What chat.forward.fetch gave a caller: ids and recipients of messages, and whether it ended well. */
interface Fetched {
  readonly messages: readonly JsonObject[];
  readonly exchange: number;
  readonly refused: boolean;
}

async function fetched(context: CaseContext, caller: Actor): Promise<Fetched> {
  const { answer, sse } = await context.target.stream(caller, "chat.forward.fetch", {});
  const { exchange } = answer;
  if (sse === undefined) {
    if (answer.status !== 200) {
      context.must(refusedWith(answer, "unauthorized"));
      return { messages: [], exchange, refused: true };
    }
    // Frames of this capability are undefined; an answer as a whole is looked through all the same.
    return { messages: eventsIn(context.must.get(json(answer))), exchange, refused: false };
  }
  const last = sse.frames.at(-1);
  const data = isObject(last?.json) ? last.json : {};
  const refused = last?.event === "error" && data.error === "unauthorized";
  context.must(of(answer, holds(refused || last?.event === "done", "a stream that ends with done", last?.event)));
  return { messages: sse.frames.flatMap((frame) => eventsIn(frame.json)), exchange, refused };
}

/** Event envelopes anywhere in a value. */
function eventsIn(value: Json | undefined): JsonObject[] {
  if (Array.isArray(value)) return value.flatMap(eventsIn);
  if (!isObject(value)) return [];
  return typeof value.event_id === "string" && isObject(value.data) ? [value] : Object.values(value).flatMap(eventsIn);
}

/** Leaves a message for a member who is away; gives its id. */
async function leftFor(context: CaseContext, recipient: Actor): Promise<string> {
  const { target, actors } = context;
  const alice = await actors.member("alice");
  if (target.advertised("chat.send") !== undefined) return (await send(context, alice, recipient)).eventId;
  const event = await messageEvent(context, alice, recipient.id);
  await target.stream(alice, "chat.forward.put", { client_id: target.id(), event: event as unknown as JsonObject });
  return event.event_id;
}

export const deliveryCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/chat/topic-of-the-recipient",
    requirement: "CHT-039",
    brokenBy: ["messages-not-published"],
    effects: "writes",
    async run(context) {
      await published(context);
    },
  }),
  defineCase({
    id: "services/chat/topic-carries-envelopes",
    requirement: "CHT-040",
    brokenBy: ["message-topic-carries-body"],
    effects: "writes",
    async run(context) {
      const { target } = context;
      const observer = await target.eventSubscribe([SENT]);
      const { sent, message: { payload, answer } } = await published(context);
      judged(
        context,
        answer,
        equals(payload.event_id, sent.eventId, "event_id, as in output,"),
        equals(payload.lamport, sent.lamport, "lamport, as in output,"),
        holds(verifyEvent(payload), "an event envelope with a valid signature", payload),
      );
      if (!observer.complete) return;
      const logged = await observer.find(({ event_id }) => event_id === sent.eventId, VIEW_DEADLINE_MS);
      judged(context, answer, equals(payload, logged, "the payload, as logged,"));
    },
  }),
  defineCase({
    id: "services/chat/encrypted-body-unchanged",
    requirement: "CHT-041",
    brokenBy: ["encrypted-body-as-text"],
    effects: "writes",
    async run(context) {
      const body = encryptedBody(context);
      const { message: { answer }, event } = await sentAndLogged(context, { body });
      judged(context, answer, equals(event.data.body, body, "data.body"));
    },
  }),
  defineCase({
    id: "services/chat/encrypted-body-readable-envelope",
    requirement: "CHT-042",
    brokenBy: ["encrypted-body-hides-recipient"],
    effects: "writes",
    async run(context) {
      const { message: { answer, input, lamport }, event } = await sentAndLogged(context, {
        body: encryptedBody(context),
      });
      const verdicts: Verdict[] = [
        equals(event.event_type, SENT, "event_type"),
        isString(event.author, "author"),
        equals(event.lamport, lamport, "lamport"),
        equals(event.data.recipient, input.recipient, "data.recipient"),
        holds(verifyEvent(event), "a signature that verifies", event.signature),
        holds(!verifyEvent(flipped(event)), "a signature that covers the ciphertext", "it verifies either way"),
      ];
      judged(context, answer, ...verdicts);
    },
  }),
  defineCase({
    id: "services/chat/fetch-own-messages-only",
    requirement: "CHT-043",
    brokenBy: ["forward-to-anyone"],
    effects: "writes",
    async run(context) {
      const { actors, must } = context;
      const [bob, carol] = [await actors.member("bob"), await actors.member("carol")];
      const eventId = await leftFor(context, bob);
      const { messages, exchange } = await fetched(context, carol);
      const foreign = messages.find(({ event_id: id, data }) =>
        id === eventId || (isObject(data) && data.recipient !== carol.id)
      );
      must.hold(foreign === undefined, "no message for somebody else", foreign, exchange);
    },
  }),
  defineCase({
    id: "services/chat/fetch-each-message-once",
    requirement: "CHT-044",
    brokenBy: ["forward-keeps-fetched"],
    effects: "writes",
    async run(context) {
      const { actors, should } = context;
      const bob = await actors.member("bob");
      const eventId = await leftFor(context, bob);
      const shows = ({ messages }: Fetched) => messages.some(({ event_id: id }) => id === eventId);
      const first = await fetched(context, bob);
      if (!shows(first)) context.inconclusive("the message left for the member was not fetched");
      const second = await fetched(context, bob);
      should.hold(!shows(second), "a fetched message is not given again", "it is", second.exchange);
    },
  }),
];
