/** The market: what a post says comes back, and listings hold what was asked for (services/market). */

import type { Json, JsonObject } from "../../src/protocol/mod.ts";
import { isCount, isNumber, isSorted, isText, isUlid, isUtcTime, sameJson, secondsBetween } from "./forms.ts";
import { metaOf, ofOutput } from "./member_checks.ts";
import { type Exchange, header, isDone, objectOf, objectsOf, type Oracle } from "./oracle.ts";

const LISTS = /^(market\.list|llm\.tools\.call)$/;
const VIEWS = /^(market\.(list|search)|llm\.tools\.call)$/;
/** Posts without a limit, and the most of any (CONTRACT §4.12). */
const USUAL_LIMIT = 50;
const MOST = 500;
/** Life of a post that states none: 7 days. */
const USUAL_LIFE_S = 604_800;
/** Seconds by which a post may outlive its end in a listing: both ends are rounded, and clocks differ. */
const OUTLIVES_S = 5;
/** Seconds two roundings of one span may differ. */
const ROUNDING_S = 1;
const NEEDED = ["author", "body", "category", "title"];

/** What a listing was asked for, also through `llm.tools.call`. */
function asked({ address, input }: Exchange): JsonObject | undefined {
  if (address !== "llm.tools.call") return input;
  return /^market\.(list|search)@/.test(String(input.target_capability))
    ? objectOf(objectOf(input.target_body).input)
    : undefined;
}

const listing = (
  id: string,
  place: RegExp,
  test: (posts: readonly JsonObject[], input: JsonObject, e: Exchange) => boolean | undefined,
  address = LISTS,
) =>
  ofOutput(address, id, place, ({ posts }, e) => {
    const input = asked(e);
    return input === undefined || !Array.isArray(posts) ? undefined : test(objectsOf(posts), input, e);
  });

/** Accepted posts of the same side by event id, as they were sent first. */
function posted({ before }: Exchange): Map<Json, JsonObject> {
  const all = new Map<Json, JsonObject>();
  for (const one of before) {
    const { event_id: id } = one.output;
    if (one.address === "market.post" && isDone(one) && isText(id) && !all.has(id)) all.set(id, one.input);
  }
  return all;
}

/** Posts that the tester's pushes may have changed. */
function isTouched({ before }: Exchange, id: Json | undefined): boolean {
  return before.some(({ address, body }) =>
    address.startsWith("POST /sync") && JSON.stringify(body).includes(String(id))
  );
}

/** Whether every listed post that the tester posted passes. */
function ofPosted(
  id: string,
  place: RegExp,
  test: (post: JsonObject, input: JsonObject) => boolean | undefined,
): Oracle {
  return listing(id, place, (posts, _, e) => {
    const inputs = posted(e);
    const verdicts = posts.flatMap((post) => {
      const input = inputs.get(post.event_id ?? "");
      return input === undefined || isTouched(e, post.event_id) ? [] : [test(post, input)];
    }).filter((verdict) => verdict !== undefined);
    return verdicts.length === 0 ? undefined : verdicts.every((verdict) => verdict);
  }, VIEWS);
}

const lifeIs = (post: JsonObject, seconds: number) => {
  const life = secondsBetween(post.created_at, post.expires_at);
  return life === undefined ? undefined : Math.abs(life - seconds) <= ROUNDING_S;
};

