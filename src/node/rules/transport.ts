/** Numbers and decisions of the reference node: transport. Each names the source it follows. */

import {
  CALL_HEADERS,
  type CallEnvelope,
  type Identity,
  isNodeId,
  isObject,
  isUlid,
  type Json,
  type JsonObject,
  parseJson,
  parseTimestamp,
  type ResponseEnvelope,
  shortId,
  signResponse,
  statusOf,
  verifyCall,
} from "../../protocol/mod.ts";
import { type NodeCore, NodeError, type Trust } from "../core.ts";

/** Header of a call by its member in the envelope. */
export type CallHeader = keyof typeof CALL_HEADERS;

/**
 * Steps between a well-formed call and the bus. `capability` and `execute` are no part of the sound order: the first
 * refuses unknown names, the second dispatches at once and keeps the answer for the end.
 */
export type CallCheck = "signature" | "community" | "revoked" | "member" | "rate" | "capability" | "execute";

/** What a signature is judged by. */
export interface SignedRequest {
  readonly core: NodeCore;
  readonly envelope: CallEnvelope;
  readonly signature: string | undefined;
  /** Body bytes as received; the canonical body on a WebSocket. */
  readonly raw: Uint8Array;
  /** Members of the envelope that {@linkcode TransportRules.missingHeader} filled in. */
  readonly filled: readonly CallHeader[];
  readonly channel: "http" | "websocket";
  /** Headers of the request, on a WebSocket those of the upgrade; names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Request headers as received and by lower-case name. */
export interface RequestHeaders {
  readonly list: readonly (readonly [name: string, value: string])[];
  readonly map: ReadonlyMap<string, string>;
}

/** The certificate of the node's TLS listener. */
export interface CertificateRules {
  /** Subject common name of a node id. X01 §4.1: short id and `.hearthnet.local`; the prefix is kept. */
  readonly commonName: (nodeId: string) => string;
  readonly lifeDays: number;
  /** `node`: the Ed25519 device key; `other`: an unrelated P-256 key. */
  readonly key: "node" | "other";
  /** Whether every connection gets a certificate of its own. */
  readonly perConnection: boolean;
  /** Whether a handshake with this server name goes on; undefined: none was sent. */
  readonly acceptServerName: (name: string | undefined) => boolean;
}

/** Budgets of one token bucket, calls per second; a bucket holds one second's worth (wire-format.md section 15). */
export interface RateBudget {
  readonly soft: number;
  readonly hard: number;
}

export interface TransportRules {
  /** Largest request body in bytes (wire-format.md section 4). */
  readonly maxBodyBytes: number;
  /** Largest request head in bytes; a choice well above any signed call with an 800-byte token. */
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  /** Milliseconds an idle connection stays open. X01: 60 s. */
  readonly connectionIdleMs: number;
  /** Milliseconds until a started request must be complete; a choice. */
  readonly requestReadMs: number;
  /** Milliseconds a client may leave our bytes unread; a choice. */
  readonly writeStallMs: number;
  /** The refusal of a body above the limit. */
  readonly oversized: () => NodeError;
  /** Body bytes as JSON. A SyntaxError is refused with 400, any other error with 500. */
  readonly parseBody: (bytes: Uint8Array) => Json;
  /** The body of a call: an object (wire-format.md section 5). @throws {NodeError} If it is none. */
  readonly checkBody: (body: Json) => JsonObject;
  /** The body that is executed, given the one that was signed. */
  readonly executedBody: (raw: Uint8Array, signed: JsonObject) => JsonObject;
  /** A request header by its name. RFC 9110: without regard to case. */
  readonly header: (headers: RequestHeaders, name: string) => string | undefined;
  /** A value in place of a missing required header; undefined: refuse. */
  readonly missingHeader: (name: CallHeader, core: NodeCore) => string | undefined;
  /** The full id a `From` stands for; undefined: refuse with 400. */
  readonly resolveFrom: (text: string, core: NodeCore) => string | undefined;
  readonly acceptRequestId: (text: string) => boolean;
  readonly acceptTimestamp: (text: string) => boolean;
  readonly acceptCommunity: (text: string) => boolean;
  /** Order of checks on `POST /bus/v1/call` (wire-format.md section 5). */
  readonly callChecks: readonly CallCheck[];
  /** Whether the signature is right. An exception becomes 500. */
  readonly verifySignature: (request: SignedRequest) => boolean;
  /** Code for a signature that is not there. */
  readonly missingSignatureCode: string;
  /** Refusal of a call for another community; undefined: go on. Contract 2.0: `not_federated`. */
  readonly foreignCommunity: (community: string, core: NodeCore) => string | undefined;
  /** Whether a caller is refused as revoked. */
  readonly refusesRevoked: (caller: string, core: NodeCore) => boolean;
  /** Level of a caller as the bus sees it; the node itself is `self` (wire-format.md section 10). */
  readonly callerLevel: (caller: string, core: NodeCore) => Trust;
  /** Whether a caller of this level may go on to a capability that asks for `member` or more. */
  readonly admits: (caller: string, level: Trust, core: NodeCore) => boolean;
  readonly statusOf: (code: string) => number;
  /** Whether a request accepts event streams. A missing `Accept` accepts everything. */
  readonly acceptsStream: (accept: string | undefined) => boolean;
  /** Whether the answers of a capability are signed. */
  readonly signsAnswer: (capability: string) => boolean;
  /** The signature of an answer (wire-format.md section 6). */
  readonly signAnswer: (identity: Identity, envelope: ResponseEnvelope) => string;
  /** Whether frames are collected and sent at the end of a stream. */
  readonly bufferStream: boolean;
  /** Frames an SSE stream sends without an acknowledgement, for which SSE has no channel. */
  readonly sseWindow: number;
  /** Whether an SSE connection closes after its terminal frame. */
  readonly closeAfterTerminal: boolean;
  /** Whether a client that went away ends the work. CONTRACT §5.3: within 200 ms. */
  readonly abortOnDisconnect: boolean;

