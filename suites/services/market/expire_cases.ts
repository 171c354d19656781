/** market.expire, and updates and expiries that come as events. CONTRACT §4.13, §7.2. */

import {
  equals,
  holds,
  isInteger,
  matches,
  of,
  output,
  refusedAsBadBody,
  refusedWith,
  succeeded,
} from "../../../src/check/mod.ts";
import { ULID_PATTERN } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { given, judged, VIEW_DEADLINE_MS } from "../../core/events/helpers.ts";
import { expiryEvent, freshTitle, listedUpTo, postEvent, showsBody, updateEvent } from "../../core/events/posts.ts";
import { expire, isGone, mustExpire, stillListed, syncedPost } from "./helpers.ts";

/** Pushes an event that is to have no effect, and then a post behind which it cannot hide. */
async function withoutEffect(context: CaseContext, act: "updated" | "expired"): Promise<void> {
  const { target, actors } = context;
  const [bob, carol] = [await actors.member("bob"), await actors.member("carol")];
  const post = await syncedPost(context, bob);
  const before = await stillListed(context, bob, post);
  const event = act === "updated"
    ? await updateEvent(context, carol, post.event_id, "Taken over by somebody else")
    : await expiryEvent(context, carol, post.event_id, "withdrawn");
  // Whether it is rejected or stored without effect is the node's choice.
  await target.push([event]);
  const marker = await postEvent(context, bob, freshTitle(context, "Marker"));
  await given(context, "a further post", marker);
  const { answer } = await listedUpTo(context, bob, post.lamport, marker);
  const after = await stillListed(context, bob, post);
  judged(context, answer, equals(after, before, "the entry of the post"));
}

