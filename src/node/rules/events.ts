/** Numbers and decisions of the reference node: events. Each names the source it follows. */

import {
  atLeast,
  BASE_EVENT_TYPES,
  compareEvents,
  CONFORMANCE_EVENT_TYPE,
  CONTRACT2_EVENT_TYPES,
  CONTRACT3_EVENT_PREFIXES,
  DEFAULT_POLICY,
  encodeInvite,
  type EventEnvelope,
  type Identity,
  INVITE_TTL_SECONDS,
  isNodeId,
  isObject,
  isUlid,
  type Json,
  type JsonObject,
  type Level,
  parseTimestamp,
  timestamp,
  verifyEvent,
} from "../../protocol/mod.ts";
import type { LoggedEvent } from "../log/logged_event.ts";

/** What the heads document is made from. */
export interface HeadsState {
  readonly communityId: string;
  readonly head: number;
  readonly byType: Readonly<Record<string, number>>;
  readonly count: number;
  /** Events of each type; read only where it is wanted, as it takes the whole log. */
  readonly countByType: () => Readonly<Record<string, number>>;
  /** 16 hexadecimal digits over the set of event ids, independent of order. */
  readonly digest: string;
}

/** What reception knows of an event's author. */
export interface AuthorState {
  readonly member: boolean;
  /** The event is `joined`, and names a valid invitation of its author. */
  readonly invited: boolean;
  /** The author's key is the community's. */
  readonly root: boolean;
}

/** A community decision that needs signatures beside the author's. */
export type CoSignedKind = "promoted" | "demoted" | "revoked";

export interface EventsRules {
  /** Most events one push may carry; a choice, half a second of signature checks. */
  readonly maxSyncEvents: number;
  /** An empty push is harmless (X02 §5.5). */
  readonly minSyncEvents: number;
  /** Events of one push are judged one by one (CONTRACT §7.6). */
  readonly batchMode: "each" | "all-or-nothing" | "until-first-error";
  /** Events in one answer to `our_head`; the page ends with a complete Lamport value. */
  readonly syncAnswerEvents: number;
  /** Whether the answer to a push with `our_head` carries events (wire-format.md section 12). */
  readonly answersOurHead: boolean;
  /** Members a push must have; what it lacks makes it malformed. */
  readonly syncRequired: readonly string[];
  readonly headsDocument: (state: HeadsState) => JsonObject;
  /** Head reported after a push, from the heads before and after. */
  readonly reportedHead: (before: number, after: number) => number;

  /** Members an envelope must have besides `signature` (wire-format.md section 11). */
  readonly requiredEventMembers: readonly string[];
  readonly validSchemaVersion: (value: Json | undefined) => boolean;
  readonly validEventId: (value: Json | undefined) => boolean;
  /** 53 bits, less room for successors so that nobody can exhaust the counter. */
  readonly validLamport: (value: Json | undefined) => boolean;
  readonly validWallClock: (value: Json | undefined) => boolean;
  readonly validEventData: (value: Json | undefined) => boolean;
  /** Whether an event of that community belongs into this log. */
  readonly ownCommunity: (community: Json | undefined, own: string) => boolean;
  /** Whether the author's signature covers the event; `members` lists the ids of all members. */
  readonly eventSignatureValid: (event: JsonObject, members: () => readonly string[]) => boolean;
  readonly mayWriteEvent: (event: EventEnvelope, author: AuthorState) => boolean;
  /** Whether a revocation at one Lamport value covers an event at another (CONTRACT §7.4: at or after). */
  readonly revocationCovers: (revokedAt: number, lamport: number) => boolean;
  readonly knownEventType: (type: string) => boolean;
  readonly unknownTypes: "reject" | "store";
  /** The first event under an id stays (X02 §5.2). */
  readonly onDuplicate: "ignore" | "replace" | "apply-again" | "conflict";
  /** Whether a repeated event is counted as accepted; undefined in the documents. */
  readonly countsDuplicates: boolean;
  /** Reason of a shape failure; the six reasons of X02 have none for it, so a closed-set code. */
  readonly shapeReason: string;
  readonly foreignCommunityReason: string;
  /** A late event with a low Lamport value is history and welcome. */
  readonly acceptsLate: (lamport: number, head: number) => boolean;
  /** Whether events that were not stored move the counter (X02 §5.2: they do not). */
  readonly rejectedAdvanceClock: boolean;
  readonly duplicatesAdvanceClock: boolean;
  /** Whether topics and receipts see a repeated event again. */
  readonly announcesDuplicates: boolean;

