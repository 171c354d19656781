/** Faults of the reference node: posting, listing, ending and searching posts. */

import { compareEvents, isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { faults, type OutboundAnswer } from "../fault.ts";
import { eventsRules } from "../rules/events.ts";
import { servicesRules } from "../rules/services.ts";

const DAY_SECONDS = 86_400;
/** Period of a sweeper that removes what has expired. */
const SWEEP_MS = 60_000;
/** More than any board has. */
const EVERYTHING = 1_000_000;
const UPDATED = "market.post.updated";

/** Changes `output` of one capability's answers. */
export const outputOf =
  (capability: string, change: (output: JsonObject) => JsonObject) => (answer: OutboundAnswer): OutboundAnswer => {
    const { body } = answer;
    if (answer.capability !== capability || answer.status !== 200) return answer;
    if (typeof body !== "object" || body instanceof Uint8Array || !isObject(body.output)) return answer;
    return { ...answer, body: { ...body, output: change(body.output) } };
  };

/** Page sizes of which one listing's are changed. */
export const pages = (
  listing: "market.list" | "market.search" | "chat.history",
  size: (asked: number | undefined) => number | undefined,
) => ({
  pageSize:
    ((of, asked) =>
      of === listing ? size(asked) : servicesRules.pageSize(of, asked)) satisfies typeof servicesRules.pageSize,
});

/** No repeat of a capability is recognised. */
export const forgets = (capability: string) => ({
  requestKey:
    ((name, input) =>
      name === capability
        ? undefined
        : servicesRules.requestKey(name, input)) satisfies typeof servicesRules.requestKey,
});

const rounded = (place: Json | undefined): Json =>
  isObject(place)
    ? { ...place, lat: Math.round(Number(place.lat)), lng: Math.round(Number(place.lng)) }
    : place ?? null;

export const servicesMarketFaults = faults({
  "post-answers-with-id": {
    breaks: [
      "MKT-001",
      "MKT-003",
      "MKT-004",
      "MKT-006",
      "MKT-008",
      "MKT-009",
      "MKT-011",
      "MKT-013",
      "MKT-014",
      "MKT-017",
      "MKT-018",
      "MKT-019",
      "MKT-020",
      "MKT-021",
      "MKT-022",
      "MKT-024",
      "MKT-025",
      "MKT-044",
      "MKT-045",
      "MKT-046",
      "MKT-048",
      "MKT-051",
      "TRN-070",
      "EVT-034",
      "EVT-040",
      "EVT-041",
      "EVT-042",
      "EVT-043",
      "EVT-044",
      "EVT-045",
      "EVT-046",
      "EVT-063",
      "EVT-064",
      "EVT-065",
      "EVT-066",
      "EVT-067",
      "EVT-068",
      "EVT-069",
    ],
    outbound: outputOf("market.post", ({ event_id, ...rest }) => ({ ...rest, id: event_id ?? null })),
  },
  "post-repeats-are-new": {
    breaks: ["MKT-003", "MKT-004", "BUS-041"],
    rules: forgets("market.post"),
  },
  "post-retry-overwrites-title": {
    breaks: ["MKT-004"],
    rules: {
      onRepeat: (append, { event_id, event_type }, { title }) => {
        if (event_type !== "market.post.created") return;
        append(UPDATED, { target_event_id: event_id, fields: { title: title ?? null } });
      },
    },
  },
  "post-makes-up-client-id": {
    breaks: ["MKT-005"],
    rules: { postRequired: ["category", "title", "body"] },
  },
  "emergency-for-trusted-only": {
    breaks: ["MKT-006", "MKT-018"],
    rules: { postCategoryKnown: (category) => category !== "emergency" && servicesRules.postCategoryKnown(category) },
  },
  "post-category-free-text": {
    breaks: ["MKT-007", "BUS-025", "BUS-028"],
    rules: { postCategoryKnown: () => true },
  },
  "post-lives-one-day": {
    breaks: ["MKT-008", "EVT-069"],
    rules: { postDefaultTtlSeconds: DAY_SECONDS },
  },
  "post-ttl-ignored": {
    breaks: ["MKT-009", "MKT-011", "MKT-025"],
    rules: {
      postData: ({ ttl_seconds: _, ...input }, defaultTtl) => servicesRules.postData(input, defaultTtl),
    },
  },
  "post-ttl-without-maximum": {
    breaks: ["MKT-010"],
    rules: { postTtlRefused: () => false },
  },
  "post-ttl-maximum-exclusive": {
    breaks: ["MKT-011"],
    rules: { postTtlRefused: (ttlSeconds, max) => ttlSeconds >= max },
  },
  "post-ttl-negative": {
    breaks: ["MKT-012"],
    rules: { postTtlSchema: { type: "integer" } },
  },
  "post-coordinates-rounded": {
    breaks: ["MKT-013", "EVT-069"],
    rules: {
      postData: (input, defaultTtl) => {
        const data = servicesRules.postData(input, defaultTtl);
        return data.location === undefined ? data : { ...data, location: rounded(data.location) };
      },
    },
  },
  "post-needs-location": {
    breaks: ["MKT-014", "TRN-069", "TRN-070", "TRN-071", "TRN-072", "BUS-041"],
    rules: { postRequired: [...servicesRules.postRequired, "location"] },
  },
  "market-posts-of-strangers": {
    breaks: ["MKT-015"],
    rules: { postTrust: "unknown" },
  },
  "list-without-lamport": {
    breaks: ["MKT-017", "MKT-044", "EVT-048"],
    rules: { listedPost: ({ lamport: _, ...post }) => post },
  },
  "list-ignores-category": {
    breaks: ["MKT-018"],
    rules: { categoryMatches: () => true },
  },
  "list-untagged-pass": {
    breaks: ["MKT-019"],
    rules: { tagsMatch: (tags, wanted) => tags.length === 0 || servicesRules.tagsMatch(tags, wanted) },
  },
  "list-ignores-since": {
    breaks: ["MKT-020"],
    rules: { newerThan: () => true },
  },
  "list-ignores-limit": {
    breaks: ["MKT-021", "MKT-022"],
    rules: pages("market.list", () => EVERYTHING),
  },
  "list-whole-board": {
    breaks: ["MKT-022"],
    rules: pages(
      "market.list",
      (asked) => asked === undefined ? EVERYTHING : servicesRules.pageSize("market.list", asked),
    ),
  },
  "list-huge-limit-crashes": {
    breaks: ["MKT-023"],
    rules: pages("market.list", (asked) => {
      const size = servicesRules.pageSize("market.list", asked);
      if (size === undefined) throw new RangeError(`Cannot make a page: current size is ${asked}`);
      return size;
    }),
  },
  "list-max-lamport-counts": {
    breaks: ["MKT-024"],
    rules: { listMaxLamport: (_, posts) => posts.length },
  },
  "expired-posts-until-sweep": {
    breaks: ["MKT-025"],
    rules: { postAlive: (nowMs, expiresAtMs) => nowMs < expiresAtMs + SWEEP_MS },
  },
  "list-appends-an-event": {
    breaks: ["MKT-026", "TRN-044", "BUS-028"],
    rules: { onList: (append) => append(UPDATED, { target_event_id: "", fields: {} }) },
  },
  "market-open-to-strangers": {
    breaks: ["MKT-027"],
    rules: { listTrust: "unknown" },
  },
  "expire-answers-without-storing": {
    breaks: ["MKT-028", "MKT-029", "MKT-031", "MKT-036", "MKT-047", "MKT-051", "MKT-038", "EVT-049", "EVT-053"],
    log: (event) => event.event_type === "market.post.expired" ? null : event,
  },
  "expire-names-client-id-as-target": {
    breaks: ["MKT-028", "MKT-029", "MKT-031", "MKT-036", "MKT-047"],
    rules: {
      expireData: (input) => ({ ...servicesRules.expireData(input), target_event_id: input["client_id"] ?? null }),
    },
  },
  "expire-by-any-member": {
    breaks: ["MKT-030", "MKT-032", "MKT-040", "MKT-038", "EVT-054"],
    rules: { mayExpirePost: () => true },
  },
  "expire-reason-free-text": {
    breaks: ["MKT-033"],
    rules: { expireReasonKnown: () => true },
  },
  "expire-of-nothing": {
    breaks: ["MKT-030", "MKT-032", "MKT-034", "MKT-035", "MKT-040", "MKT-038", "EVT-054"],
    rules: { expireTarget: "anything", mayExpirePost: () => true },
  },
  "expire-any-event": {
    breaks: ["MKT-035"],
    rules: { expireTarget: "any-event" },
  },
  "expire-repeat-not-found": {
    breaks: ["MKT-036"],
    rules: { expireRepeatsFirst: false },
  },
  "updates-not-applied": {
    breaks: ["MKT-038", "EVT-050", "EVT-051", "EVT-052"],
    rules: { postUpdateCounts: () => false },
  },
  "updates-of-titles-ignored": {
    breaks: ["MKT-038"],
    rules: { postUpdatableFields: servicesRules.postUpdatableFields.filter((name) => name !== "title") },
  },
  "updates-by-anyone": {
    breaks: ["MKT-039", "MKT-038"],
    rules: { postUpdateCounts: () => true },
  },
  "search-scores-apart": {
    breaks: ["MKT-044", "MKT-045"],
    outbound: outputOf("market.search", ({ posts, ...rest }) => {
      const found = (Array.isArray(posts) ? posts : []) as JsonObject[];
      return {
        ...rest,
        posts: found.map(({ score: _, ...post }) => post),
        scores: found.map(({ score }) => score ?? null),
      };
    }),
  },
  "search-in-order-of-lamport": {
    breaks: ["MKT-045"],
    rules: { searchOrder: compareEvents },
  },
  "search-ignores-k": {
    breaks: ["MKT-046"],
    rules: pages("market.search", () => EVERYTHING),
  },
  "search-finds-ended-posts": {
    breaks: ["MKT-047"],
    rules: { searchable: () => true },
  },
  "search-compares-tags-only": {
    breaks: ["MKT-044", "MKT-048"],
    rules: {
      searchScore: (query, { tags }) => servicesRules.searchScore(query, { title: "", body: "", tags }),
    },
  },
  "search-without-query": {
    breaks: ["MKT-049"],
    rules: { searchRequired: [] },
  },
  "search-crashes-without-embedding": {
    breaks: ["MKT-050"],
    rules: { searchWithoutEmbedding: "internal_error" },
  },
  "topics-keep-the-newest-only": {
    breaks: ["MKT-051"],
    rules: { keptMessages: 1 },
  },
  "market-topics-named-after-types": {
    breaks: [
      "MKT-051",
      "TRN-069",
      "TRN-071",
      "WSK-042",
      "WSK-043",
      "WSK-044",
      "EVT-063",
      "EVT-064",
      "EVT-065",
      "EVT-066",
      "EVT-067",
      "EVT-068",
      "EVT-069",
    ],
    rules: {
      topicsOf: (event) =>
        eventsRules.topicsOf(event).map(({ topic, payload }) => ({
          topic: topic.startsWith("marketplace.") ? event.event_type : topic,
          payload,
        })),
    },
  },
});
