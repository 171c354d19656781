/** The market as the visible view of the log: fields, order, authority. CONTRACT §7.2, §7.4. */

import { equals, hasMembers, holds, succeeded } from "../../../src/check/mod.ts";
import { isObject, type JsonObject, timestamp, tryParseJson, ulid } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { accepts, given, judged, pushed } from "./helpers.ts";
import {
  entryOf,
  expiryEvent,
  freshTitle,
  listedUpTo,
  listedWhen,
  postEvent,
  showsBody,
  updateEvent,
} from "./posts.ts";

/** Wall clock of an update that pretends to be old, in milliseconds before now. */
const OLD_MS = 86_400_000;
/** Time between the two event ids of EVT-052, in milliseconds. */
const ID_STEP_MS = 1000;

/** Two ULIDs in ascending order. */
function idPair({ target }: CaseContext): readonly [string, string] {
  const random = target.random(`pair-${target.id()}`);
  const now = target.wall();
  return [ulid(now - ID_STEP_MS, random), ulid(now, random)];
}

export const marketViewCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/events/synced-post-is-listed",
    requirement: "EVT-048",
    brokenBy: ["received-posts-reauthored"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const event = await postEvent(context, alice, freshTitle(context, "Synced"));
      accepts(context, await pushed(context, event), 1, "a post of a member");
      const { posts, answer } = await listedUpTo(context, alice, event.lamport, event);
      const post = entryOf(posts, event) ?? {};
      const { category = null, title = null, body = null, tags = null } = event.data;
      judged(
        context,
        answer,
        hasMembers(post, ["event_id", "lamport", "author", "category", "title", "body", "tags"], "the listed post"),
        equals(post.category, category, "category"),
        equals(post.title, title, "title"),
        equals(post.body, body, "body"),
        equals(post.tags, tags, "tags"),
        equals(post.author, alice.id, "author"),
        equals(post.lamport, event.lamport, "lamport"),
      );
    },
  }),
  defineCase({
    id: "core/events/early-expiry-counts",
    requirement: "EVT-049",
    brokenBy: ["views-in-order-of-arrival"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const event = await postEvent(context, alice, freshTitle(context, "Expired early"));
      const expiry = await expiryEvent(context, alice, event.event_id, "withdrawn", { lamport: event.lamport + 1 });
      const early = await context.target.push([expiry]);
      const body = tryParseJson(early.body);
      if (isObject(body) && body.rejected === 1) {
        return context.inconclusive("the target refuses an expiry whose post it does not know");
      }
      context.must(succeeded(early));
      accepts(context, await pushed(context, event), 1, "the post after its expiry");
      const marker = await postEvent(context, alice, freshTitle(context, "Marker"));
      await given(context, "a further post", marker);
      const { posts, answer } = await listedUpTo(context, alice, event.lamport, marker);
      const post = entryOf(posts, event);
      judged(context, answer, holds(post === undefined, "the expired post is not listed", post));
    },
  }),
  defineCase({
    id: "core/events/highest-lamport-wins",
    requirement: "EVT-050",
    brokenBy: ["views-in-order-of-arrival"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const event = await postEvent(context, alice, freshTitle(context, "Updated"));
      await given(context, "a post", event);
      const { event_id: id, lamport } = event;
      const higher = await updateEvent(context, alice, id, "the later body", { lamport: lamport + 2 });
      const lower = await updateEvent(context, alice, id, "the earlier body", { lamport: lamport + 1 });
      for (const update of [higher, lower]) accepts(context, await pushed(context, update), 1, "an update");
      await showsBody(context, alice, event, "the later body");
    },
  }),
  defineCase({
    id: "core/events/wall-clock-does-not-order",
    requirement: "EVT-051",
    brokenBy: ["views-by-wall-clock"],
    effects: "writes",
    async run(context) {
      const { target } = context;
      const alice = await context.actors.member("alice");
      const event = await postEvent(context, alice, freshTitle(context, "Timed"));
      await given(context, "a post", event);
      const { event_id: id, lamport } = event;
      const old = timestamp(target.wall() - OLD_MS);
      const lower = await updateEvent(context, alice, id, "fresh by the clock", { lamport: lamport + 1 });
      const higher = await updateEvent(context, alice, id, "later in the log", {
        lamport: lamport + 2,
        wallClock: old,
      });
      accepts(context, await pushed(context, lower, higher), 2, "two updates");
      await showsBody(context, alice, event, "later in the log");
    },
  }),
  defineCase({
    id: "core/events/greater-id-wins-at-equal-lamport",
    requirement: "EVT-052",
    brokenBy: ["views-equal-lamport-by-arrival"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      for (const greaterFirst of [true, false]) {
        const event = await postEvent(context, alice, freshTitle(context, "Tied"));
        await given(context, "a post", event);
        const [smaller, greater] = idPair(context);
        const lamport = await context.target.nextLamport();
        const loser = await updateEvent(context, alice, event.event_id, "smaller id", { lamport, eventId: smaller });
        const winner = await updateEvent(context, alice, event.event_id, "greater id", { lamport, eventId: greater });
        for (const update of greaterFirst ? [winner, loser] : [loser, winner]) {
          accepts(context, await pushed(context, update), 1, "an update");
        }
        await showsBody(context, alice, event, "greater id");
      }
    },
  }),
  defineCase({
    id: "core/events/moderator-expires-stale-post",
    requirement: "EVT-053",
    brokenBy: ["expiry-by-author-only"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const theo = await context.actors.trusted("theo");
      const event = await postEvent(context, alice, freshTitle(context, "Stale"));
      await given(context, "a post", event);
      await listedUpTo(context, alice, event.lamport, event);
      await pushed(context, await expiryEvent(context, theo, event.event_id, "stale"));
      const gone = (posts: readonly JsonObject[]) => entryOf(posts, event) === undefined;
      const { posts, answer } = await listedWhen(context, alice, event.lamport, gone);
      judged(context, answer, holds(gone(posts), "the post is no longer listed", "it is still listed"));
    },
  }),
  defineCase({
    id: "core/events/moderator-cannot-state-user-request",
    requirement: "EVT-054",
    brokenBy: ["expiry-reason-ignored"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const theo = await context.actors.trusted("theo");
      const event = await postEvent(context, alice, freshTitle(context, "Kept"));
      await given(context, "a post", event);
      await context.target.push([await expiryEvent(context, theo, event.event_id, "user_request")]);
      const marker = await postEvent(context, alice, freshTitle(context, "Marker"));
      await given(context, "a further post", marker);
      const { posts, answer } = await listedUpTo(context, alice, event.lamport, marker);
      judged(context, answer, holds(entryOf(posts, event) !== undefined, "the post stays listed", "it is not listed"));
    },
  }),
];