  /** Lamport value of the next own event (CONTRACT §7.3). */
  readonly lamportOnSend: (counter: number, wallMs: number) => number;
  readonly lamportOnReceive: (counter: number, received: number) => number;
  readonly eventWallClock: (wallMs: number) => string;
  /** The id of an own event, from the node's ULID source. */
  readonly ownEventId: (next: () => string, lamport: number) => string;
  /** What an answer tells of an event a call made. */
  readonly eventAnswer: (event: EventEnvelope) => { readonly event_id: string; readonly lamport: number };

  /** Order in which views apply events (CONTRACT §7.4). */
  readonly viewOrder: (a: LoggedEvent, b: LoggedEvent) => number;
  /** Whether events that change the past of a view are applied at their place. */
  readonly viewsAcceptLate: boolean;
  /** For whom an event speaks: `data.on_behalf_of` if its author may say so (wire-format.md section 11). */
  readonly eventOwner: (event: EventEnvelope, localNode: string, authorLevel: Level) => string;
  /** Topics of an event (wire-format.md section 13, wire-format-services.md section 10). */
  readonly topicsOf: (event: EventEnvelope) => readonly { readonly topic: string; readonly payload: Json }[];

  readonly rootLevel: Level;
  readonly foundingPolicy: JsonObject;
  /** `community.created` counts once, from the community key. */
  readonly createdCounts: (event: EventEnvelope, communityId: string, alreadyCreated: boolean) => boolean;
  readonly policyCounts: (event: EventEnvelope, communityId: string, level: Level) => boolean;
  readonly mayInvite: (level: Level, memberMayInvite: boolean) => boolean;
  readonly inviteLevels: readonly Level[];
  readonly inviteTtlSeconds: number;
  /** Signs and encodes the invitation document. */
  readonly inviteBlob: (inviter: Identity, document: JsonObject) => string;
  /** Whether the joined event may use the invitation. */
  readonly invitationAdmits: (invitation: InvitationState | undefined, joined: EventEnvelope) => boolean;
  readonly joinedLevel: (initial: Level) => Level;
  readonly coSigned: Readonly<Record<CoSignedKind, CoSignedRule>>;
  /** Whether a decision with enough co-signers takes effect. */
  readonly decisionCounts: (kind: CoSignedKind, event: EventEnvelope) => boolean;
  /** Least level of the author of a promotion, demotion or revocation. */
  readonly trustDecisionLevel: Level;
  /**
   * The forms of the signed payload that are taken, of those there are: with `client_id` (CONTRACT §4.18) if the call
   * has one, then without (§7.2).
   */
  readonly coSignedForms: (forms: readonly JsonObject[]) => readonly JsonObject[];
  /** Whether a distinct co-signer counts. */
  readonly coSignerCounts: (level: Level, signatureValid: boolean) => boolean;
  readonly coSignersDistinct: boolean;
  /** Co-signers of a community.revoke call as they are counted. */
  readonly revokeSigners: (valid: readonly string[], caller: string) => readonly string[];
  readonly revokeReasons: readonly string[];
  /** community.revoke is called by one of the co-signers (CONTRACT §4.18). */
  readonly revokerMustCoSign: boolean;
  /** community.invite for the same invitee gives the same invitation. */
  readonly inviteIdempotent: boolean;

  /** Whether the cached community manifest must be made again. */
  readonly manifestStale: (cachedVersion: number, version: number) => boolean;
  readonly manifestHead: (head: number) => number;
  /** Who signs the community manifest: the node if it is an anchor, else the root. */
  readonly manifestSigner: (nodeLevel: Level) => "node" | "root";

