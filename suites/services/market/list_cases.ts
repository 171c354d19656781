/** market.list. CONTRACT §4.11. */

import {
  equals,
  hasMembers,
  holds,
  isInteger,
  isString,
  matches,
  noServerError,
  of,
  output,
  refusedAsBadBody,
  refusedWith,
  status,
} from "../../../src/check/mod.ts";
import {
  type EventEnvelope,
  type JsonObject,
  NODE_ID_PATTERN,
  parseTimestamp,
  TIMESTAMP_PATTERN,
  ULID_PATTERN,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { given, judged } from "../../core/events/helpers.ts";
import { freshTitle, type MadePost, makePost, postEvent } from "../../core/events/posts.ts";
import { CATEGORIES, ENTRY, entryOfMade, from, list, MAX_LISTED, postsOf, usualInput, withId } from "./helpers.ts";

/** Entries of a listing without limit (CONTRACT §4.11), and a few more than that. */
const DEFAULT_LISTED = 50;
const FULL_BOARD = 55;
/** Members who fill the board, so that each stays below ten calls per second. */
const POSTERS = 8;
/** Time between two calls of one member in milliseconds, where there are fewer of them. */
const POLITE_MS = 125;
/** Life of a post that is to end, how long it may linger, and the pause between two looks. */
const SHORT_TTL_SECONDS = 2;
const LINGER_MS = 5000;
const LOOK_EVERY_MS = 200;
/** How often two listings may differ because others wrote. */
const COMPARISONS = 3;

/** Posts with further members, made one after the other. */
async function posts(context: CaseContext, ...more: readonly JsonObject[]): Promise<readonly MadePost[]> {
  const made: MadePost[] = [];
  for (const members of more) {
    made.push(await makePost(context, await context.actors.member("alice"), usualInput(context, members)));
  }
  return made;
}

/** More posts than a listing shows by default: in one push where events can be pushed, else by call. */
async function fillBoard(context: CaseContext): Promise<void> {
  const { target, actors } = context;
  if (target.profile.sync) {
    const alice = await actors.member("alice");
    const events: EventEnvelope[] = [];
    for (let i = 0; i < FULL_BOARD; i++) events.push(await postEvent(context, alice, freshTitle(context, "Many")));
    return await given(context, "a full board", ...events);
  }
  const count = Math.min(POSTERS, target.profile.identities.member);
  for (let i = 0; i < FULL_BOARD; i++) {
    if (count < POSTERS && i >= count) await target.sleep(POLITE_MS / count);
    await makePost(context, await actors.member(`poster-${i % count}`), usualInput(context));
  }
}

export const listCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/market/list-form",
    requirement: "MKT-017",
    brokenBy: ["list-without-lamport"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const made = await makePost(context, alice);
      const { entry, answer } = await entryOfMade(context, alice, made);
      judged(
        context,
        answer,
        hasMembers(entry, [...ENTRY, "location", "tags"], "the entry"),
        equals(entry.lamport, made.lamport, "lamport, as in the post's answer,"),
        matches(entry.event_id, ULID_PATTERN, "event_id"),
        matches(entry.author, NODE_ID_PATTERN, "author"),
        isString(entry.title, "title"),
        isString(entry.body, "body"),
        holds(
          parseTimestamp(entry.created_at) !== undefined,
          `created_at as in ${TIMESTAMP_PATTERN}`,
          entry.created_at,
        ),
        holds(
          parseTimestamp(entry.expires_at) !== undefined,
          `expires_at as in ${TIMESTAMP_PATTERN}`,
          entry.expires_at,
        ),
        isInteger(context.must.get(output(answer)).max_lamport, "output.max_lamport", 0),
      );
    },
  }),
  defineCase({
    id: "services/market/list-by-category",
    requirement: "MKT-018",
    brokenBy: ["list-ignores-category"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const made = await posts(context, ...CATEGORIES.map((category) => ({ category })));
      for (const post of made) await entryOfMade(context, alice, post);
      const { posts: found, answer } = await list(context, alice, { ...from(made[0]?.lamport ?? 0), category: "info" });
      const other = found.find(({ category }) => category !== "info");
      const wanted = made[CATEGORIES.indexOf("info")]?.eventId ?? "";
      judged(
        context,
        answer,
        holds(other === undefined, "only posts of category info", other),
        holds(withId(found, wanted) !== undefined, `the info post ${wanted} among them`, "it is not"),
      );
    },
  }),
  defineCase({
    id: "services/market/list-by-tags",
    requirement: "MKT-019",
    brokenBy: ["list-untagged-pass"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const [a, b] = [context.random.word(), context.random.word()];
      const [tagged, other, bare] = await posts(context, { tags: [a] }, { tags: [b] }, {});
      if (bare !== undefined) await entryOfMade(context, alice, bare);
      const { posts: found, answer } = await list(context, alice, { ...from(tagged?.lamport ?? 0), tags: [a] });
      const wrong = [other, bare].find((post) => withId(found, post?.eventId ?? "") !== undefined);
      judged(
        context,
        answer,
        holds(withId(found, tagged?.eventId ?? "") !== undefined, `the post tagged ${a}`, "it is not listed"),
        holds(wrong === undefined, `no post without the tag ${a}`, wrong?.input),
      );
    },
  }),
  defineCase({
    id: "services/market/list-since-lamport",
    requirement: "MKT-020",
    brokenBy: ["list-ignores-since"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const [first, second, third] = await posts(context, {}, {}, {});
      if (third !== undefined) await entryOfMade(context, alice, third);
      const { posts: found, answer } = await list(context, alice, {
        since_lamport: second?.lamport ?? 0,
        limit: MAX_LISTED,
      });
      judged(
        context,
        answer,
        holds(withId(found, first?.eventId ?? "") === undefined, "no post before since_lamport", first?.lamport),
        holds(withId(found, third?.eventId ?? "") !== undefined, "the post after since_lamport", "it is not listed"),
      );
    },
  }),
  defineCase({
    id: "services/market/list-limit",
    requirement: "MKT-021",
    brokenBy: ["list-ignores-limit"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const made = await posts(context, {}, {}, {}, {}, {});
      for (const post of made.slice(-1)) await entryOfMade(context, alice, post);
      const limit = 2;
      const { posts: found, answer } = await list(context, alice, { limit });
      judged(context, answer, holds(found.length <= limit, `at most ${limit} posts`, `${found.length}`));
    },
  }),
  defineCase({
    id: "services/market/list-fifty-by-default",
    requirement: "MKT-022",
    brokenBy: ["list-whole-board"],
    effects: "writes",
    async run(context) {
      const { target, actors, should } = context;
      await fillBoard(context);
      const answer = await target.call(await actors.member("alice"), "market.list");
      const found = should.get(postsOf(answer));
      should(of(answer, holds(found.length <= DEFAULT_LISTED, `at most ${DEFAULT_LISTED} posts`, `${found.length}`)));
    },
  }),
  defineCase({
    id: "services/market/list-limit-maximum",
    requirement: "MKT-023",
    brokenBy: ["list-huge-limit-crashes"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const alice = await context.actors.member("alice");
      for (const limit of [MAX_LISTED + 1, 100_000]) {
        const answer = await context.target.call(alice, "market.list", { limit });
        must(noServerError(answer));
        if (answer.status !== 200) must(refusedAsBadBody(answer));
        else {
          const found = must.get(postsOf(answer)).length;
          must(of(answer, holds(found <= MAX_LISTED, `at most ${MAX_LISTED} posts`, `${found}`)));
        }
      }
    },
  }),
  defineCase({
    id: "services/market/list-max-lamport",
    requirement: "MKT-024",
    brokenBy: ["list-max-lamport-counts"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      if (context.target.advertised("market.post") !== undefined) await makePost(context, alice);
      const { posts: found, answer } = await list(context, alice, { limit: MAX_LISTED });
      const lamports = found.map(({ lamport }) => lamport).filter((lamport) => typeof lamport === "number");
      const highest = Math.max(0, ...lamports);
      judged(
        context,
        answer,
        isInteger(context.must.get(output(answer)).max_lamport, "output.max_lamport", highest),
      );
    },
  }),
  defineCase({
    id: "services/market/list-drops-expired",
    waitsMs: 2_000,
    requirement: "MKT-025",
    brokenBy: ["expired-posts-until-sweep"],
    effects: "writes",
    timed: true,
    nodeClockMoves: true,
    async run(context) {
      const alice = await context.actors.member("alice");
      const made = await makePost(context, alice, usualInput(context, { ttl_seconds: SHORT_TTL_SECONDS }));
      await context.target.sleep(SHORT_TTL_SECONDS * 1000);
      let last = -1;
      const gone = await context.until(
        async () => {
          const { posts: found, answer } = await list(context, alice, from(made.lamport));
          last = answer.exchange;
          return withId(found, made.eventId) === undefined ? true : undefined;
        },
        LINGER_MS - SHORT_TTL_SECONDS * 1000,
        LOOK_EVERY_MS,
      );
      context.must.hold(gone === true, "a post of 2 s is not listed after 5 s", "it still is", last);
    },
  }),
  defineCase({
    id: "services/market/list-changes-nothing",
    requirement: "MKT-026",
    brokenBy: ["list-appends-an-event"],
    effects: "none",
    async run(context) {
      const alice = await context.actors.member("alice");
      const look = async () => {
        const answer = await context.target.call(alice, "market.list", { limit: MAX_LISTED });
        return { answer, output: context.must.get(output(answer)) };
      };
      let first = await look();
      for (let left = COMPARISONS - 1;; left--) {
        const second = await look();
        const different = equals(second.output, first.output, "output of a second list");
        if (different === undefined) return;
        // Others may write in between; a node of our own has no others.
        if (left === 0 || context.target.profile.features.has("fresh")) context.must(of(second.answer, different));
        first = second;
      }
    },
  }),
  defineCase({
    id: "services/market/list-refuses-strangers",
    requirement: "MKT-027",
    brokenBy: ["market-open-to-strangers"],
    effects: "none",
    async run(context) {
      const answer = await context.target.call(context.actors.stranger(), "market.list");
      context.must.all(status(answer, 401), refusedWith(answer, "unauthorized"));
    },
  }),
];