  readonly ratePerCapability: RateBudget;
  readonly rateTotal: RateBudget;
  /** Bucket a call is charged to. */
  readonly rateKey: (caller: string, capability: string) => string;
  /** Bucket of the peer's total. */
  readonly rateTotalKey: (caller: string) => string;
  /** What a soft refusal announces, from the time until a token is there. */
  readonly retryAfterMs: (untilTokenMs: number) => number;
  /** Milliseconds a peer stays refused after going over the soft budget. */
  readonly rateBanMs: number;
  /** What happens above the hard budget. */
  readonly aboveHard: "drop" | "refuse" | "fail";

  /** Long poll without `timeout`, in seconds (wire-format.md section 19). */
  readonly pollSeconds: number;
  /** Longest `timeout` that is honoured, in seconds; a choice. */
  readonly maxPollSeconds: number;
  /** Whether a message wakes an open poll, or is only looked for when its time is over. */
  readonly pollWakes: boolean;
  /** Sequence number after which a poll looks, given the one asked for and the topic's current one. */
  readonly pollAfter: (lastSeq: number | undefined, current: number) => number;
  /** Whether a message of one topic goes to a subscriber of another. */
  readonly topicMatches: (subscribed: string, published: string) => boolean;
  /** Whether every subscriber gets a message, or only the first. */
  readonly deliverToAll: boolean;
  /** Messages kept per topic (wire-format.md section 13). */
  readonly keptMessages: number;
  /** Topics remote subscribers never see. */
  readonly localTopics: readonly string[];
  /** Whether a subscription without a topic is refused. */
  readonly requireTopic: boolean;

  readonly certificate: CertificateRules;
  /** Whether the node counts as ready (wire-format.md section 4). */
  readonly isReady: (core: NodeCore) => boolean;
  readonly notReadyStatus: number;
  /** Entries kept of traces. */
  readonly traceRing: number;
  /** Default of `n` at `/trace/recent`. */
  readonly traceDefault: number;
  /** Id under which a call is traced. */
  readonly traceId: (requestId: string) => string;
}

const DAYS_IN_TEN_YEARS = 3650;
const MEBIBYTE = 1024 * 1024;

/** Strict verification of the whole envelope. */
export function verifySignature(request: SignedRequest): boolean {
  return verifyCall(request.envelope, request.signature);
}

/** JSON object or refusal. */
export function checkBody(body: Json): JsonObject {
  if (!isObject(body)) throw new NodeError("bad_request", "Cannot call: the body is no JSON object");
  return body;
}

export const transportRules: TransportRules = {
  maxBodyBytes: 16 * MEBIBYTE,
  maxHeadBytes: 65_536,
  maxHeaders: 128,
  connectionIdleMs: 60_000,
  requestReadMs: 30_000,
  writeStallMs: 60_000,
  oversized: () => new NodeError("bad_request", "Cannot read the request: its body exceeds the limit"),
  parseBody: (bytes) => parseJson(bytes),
  checkBody,
  executedBody: (_raw, signed) => signed,
  header: (headers, name) => headers.map.get(name.toLowerCase()),
  missingHeader: () => undefined,
  resolveFrom: (text) => isNodeId(text) ? text : undefined,
  acceptRequestId: isUlid,
  acceptTimestamp: (text) => parseTimestamp(text) !== undefined,
  acceptCommunity: isNodeId,
  callChecks: ["signature", "community", "revoked", "member", "rate"],
  verifySignature,
  missingSignatureCode: "invalid_signature",
  foreignCommunity: (community, core) => community === core.communityId ? undefined : "not_federated",
  refusesRevoked: (caller, core) => core.community.isRevoked(caller),
  callerLevel: (caller, core) => caller === core.identity.id ? "self" : core.community.level(caller),
  admits: (_caller, level) => level !== "unknown",
  statusOf,
  acceptsStream: (accept) => accept === undefined || /text\/event-stream|text\/\*|\*\/\*/i.test(accept),
  signsAnswer: () => true,
  signAnswer: signResponse,
  bufferStream: false,
  sseWindow: Number.POSITIVE_INFINITY,
  closeAfterTerminal: true,
  abortOnDisconnect: true,

  ratePerCapability: { soft: 10, hard: 100 },
  rateTotal: { soft: 100, hard: 1000 },
  rateKey: (caller, capability) => `${caller} ${capability}`,
  rateTotalKey: (caller) => caller,
  retryAfterMs: (untilTokenMs) => Math.max(1, Math.ceil(untilTokenMs)),
  rateBanMs: 0,
  aboveHard: "drop",

  pollSeconds: 30,
  maxPollSeconds: 300,
  pollWakes: true,
  pollAfter: (lastSeq, current) => lastSeq ?? current,
  topicMatches: (subscribed, published) => subscribed === published,
  deliverToAll: true,
  keptMessages: 64,
  localTopics: ["emergency.mode.changed", "capability.registered", "capability.deregistered"],
  requireTopic: true,

  certificate: {
    commonName: (nodeId) => `${shortId(nodeId)}.hearthnet.local`,
    lifeDays: DAYS_IN_TEN_YEARS,
    key: "node",
    perConnection: false,
    acceptServerName: () => true,
  },
  isReady: (core) => core.bus.entries().length > 0 && core.peers.count() > 0,
  notReadyStatus: 503,
  traceRing: 10_000,
  traceDefault: 100,
  traceId: (requestId) => requestId,
};