  /** Sync interval (wire-format.md section 19), milliseconds. */
  readonly gossipIntervalMs: number;
  /** The same while the internet cannot be reached as it should (wire-format.md section 12). */
  readonly gossipEmergencyIntervalMs: number;
  /** Lamport value above which a push to a peer with that head looks for events. */
  readonly pushesAbove: (peerHead: number) => number;
  /** Which of these events a peer with that head is sent. */
  readonly eventsToPush: (events: readonly EventEnvelope[], peerHead: number) => readonly EventEnvelope[];
  /** Whether the views take in a stored event when the node starts again. */
  readonly restoresEvent: (event: EventEnvelope) => boolean;
  /** Events in one push of a round; a longer backlog takes several. */
  readonly gossipPushEvents: number;
  /** Whether a round also fetches what the peer has. */
  readonly gossipPulls: boolean;
  /** Whether a round sends what a peer with a digest lacks below its head. */
  readonly gossipRepairs: boolean;
}

/** An invitation as the log tells it. */
export interface InvitationState {
  readonly eventId: string;
  readonly invitee: string;
  readonly level: Level;
  /** Milliseconds since the epoch; undefined: no such member in the data, never expires. */
  readonly expiresAt: number | undefined;
  readonly inviter: string;
}

/** Distinct trusted co-signers a decision needs: the policy member, or a number where the policy has none. */
export interface CoSignedRule {
  readonly policyMember: string | undefined;
  readonly fallback: number;
}

/** Room for successors below 2^53. */
const LAMPORT_HEADROOM = 2 ** 20;
const MAX_LAMPORT = Number.MAX_SAFE_INTEGER - LAMPORT_HEADROOM;
const MS_PER_MINUTE = 60_000;
const GOSSIP_MINUTES = 5;

