/** How the parts of the reference node see each other. Each interface is implemented by one folder beside this file. */

import type {
  BlobShape,
  CapabilityEntry,
  Clock,
  CommunityManifest,
  CommunityPolicy,
  DecodedToken,
  ErrorBody,
  EventEnvelope,
  Identity,
  Json,
  JsonObject,
  Level,
  NodeManifest,
  Random,
  UlidSource,
} from "../protocol/mod.ts";
import type { Seams } from "./fault.ts";
import type { Rules } from "./rules.ts";
import type { ScoredProvider } from "./rules/bus.ts";
import type { EmergencyState } from "./rules/operability.ts";

/** A refusal by the node; becomes an error body, or an `error` frame once a stream was accepted. */
export class NodeError extends Error {
  override readonly name = "NodeError";
  constructor(readonly code: string, message: string, readonly more: Omit<ErrorBody, "error" | "message"> = {}) {
    super(message);
  }
}

/** Where a node keeps its state: a directory, or nothing for nodes that are never restarted. */
export interface NodeOptions {
  readonly identity: Identity;
  /** Key of the community. The embedded node founds the community itself and so holds it. */
  readonly root: Identity;
  readonly communityName: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Undefined: everything in memory. */
  readonly dataDirectory?: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls: boolean;
  /** Base URLs of peers to fetch manifests from and to gossip with. */
  readonly peers: readonly string[];
  readonly rules: Rules;
  readonly seams: Seams;
  /** Storage budget in bytes for blobs; undefined: no bound. */
  readonly diskBudgetBytes?: number;
  /** Makes the model backend misbehave on request (provision `backend-fault`). */
  readonly backendFault?: "fail" | "hang" | "absent";
  /** Pace of generated tokens in milliseconds; 0 in tests that do not look at time. */
  readonly tokenDelayMs: number;
  /** UDP port on which announcements of peers are heard; undefined: none. */
  readonly discoveryPort?: number;
  /** Serves civdef.* (civil-defence profile of CONTRACT3 §6.1); its trust root is the community root. */
  readonly civilDefence?: boolean;
  /** Whether one of the addresses that stand for the internet can be reached; undefined: nobody looks. */
  readonly internet?: (probe: number) => Promise<boolean>;
  /** The conformance suite, if one is installed: makes an unsigned ConformanceReport (CONTRACT3 §4.19). */
  readonly conformance?: (suiteVersion: string | undefined) => Promise<JsonObject>;
}

/** Everything a part of the node may use. */
export interface NodeCore {
  readonly options: NodeOptions;
  readonly identity: Identity;
  readonly communityId: string;
  readonly rules: Rules;
  readonly seams: Seams;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: UlidSource;
  readonly log: EventLog;
  readonly community: CommunityView;
  readonly bus: Bus;
  readonly topics: Topics;
  readonly blobs: BlobStore;
  readonly metrics: Metrics;
  readonly traces: TraceRing;
  readonly tokens: TokenService;
  readonly peers: Peers;
  readonly manifest: ManifestIssuer;
  readonly emergency: EmergencyMode;
  readonly logger: NodeLogger;
  /** Aborted when the node is asked to stop and lets end what is running. */
  readonly leaving: AbortSignal;
  /** Aborted when the node stops; everything long-lived listens to it. */
  readonly stopping: AbortSignal;
}

/** Answer to `POST /sync/v1/events` (wire-format.md section 12). */
export interface SyncResult {
  readonly accepted: number;
  readonly rejected: number;
  readonly rejected_reasons: readonly { readonly event_id: string; readonly reason: string }[];
  readonly new_head: number;
  readonly new_head_lamport: number;
  readonly events?: readonly EventEnvelope[];
}

/** The signed, append-only log of the community. All operations are synchronous and atomic. */
export interface EventLog {
  /** Highest Lamport value stored. */
  head(): number;
  headsByType(): Readonly<Record<string, number>>;
  count(): number;
  get(eventId: string): EventEnvelope | undefined;
  /** Events with `lamport > after`, in log order. */
  since(after: number, limit?: number): readonly EventEnvelope[];
  /** Signs and stores an event of this node; `onBehalfOf` is written into the data (wire-format.md section 11). */
  append(eventType: string, data: JsonObject, onBehalfOf?: string): EventEnvelope;
  /** Checks and stores received events one by one. */
  receive(events: readonly Json[]): SyncResult;
  /** Called after an event was stored. Returns the way to stop. */
  subscribe(listener: (event: EventEnvelope) => void): () => void;
  /** From now on events are signed and not stored; only faulty rules ask for it. */
  seal?(): void;
  close(): void;
}

