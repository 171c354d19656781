/** Topics over WebSocket: live messages, backlog, and just the topic that was asked for. */

import { describe, holds, output } from "../../../../src/check/mod.ts";
import { canonicalize, isObject, type Json, tryParseJson, verifyEvent } from "../../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import type { Actor } from "../../../../src/target/actors.ts";
import { topicPayload } from "../../../../src/target/observer.ts";
import type { WsClient } from "../../../../src/wire/mod.ts";
import { collect, type Course, courseText, type NodeFrame, SILENCE_MS } from "./helpers.ts";

const CREATED = "marketplace.post.created";
const EXPIRED = "marketplace.post.expired";
/** Stands in the headers of a subscription, which calls no capability. */
const SUBSCRIPTION = "pubsub.subscribe";

/** Subscribes by upgrade; `since` goes out under both names. */
async function subscribed(context: CaseContext, actor: Actor, topic: string, since?: number): Promise<WsClient> {
  const { target, must } = context;
  const query = new URLSearchParams({ topic });
  if (since !== undefined) { for (const name of ["since_seq", "last_seq"]) query.set(name, String(since)); }
  const headers = target.upgradeHeaders(actor, SUBSCRIPTION, { version: "1.0" });
  const socket = await target.wsConnect(`/pubsub/v1/subscribe?${query}`, { headers });
  const { answer } = socket.handshake;
  must(holds(socket.handshake.upgraded, "the upgrade to be answered 101", describe(answer), answer.exchange));
  return socket;
}

/** Posts to the market; the id of the event. */
async function posted({ target, inconclusive }: CaseContext, actor: Actor, title: string): Promise<string> {
  const input = { client_id: target.id(), category: "info", title, body: "A notice of the tester" };
  const answer = await target.call(actor, "market.post", input);
  const checked = output(answer);
  if ("difference" in checked || typeof checked.value.event_id !== "string") {
    return inconclusive(`no post could be made: ${describe(answer)}`);
  }
  return checked.value.event_id;
}

/** Reads up to the message about an event; others of a shared target are passed over. */
function messageAbout(socket: WsClient, eventId: string): Promise<Course> {
  return collect(socket, { until: (frame) => isAbout(frame, eventId) });
}

function isAbout({ bytes }: NodeFrame, eventId: string): boolean {
  return new TextDecoder().decode(bytes).includes(eventId);
}

/** The last message is a published one about the event. */
function published(course: Course, eventId: string) {
  const last = course.frames.at(-1);
  const right = last !== undefined && isAbout(last, eventId) && last.event === "published" && last.seq !== undefined &&
    isObject(last.value) && isObject(last.value.data);
  return holds(right, "a message {event: published, data, seq} about the post", courseText(course), course.exchange);
}

export const subscriptionCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/websocket-subscription-delivers",
    requirement: "WSK-042",
    brokenBy: ["websocket-for-calls-only"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member();
      const socket = await subscribed(context, alice, CREATED);
      const eventId = await posted(context, alice, "Firewood");
      const course = await messageAbout(socket, eventId);
      socket.abort();
      context.must(published(course, eventId));
    },
  }),
  defineCase({
    id: "core/transport/websocket-subscription-payload-equals-long-poll",
    requirement: "WSK-043",
    brokenBy: ["websocket-publishes-ids"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const alice = await context.actors.member();
      const socket = await subscribed(context, alice, CREATED);
      const eventId = await posted(context, alice, "Kindling");
      const course = await messageAbout(socket, eventId);
      socket.abort();
      must(published(course, eventId));
      const { data, seq } = course.frames.at(-1) as NodeFrame;
      const polled = await polledPayload(context, eventId, seq ?? 0);
      if (polled === undefined) return context.inconclusive("the long poll did not deliver the same message");
      must.hold(canonicalize(data) === canonicalize(polled), "the payload of the long poll", data, course.exchange);
      const author = data.author;
      must.hold(
        typeof author === "string" && verifyEvent(data) && isObject(data.data),
        "a signed event envelope",
        data,
        target.lastExchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-subscription-backlog",
    requirement: "WSK-044",
    brokenBy: ["websocket-repeats-backlog"],
    effects: "writes",
    async run(context) {
      const { should } = context;
      const alice = await context.actors.member();
      const before = await subscribed(context, alice, CREATED);
      const first = await posted(context, alice, "First");
      const one = await messageAbout(before, first);
      should(published(one, first));
      const second = await posted(context, alice, "Second");
      const two = await messageAbout(before, second);
      should(published(two, second));
      before.abort();
      const again = await subscribed(context, alice, CREATED, one.frames.at(-1)?.seq ?? 0);
      const backlog = await messageAbout(again, second);
      should(published(backlog, second));
      const third = await posted(context, alice, "Third");
      const live = await messageAbout(again, third);
      again.abort();
      should(published(live, third));
      const all = [...backlog.frames, ...live.frames];
      const ordered = all.every(({ seq }, i) => i === 0 || (seq ?? 0) > (all[i - 1]?.seq ?? Infinity));
      const once = [first, second, third].map((id) => all.filter((frame) => isAbout(frame, id)).length);
      should.hold(
        ordered && once.join() === "0,1,1",
        "the second and the third post, each once, with increasing seq",
        `seq ${all.map(({ seq }) => seq ?? "none").join(", ")}; the posts came ${once.join(", ")} times`,
        live.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-subscription-keeps-to-its-topic",
    waitsMs: 1_000,
    requirement: "WSK-045",
    brokenBy: ["websocket-broadcasts-all-topics"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member();
      const socket = await subscribed(context, alice, EXPIRED);
      const witness = await subscribed(context, alice, CREATED);
      const eventId = await posted(context, alice, "Ashes");
      // Once the right subscriber has it, a broadcast would have reached this one as well.
      await messageAbout(witness, eventId);
      const course = await collect(socket, {
        firstMs: SILENCE_MS,
        quietMs: SILENCE_MS,
        until: (frame) => isAbout(frame, eventId),
      });
      socket.abort();
      witness.abort();
      const wrong = course.frames.some((frame) => isAbout(frame, eventId));
      context.must.hold(!wrong, "nothing about a created post", courseText(course), course.exchange);
    },
  }),
];

/** What the long poll has about the event, looking from just before the given sequence number. */
async function polledPayload({ target }: CaseContext, eventId: string, seq: number): Promise<Json | undefined> {
  for (const lastSeq of [seq - 1, 0]) {
    const answer = await target.poll(CREATED, { lastSeq: Math.max(0, lastSeq), timeout: 0 });
    const payload = topicPayload(tryParseJson(answer.body));
    if (isObject(payload) && payload.event_id === eventId) return payload;
  }
  return undefined;
}
