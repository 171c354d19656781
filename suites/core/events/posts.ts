/** Posts as events and as calls, and the market in which their effect shows. CONTRACT §4.11, §4.12, §7.2. */

import { holds, isInteger, of, output } from "../../../src/check/mod.ts";
import { type EventEnvelope, isObject, type JsonObject } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { EventOptions, Session } from "../../../src/target/session.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { VIEW_DEADLINE_MS } from "./helpers.ts";

/** Most entries market.list gives at once (CONTRACT §4.11). */
const MAX_LISTED = 500;
/** Lifetime of the posts made here, in seconds. */
const POST_TTL_SECONDS = 3600;

/** Data of a post. */
export function postData({ target }: CaseContext, title: string): JsonObject {
  return {
    client_id: target.id(),
    category: "offer",
    title,
    body: `Body of ${title}`,
    location: { lat: 52.5, lng: 13.4, label: "Courtyard" },
    tags: ["ladder", "tools"],
    ttl_seconds: POST_TTL_SECONDS,
  };
}

/** A title that no other case uses. */
export function freshTitle({ target }: CaseContext, what: string): string {
  return `${what} ${target.id()}`;
}

/** A signed `market.post.created`. */
export function postEvent(
  context: CaseContext,
  author: Actor,
  title: string,
  options: EventOptions = {},
): Promise<EventEnvelope> {
  return context.target.event(author, "market.post.created", postData(context, title), options);
}

/** A signed `market.post.updated` that changes the body. */
export function updateEvent(
  { target }: CaseContext,
  author: Actor,
  postId: string,
  body: string,
  options: EventOptions = {},
): Promise<EventEnvelope> {
  const data = { client_id: target.id(), target_event_id: postId, fields: { body } };
  return target.event(author, "market.post.updated", data, options);
}

/** A signed `market.post.expired`. */
export function expiryEvent(
  { target }: CaseContext,
  author: Actor,
  postId: string,
  reason: string,
  options: EventOptions = {},
): Promise<EventEnvelope> {
  const data = { client_id: target.id(), target_event_id: postId, reason };
  return target.event(author, "market.post.expired", data, options);
}

/** Whether the market of the target can be read. */
export function hasMarket({ target }: CaseContext): boolean {
  return target.advertised("market.list") !== undefined;
}

/** What a listing showed. */
export interface Listing {
  readonly posts: readonly JsonObject[];
  readonly answer: HttpAnswer;
}

/** Live posts from a Lamport value on, as market.list gives them to a reader. */
export async function listed(
  context: CaseContext,
  reader: Actor,
  fromLamport: number,
  session: Session = context.target,
): Promise<Listing> {
  // One more below, because whether the boundary itself is included is undefined.
  const answer = await session.call(reader, "market.list", {
    since_lamport: Math.max(0, fromLamport - 2),
    limit: MAX_LISTED,
  });
  const { posts } = context.must.get(output(answer));
  return { posts: Array.isArray(posts) ? posts.filter(isObject) : [], answer };
}

/** Looks until the condition holds or views have had their time; the last listing either way. */
export async function listedWhen(
  context: CaseContext,
  reader: Actor,
  fromLamport: number,
  wanted: (posts: readonly JsonObject[]) => boolean,
): Promise<Listing> {
  let last = await listed(context, reader, fromLamport);
  if (wanted(last.posts)) return last;
  await context.until(async () => {
    last = await listed(context, reader, fromLamport);
    return wanted(last.posts) ? true : undefined;
  }, VIEW_DEADLINE_MS);
  return last;
}

/** The entry of a post in a listing. */
export function entryOf(posts: readonly JsonObject[], event: EventEnvelope): JsonObject | undefined {
  return posts.find((post) => post.event_id === event.event_id);
}

/**
 * The listing once a post that was pushed last is in it: what is missing then is missing for good. A post that never
 * comes is a violation.
 */
export async function listedUpTo(
  context: CaseContext,
  reader: Actor,
  fromLamport: number,
  last: EventEnvelope,
): Promise<Listing> {
  const listing = await listedWhen(context, reader, fromLamport, (posts) => entryOf(posts, last) !== undefined);
  const shown = entryOf(listing.posts, last) !== undefined;
  context.must(of(listing.answer, holds(shown, `the accepted post ${last.event_id} is listed`, "it is not")));
  return listing;
}

/** A post has the body, at the latest after the time views may take. */
export async function showsBody(
  context: CaseContext,
  reader: Actor,
  event: EventEnvelope,
  body: string,
): Promise<void> {
  const bodyIn = (posts: readonly JsonObject[]) => entryOf(posts, event)?.body;
  const { posts, answer } = await listedWhen(context, reader, event.lamport, (list) => bodyIn(list) === body);
  const observed = bodyIn(posts) ?? "the post is not listed";
  context.must(of(answer, holds(bodyIn(posts) === body, `the listed body is ${JSON.stringify(body)}`, observed)));
}

/** A post made by call: what its answer tells of the event. */
export interface MadePost {
  readonly answer: HttpAnswer;
  readonly input: JsonObject;
  readonly eventId: string;
  readonly lamport: number;
}

/** Input of market.post. */
export function postInput(context: CaseContext): JsonObject {
  return postData(context, freshTitle(context, "Lending a ladder"));
}

/** Calls market.post; an answer without event_id and lamport is a violation. */
export async function makePost(context: CaseContext, actor: Actor, input = postInput(context)): Promise<MadePost> {
  const { target, must } = context;
  const answer = await target.call(actor, "market.post", input);
  const made = must.get(output(answer));
  must(of(answer, isInteger(made.lamport, "output.lamport", 0)));
  must.hold(typeof made.event_id === "string", "output.event_id is a string", made, answer.exchange);
  target.sawLamport(Number(made.lamport));
  return { answer, input, eventId: String(made.event_id), lamport: Number(made.lamport) };
}
