/** Numbers and decisions of the reference node: services. Each names the source it follows. */

import { atLeast, compareEvents, isObject, type JsonObject, type Level } from "../../protocol/mod.ts";

/** Who acts on a post, and whose it is. */
export interface PostActor {
  readonly actor: string;
  readonly owner: string;
  readonly level: Level;
}

/** The position of something in a listing. */
export interface ListedPosition {
  readonly event_id: string;
  readonly lamport: number;
  readonly created_at: string;
}

/** How a message left the node (CONTRACT §4.15). */
export type Delivery = "direct" | "forwarded" | "queued";

export interface ServicesRules {
  readonly postCategories: readonly string[];
  readonly postDefaultTtlSeconds: number;
  readonly postMaxTtlSeconds: number;
  /** Whether a lifetime that the schema lets through is refused (CONTRACT §4.12). */
  readonly postTtlRefused: (ttlSeconds: number, max: number) => boolean;
  /** Data of the event made from a post's input. */
  readonly postData: (input: JsonObject, defaultTtl: number) => JsonObject;
  /** Whether a post's data may be shown. */
  readonly postSound: (data: JsonObject, categories: readonly string[]) => boolean;
  readonly postExpiresAt: (createdMs: number, ttlSeconds: number) => number;
  readonly postAlive: (nowMs: number, expiresAtMs: number) => boolean;
  readonly postUpdateCounts: (who: PostActor) => boolean;
  /** Members of a post an update may change. */
  readonly postUpdatableFields: readonly string[];
  readonly expireReasons: readonly string[];
  /** Authors with any reason, trusted members with any but `user_request` (CONTRACT §4.13). */
  readonly mayExpirePost: (who: PostActor, reason: string) => boolean;
  /** Data of the event that ends a post. */
  readonly expireData: (input: JsonObject) => JsonObject;
  /** Whether an id may be expired at all. */
  readonly expireTarget: "posts" | "any-event" | "anything";
  readonly listDefaultLimit: number;
  readonly listMaxLimit: number;
  /** What happens to a limit above the maximum. */
  readonly listOverLimit: "refuse" | "clamp" | "obey";
  /** `since_lamport` is exclusive (wire-format.md section 14). */
  readonly newerThan: (lamport: number, since: number) => boolean;
  readonly categoryMatches: (category: string, wanted: string) => boolean;
  readonly tagsMatch: (tags: readonly string[], wanted: readonly string[]) => boolean;
  readonly listOrder: (a: ListedPosition, b: ListedPosition) => number;
  /** One entry as the answer shows it. */
  readonly listedPost: (post: JsonObject) => JsonObject;
  readonly listMaxLamport: (highest: number, posts: readonly JsonObject[]) => number;
  readonly searchDefaultK: number;
  readonly searchMaxK: number;
  /** Similarity of a post to a query; 0: not found. */
  readonly searchScore: (query: string, post: { title: string; body: string; tags: readonly string[] }) => number;
  readonly searchOrder: (a: { score: number } & ListedPosition, b: { score: number } & ListedPosition) => number;
  /** Members the requests must have. */
  readonly postRequired: readonly string[];
  readonly expireRequired: readonly string[];
  readonly searchRequired: readonly string[];
  readonly chatRequired: readonly string[];
  readonly listTrust: Level;
  readonly postTrust: Level;
  readonly chatTrust: Level;
  readonly historyTrust: Level | "self";

  /** The part of a request that makes a repeat the same request; undefined: every call is new. */
  readonly requestKey: (capability: string, input: JsonObject) => string | undefined;
  /** Something to wait for between the look for an earlier event and the append; the sound node has nothing. */
  readonly beforeAppend: (() => Promise<void>) | undefined;

  /** Refusal of a message, or undefined (M10 §5, §4.6). */
  readonly chatRefusal: (
    message: { recipient: string; body: unknown; attachments: number; self: string; recipientIsMember: boolean },
  ) => "bad_request" | "not_found" | undefined;
  /** Data of the event made from a message's input. */
  readonly chatData: (input: JsonObject) => JsonObject;
  /** Whether attachments have to be in the blob store. */
  readonly attachmentsMustBeHeld: boolean;
  readonly delivery: (reached: { subscriber: boolean; peer: boolean }) => Delivery;
  /** Whether a conversation belongs into the node's history. */
  readonly historyIncludes: (message: { from: string; to: string }, self: string) => boolean;
  readonly historyWithPeer: (message: { from: string; to: string }, peer: string) => boolean;
  readonly historyOrder: (a: ListedPosition, b: ListedPosition) => number;
  readonly historyDefaultLimit: number;
  readonly historyMaxLimit: number;
  readonly historyEntry: (message: JsonObject) => JsonObject;
  /** Whether a delivered or read event counts. */
  readonly receiptCounts: (kind: "delivered" | "read", author: string, recipient: string) => boolean;
  /** Whether the node acknowledges a message it stored, given how often it did so before. */
  readonly acknowledges: (recipient: string, self: string, before: number) => boolean;
  /** Whether a queued message is handed to a caller. */
  readonly forwardsTo: (recipient: string, caller: string) => boolean;
  /** Whether a fetched message leaves the queue. */
  readonly forwardsOnce: boolean;
}