export const eventsRules: EventsRules = {
  maxSyncEvents: 10_000,
  minSyncEvents: 0,
  batchMode: "each",
  syncAnswerEvents: 1000,
  answersOurHead: true,
  syncRequired: ["community_id", "events"],
  headsDocument: (state) => ({
    community_id: state.communityId,
    head: state.head,
    heads_by_type: { ...state.byType },
    [state.communityId]: state.head,
    event_count: state.count,
    event_digest: state.digest,
  }),
  reportedHead: (_before, after) => after,

  requiredEventMembers: [
    "schema_version",
    "event_id",
    "lamport",
    "wall_clock",
    "community_id",
    "author",
    "event_type",
    "data",
  ],
  validSchemaVersion: (value) => value === 1,
  validEventId: isUlid,
  validLamport: (value) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= MAX_LAMPORT,
  validWallClock: (value) => parseTimestamp(value) !== undefined,
  validEventData: isObject,
  ownCommunity: (community, own) => community === own,
  eventSignatureValid: (event) => verifyEvent(event),
  mayWriteEvent: (event, author) =>
    author.member || author.root || (event.event_type === "community.member.joined" && author.invited),
  revocationCovers: (revokedAt, lamport) => lamport >= revokedAt,
  knownEventType: (type) => KNOWN_TYPES.has(type) || CONTRACT3_EVENT_PREFIXES.some((prefix) => type.startsWith(prefix)),
  unknownTypes: "reject",
  onDuplicate: "ignore",
  countsDuplicates: false,
  shapeReason: "bad_request",
  foreignCommunityReason: "bad_request",
  acceptsLate: () => true,
  rejectedAdvanceClock: false,
  duplicatesAdvanceClock: false,
  announcesDuplicates: false,

  lamportOnSend: (counter) => counter + 1,
  lamportOnReceive: (counter, received) => Math.max(counter, received) + 1,
  eventWallClock: timestamp,
  ownEventId: (next) => next(),
  eventAnswer: ({ event_id, lamport }) => ({ event_id, lamport }),

  viewOrder: (a, b) =>
    a.event.lamport - b.event.lamport || rank(a.event) - rank(b.event) || compareEvents(a.event, b.event),
  viewsAcceptLate: true,
  eventOwner: (event, localNode, authorLevel) => {
    const named = event.data["on_behalf_of"];
    return isNodeId(named) && (event.author === localNode || authorLevel === "anchor") ? named : event.author;
  },
  topicsOf: (event) => {
    const topic = TOPICS[event.event_type]?.(event.data);
    if (topic === undefined) return [];
    const manifest = event.data["manifest"];
    const bare = event.event_type === "node.manifest.updated" && isObject(manifest);
    return [{ topic, payload: bare ? manifest : { ...event } }];
  },

  rootLevel: "anchor",
  foundingPolicy: DEFAULT_POLICY,
  createdCounts: (event, communityId, alreadyCreated) => event.author === communityId && !alreadyCreated,
  policyCounts: (event, communityId) => event.author === communityId,
  mayInvite: (level, memberMayInvite) => atLeast(level, memberMayInvite ? "member" : "trusted"),
  inviteLevels: ["member", "trusted"],
  inviteTtlSeconds: INVITE_TTL_SECONDS,
  inviteBlob: encodeInvite,
  invitationAdmits: (invitation, joined) => {
    if (invitation === undefined || invitation.invitee !== joined.author) return false;
    const at = parseTimestamp(joined.wall_clock);
    return at !== undefined && (invitation.expiresAt === undefined || at < invitation.expiresAt);
  },
  joinedLevel: (initial) => initial,
  coSigned: {
    promoted: { policyMember: undefined, fallback: 1 },
    demoted: { policyMember: "min_signatures_to_demote", fallback: 3 },
    revoked: { policyMember: "min_signatures_to_revoke", fallback: 3 },
  },
  decisionCounts: () => true,
  trustDecisionLevel: "trusted",
  coSignedForms: (forms) => forms,
  coSignerCounts: (level, signatureValid) => signatureValid && atLeast(level, "trusted"),
  coSignersDistinct: true,
  revokeSigners: (valid) => valid,
  revokeReasons: ["compromised", "inactive", "policy_violation", "other"],
  revokerMustCoSign: true,
  inviteIdempotent: true,

  manifestStale: (cachedVersion, version) => cachedVersion !== version,
  manifestHead: (head) => head,
  manifestSigner: (nodeLevel) => nodeLevel === "anchor" ? "node" : "root",

  gossipIntervalMs: GOSSIP_MINUTES * MS_PER_MINUTE,
  gossipEmergencyIntervalMs: MS_PER_MINUTE / 2,
  pushesAbove: (peerHead) => peerHead,
  eventsToPush: (events, peerHead) => events.filter((event) => event.lamport > peerHead),
  restoresEvent: () => true,
  gossipPushEvents: 500,
  gossipPulls: true,
  gossipRepairs: true,
};

const KNOWN_TYPES: ReadonlySet<string> = new Set([
  ...BASE_EVENT_TYPES,
  ...CONTRACT2_EVENT_TYPES,
  CONFORMANCE_EVENT_TYPE,
]);

/** Revocations come before everything else of the same Lamport value. */
function rank(event: EventEnvelope): number {
  return event.event_type === "community.member.revoked" ? 0 : 1;
}

const named = (prefix: string, member: string) => (data: JsonObject) =>
  typeof data[member] === "string" ? `${prefix}.${data[member]}` : undefined;

const TOPICS: Readonly<Record<string, (data: JsonObject) => string | undefined>> = {
  "community.member.joined": () => "community.member.added",
  "community.member.revoked": () => "community.member.revoked",
  "node.manifest.updated": () => "node.manifest.updated",
  "market.post.created": () => "marketplace.post.created",
  "market.post.expired": () => "marketplace.post.expired",
  "chat.message.sent": named("chat.message", "recipient"),
  "chat.thread.message.sent": named("chat.thread.message", "thread_id"),
  "federation.peer.added": () => "federation.peer.added",
  "auth.token.issued": () => "auth.token.issued",
};
