/** market.search. CONTRACT §4.14. */

import { hasMembers, holds, isNumber, of, refusedAsBadBody, refusedWith } from "../../../src/check/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { judged } from "../../core/events/helpers.ts";
import { makePost } from "../../core/events/posts.ts";
import { ENTRY, isGone, mustExpire, postsOf, search, searchFor, syncedPost, usualInput, withId } from "./helpers.ts";

/** Letters of a word that no other post has. */
const RARE_LETTERS = 12;
/** Results among which an exact title has to be. */
const FIRST_RESULTS = 3;

export const searchCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/market/search-form",
    requirement: "MKT-044",
    brokenBy: ["search-scores-apart"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const word = context.random.word(RARE_LETTERS);
      const made = await makePost(context, alice, usualInput(context, { title: `Lending ${word}` }));
      const { posts, answer } = await searchFor(context, alice, { query: word }, made.eventId);
      const entry = withId(posts, made.eventId);
      judged(context, answer, holds(entry !== undefined, `the post with ${word} in its title`, "it is not found"));
      for (const post of posts) {
        judged(context, answer, hasMembers(post, ENTRY, "an entry"), isNumber(post.score, "score"));
      }
    },
  }),
  defineCase({
    id: "services/market/search-best-first",
    requirement: "MKT-045",
    brokenBy: ["search-in-order-of-lamport"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const word = context.random.word(RARE_LETTERS);
      if (context.target.advertised("market.post") !== undefined) {
        await makePost(context, alice, usualInput(context, { body: `Somewhere in here stands ${word} once` }));
        await makePost(context, alice, usualInput(context, { title: `A ${word} for sale`, tags: [word] }));
        await makePost(context, alice, usualInput(context, { title: word, tags: [word], body: word }));
      }
      const answer = await search(context, alice, { query: word });
      const scores = context.must.get(postsOf(answer)).map(({ score }) => Number(score));
      if (scores.length < 2) context.inconclusive("the search found fewer than two posts to compare");
      const falling = scores.every((score, i) => i === 0 || score <= (scores[i - 1] ?? Infinity));
      judged(context, answer, holds(falling, "descending scores", scores));
    },
  }),
  defineCase({
    id: "services/market/search-k",
    requirement: "MKT-046",
    brokenBy: ["search-ignores-k"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const word = context.random.word(RARE_LETTERS);
      for (let i = 0; i < 5; i++) await makePost(context, alice, usualInput(context, { title: `${word} ${i}` }));
      const k = 2;
      const answer = await search(context, alice, { query: word, k });
      const found = context.must.get(postsOf(answer)).length;
      judged(context, answer, holds(found <= k, `at most ${k} results`, `${found}`));
    },
  }),
  defineCase({
    id: "services/market/search-finds-nothing-ended",
    requirement: "MKT-047",
    brokenBy: ["search-finds-ended-posts"],
    effects: "writes",
    async run(context) {
      const alice = await context.actors.member("alice");
      const word = context.random.word(RARE_LETTERS);
      const post = await syncedPost(context, alice, `Lending ${word}`);
      await mustExpire(context, alice, post, "withdrawn");
      await isGone(context, alice, post);
      const answer = await search(context, alice, { query: word });
      const entry = withId(context.must.get(postsOf(answer)), post.event_id);
      judged(context, answer, holds(entry === undefined, `the ended post ${post.event_id} is not found`, entry));
    },
  }),
  defineCase({
    id: "services/market/search-exact-title",
    requirement: "MKT-048",
    brokenBy: ["search-compares-tags-only"],
    effects: "writes",
    async run(context) {
      const { random, should } = context;
      const alice = await context.actors.member("alice");
      const title = [0, 1, 2].map(() => random.word(RARE_LETTERS)).join(" ");
      const made = await makePost(context, alice, usualInput(context, { title }));
      const { posts, answer } = await searchFor(context, alice, { query: title }, made.eventId);
      const among = withId(posts.slice(0, FIRST_RESULTS), made.eventId);
      const expected = `the post titled ${title} among the first ${FIRST_RESULTS}`;
      should(of(answer, holds(among !== undefined, expected, posts.map((post) => post.title ?? null))));
    },
  }),
  defineCase({
    id: "services/market/search-needs-query",
    requirement: "MKT-049",
    brokenBy: ["search-without-query"],
    effects: "none",
    async run(context) {
      context.must(refusedAsBadBody(await search(context, await context.actors.member("alice"), { k: 5 })));
    },
  }),
  defineCase({
    id: "services/market/search-without-embedding",
    requirement: "MKT-050",
    brokenBy: ["search-crashes-without-embedding"],
    effects: "harm",
    async run(context) {
      const { target, should } = context;
      if (target.advertised("embed.text") !== undefined) {
        if (!target.profile.features.has("backend-fault")) context.skip("embed.text is advertised");
        await target.provision({ backendFault: "absent" });
      }
      const answer = await search(context, await context.actors.member("alice"), { query: "ladder" });
      if (answer.status === 200) should.get(postsOf(answer));
      else should(refusedWith(answer, "partition"));
    },
  }),
];
