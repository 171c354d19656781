/** market.post, market.list, market.expire, market.search. CONTRACT §4.11 to §4.14; wire-format-services.md section 8. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { type Call, type CapabilityDescriptor, type NodeCore, NodeError, type UnaryResult } from "../core.ts";
import type { Post } from "../log/market_view.ts";
import { viewsOf } from "../log/mod.ts";
import type { Listing } from "../rules/services.ts";
import { badRequest, describe, shown } from "./describe.ts";
import { earlierEvent, repeated, writeOnce } from "./repeats.ts";

/** Longest texts the node takes; choices, far above what people write on a notice board. */
const MAX_CLIENT_ID = 128;
const MAX_TITLE = 500;
const MAX_BODY = 65_536;
const MAX_TAGS = 64;
const MAX_QUERY = 1000;

const TEXT = { type: "string" };
const CLIENT_ID = { type: "string", minLength: 1, maxLength: MAX_CLIENT_ID };
const TAGS = { type: "array", maxItems: MAX_TAGS, items: TEXT };
const COUNT = { type: "integer", minimum: 1 };
const WRITTEN = {
  type: "object",
  required: ["event_id", "lamport"],
  properties: { event_id: TEXT, lamport: { type: "integer" } },
};
const POST = {
  type: "object",
  required: ["event_id", "lamport", "author", "category", "title", "body", "created_at", "expires_at"],
  properties: {
    event_id: TEXT,
    lamport: { type: "integer" },
    author: TEXT,
    category: TEXT,
    title: TEXT,
    body: TEXT,
    location: { type: "object" },
    tags: TAGS,
    created_at: TEXT,
    expires_at: TEXT,
    score: { type: "number" },
  },
};
const POSTS = {
  type: "object",
  required: ["posts", "max_lamport"],
  properties: { posts: { type: "array", items: POST }, max_lamport: { type: "integer" } },
};

/** Registers the family. */
export function registerMarket(core: NodeCore): void {
  const [post, list, expire, search] = descriptors(core);
  core.bus.register(post, (call) => makePost(core, call));
  core.bus.register(list, (call) => listPosts(core, call));
  core.bus.register(expire, (call) => expirePost(core, call));
  core.bus.register(search, (call) => searchPosts(core, call));
}

type Four = [CapabilityDescriptor, CapabilityDescriptor, CapabilityDescriptor, CapabilityDescriptor];

function descriptors({ rules }: NodeCore): Four {
  const location = {
    type: ["object", "null"],
    properties: { lat: { type: "number" }, lng: { type: "number" }, label: TEXT },
  };
  return [
    describe({
      name: "market.post",
      trust: rules.postTrust,
      request_schema: inputSchema(rules.postRequired, {
        client_id: CLIENT_ID,
        category: TEXT,
        title: { type: "string", maxLength: MAX_TITLE },
        body: { type: "string", maxLength: MAX_BODY },
        location,
        tags: TAGS,
        ttl_seconds: rules.postTtlSchema,
      }),
      response_schema: outputSchema(WRITTEN),
    }),
    describe({
      name: "market.list",
      trust: rules.listTrust,
      request_schema: inputSchema([], {
        category: TEXT,
        tags: TAGS,
        since_lamport: { type: "integer", minimum: 0 },
        limit: COUNT,
      }),
      response_schema: outputSchema(POSTS),
    }),
    describe({
      name: "market.expire",
      trust: rules.postTrust,
      request_schema: inputSchema(rules.expireRequired, { client_id: CLIENT_ID, event_id: TEXT, reason: TEXT }),
      response_schema: outputSchema(WRITTEN),
    }),
    describe({
      name: "market.search",
      trust: rules.listTrust,
      request_schema: inputSchema(rules.searchRequired, { query: { type: "string", maxLength: MAX_QUERY }, k: COUNT }),
      response_schema: outputSchema(POSTS),
    }),
  ];
}

/** Schema of a call body with the given input members. */
export function inputSchema(required: readonly string[], properties: JsonObject): JsonObject {
  const input = { type: "object", required: [...required], properties };
  return {
    type: "object",
    ...(required.length === 0 ? {} : { required: ["input"] }),
    properties: { params: { type: "object" }, input },
  };
}

/** Schema of an answer with the given output. */
export function outputSchema(output: JsonObject): JsonObject {
  return { type: "object", required: ["output"], properties: { output } };
}

async function makePost(core: NodeCore, call: Call): Promise<UnaryResult> {
  const { rules } = core;
  const { input } = call;
  requireKnown("category", input["category"], rules.postCategoryKnown);
  const { ttl_seconds: ttl } = input;
  if (typeof ttl === "number" && rules.postTtlRefused(ttl, rules.postMaxTtlSeconds)) {
    throw badRequest(`Cannot post: ttl_seconds is ${ttl}, at most ${rules.postMaxTtlSeconds}`);
  }
  const data = () => rules.postData(input, rules.postDefaultTtlSeconds);
  return { output: rules.eventAnswer(await writeOnce(core, call, "market.post.created", data)) };
}

