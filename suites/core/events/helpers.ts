/** What the event cases share: making events, pushing them, and the views in which their effect shows. */

import {
  type AnswerView,
  describe,
  equals,
  holds,
  isInteger,
  member,
  okObject,
  output,
  type Verdict,
} from "../../../src/check/mod.ts";
import {
  type EventEnvelope,
  type Identity,
  isObject,
  type Json,
  type JsonObject,
  type Level,
  signDocument,
  timestamp,
  tryParseJson,
} from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { coSign, memberManifest } from "../../../src/target/membership.ts";
import type { EventOptions, Session } from "../../../src/target/session.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";

/** How long views may take to show an accepted event, in milliseconds (EVT-055, EVT-060). */
export const VIEW_DEADLINE_MS = 2000;
/** A jump of the Lamport clock that ordinary traffic during a case does not explain. */
export const FAR_AHEAD = 1000;
/** Most entries market.list gives at once (CONTRACT §4.11). */
const MAX_LISTED = 500;
/** Lifetime of the posts made here, in seconds. */
const POST_TTL_SECONDS = 3600;
/** Lifetime of the invitations made here, in milliseconds. */
const INVITE_LIFE_MS = 86_400_000;
const ADVERTISED_BYTES = 4096;

/** A push that was counted. */
export interface Counted {
  readonly answer: HttpAnswer;
  readonly accepted: number;
  readonly rejected: number;
  readonly reasons: readonly JsonObject[];
  /** `new_head_lamport`, else `new_head`; undefined where neither is there. */
  readonly head: Json | undefined;
}

/** The counts of a push; anything but a 200 object with two counts is a violation. */
export function counted({ must }: CaseContext, answer: HttpAnswer): Counted {
  const body = must.get(okObject(answer));
  must(of(answer, isInteger(body.accepted, "accepted", 0)));
  must(of(answer, isInteger(body.rejected, "rejected", 0)));
  const reasons = Array.isArray(body.rejected_reasons) ? body.rejected_reasons.filter(isObject) : [];
  return {
    answer,
    accepted: Number(body.accepted),
    rejected: Number(body.rejected),
    reasons,
    head: body.new_head_lamport ?? body.new_head,
  };
}

function of(answer: AnswerView, verdict: Verdict): Verdict {
  return verdict === undefined ? undefined : { ...verdict, exchange: answer.exchange };
}

/** Pushes events one by one or together and counts. */
export async function pushed(context: CaseContext, ...events: readonly (EventEnvelope | Json)[]): Promise<Counted> {
  return counted(context, await context.target.push(events));
}

/** The push was taken as a whole. */
export function accepts(context: CaseContext, push: Counted, count: number, what: string): void {
  context.must.hold(
    push.accepted === count && push.rejected === 0,
    `accepted ${count} and rejected 0 for ${what}`,
    describe(push.answer),
    push.answer.exchange,
  );
}

/** The push of one event was refused; no 5xx, nothing accepted. */
export function rejects(context: CaseContext, push: Counted, what: string): void {
  context.must.hold(
    push.accepted === 0 && push.rejected === 1,
    `accepted 0 and rejected 1 for ${what}`,
    describe(push.answer),
    push.answer.exchange,
  );
}

/** The reason given for an event is one of the codes; a target that lists no reasons is judged by EVT-010. */
export function reasonFor(context: CaseContext, push: Counted, eventId: string, ...codes: readonly string[]): void {
  const entry = push.reasons.find((reason) => reason.event_id === eventId);
  if (entry === undefined) return context.note(`no reason was given for the rejected event ${eventId}`);
  context.must.hold(
    codes.includes(String(entry.reason)),
    `reason ${codes.join(" or ")} for the rejected event`,
    entry,
    push.answer.exchange,
  );
}

/** Sets something up by a push; a target that refuses it cannot be judged. */
export async function given(context: CaseContext, what: string, ...events: readonly EventEnvelope[]): Promise<void> {
  const answer = await context.target.push(events);
  const body = tryParseJson(answer.body);
  if (answer.status !== 200 || !isObject(body) || body.rejected !== 0) {
    context.inconclusive(`${what} could not be set up: ${describe(answer)}`);
  }
}

