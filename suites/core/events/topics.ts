/** Events of the node itself as they are published on topics. CONTRACT §7.1, §8; GLOSSARY Identifiers. */

import { equals, hasMembers, holds, json, matches, status } from "../../../src/check/mod.ts";
import {
  isObject,
  isUlid,
  type JsonObject,
  NODE_ID_PATTERN,
  parseTimestamp,
  TIMESTAMP_PATTERN,
  tryParseJson,
  ULID_PATTERN,
  ulidTime,
  verifyDocument,
  verifyEvent,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { looksLikeEvent, topicPayload, topicSeq } from "../../../src/target/observer.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { alone, headOf, judged } from "./helpers.ts";
import { decision, threeTrusted } from "./members.ts";
import { type MadePost, makePost, postInput } from "./posts.ts";

const POST_TOPIC = "marketplace.post.created";
const MANIFEST_TOPIC = "node.manifest.updated";
const LOCAL_TOPICS = ["emergency.mode.changed", "capability.registered", "capability.deregistered"];
const ENVELOPE = [
  "schema_version",
  "event_id",
  "lamport",
  "wall_clock",
  "community_id",
  "author",
  "event_type",
  "data",
  "signature",
];
/** Timeout of a poll for a message that is about to come, in seconds. */
const POLL_SECONDS = 5;
/** Timeout of polls that are to end without a message, in seconds: local topics fill when capabilities register. */
const SILENT_POLL_SECONDS = 1;
/** Timeout of a poll for the next manifest: it is re-issued every 20 s. */
const MANIFEST_POLL_SECONDS = 25;
/** Messages of others that are passed over. */
const MAX_MESSAGES = 100;
/** Lifetime of a post when none is given (CONTRACT §4.12), in seconds. */
const DEFAULT_TTL_SECONDS = 604_800;
/** How far the clocks of tester and target may be apart, in milliseconds (EVT-066). */
const NEAR_MS = 60_000;

/** A message of a topic with its exchange. */
interface Delivered {
  readonly payload: JsonObject;
  readonly answer: HttpAnswer;
}

/** Sequence number of the last message a topic keeps; 0 if it keeps none. */
async function lastSeq({ target }: CaseContext, topic: string): Promise<number> {
  let seq = 0;
  for (let i = 0; i < MAX_MESSAGES; i++) {
    const message = tryParseJson((await target.poll(topic, { lastSeq: seq, timeout: 0 })).body);
    const next = topicPayload(message) === undefined ? undefined : topicSeq(message);
    if (next === undefined || next <= seq) break;
    seq = next;
  }
  return seq;
}

/** The first message above a sequence number that satisfies the predicate. A poll waits before `act` is done. */
async function nextMessage<T>(
  context: CaseContext,
  topic: string,
  act: () => Promise<T>,
  wanted: (payload: JsonObject, acted: T) => boolean,
): Promise<{ readonly acted: T; readonly delivered: Delivered }> {
  const { target, must } = context;
  let seq = await lastSeq(context, topic);
  const poll = () => target.poll(topic, { lastSeq: seq, timeout: POLL_SECONDS });
  let waiting = poll();
  const [acted] = await Promise.all([act(), waiting]);
  for (let i = 0;; i++) {
    const answer = await waiting;
    must(status(answer, 200));
    const message = must.get(json(answer));
    const payload = topicPayload(message);
    must.hold(isObject(payload), `a message on ${topic}`, message, answer.exchange);
    const found = payload as JsonObject;
    if (wanted(found, acted) || i >= MAX_MESSAGES) return { acted, delivered: { payload: found, answer } };
    seq = topicSeq(message) ?? seq + 1;
    waiting = poll();
  }
}

/** Makes a post and reads it from its topic. What comes is taken as it is when no message has the right id. */
async function publishedPost(
  context: CaseContext,
  input?: JsonObject,
): Promise<{ readonly made: MadePost; readonly event: JsonObject; readonly answer: HttpAnswer }> {
  const alice = await context.actors.member("alice");
  const { acted, delivered } = await nextMessage(
    context,
    POST_TOPIC,
    () => makePost(context, alice, input),
    // On a node of our own the only message is ours, whatever it says.
    (payload, made) =>
      alone(context) || payload.event_id === made.eventId || payload.client_id === made.input.client_id,
  );
  return { made: acted, event: delivered.payload, answer: delivered.answer };
}

export const topicCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/events/published-event-is-complete",
    requirement: "EVT-063",
    brokenBy: ["topic-carries-data-only"],
    effects: "writes",
    async run(context) {
      const { event, answer } = await publishedPost(context);
      judged(
        context,
        answer,
        hasMembers(event, ENVELOPE, "the published event"),
        equals(event.schema_version, 1, "schema_version"),
        equals(event.community_id, context.target.communityId, "community_id"),
        matches(event.author, NODE_ID_PATTERN, "author"),
        holds(looksLikeEvent(event), "an event envelope with id, type, lamport and data", event),
      );
    },
  }),
  defineCase({
    id: "core/events/published-event-verifies",
    requirement: "EVT-064",
    brokenBy: ["event-signed-before-wall-clock"],
    effects: "writes",
    async run(context) {
      const { event, answer } = await publishedPost(context);
      judged(
        context,
        answer,
        holds(verifyEvent(event), "a signature of author over the canonical envelope", event.signature),
      );
    },
  }),
  defineCase({
    id: "core/events/answer-names-published-event",
    requirement: "EVT-065",
    brokenBy: ["answer-with-request-local-id"],
    effects: "writes",
    async run(context) {
      const { made, event, answer } = await publishedPost(context);
      judged(
        context,
        answer,
        equals(event.event_id, made.eventId, "event_id of the published event, as in output"),
        equals(event.lamport, made.lamport, "lamport of the published event, as in output"),
      );
      const head = await headOf(context);
      context.must.hold(head >= made.lamport, `a head of at least ${made.lamport}`, head, context.target.lastExchange);
    },
  }),
  defineCase({
    id: "core/events/own-event-ids-are-ulids-of-now",
    requirement: "EVT-066",
    brokenBy: ["event-id-constant-time", "event-id-random-uuid"],
    effects: "writes",
    async run(context) {
      const { target } = context;
      const alice = await context.actors.member("alice");
      const made: MadePost[] = [(await publishedPost(context)).made];
      for (let i = 0; i < 2; i++) made.push(await makePost(context, alice));
      for (const [i, { eventId, answer }] of made.entries()) {
        judged(context, answer, matches(eventId, ULID_PATTERN, "event_id"));
        const offMs = isUlid(eventId) ? Math.abs(ulidTime(eventId) - target.wall()) : Infinity;
        judged(context, answer, holds(offMs <= NEAR_MS, "a time part within 60 s of now", `${offMs} ms off`));
        const earlier = made[i - 1]?.eventId;
        if (earlier === undefined) continue;
        judged(context, answer, holds(earlier < eventId, `an event_id after ${earlier}`, eventId));
      }
    },
  }),
  defineCase({
    id: "core/events/own-wall-clock-is-utc",
    requirement: "EVT-067",
    brokenBy: ["event-wall-clock-without-zone"],
    effects: "writes",
    async run(context) {
      const { event: { wall_clock: wallClock }, answer } = await publishedPost(context);
      const offMs = Math.abs((parseTimestamp(wallClock) ?? NaN) - context.target.wall());
      judged(
        context,
        answer,
        holds(parseTimestamp(wallClock) !== undefined, `wall_clock as in ${TIMESTAMP_PATTERN}`, wallClock),
        holds(offMs <= NEAR_MS, "a wall_clock within 60 s of the call", wallClock),
      );
    },
  }),
  defineCase({
    id: "core/events/topic-and-type-names-differ",
    requirement: "EVT-068",
    brokenBy: ["topic-name-as-event-type"],
    effects: "writes",
    async run(context) {
      const { event, answer } = await publishedPost(context);
      judged(context, answer, equals(event.event_type, "market.post.created", "event_type"));
    },
  }),
  defineCase({
    id: "core/events/published-data-repeats-input",
    requirement: "EVT-069",
    brokenBy: ["post-event-with-expires-at"],
    effects: "writes",
    async run(context) {
      const { ttl_seconds: _, ...input } = postInput(context);
      const { event, answer } = await publishedPost(context, input);
      const data = isObject(event.data) ? event.data : {};
      judged(
        context,
        answer,
        ...Object.entries(input).map(([name, value]) => equals(data[name], value, `data.${name}`)),
        equals(data.ttl_seconds, DEFAULT_TTL_SECONDS, "data.ttl_seconds"),
      );
    },
  }),
  defineCase({
    id: "core/events/revocations-are-announced",
    requirement: "EVT-070",
    brokenBy: ["revocations-not-announced"],
    effects: "harm",
    async run(context) {
      const { actors, target } = context;
      const [theo, tara, tom] = await threeTrusted(context);
      const subject = await actors.member("subject");
      const event = await decision(context, "revoked", theo, subject.id, "inactive", [theo, tara, tom]);
      const { delivered: { payload, answer } } = await nextMessage(
        context,
        "community.member.revoked",
        () => target.push([event]),
        (payload) => payload.event_id === event.event_id,
      );
      judged(context, answer, equals(payload, event as unknown as JsonObject, "the payload"));
    },
  }),
  defineCase({
    id: "core/events/manifests-are-announced",
    requirement: "EVT-071",
    brokenBy: ["manifests-not-announced"],
    effects: "none",
    async run(context) {
      const { target, should } = context;
      const answer = await target.poll(MANIFEST_TOPIC, { timeout: MANIFEST_POLL_SECONDS });
      should(status(answer, 200));
      const message = should.get(json(answer));
      const payload = topicPayload(message);
      should.hold(isObject(payload), `a message on ${MANIFEST_TOPIC} within 25 s`, message, answer.exchange);
      const inner = isObject(payload) && isObject(payload.data) ? payload.data : {};
      const manifest = [inner.manifest, inner, payload].find((value) => isObject(value) && "capabilities" in value);
      const id = isObject(manifest) ? manifest.node_id : undefined;
      judged(
        context,
        answer,
        holds(isObject(manifest), "a node manifest", payload),
        equals(id, target.nodeId, "node_id"),
        holds(isObject(manifest) && verifyDocument(target.nodeId, manifest), "a manifest that verifies", manifest),
      );
    },
  }),
  defineCase({
    id: "core/events/local-topics-stay-local",
    waitsMs: 1_000,
    requirement: "EVT-072",
    brokenBy: ["local-topics-bridged"],
    effects: "none",
    async run(context) {
      const polls = LOCAL_TOPICS.flatMap((topic) => [
        { topic, answer: context.target.poll(topic, { lastSeq: 0, timeout: SILENT_POLL_SECONDS }) },
        { topic, answer: context.target.poll(topic, { timeout: SILENT_POLL_SECONDS }) },
      ]);
      await Promise.all(polls.map(({ answer }) => answer));
      for (const { topic, answer: pending } of polls) {
        const answer = await pending;
        if (answer.status !== 200) continue;
        const payload = topicPayload(tryParseJson(answer.body));
        judged(context, answer, holds(payload === undefined, `no message on ${topic}`, payload));
      }
    },
  }),
];