/** The community as the log tells it. */
export interface CommunityView {
  level(nodeId: string): Level;
  isRevoked(nodeId: string): boolean;
  isMember(nodeId: string): boolean;
  policy(): CommunityPolicy;
  /** The signed manifest of the current view. */
  manifest(): CommunityManifest;
  /** Member ids of at least the level. */
  members(): readonly { readonly node_id: string; readonly level: Level }[];
}

/** Who is allowed to call; `self` is the node itself. */
export type Trust = Level | "self";

/** A capability this node serves. Schemas are JSON Schema objects; they are hashed and they validate. */
export interface CapabilityDescriptor {
  readonly name: string;
  readonly version: string;
  readonly stability: string;
  readonly params: JsonObject;
  readonly max_concurrent: number;
  readonly trust: Trust;
  readonly request_schema: JsonObject;
  readonly response_schema: JsonObject | null;
  readonly stream_schema: JsonObject | null;
  /** Whether a call streams: never, always, or as `input.stream` says with this default. */
  readonly streaming: "never" | "always" | { readonly default: boolean };
  /** Milliseconds until 408; default 30 s. */
  readonly deadlineMs?: number;
  /** Left out of the manifest (aliases). */
  readonly hidden?: boolean;
}

/** A frame a handler yields; the transport adds the terminal frame's bookkeeping and `seq`. */
export interface Frame {
  readonly event: string;
  readonly data: JsonObject;
}

/** A call that passed every check up to the handler. */
export interface Call {
  readonly capability: string;
  readonly version: string;
  readonly requestId: string;
  /** Effective caller: signer, or subject of the token. */
  readonly caller: string;
  readonly level: Trust;
  readonly params: JsonObject;
  readonly input: JsonObject;
  readonly body: JsonObject;
  readonly token?: DecodedToken;
  /** Tool calls nest; depth of this call. */
  readonly depth: number;
  readonly transport: "unary" | "sse" | "websocket";
  /** Aborted when the caller goes away, cancels, or the deadline passes. */
  readonly signal: AbortSignal;
  /** Request headers by lower-case name, where the call came by HTTP to this very node. */
  readonly headers?: ReadonlyMap<string, string>;
  /** Messages of the client on a WebSocket after the call message; empty elsewhere. */
  readonly inbox: AsyncIterable<JsonObject>;
}

/** A finished unary answer; `meta.ms` is added by the bus. */
export interface UnaryResult {
  readonly output: JsonObject;
  readonly meta?: JsonObject;
}

/** A handler answers with a value or with frames; the last frame is `done` (an exception becomes `error`). */
export type Handler = (call: Call) => Promise<UnaryResult> | UnaryResult | AsyncGenerator<Frame, void, void>;

/** What the bus hands to the transport. */
export type BusAnswer =
  | { readonly kind: "unary"; readonly body: JsonObject }
  | { readonly kind: "stream"; readonly frames: AsyncGenerator<Frame, void, void> };

/** A call as the transport hands it over: signature, membership and rate have been checked. */
export type IncomingCall =
  & Pick<
    Call,
    "capability" | "version" | "requestId" | "caller" | "level" | "body" | "depth" | "signal" | "inbox" | "headers"
  >
  & { readonly token?: DecodedToken; readonly transport: "http" | "websocket"; readonly acceptsStream: boolean }
  & { /** Peer that forwarded the call; it is never routed back there. */ readonly via?: string };

/** Capability registry and dispatch: version match, trust, schema, concurrency, handler, routing to peers. */
export interface Bus {
  register(descriptor: CapabilityDescriptor, handler: Handler): void;
  descriptors(): readonly CapabilityDescriptor[];
  /** Entries for the manifest. */
  entries(): readonly CapabilityEntry[];
  inFlight(): number;
  /** @throws {NodeError} If the call is refused before acceptance. */
  dispatch(call: IncomingCall): Promise<BusAnswer>;
}

/** A message on a topic. */
export interface TopicMessage {
  readonly topic: string;
  readonly seq: number;
  readonly payload: Json;
}