/** A content id that nobody holds. */
export function madeUpCid({ target }: CaseContext): string {
  const bytes = target.random(`cid-${target.id()}`).bytes(32);
  return `blake3:${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** A small event without consequences: the author advertises a blob. */
export function advertisement(
  context: CaseContext,
  author: Actor | Identity,
  options: EventOptions = {},
): Promise<EventEnvelope> {
  const data = { cid: madeUpCid(context), sizes_bytes: ADVERTISED_BYTES };
  return context.target.event(author, "file.cid.advertised", data, options);
}

/** Changes an event after it was signed. */
export function tampered(event: EventEnvelope, change: JsonObject): Json {
  return { ...event, ...change } as unknown as Json;
}

/** An event with members that the types rule out, correctly signed over what it has. */
export function oddEvent(
  author: Actor,
  event: EventEnvelope,
  change: JsonObject,
  leaveOut: readonly string[] = [],
): Json {
  const { signature: _, ...unsigned } = event;
  const members = Object.entries({ ...unsigned, ...change }).filter(([name]) => !leaveOut.includes(name));
  return signDocument(author.identity, Object.fromEntries(members)) as unknown as Json;
}

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

/** Live posts from a Lamport value on, as market.list gives them to a reader. */
export async function listed(
  context: CaseContext,
  reader: Actor,
  fromLamport: number,
  session: Session = context.target,
): Promise<{ readonly posts: readonly JsonObject[]; readonly answer: HttpAnswer }> {
  // One more below, because whether the boundary itself is included is undefined.
  const answer = await session.call(reader, "market.list", {
    since_lamport: Math.max(0, fromLamport - 2),
    limit: MAX_LISTED,
  });
  const { posts } = context.must.get(output(answer));
  return { posts: Array.isArray(posts) ? posts.filter(isObject) : [], answer };
}

/** The entry of one post; undefined if it is not listed. */
export async function listedPost(
  context: CaseContext,
  reader: Actor,
  event: EventEnvelope,
  session: Session = context.target,
): Promise<{ readonly post: JsonObject | undefined; readonly answer: HttpAnswer }> {
  const { posts, answer } = await listed(context, reader, event.lamport, session);
  return { post: posts.find((post) => post.event_id === event.event_id), answer };
}

/** A post has the body; waits for views that follow the log with a delay. */
export async function showsBody(
  context: CaseContext,
  reader: Actor,
  event: EventEnvelope,
  body: string,
): Promise<void> {
  let last = await listedPost(context, reader, event);
  await context.until(async () => {
    last = await listedPost(context, reader, event);
    return last.post?.body === body ? true : undefined;
  }, last.post?.body === body ? 0 : VIEW_DEADLINE_MS);
  context.must.hold(
    last.post?.body === body,
    `the listed body is ${JSON.stringify(body)}`,
    last.post === undefined ? "the post is not listed" : `the listed body is ${JSON.stringify(last.post.body)}`,
    last.answer.exchange,
  );
}

/** A post made by call: what its answer tells of the event. */
export interface MadePost {
  readonly answer: HttpAnswer;
  readonly input: JsonObject;
  readonly eventId: string;
  readonly lamport: number;
}

/** Input of market.post. */
export function postInput(context: CaseContext, title = freshTitle(context, "Lending a ladder")): JsonObject {
  return postData(context, title);
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

/** The head for sync; a target that does not tell it cannot be judged here. */
export async function headOf(context: CaseContext, session: Session = context.target): Promise<number> {
  const head = await session.head();
  return head ?? context.inconclusive("the head for sync cannot be read");
}

/** The community manifest with its exchange. */
export async function community(
  { target, must }: CaseContext,
  session: Session = target,
): Promise<{ readonly value: JsonObject; readonly answer: HttpAnswer }> {
  const answer = await session.communityManifest();
  return { value: must.get(okObject(answer)), answer };
}

/** The level of a listed member; undefined for everyone else. */
export function levelIn(manifest: JsonObject, nodeId: string): Json | undefined {
  const members = Array.isArray(manifest.members) ? manifest.members : [];
  const entry = members.find((candidate) => member(candidate, "node_id") === nodeId);
  return member(entry, "level");
}

/** Waits until the community manifest satisfies a condition; the last one read otherwise. */
export async function communityWhen(
  context: CaseContext,
  wanted: (manifest: JsonObject) => boolean,
): Promise<{ readonly value: JsonObject; readonly answer: HttpAnswer }> {
  let last = await community(context);
  if (wanted(last.value)) return last;
  await context.until(async () => {
    last = await community(context);
    return wanted(last.value) ? true : undefined;
  }, VIEW_DEADLINE_MS);
  return last;
}

/** A member has the level, at the latest after the time views may take. */
export async function hasLevel(context: CaseContext, nodeId: string, level: Level | undefined): Promise<void> {
  const { value, answer } = await communityWhen(context, (manifest) => levelIn(manifest, nodeId) === level);
  const seen = levelIn(value, nodeId);
  context.must(of(answer, holds(seen === level, `${nodeId} is listed as ${level}`, seen ?? "it is not in members")));
}

/** A member has the level right now: for things that must not happen. */
export async function keepsLevel(context: CaseContext, nodeId: string, level: Level | undefined): Promise<void> {
  const { value, answer } = await community(context);
  const expected = level === undefined ? `${nodeId} is not in members` : `${nodeId} is still listed as ${level}`;
  context.must(
    of(answer, holds(levelIn(value, nodeId) === level, expected, levelIn(value, nodeId) ?? "not in members")),
  );
}

/** `community.member.invited` by an inviter for a key. */
export function invitation(
  { target }: CaseContext,
  inviter: Actor,
  invitee: Identity,
  options: EventOptions & { readonly level?: Level; readonly expiresAtMs?: number } = {},
): Promise<EventEnvelope> {
  return target.event(inviter, "community.member.invited", {
    invitee_node_id: invitee.id,
    display_name: "hearthproof newcomer",
    initial_level: options.level ?? "member",
    expires_at: timestamp(options.expiresAtMs ?? target.wall() + INVITE_LIFE_MS),
  }, options);
}

/** `community.member.joined` signed by a key, referring to an invitation. */
export function joining(
  { target }: CaseContext,
  key: Identity,
  inviteEventId: string,
  options: EventOptions = {},
): Promise<EventEnvelope> {
  return target.event(key, "community.member.joined", {
    invite_event_id: inviteEventId,
    node_manifest: memberManifest(key, target.communityId, target.wall()),
  }, options);
}

/** A promotion, demotion or revocation with co-signatures of the given signers. */
export function decision(
  { target }: CaseContext,
  kind: "promoted" | "demoted" | "revoked",
  author: Actor,
  subject: string,
  detail: string,
  signers: readonly Actor[],
  options: EventOptions & { readonly extraCoSigners?: readonly JsonObject[] } = {},
): Promise<EventEnvelope> {
  const payload = kind === "revoked"
    ? { reason: detail, target_node_id: subject }
    : { new_level: detail, target_node_id: subject };
  const signatures = coSign(signers.map((signer) => signer.identity), payload);
  return target.event(author, `community.member.${kind}`, {
    ...payload,
    co_signers: [...signatures, ...options.extraCoSigners ?? []],
  }, options);
}

/** Three trusted members: enough for a demotion or revocation under any policy with the usual numbers. */
export function threeTrusted({ actors }: CaseContext): Promise<[Actor, Actor, Actor]> {
  return Promise.all([actors.trusted("theo"), actors.trusted("tara"), actors.trusted("tom")]);
}

/** A JSON answer has a value at a place. */
export function answerHas(
  context: CaseContext,
  answer: AnswerView,
  actual: unknown,
  expected: Json,
  what: string,
): void {
  context.must(of(answer, equals(actual, expected, what)));
}

/** A value of an answer judged by a matcher. */
export function judged(context: CaseContext, answer: AnswerView, ...verdicts: readonly Verdict[]): void {
  context.must.all(...verdicts.map((verdict) => of(answer, verdict)));
}
