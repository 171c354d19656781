/** The market against a small model, and its topic against several readers. CONTRACT §7.2, §8. */

import fc from "fast-check";
import { equals, of } from "../../../src/check/mod.ts";
import type { EventEnvelope, JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { given } from "../../core/events/helpers.ts";
import { expiryEvent, freshTitle, listedUpTo, makePost, postEvent } from "../../core/events/posts.ts";
import { holdsForAll } from "../properties.ts";
import { endOf, nextMessage } from "../topics.ts";
import { usualInput } from "./helpers.ts";
import { CREATED_TOPIC } from "./topic_cases.ts";

const SEQUENCES = 10;
const MAX_POSTS = 2;
const MAX_CHANGES = 8;
const FAN_OUTS = 3;
/** Most messages of one sequence, and the least readers of them. */
const MAX_MESSAGES = 4;
const MIN_READERS = 3;
/** How long a reader waits for the next message, in seconds. */
const READ_SECONDS = 1;
/** Smaller sequences tried after a violation: each may wait that long for every reader. */
const FAN_OUT_SHRINKS = 4;

/** Who may act: two members and a trusted one. */
type Who = 0 | 1 | 2;
const TRUSTED: Who = 2;

/** A change of a post: an update of one member, or its end. */
interface Change {
  readonly post: number;
  /** Undefined: whoever owns the post. */
  readonly by: Who | undefined;
  readonly what: "title" | "body" | "category" | "end";
  /** Changes arrive in the order of these numbers, whatever their Lamport values. */
  readonly arrival: number;
}

/** Half of the changes are the owner's, and posts are seldom ended, so that most changes count. */
const sequences = fc.record({
  posts: fc.array(fc.constantFrom<Who>(0, 1, TRUSTED), { minLength: 1, maxLength: MAX_POSTS }),
  changes: fc.array(
    fc.record<Change>({
      post: fc.nat({ max: MAX_POSTS - 1 }),
      by: fc.constantFrom<Who | undefined>(undefined, undefined, undefined, 0, 1, TRUSTED),
      what: fc.constantFrom<Change["what"]>("title", "title", "body", "body", "category", "end"),
      arrival: fc.nat({ max: 99 }),
    }),
    { minLength: 2, maxLength: MAX_CHANGES },
  ),
});

/** What the model knows of a post. */
interface Known {
  readonly event: EventEnvelope;
  readonly owner: Who;
  readonly fields: JsonObject;
  ended: boolean;
}

/** The event of a change. Trusted members end posts as stale, which every reading lets them. */
async function eventOf(
  context: CaseContext,
  actor: Actor,
  { event }: Known,
  change: Change,
  value: string,
): Promise<EventEnvelope> {
  const { target } = context;
  if (change.what === "end") return await expiryEvent(context, actor, event.event_id, "stale");
  return await target.event(actor, "market.post.updated", {
    client_id: target.id(),
    target_event_id: event.event_id,
    fields: { [change.what]: value },
  });
}

async function followsModel(
  context: CaseContext,
  { posts, changes }: { readonly posts: readonly Who[]; readonly changes: readonly Change[] },
  run: number,
): Promise<void> {
  const { actors, target } = context;
  const people = [await actors.member("alice"), await actors.member("bob"), await actors.trusted("theo")] as const;
  const model: Known[] = [];
  for (const owner of posts) {
    const event = await postEvent(context, people[owner], freshTitle(context, "Modelled"));
    const { title = "", body = "", category = "" } = event.data;
    model.push({ event, owner, fields: { title, body, category }, ended: false });
  }
  await given(context, "the posts", ...model.map(({ event }) => event));
  const events: { readonly event: EventEnvelope; readonly arrival: number }[] = [];
  for (const [i, change] of changes.entries()) {
    const known = model[change.post % model.length];
    if (known === undefined) continue;
    const value = change.what === "category" ? "info" : `${change.what} ${run}.${i}`;
    const who = change.by ?? known.owner;
    events.push({ event: await eventOf(context, people[who], known, change, value), arrival: change.arrival });
    const own = who === known.owner;
    if (change.what === "end") known.ended ||= own || who === TRUSTED;
    else if (own) known.fields[change.what] = value;
  }
  // What has no effect may be rejected as well.
  if (events.length > 0) await target.push(events.sort((a, b) => a.arrival - b.arrival).map(({ event }) => event));

  const reader = people[run % people.length] ?? people[0];
  const last = await postEvent(context, reader, freshTitle(context, "Marker"));
  await given(context, "a further post", last);
  const first = model[0]?.event.lamport ?? last.lamport;
  const { posts: listed, answer } = await listedUpTo(context, reader, first, last);
  const shown = model.map(({ event: { event_id: id } }) => {
    const entry = listed.find(({ event_id }) => event_id === id);
    return entry === undefined ? "ended" : { title: entry.title, body: entry.body, category: entry.category };
  });
  const expected = model.map(({ fields, ended }) => ended ? "ended" : fields);
  context.must(of(answer, equals(shown, expected, "the view of the posts")));
}

/** Readers by when they begin: before the first message, after the first, after the last. */
const fanOuts = fc.record({
  messages: fc.integer({ min: 2, max: MAX_MESSAGES }),
  readers: fc.shuffledSubarray(["before", "before", "between", "after"], { minLength: MIN_READERS }),
});

async function reachesAll(
  context: CaseContext,
  { messages, readers }: { readonly messages: number; readonly readers: readonly string[] },
  run: number,
): Promise<void> {
  const poster = await context.actors.member(`poster-${run}`);
  const start = await endOf(context, CREATED_TOPIC);
  const read = async (): Promise<string[]> => {
    const ids: string[] = [];
    for (let after = start; ids.length < messages;) {
      const message = await nextMessage(context, CREATED_TOPIC, after, READ_SECONDS);
      if (message === undefined) break;
      after = message.seq;
      if (message.payload.author !== context.target.nodeId) continue;
      ids.push(String(message.payload.event_id));
    }
    return ids;
  };
  const reading: Promise<string[]>[] = [];
  const begin = (when: string) => {
    for (const reader of readers) if (reader === when) reading.push(read());
  };
  const posted: string[] = [];
  begin("before");
  for (let i = 0; i < messages; i++) {
    posted.push((await makePost(context, poster, usualInput(context))).eventId);
    if (i === 0) begin("between");
  }
  begin("after");
  for (const ids of await Promise.all(reading)) {
    context.must(equals(ids, posted, "what a reader of the topic got"));
  }
}

export const modelCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/market/views-follow-a-model",
    requirement: "MKT-038",
    brokenBy: ["updates-of-titles-ignored", "views-in-order-of-arrival"],
    alsoNeeds: ["members:2", "trusted"],
    effects: "writes",
    async run(context) {
      await holdsForAll(context, sequences, SEQUENCES, (sequence, run) => followsModel(context, sequence, run));
    },
  }),
  defineCase({
    id: "services/market/topic-reaches-every-reader-once",
    requirement: "MKT-051",
    brokenBy: ["topics-keep-the-newest-only", "message-to-one-subscriber"],
    effects: "writes",
    async run(context) {
      await holdsForAll(
        context,
        fanOuts,
        FAN_OUTS,
        (sequence, run) => reachesAll(context, sequence, run),
        FAN_OUT_SHRINKS,
      );
    },
  }),
];