async function expirePost(core: NodeCore, call: Call): Promise<UnaryResult> {
  const { rules } = core;
  const { event_id: eventId, reason } = call.input;
  requireKnown("reason", reason, rules.expireReasonKnown);
  const type = "market.post.expired";
  const earlier = rules.expireRepeatsFirst ? earlierEvent(core, call, type) : undefined;
  if (earlier !== undefined) return { output: rules.eventAnswer(repeated(core, call, earlier)) };
  const owner = ownerOf(core, String(eventId));
  if (owner === undefined) throw new NodeError("not_found", `Cannot expire: no post ${shown(eventId)}`);
  const level = call.level === "self" ? core.community.level(core.identity.id) : call.level;
  const who = { actor: call.caller, owner, level };
  if (!rules.mayExpirePost(who, String(reason))) {
    const code = rules.expireRefusalCode(who, String(reason));
    throw new NodeError(code, "Cannot expire: the post belongs to someone else");
  }
  return { output: rules.eventAnswer(await writeOnce(core, call, type, () => rules.expireData(call.input))) };
}

/** Whose post an id names; undefined: nothing that can be expired. */
function ownerOf(core: NodeCore, eventId: string): string | undefined {
  const { market } = viewsOf(core);
  const post = market.get(eventId);
  switch (core.rules.expireTarget) {
    case "posts":
      return post !== undefined && (core.rules.expireRepeatsFirst || !post.ended) ? post.author : undefined;
    case "any-event":
      return post?.author ?? core.log.get(eventId)?.author;
    case "anything":
      return post?.author ?? core.identity.id;
  }
}

function listPosts(core: NodeCore, call: Call): UnaryResult {
  const { rules } = core;
  const { category, tags, since_lamport: since } = call.input;
  if (category !== undefined) requireKnown("category", category, rules.postCategoryKnown);
  const size = pageSize(core, "market.list", call.input["limit"]);
  rules.onList?.((type, data) => void core.log.append(type, data));
  const wanted = Array.isArray(tags) ? tags.map(String) : [];
  const { market } = viewsOf(core);
  const found = market.live(core.clock.wall())
    .filter((post) => typeof category !== "string" || rules.categoryMatches(post.category, category))
    .filter((post) => wanted.length === 0 || rules.tagsMatch(post.tags, wanted))
    .filter((post) => rules.newerThan(post.lamport, typeof since === "number" ? since : 0))
    .sort(rules.listOrder)
    .slice(0, size);
  return answer(core, found.map((post) => rules.listedPost(shownPost(post))));
}

function searchPosts(core: NodeCore, call: Call): UnaryResult {
  const { rules } = core;
  const query = String(call.input["query"] ?? "");
  const size = pageSize(core, "market.search", call.input["k"]);
  if (core.options.backendFault === "absent" && rules.searchWithoutEmbedding !== "text") {
    throw new NodeError(rules.searchWithoutEmbedding, "Cannot search: no embedding provider is reachable");
  }
  const { market } = viewsOf(core);
  const alive = new Set(market.live(core.clock.wall()));
  const posts = rules.searchable(false) ? market.all() : [...alive];
  const found = posts.filter((post) => rules.searchable(alive.has(post)))
    .map((post) => ({ ...post, score: rules.searchScore(query, post) }))
    .filter(({ score }) => score > 0)
    .sort(rules.searchOrder)
    .slice(0, size);
  return answer(core, found.map((post) => ({ ...rules.listedPost(shownPost(post)), score: post.score })));
}

function answer(core: NodeCore, posts: JsonObject[]): UnaryResult {
  return { output: { posts, max_lamport: core.rules.listMaxLamport(viewsOf(core).market.maxLamport(), posts) } };
}

function shownPost(post: Post): JsonObject {
  const { event_id, lamport, author, category, title, body, location, tags, created_at, expires_at } = post;
  const place = isObject(location) ? { location } : {};
  return { event_id, lamport, author, category, title, body, ...place, tags: [...tags], created_at, expires_at };
}

/** Entries of a page. @throws {NodeError} `bad_request` if the rules refuse the number. */
export function pageSize(core: NodeCore, listing: Listing, asked: Json | undefined): number {
  const size = core.rules.pageSize(listing, typeof asked === "number" ? asked : undefined);
  if (size === undefined) throw badRequest(`Cannot list: the page size is ${shown(asked)}`);
  return size;
}

function requireKnown(name: string, value: Json | undefined, known: (value: string) => boolean): void {
  if (typeof value !== "string" || !known(value)) {
    throw badRequest(`Cannot use ${name}: current value is ${shown(value)}`);
  }
}