export const marketOracles: readonly Oracle[] = [
  ofOutput(
    "market.post",
    "MKT-001",
    /^output\.(event_id|lamport)$|^output$|^meta/,
    (output, e) => isUlid(output.event_id) && Number.isInteger(output.lamport) && metaOf(e).ms !== undefined,
  ),
  ofOutput("market.expire", "MKT-028", /^output/, ({ event_id: id, lamport }) => isUlid(id) && isCount(lamport)),
  listing(
    "MKT-018",
    /posts/,
    (posts, { category }) => isText(category) ? posts.every((post) => post.category === category) : undefined,
  ),
  listing("MKT-019", /posts/, (posts, { tags }) => {
    if (!Array.isArray(tags)) return undefined;
    return posts.every((post) => Array.isArray(post.tags) && tags.some((tag) => (post.tags as Json[]).includes(tag)));
  }),
  listing(
    "MKT-020",
    /posts/,
    (posts, { since_lamport: since }) =>
      isCount(since) ? posts.every(({ lamport }) => Number(lamport) > since) : undefined,
  ),
  listing("MKT-021", /posts/, (posts, { limit }) => isCount(limit) && limit > 0 ? posts.length <= limit : undefined),
  listing("MKT-022", /posts/, (posts, { limit }) => limit === undefined ? posts.length <= USUAL_LIMIT : undefined),
  listing("MKT-023", /posts/, (posts) => posts.length <= MOST),
  ofOutput(
    LISTS,
    "MKT-024",
    /max_lamport$/,
    ({ posts, max_lamport: most }) =>
      Array.isArray(posts) ? objectsOf(posts).every(({ lamport }) => Number(most) >= Number(lamport)) : undefined,
  ),
  listing("MKT-025", /posts/, (posts, { include_expired: all }, e) => {
    const now = header(e, "x-hearthnet-timestamp");
    if (all !== undefined || !isUtcTime(now)) return undefined;
    return posts.every(({ expires_at: end }) => (secondsBetween(end, now) ?? 0) <= OUTLIVES_S);
  }),
  listing("MKT-028", /posts/, (posts, { include_expired: all }, e) => {
    if (all !== undefined) return undefined;
    const ended = e.before.filter((one) => one.step.origin === "market.expire/author" && isDone(one))
      .map(({ input }) => input.event_id);
    return ended.length === 0 ? undefined : !posts.some(({ event_id: id }) => ended.includes(id));
  }),
  ofPosted(
    "MKT-008",
    /expires_at$|created_at$/,
    (post, { ttl_seconds: ttl }) => ttl === undefined ? lifeIs(post, USUAL_LIFE_S) : undefined,
  ),
  ofPosted(
    "MKT-009",
    /expires_at$|created_at$/,
    (post, { ttl_seconds: ttl }) => isNumber(ttl) ? lifeIs(post, ttl) : undefined,
  ),
  ofPosted("MKT-004", /posts\[\]\.title$/, (post, { title }) => post.title === title),
  ofPosted(
    "MKT-013",
    /posts\[\]\.(title|body|tags|location)/,
    (post, input) =>
      post.title === input.title && post.body === input.body &&
      (input.location === undefined || sameJson(post.location, input.location)) &&
      (input.tags === undefined || sameJson(post.tags, input.tags)),
  ),
  listing("EVT-048", /posts\[\]\.(author|lamport)$/, (posts, _, e) => {
    const pushed = e.before.filter(({ address, answer }) =>
      address.startsWith("POST /sync") && Number(objectOf(answer.value).accepted) > 0
    ).flatMap(({ body }) => objectsOf(body.events));
    // Of two events under one id the first counts, which may have come in any of the pushes.
    const ids = pushed.map(({ event_id: id }) => id);
    const once = pushed.filter(({ event_id: id }) => ids.indexOf(id) === ids.lastIndexOf(id));
    const known = new Map(
      once.filter((one) => one.event_type === "market.post.created").map((one) => [one.event_id, one]),
    );
    const listed = posts.flatMap((post) => {
      const event = known.get(post.event_id ?? "");
      return event === undefined ? [] : [post.author === event.author && post.lamport === event.lamport];
    });
    return listed.length === 0 ? undefined : listed.every((kept) => kept);
  }),
  listing(
    "MKT-017",
    /^output/,
    (posts) =>
      posts.every((post) =>
        isUlid(post.event_id) && isCount(post.lamport) && NEEDED.every((name) => isText(post[name])) &&
        isUtcTime(post.created_at) && isUtcTime(post.expires_at)
      ),
  ),
  ofOutput(
    "market.search",
    "MKT-046",
    /posts/,
    ({ posts }, { input }) => isCount(input.k) && Array.isArray(posts) ? posts.length <= input.k : undefined,
  ),
  ofOutput(
    "market.search",
    "MKT-044",
    /^output|^signature\.header$/,
    ({ posts }) =>
      Array.isArray(posts) && objectsOf(posts).every((post) => isNumber(post.score) && isUlid(post.event_id)),
  ),
  ofOutput(
    "market.search",
    "MKT-045",
    /posts/,
    ({ posts }) => isSorted(objectsOf(posts).map(({ score }) => Number(score)), true),
  ),
];
