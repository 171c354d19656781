/** market.post. CONTRACT §4.12. */

import {
  equals,
  holds,
  isNumber,
  matches,
  meta,
  of,
  refusedAsBadBody,
  refusedWith,
  succeeded,
} from "../../../src/check/mod.ts";
import { type JsonObject, ULID_PATTERN } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { headOf, judged } from "../../core/events/helpers.ts";
import { makePost, postInput } from "../../core/events/posts.ts";
import { bareInput, CATEGORIES, entryOfMade, from, list, livesFor, usualInput } from "./helpers.ts";

const DAY_SECONDS = 86_400;
/** Lifetime when none is asked for, and the longest (CONTRACT §4.12). */
const DEFAULT_TTL_SECONDS = 7 * DAY_SECONDS;
const MAX_TTL_SECONDS = 30 * DAY_SECONDS;

/** A post with some members is refused as a bad body. */
async function refuses(context: CaseContext, change: JsonObject): Promise<void> {
  const answer = await context.target.call(await context.actors.member(), "market.post", usualInput(context, change));
  context.must(refusedAsBadBody(answer));
}

/** The listed entry of a post with further members lives for the seconds. */
async function postLivesFor(context: CaseContext, more: JsonObject, seconds: number): Promise<void> {
  const alice = await context.actors.member("alice");
  const made = await makePost(context, alice, usualInput(context, more));
  const { entry, answer } = await entryOfMade(context, alice, made);
  livesFor(context, answer, entry, seconds);
}

export const postCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/market/post-answer-form",
    requirement: "MKT-001",
    brokenBy: ["post-answers-with-id"],
    effects: "writes",
    async run(context) {
      const { answer, eventId } = await makePost(context, await context.actors.member(), usualInput(context));
      judged(
        context,
        answer,
        matches(eventId, ULID_PATTERN, "output.event_id"),
        isNumber(meta(answer).ms, "meta.ms", 0),
      );
    },
  }),
  defineCase({
    id: "services/market/post-repeated-adds-nothing",
    requirement: "MKT-003",
    brokenBy: ["post-repeats-are-new"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const first = await makePost(context, alice);
      const second = await makePost(context, alice, first.input);
      judged(
        context,
        second.answer,
        equals(second.eventId, first.eventId, "output.event_id of the repeat"),
        equals(second.lamport, first.lamport, "output.lamport of the repeat"),
      );
      await entryOfMade(context, alice, first);
      const { posts, answer } = await list(context, alice, from(first.lamport));
      const count = posts.filter(({ title }) => title === first.input.title).length;
      judged(context, answer, holds(count === 1, "one listed post", `${count} with its title`));
    },
  }),
  defineCase({
    id: "services/market/post-retry-changes-nothing",
    requirement: "MKT-004",
    brokenBy: ["post-retry-overwrites-title"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const first = await makePost(context, alice);
      const second = await makePost(context, alice, { ...first.input, title: `Edited ${first.input.title}` });
      judged(context, second.answer, equals(second.eventId, first.eventId, "output.event_id of the retry"));
      const { entry, answer } = await entryOfMade(context, alice, first);
      judged(context, answer, equals(entry.title, first.input.title, "the listed title"));
    },
  }),
  defineCase({
    id: "services/market/post-needs-client-id",
    requirement: "MKT-005",
    brokenBy: ["post-makes-up-client-id"],
    effects: "none",
    async run(context) {
      const { client_id: _, ...input } = usualInput(context);
      context.must(refusedAsBadBody(await context.target.call(await context.actors.member(), "market.post", input)));
    },
  }),
  defineCase({
    id: "services/market/post-four-categories",
    requirement: "MKT-006",
    brokenBy: ["emergency-for-trusted-only"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      for (const category of CATEGORIES) {
        const made = await makePost(context, alice, usualInput(context, { category }));
        const { entry, answer } = await entryOfMade(context, alice, made);
        judged(context, answer, equals(entry.category, category, "the listed category"));
      }
    },
  }),
  defineCase({
    id: "services/market/post-refuses-other-categories",
    requirement: "MKT-007",
    brokenBy: ["post-category-free-text"],
    effects: "none",
    async run(context) {
      await refuses(context, { category: "sale" });
    },
  }),
  defineCase({
    id: "services/market/post-lives-seven-days",
    requirement: "MKT-008",
    brokenBy: ["post-lives-one-day"],
    effects: "writes",
    async run(context) {
      await postLivesFor(context, {}, DEFAULT_TTL_SECONDS);
    },
  }),
  defineCase({
    id: "services/market/post-lifetime-is-honoured",
    requirement: "MKT-009",
    brokenBy: ["post-ttl-ignored"],
    effects: "writes",
    async run(context) {
      await postLivesFor(context, { ttl_seconds: DAY_SECONDS }, DAY_SECONDS);
    },
  }),
  defineCase({
    id: "services/market/post-refuses-longer-than-30-days",
    requirement: "MKT-010",
    brokenBy: ["post-ttl-without-maximum"],
    effects: "none",
    async run(context) {
      await refuses(context, { ttl_seconds: MAX_TTL_SECONDS + 1 });
    },
  }),
  defineCase({
    id: "services/market/post-accepts-30-days",
    requirement: "MKT-011",
    brokenBy: ["post-ttl-maximum-exclusive"],
    effects: "writes",
    async run(context) {
      await postLivesFor(context, { ttl_seconds: MAX_TTL_SECONDS }, MAX_TTL_SECONDS);
    },
  }),
  defineCase({
    id: "services/market/post-refuses-odd-lifetimes",
    requirement: "MKT-012",
    brokenBy: ["post-ttl-negative"],
    effects: "none",
    async run(context) {
      for (const ttl of [0, -5, "long"]) await refuses(context, { ttl_seconds: ttl });
    },
  }),
  defineCase({
    id: "services/market/post-content-comes-back",
    requirement: "MKT-013",
    brokenBy: ["post-coordinates-rounded"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const input = usualInput(context, {
        body: "Äpfel & Öl für Übermorgen 🍎\nzweite Zeile",
        tags: ["Obst", "größer-als"],
        location: { lat: 52.5163, lng: 13.3777, label: "Tor, östliche Seite" },
      });
      const { entry, answer } = await entryOfMade(context, alice, await makePost(context, alice, input));
      const names = ["title", "body", "tags", "location"] as const;
      judged(context, answer, ...names.map((name) => equals(entry[name], input[name], `the listed ${name}`)));
    },
  }),
  defineCase({
    id: "services/market/post-optional-members",
    requirement: "MKT-014",
    brokenBy: ["post-needs-location"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const made = await makePost(context, alice, bareInput(context));
      const { entry: { location = null, tags = [] }, answer } = await entryOfMade(context, alice, made);
      judged(
        context,
        answer,
        holds(location === null, "no location", location),
        holds(tags === null || (Array.isArray(tags) && tags.length === 0), "no tags", tags),
      );
    },
  }),
  defineCase({
    id: "services/market/post-refuses-strangers",
    requirement: "MKT-015",
    brokenBy: ["market-posts-of-strangers"],
    effects: "none",
    async run(context) {
      const alice = await context.actors.member("alice");
      const before = await headOf(context);
      const input = postInput(context);
      context.must(
        refusedWith(await context.target.call(context.actors.stranger(), "market.post", input), "unauthorized"),
      );
      const { posts, answer } = await list(context, alice, from(before));
      const found = posts.find(({ title }) => title === input.title);
      context.must.all(succeeded(answer), of(answer, holds(found === undefined, "nothing was posted", found)));
    },
  }),
];