/** Publish-subscribe inside the node; `local` topics never reach remote subscribers. */
export interface Topics {
  publish(topic: string, payload: Json): void;
  /** The oldest kept message after `lastSeq` (undefined: only new ones), or undefined when the wait ends. */
  next(topic: string, lastSeq: number | undefined, timeoutMs: number, signal: AbortSignal): Promise<
    TopicMessage | undefined
  >;
  /** Current sequence number of a topic. */
  seq(topic: string): number;
  /** How many wait on a topic now. */
  subscribers?(topic: string): number;
}

/** Chunks and manifests of blobs by CID. */
export interface BlobStore {
  putChunk(bytes: Uint8Array): string;
  chunk(cid: string): Uint8Array | undefined;
  /** Stores a complete blob, returns its manifest CID. */
  putBlob(bytes: Uint8Array): string;
  /** A complete blob's shape by manifest CID. */
  blob(cid: string): {
    readonly size_bytes: number;
    readonly chunk_size_bytes: number;
    readonly chunks: readonly {
      readonly cid: string;
      readonly size_bytes: number;
    }[];
  } | undefined;
  read(cid: string): Uint8Array | undefined;
  usedBytes(): number;
  /** Manifest CIDs held, sorted. */
  list(): readonly string[];
  /** Whether a chunk is held, without reading it. */
  hasChunk(cid: string): boolean;
  /** Whether this many more bytes fit the storage budget. */
  hasRoom(bytes: number): boolean;
  /** Stores a chunk under a CID the caller has verified. @throws {NodeError} If the budget is exceeded. */
  putChunkAs(cid: string, bytes: Uint8Array): void;
  /** Makes a blob whose chunks are all stored readable under the CID. */
  addManifest(cid: string, shape: BlobShape): void;
  /** Removes a chunk that no complete blob lists. */
  dropChunk(cid: string): void;
}

/** Whether the internet can be reached. */
export interface EmergencyMode {
  readonly mode: EmergencyState;
}

/** The log of the node; never raises. */
export interface NodeLogger {
  /** Writes a line; `more` are further members. */
  log(level: "info" | "warning" | "error", logger: string, msg: string, more?: JsonObject): void;
  close(): void;
}

/** Prometheus text metrics (wire-format.md section 18). */
export interface Metrics {
  count(name: string, labels: Readonly<Record<string, string>>, by?: number): void;
  gauge(name: string, labels: Readonly<Record<string, string>>, value: number): void;
  observe(name: string, labels: Readonly<Record<string, string>>, value: number): void;
  render(): string;
}

/** The last traces, newest last. */
export interface TraceRing {
  add(entry: JsonObject): void;
  recent(n: number): readonly JsonObject[];
}

/** Verification and bookkeeping of capability tokens. */
export interface TokenService {
  /**
   * Checks a presented token in the documented order (wire-format-services.md section 1).
   *
   * @throws {NodeError} The first check that fails.
   */
  authorize(request: {
    readonly token: string;
    /** Undefined: token-only call. */
    readonly signer: string | undefined;
    readonly from: string;
    readonly capability: string;
    readonly version: string;
    readonly params: JsonObject;
  }): { readonly caller: string; readonly level: Trust; readonly token: DecodedToken };
  /** Whether a token in scope for one capability also covers another (tool calls). */
  covers(token: DecodedToken, capability: string, version: string, params: JsonObject): boolean;
}

/** Other nodes: admission, pinning, routing, gossip. */
export interface Peers {
  /** Fetches the manifest of a base URL now; true if the peer was admitted. */
  add(baseUrl: string): Promise<boolean>;
  /** Whether any admitted peer serves the capability. */
  offers(capability: string, version: string): boolean;
  /** Whether a node is an admitted peer that was seen lately. */
  reaches?(nodeId: string): boolean;
  /** Routes a call to the best peer. @throws {NodeError} `not_found`, `capacity_exceeded`, `partition`, `timeout`. */
  route(call: IncomingCall): Promise<BusAnswer>;
  /** One gossip round with every admitted peer now. */
  gossip(): Promise<void>;
  count(): number;
  /** Peers that could take the call now, with their scores; a busy local provider is compared with them. */
  providers?(call: IncomingCall): readonly ScoredProvider[];
  stop(): Promise<void>;
}

/** The node's own manifest: re-issued every 20 s, valid for 30 s. */
export interface ManifestIssuer {
  current(): NodeManifest;
  /** Issues a new one now (a capability changed). */
  renew(): NodeManifest;
  stop(): void;
}