const SECONDS_PER_DAY = 86_400;
const DEFAULT_TTL_DAYS = 7;
const MAX_TTL_DAYS = 30;
/** Weight of a query word in title, tags and body; the whole query as title adds the exact bonus. */
const TITLE_WEIGHT = 3;
const TAG_WEIGHT = 2;
const BODY_WEIGHT = 1;
const EXACT_BONUS = 4;

export const servicesRules: ServicesRules = {
  postCategories: ["offer", "request", "info", "emergency"],
  postDefaultTtlSeconds: DEFAULT_TTL_DAYS * SECONDS_PER_DAY,
  postMaxTtlSeconds: MAX_TTL_DAYS * SECONDS_PER_DAY,
  postTtlRefused: (ttlSeconds, max) => ttlSeconds > max,
  postData: (input, defaultTtl) => {
    const data: JsonObject = {};
    for (const name of ["client_id", "category", "title", "body", "location", "tags"]) {
      const value = input[name];
      if (value !== undefined) data[name] = value;
    }
    data["ttl_seconds"] = input["ttl_seconds"] ?? defaultTtl;
    return data;
  },
  postSound: (data, categories) => {
    const { category, title, body, location, tags, ttl_seconds: ttl } = data;
    return typeof category === "string" && categories.includes(category) && typeof title === "string" &&
      typeof body === "string" && (location === undefined || location === null || isObject(location)) &&
      (tags === undefined || tags === null ||
        (Array.isArray(tags) && tags.every((tag) => typeof tag === "string"))) &&
      (ttl === undefined || (typeof ttl === "number" && Number.isInteger(ttl) && ttl > 0));
  },
  postExpiresAt: (createdMs, ttlSeconds) => createdMs + ttlSeconds * 1000,
  postAlive: (nowMs, expiresAtMs) => nowMs < expiresAtMs,
  postUpdateCounts: ({ actor, owner }) => actor === owner,
  postUpdatableFields: ["category", "title", "body", "location", "tags", "ttl_seconds"],
  expireReasons: ["fulfilled", "withdrawn", "user_request", "stale"],
  mayExpirePost: ({ actor, owner, level }, reason) =>
    actor === owner || (atLeast(level, "trusted") && reason !== "user_request"),
  expireData: (input) => ({
    client_id: input["client_id"] ?? null,
    target_event_id: input["event_id"] ?? null,
    reason: input["reason"] ?? null,
  }),
  expireTarget: "posts",
  listDefaultLimit: 50,
  listMaxLimit: 500,
  listOverLimit: "refuse",
  newerThan: (lamport, since) => lamport > since,
  categoryMatches: (category, wanted) => category === wanted,
  tagsMatch: (tags, wanted) => wanted.every((tag) => tags.includes(tag)),
  listOrder: compareEvents,
  listedPost: (post) => post,
  listMaxLamport: (highest) => highest,
  searchDefaultK: 10,
  searchMaxK: 500,
  searchScore: (query, post) => {
    const wanted = words(query);
    if (wanted.length === 0) return 0;
    const title = new Set(words(post.title));
    const body = new Set(words(post.body));
    const tags = new Set(post.tags.flatMap(words));
    const most = TITLE_WEIGHT + TAG_WEIGHT + BODY_WEIGHT;
    let sum = 0;
    for (const word of wanted) {
      sum += (title.has(word) ? TITLE_WEIGHT : 0) + (tags.has(word) ? TAG_WEIGHT : 0) +
        (body.has(word) ? BODY_WEIGHT : 0);
    }
    const exact = words(post.title).join(" ") === wanted.join(" ") ? EXACT_BONUS : 0;
    return (sum / wanted.length + exact) / (most + EXACT_BONUS);
  },
  searchOrder: (a, b) => b.score - a.score || compareEvents(a, b),
  postRequired: ["client_id", "category", "title", "body"],
  expireRequired: ["client_id", "event_id", "reason"],
  searchRequired: ["query"],
  chatRequired: ["client_id", "recipient"],
  listTrust: "member",
  postTrust: "member",
  chatTrust: "member",
  historyTrust: "self",

  requestKey: (_capability, input) => typeof input["client_id"] === "string" ? input["client_id"] : undefined,
  beforeAppend: undefined,

  chatRefusal: ({ recipient, body, attachments, self, recipientIsMember }) => {
    if (recipient === self) return "bad_request";
    if ((body === undefined || body === "") && attachments === 0) return "bad_request";
    return recipientIsMember ? undefined : "not_found";
  },
  chatData: (input) => ({
    client_id: input["client_id"] ?? null,
    recipient: input["recipient"] ?? null,
    body: input["body"] ?? "",
    attachments: input["attachments"] ?? [],
  }),
  attachmentsMustBeHeld: false,
  delivery: ({ subscriber, peer }) => subscriber || peer ? "direct" : "queued",
  historyIncludes: ({ from, to }, self) => from === self || to === self,
  historyWithPeer: ({ from, to }, peer) => from === peer || to === peer,
  historyOrder: compareEvents,
  historyDefaultLimit: 200,
  historyMaxLimit: 1000,
  historyEntry: (message) => message,
  receiptCounts: (_kind, author, recipient) => author === recipient,
  acknowledges: (recipient, self, before) => recipient === self && before === 0,
  forwardsTo: (recipient, caller) => recipient === caller,
  forwardsOnce: true,
};

/** Lower-case words of a text; letters and digits of any script. */
function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
