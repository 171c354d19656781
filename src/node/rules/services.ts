/** Numbers and decisions of the reference node: services. Each names the source it follows. */

import {
  atLeast,
  type Clock,
  compareEvents,
  type EventEnvelope,
  isObject,
  type Json,
  type JsonObject,
  type Level,
} from "../../protocol/mod.ts";

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

/** Writes an event of the node. */
export type AppendEvent = (eventType: string, data: JsonObject) => void;

/** Answers that come in pages. */
export type Listing = "market.list" | "market.search" | "chat.history";

export interface ServicesRules {
  readonly postCategoryKnown: (category: string) => boolean;
  readonly postDefaultTtlSeconds: number;
  readonly postMaxTtlSeconds: number;
  /** Schema of `ttl_seconds`; the maximum is judged apart. */
  readonly postTtlSchema: JsonObject;
  /** Whether a lifetime that the schema lets through is refused (CONTRACT §4.12). */
  readonly postTtlRefused: (ttlSeconds: number, max: number) => boolean;
  /** Data of the event made from a post's input. */
  readonly postData: (input: JsonObject, defaultTtl: number) => JsonObject;
  /** Whether a post's data may be shown. */
  readonly postSound: (data: JsonObject) => boolean;
  readonly postExpiresAt: (createdMs: number, ttlSeconds: number) => number;
  readonly postAlive: (nowMs: number, expiresAtMs: number) => boolean;
  readonly postUpdateCounts: (who: PostActor) => boolean;
  /** Members of a post an update may change. */
  readonly postUpdatableFields: readonly string[];
  readonly expireReasonKnown: (reason: string) => boolean;
  /** Authors with any reason, trusted members with any but `user_request` (CONTRACT §4.13). */
  readonly mayExpirePost: (who: PostActor, reason: string) => boolean;
  /** Data of the event that ends a post. */
  readonly expireData: (input: JsonObject) => JsonObject;
  /** Whether an id may be expired at all. */
  readonly expireTarget: "posts" | "any-event" | "anything";
  /** A repeated expiry is answered before its post is looked at. */
  readonly expireRepeatsFirst: boolean;
  /** Entries of a page; undefined: the asked number is refused. */
  readonly pageSize: (listing: Listing, asked: number | undefined) => number | undefined;
  /** Something a listing does besides listing; the sound node has nothing. */
  readonly onList: ((append: AppendEvent) => void) | undefined;
  /** `since_lamport` is exclusive (wire-format.md section 14). */
  readonly newerThan: (lamport: number, since: number) => boolean;
  readonly categoryMatches: (category: string, wanted: string) => boolean;
  readonly tagsMatch: (tags: readonly string[], wanted: readonly string[]) => boolean;
  readonly listOrder: (a: ListedPosition, b: ListedPosition) => number;
  /** One entry as the answer shows it. */
  readonly listedPost: (post: JsonObject) => JsonObject;
  readonly listMaxLamport: (highest: number, posts: readonly JsonObject[]) => number;
  /** Whether a post can be found. */
  readonly searchable: (alive: boolean) => boolean;
  /** Similarity of a post to a query; 0: not found. */
  readonly searchScore: (query: string, post: { title: string; body: string; tags: readonly string[] }) => number;
  readonly searchOrder: (a: { score: number } & ListedPosition, b: { score: number } & ListedPosition) => number;
  /** What a search does where no embedding provider is reachable: compare words, or fail (M06 §5, §6). */
  readonly searchWithoutEmbedding: "text" | "partition" | "internal_error";
  /** Code for somebody who may not end a post (CONTRACT §4.13). */
  readonly expireRefusalCode: (who: PostActor, reason: string) => "unauthorized" | "bad_request";
  /** Members the requests must have. */
  readonly postRequired: readonly string[];
  readonly expireRequired: readonly string[];
  readonly searchRequired: readonly string[];
  readonly chatRequired: readonly string[];
  readonly listTrust: Level;
  readonly postTrust: Level;
  readonly chatTrust: Level;
  readonly historyTrust: Level | "self";
  readonly chatForwardTrust: Level;

  /** The part of a request that makes a repeat the same request; undefined: every call is new. */
  readonly requestKey: (capability: string, input: JsonObject) => string | undefined;
  /** Something a repeat does besides returning the first result; the sound node has nothing. */
  readonly onRepeat: ((append: AppendEvent, earlier: EventEnvelope, input: JsonObject) => void) | undefined;
  /** Something to wait for between the look for an earlier event and the append; the sound node has nothing. */
  readonly beforeAppend: ((clock: Clock) => Promise<void>) | undefined;