export const expireCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/market/expire-own-post",
    requirement: "MKT-028",
    brokenBy: ["expire-answers-without-storing"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const post = await syncedPost(context, alice);
      const answer = await expire(context, alice, post.event_id, "fulfilled");
      const made = context.must.get(output(answer));
      judged(
        context,
        answer,
        matches(made.event_id, ULID_PATTERN, "output.event_id"),
        isInteger(made.lamport, "output.lamport", post.lamport + 1),
        holds(made.event_id !== post.event_id, "the event_id of a new event", made.event_id),
      );
      await isGone(context, alice, post);
    },
  }),
  defineCase({
    id: "services/market/expire-event",
    requirement: "MKT-029",
    brokenBy: ["expire-names-client-id-as-target"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const alice = await context.actors.member("alice");
      const post = await syncedPost(context, alice);
      const observer = await target.eventSubscribe(["market.post.expired"]);
      const clientId = target.id();
      const answer = await expire(context, alice, post.event_id, "withdrawn", clientId);
      const made = must.get(output(answer));
      const event = await observer.find(({ event_id }) => event_id === made.event_id, VIEW_DEADLINE_MS);
      must.hold(event !== undefined, `the event ${made.event_id} in the log`, "it is not", target.lastExchange);
      const count = (await observer.events()).filter(({ data }) => data.client_id === clientId).length;
      judged(
        context,
        answer,
        equals(event?.event_type, "market.post.expired", "event_type"),
        equals(event?.data.client_id, clientId, "data.client_id"),
        equals(event?.data.target_event_id, post.event_id, "data.target_event_id"),
        equals(event?.data.reason, "withdrawn", "data.reason"),
        holds(count === 1, "one event", `${count}`),
      );
    },
  }),
  defineCase({
    id: "services/market/expire-refuses-other-members",
    requirement: "MKT-030",
    brokenBy: ["expire-by-any-member"],
    effects: "writes",
    async run(context) {
      const [alice, bob] = [await context.actors.member("alice"), await context.actors.member("bob")];
      const post = await syncedPost(context, alice);
      for (const reason of ["withdrawn", "stale"]) {
        context.must(refusedWith(await expire(context, bob, post.event_id, reason), "unauthorized"));
      }
      await stillListed(context, alice, post);
    },
  }),
  defineCase({
    id: "services/market/expire-stale-by-moderator",
    requirement: "MKT-031",
    brokenBy: ["expiry-by-author-only"],
    effects: "writes",
    async run(context) {
      const [alice, theo] = [await context.actors.member("alice"), await context.actors.trusted("theo")];
      const post = await syncedPost(context, alice);
      await mustExpire(context, theo, post, "stale");
      await isGone(context, alice, post);
    },
  }),
  defineCase({
    id: "services/market/expire-user-request-by-author-only",
    requirement: "MKT-032",
    brokenBy: ["expiry-reason-ignored"],
    effects: "writes",
    async run(context) {
      const [alice, theo] = [await context.actors.member("alice"), await context.actors.trusted("theo")];
      const post = await syncedPost(context, alice);
      context.must(
        refusedWith(await expire(context, theo, post.event_id, "user_request"), "unauthorized", "bad_request"),
      );
      await stillListed(context, alice, post);
    },
  }),
  defineCase({
    id: "services/market/expire-refuses-other-reasons",
    requirement: "MKT-033",
    brokenBy: ["expire-reason-free-text"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const post = await syncedPost(context, alice);
      context.must(refusedAsBadBody(await expire(context, alice, post.event_id, "boring")));
      await stillListed(context, alice, post);
    },
  }),
  defineCase({
    id: "services/market/expire-unknown-post",
    requirement: "MKT-034",
    brokenBy: ["expire-of-nothing"],
    effects: "none",
    async run(context) {
      const { target } = context;
      const answer = await expire(context, await context.actors.member("alice"), target.id(), "withdrawn");
      context.must(refusedWith(answer, "not_found"));
    },
  }),
  defineCase({
    id: "services/market/expire-of-another-type",
    requirement: "MKT-035",
    brokenBy: ["expire-any-event"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const { event_id: ended } = await mustExpire(context, alice, await syncedPost(context, alice), "withdrawn");
      context.should(refusedWith(await expire(context, alice, String(ended), "withdrawn"), "not_found"));
    },
  }),
  defineCase({
    id: "services/market/expire-repeated",
    requirement: "MKT-036",
    brokenBy: ["expire-repeat-not-found"],
    effects: "writes",
    async run(context) {
      const { must, target } = context;
      const alice = await context.actors.member("alice");
      const post = await syncedPost(context, alice);
      const clientId = target.id();
      const first = must.get(output(await expire(context, alice, post.event_id, "fulfilled", clientId)));
      await isGone(context, alice, post);
      const answer = await expire(context, alice, post.event_id, "fulfilled", clientId);
      must(succeeded(answer));
      const second = must.get(output(answer));
      must(of(answer, equals(second.event_id, first.event_id, "output.event_id of the repeat")));
    },
  }),
  defineCase({
    id: "services/market/update-by-author",
    requirement: "MKT-038",
    brokenBy: ["updates-not-applied"],
    effects: "writes",
    async run(context) {
      const bob = await context.actors.member("bob");
      const post = await syncedPost(context, bob);
      const body = "Two glasses are left";
      await given(context, "an update", await updateEvent(context, bob, post.event_id, body));
      await showsBody(context, bob, post, body);
      const entry = await stillListed(context, bob, post);
      context.must(equals(entry.title, post.data.title, "the listed title"));
    },
  }),
  defineCase({
    id: "services/market/update-by-others-ignored",
    requirement: "MKT-039",
    brokenBy: ["updates-by-anyone"],
    effects: "writes",
    async run(context) {
      await withoutEffect(context, "updated");
    },
  }),
  defineCase({
    id: "services/market/expiry-event-by-others-ignored",
    requirement: "MKT-040",
    brokenBy: ["expire-by-any-member"],
    effects: "writes",
    async run(context) {
      await withoutEffect(context, "expired");
    },
  }),
];
