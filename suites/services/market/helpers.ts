/** Posts, listings and searches as the cases of the market use them. */

import { type AnswerView, type Checked, describe, holds, of, output, succeeded } from "../../../src/check/mod.ts";
import { type EventEnvelope, isObject, type JsonObject, parseTimestamp } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { given, VIEW_DEADLINE_MS } from "../../core/events/helpers.ts";
import { freshTitle, listedUpTo, listedWhen, type Listing, type MadePost, postEvent } from "../../core/events/posts.ts";

/** The four categories (CONTRACT §4.11). */
export const CATEGORIES = ["offer", "request", "info", "emergency"] as const;
/** Members of every listed post (CONTRACT §4.11). */
export const ENTRY = ["event_id", "lamport", "author", "category", "title", "body", "created_at", "expires_at"];
const PLACE = { lat: 52.5, lng: 13.4, label: "Courtyard" };
/** Most entries of a listing (CONTRACT §4.11). */
export const MAX_LISTED = 500;
/** How far `expires_at` may be off, in seconds. */
const EXPIRY_OFF_SECONDS = 1;
const MS_PER_SECOND = 1000;

/** Input of a post with nothing but what it must have, and further members. */
export function bareInput(context: CaseContext, more: JsonObject = {}): JsonObject {
  const title = freshTitle(context, "Plum jam");
  return { client_id: context.target.id(), category: "offer", title, body: `Three glasses: ${title}`, ...more };
}

/** Input of an ordinary post, and further members. */
export function usualInput(context: CaseContext, more: JsonObject = {}): JsonObject {
  return bareInput(context, { location: PLACE, ...more });
}

/** `output.posts`: objects only. */
export function postsOf(answer: AnswerView): Checked<readonly JsonObject[]> {
  const checked = output(answer);
  if ("difference" in checked) return checked;
  const { posts } = checked.value;
  if (Array.isArray(posts) && posts.every((post) => isObject(post))) return { value: posts as JsonObject[] };
  return {
    difference: { expected: "an array of objects posts", observed: describe(answer), exchange: answer.exchange },
  };
}

/** market.list with an input as it is; anything but a list of posts is a violation. */
export async function list(context: CaseContext, reader: Actor, input: JsonObject = {}): Promise<Listing> {
  const answer = await context.target.call(reader, "market.list", input);
  return { posts: context.must.get(postsOf(answer)), answer };
}

/** Members of an input that narrow a listing to what is newer than just before a Lamport value. */
export function from(lamport: number): JsonObject {
  // Two below, because whether the boundary itself is included is not judged.
  return { since_lamport: Math.max(0, lamport - 2), limit: MAX_LISTED };
}

/** The entry with an event id. */
export function withId(posts: readonly JsonObject[], eventId: string): JsonObject | undefined {
  return posts.find((post) => post.event_id === eventId);
}

/** The listed entry of a post that was made by call; one that does not come is a violation. */
export async function entryOfMade(
  context: CaseContext,
  reader: Actor,
  made: MadePost,
): Promise<{ readonly entry: JsonObject; readonly answer: HttpAnswer }> {
  const { posts, answer } = await listedWhen(
    context,
    reader,
    made.lamport,
    (found) => withId(found, made.eventId) !== undefined,
  );
  const entry = withId(posts, made.eventId);
  context.must(of(answer, holds(entry !== undefined, `the post ${made.eventId} is listed`, "it is not")));
  return { entry: entry ?? {}, answer };
}

/** Pushes a post signed by its author; returns it once it is listed. */
export async function syncedPost(context: CaseContext, author: Actor, title?: string): Promise<EventEnvelope> {
  const event = await postEvent(context, author, title ?? freshTitle(context, "Firewood"));
  await given(context, "a post", event);
  await listedUpTo(context, author, event.lamport, event);
  return event;
}

/** market.expire, whatever it answers. */
export function expire(
  { target }: CaseContext,
  caller: Actor,
  eventId: string,
  reason: string,
  clientId = target.id(),
): Promise<HttpAnswer> {
  return target.call(caller, "market.expire", { client_id: clientId, event_id: eventId, reason });
}

/** market.expire that has to succeed; gives its output. */
export async function mustExpire(
  context: CaseContext,
  caller: Actor,
  event: EventEnvelope,
  reason: string,
): Promise<JsonObject> {
  const answer = await expire(context, caller, event.event_id, reason);
  context.must(succeeded(answer));
  return context.must.get(output(answer));
}

/** The post is listed no more, at the latest after the time views may take. */
export async function isGone(context: CaseContext, reader: Actor, event: EventEnvelope): Promise<void> {
  const gone = (posts: readonly JsonObject[]) => withId(posts, event.event_id) === undefined;
  const { posts, answer } = await listedWhen(context, reader, event.lamport, gone);
  context.must(of(answer, holds(gone(posts), `the ended post ${event.event_id} is not listed`, "it still is")));
}

/** The post is listed; gives its entry. */
export async function stillListed(context: CaseContext, reader: Actor, event: EventEnvelope): Promise<JsonObject> {
  const { posts, answer } = await list(context, reader, from(event.lamport));
  const entry = withId(posts, event.event_id);
  context.must(of(answer, holds(entry !== undefined, `the post ${event.event_id} is still listed`, "it is not")));
  return entry ?? {};
}

/** A post lives for a number of seconds. */
export function livesFor(context: CaseContext, answer: AnswerView, entry: JsonObject, seconds: number): void {
  const lifeMs = (parseTimestamp(entry.expires_at) ?? NaN) - (parseTimestamp(entry.created_at) ?? NaN);
  const observed = `created_at ${entry.created_at}, expires_at ${entry.expires_at}`;
  const right = Math.abs(lifeMs - seconds * MS_PER_SECOND) <= EXPIRY_OFF_SECONDS * MS_PER_SECOND;
  context.must(of(answer, holds(right, `expires_at ${seconds} s after created_at`, observed)));
}

/** market.search, whatever it answers. */
export function search({ target }: CaseContext, reader: Actor, input: JsonObject): Promise<HttpAnswer> {
  return target.call(reader, "market.search", input);
}

/** Searches until a post is found or an index has had its time; the last result either way. */
export async function searchFor(
  context: CaseContext,
  reader: Actor,
  input: JsonObject,
  eventId: string,
): Promise<Listing> {
  const look = async (): Promise<Listing> => {
    const answer = await search(context, reader, input);
    return { answer, posts: context.must.get(postsOf(answer)) };
  };
  let last = await look();
  if (withId(last.posts, eventId) !== undefined) return last;
  await context.until(async () => {
    last = await look();
    return withId(last.posts, eventId) === undefined ? undefined : true;
  }, VIEW_DEADLINE_MS);
  return last;
}