  /** Refusal of a message, or undefined (M10 §5, §4.6). */
  readonly chatRefusal: (
    message: { recipient: string; body: unknown; attachments: number; self: string; recipientIsMember: boolean },
  ) => "bad_request" | "not_found" | undefined;
  /** Data of the event made from a message's input. */
  readonly chatData: (input: JsonObject) => JsonObject;
  /** Whether attachments have to be in the blob store. */
  readonly attachmentsMustBeHeld: boolean;
  readonly delivery: (reached: { subscriber: boolean; peer: boolean }) => Json;
  /** Whether a conversation belongs into the node's history. */
  readonly historyIncludes: (message: { from: string; to: string }, self: string) => boolean;
  /** Whether a caller may read the history. */
  readonly historyReadable: (reader: { self: boolean; caller: string; peer: string | undefined }) => boolean;
  readonly historyWithPeer: (message: { from: string; to: string }, peer: string | undefined) => boolean;
  readonly historyNewerThan: (lamport: number, since: number) => boolean;
  readonly historyOrder: (a: ListedPosition, b: ListedPosition) => number;
  readonly historyEntry: (message: JsonObject) => JsonObject;
  /** Rows for a message that was applied several times. */
  readonly historyCopies: (applied: number) => number;
  /** Whether a delivered or read event counts. */
  readonly receiptCounts: (kind: "delivered" | "read", author: string, recipient: string) => boolean;
  /** Whether the node acknowledges a message it stored, given how often it did so before. */
  readonly acknowledges: (recipient: string, self: string, before: number) => boolean;
  /** Whether a queued message is handed to a caller. */
  readonly forwardsTo: (recipient: string, caller: string) => boolean;
  /** Whether a fetched message leaves the queue. */
  readonly forwardsOnce: boolean;
}

const CATEGORIES: readonly string[] = ["offer", "request", "info", "emergency"];
const REASONS: readonly string[] = ["fulfilled", "withdrawn", "user_request", "stale"];
/** Entries when nothing is asked, and at most (CONTRACT §4.11, §4.16; the bounds of search and history are choices). */
const PAGES: Readonly<Record<Listing, { readonly usual: number; readonly most: number }>> = {
  "market.list": { usual: 50, most: 500 },
  "market.search": { usual: 10, most: 500 },
  "chat.history": { usual: 200, most: 1000 },
};
const SECONDS_PER_DAY = 86_400;
const DEFAULT_TTL_DAYS = 7;
const MAX_TTL_DAYS = 30;
/** Weight of a query word in title, tags and body; the whole query as title adds the exact bonus. */
const TITLE_WEIGHT = 3;
const TAG_WEIGHT = 2;
const BODY_WEIGHT = 1;
const EXACT_BONUS = 4;

export const servicesRules: ServicesRules = {
  postCategoryKnown: (category) => CATEGORIES.includes(category),
  postDefaultTtlSeconds: DEFAULT_TTL_DAYS * SECONDS_PER_DAY,
  postMaxTtlSeconds: MAX_TTL_DAYS * SECONDS_PER_DAY,
  postTtlSchema: { type: "integer", minimum: 1 },
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
  postSound: (data) => {
    const { category, title, body, location, tags, ttl_seconds: ttl } = data;
    return typeof category === "string" && CATEGORIES.includes(category) && typeof title === "string" &&
      typeof body === "string" && (location === undefined || location === null || isObject(location)) &&
      (tags === undefined || tags === null ||
        (Array.isArray(tags) && tags.every((tag) => typeof tag === "string"))) &&
      (ttl === undefined || (typeof ttl === "number" && Number.isInteger(ttl) && ttl > 0));
  },
  postExpiresAt: (createdMs, ttlSeconds) => createdMs + ttlSeconds * 1000,
  postAlive: (nowMs, expiresAtMs) => nowMs < expiresAtMs,
  postUpdateCounts: ({ actor, owner }) => actor === owner,
  postUpdatableFields: ["category", "title", "body", "location", "tags", "ttl_seconds"],
  expireReasonKnown: (reason) => REASONS.includes(reason),
  mayExpirePost: ({ actor, owner, level }, reason) =>
    actor === owner || (atLeast(level, "trusted") && reason !== "user_request"),
  expireData: (input) => ({
    client_id: input["client_id"] ?? null,
    target_event_id: input["event_id"] ?? null,
    reason: input["reason"] ?? null,
  }),
  expireTarget: "posts",
  expireRepeatsFirst: true,
  pageSize: (listing, asked) => {
    const { usual, most } = PAGES[listing];
    if (asked === undefined) return usual;
    return asked > most ? undefined : asked;
  },
  onList: undefined,
  newerThan: (lamport, since) => lamport > since,
  categoryMatches: (category, wanted) => category === wanted,
  tagsMatch: (tags, wanted) => wanted.every((tag) => tags.includes(tag)),
  listOrder: compareEvents,
  listedPost: (post) => post,
  listMaxLamport: (highest) => highest,
  searchable: (alive) => alive,
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
  searchWithoutEmbedding: "text",
  expireRefusalCode: () => "unauthorized",
  postRequired: ["client_id", "category", "title", "body"],
  expireRequired: ["client_id", "event_id", "reason"],
  searchRequired: ["query"],
  chatRequired: ["client_id", "recipient"],
  listTrust: "member",
  postTrust: "member",
  chatTrust: "member",
  historyTrust: "self",
  chatForwardTrust: "member",

  requestKey: (_capability, input) => typeof input["client_id"] === "string" ? input["client_id"] : undefined,
  onRepeat: undefined,
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
  historyReadable: ({ self }) => self,
  historyWithPeer: ({ from, to }, peer) => peer === undefined || from === peer || to === peer,
  historyNewerThan: (lamport, since) => lamport > since,
  historyOrder: compareEvents,
  historyEntry: (message) => message,
  historyCopies: () => 1,
  receiptCounts: (_kind, author, recipient) => author === recipient,
  acknowledges: (recipient, self, before) => recipient === self && before === 0,
  forwardsTo: (recipient, caller) => recipient === caller,
  forwardsOnce: true,
};

/** Lower-case words of a text; letters and digits of any script. */
function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
