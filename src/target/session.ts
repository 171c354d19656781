/**
 * One case's view of a target: everything it can send and see (X09 §4.2). Bytes sent are a function of seed, time
 * origin, namespace and learned values.
 */

import {
  type CallEnvelope,
  type CommunityManifest,
  type EventEnvelope,
  type Identity,
  isObject,
  type Json,
  type JsonObject,
  type NodeManifest,
  Random,
  signEvent,
  timestamp,
  tryParseJson,
  ulid,
  UlidSource,
} from "../protocol/mod.ts";
import {
  DEFAULT_LIMITS,
  type Endpoint,
  type HeaderList,
  type HttpAnswer,
  type HttpRequest,
  type HttpStream,
  type Network,
  openStream,
  openWebSocket,
  type ProxyRule,
  type RawOptions,
  type ReadLimits,
  readSse,
  request,
  sendRaw,
  type SseResult,
  type WsClient,
  type WsOptions,
} from "../wire/mod.ts";
import { type Actor, NoSuchActor } from "./actors.ts";
import { type CallOptions, prepareCall, type PreparedCall, upgradeHeaders, webSocketCallMessage } from "./call.ts";
import { type Dialect, translateAnswer } from "./dialect.ts";
import { NodeControl } from "./node_control.ts";
import { EventObserver } from "./observer.ts";
import { PeerHost, type PeerOptions } from "./peer_host.ts";
import { advertised, type TargetProfile } from "./profile.ts";
import type { Provision, SessionHost } from "./target.ts";

/** What a session is made of. */
export interface SessionParts {
  readonly network: Network;
  readonly host: SessionHost;
  readonly profile: TargetProfile;
  readonly dialect: Dialect;
  readonly seed: number;
  /** Labels of everything drawn at random in this session. */
  readonly namespace: readonly (string | number)[];
}

/** An unsigned event as a case states it; what is left out is filled in. */
export interface EventOptions {
  /** Default: one above everything this session has seen or sent. */
  readonly lamport?: number;
  readonly eventId?: string;
  readonly wallClock?: string;
  readonly communityId?: string;
}

/** A stream read to its end. */
export interface StreamAnswer {
  /** The HTTP answer: complete for JSON answers, head and all bytes for streams. */
  readonly answer: HttpAnswer;
  /** Present if the answer was an event stream. */
  readonly sse?: SseResult;
}

/** See the module comment. */
export class Session {
  readonly network: Network;
  readonly profile: TargetProfile;
  readonly dialect: Dialect;
  /** Ending and starting the node, its log files, its clock. */
  readonly control: NodeControl;
  readonly #parts: SessionParts;
  readonly #ids: UlidSource;
  #lamport = 0;
  #headRead: Promise<number | undefined> | undefined;
  readonly #peers: PeerHost[] = [];
  #lastExchange = -1;
  #members: ((name: string) => Promise<Identity>) | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.network = parts.network;
    this.profile = parts.profile;
    this.dialect = parts.dialect;
    this.control = new NodeControl(parts.network, parts.host);
    this.#ids = new UlidSource(() => this.wall(), this.random("ids"));
  }

  get endpoint(): Endpoint {
    return this.#parts.host.node.endpoint;
  }

  get nodeId(): string {
    return this.#parts.host.node.nodeId;
  }

  get communityId(): string {
    return this.#parts.host.node.communityId;
  }

  /** Milliseconds since the epoch as the tester writes them. */
  wall(): number {
    return this.network.clock.wall();
  }

  /** Monotonic milliseconds, the scale of all arrival times. */
  mono(): number {
    return this.network.clock.mono();
  }

  /** The timestamp of now. */
  now(): string {
    return timestamp(this.wall());
  }

  sleep(ms: number): Promise<void> {
    return this.network.clock.sleep(ms);
  }

  /** A random generator that only depends on seed, namespace and purpose. */
  random(purpose: string): Random {
    return new Random(this.#parts.seed, ...this.#parts.namespace, purpose);
  }

  /** The next ULID of this session: request ids, client ids, event ids. */
  id(): string {
    return this.#ids.next();
  }

  /** A ULID of a given time. */
  idAt(ms: number): string {
    return ulid(ms, this.random(`id-at-${ms}-${this.id()}`));
  }

  /** Number of the last exchange with the target, -1 before any: what a difference without one points at. */
  get lastExchange(): number {
    return this.#lastExchange;
  }

  /** Any request, as it is. */
  async http(req: HttpRequest, limits: Partial<ReadLimits> = {}): Promise<HttpAnswer> {
    return this.#noted(await request(this.network, this.endpoint, req, limits));
  }

  /** Bytes that need not be HTTP. */
  async raw(bytes: Uint8Array | readonly Uint8Array[], options: RawOptions = {}): Promise<HttpAnswer> {
    return this.#noted(await sendRaw(this.network, this.endpoint, bytes, options));
  }

  httpGet(path: string, headers: HeaderList = [], limits: Partial<ReadLimits> = {}): Promise<HttpAnswer> {
    return this.http({ method: "GET", path, headers }, limits);
  }

  httpPost(
    path: string,
    body: Uint8Array,
    headers: HeaderList = [["Content-Type", "application/json"]],
    limits: Partial<ReadLimits> = {},
  ): Promise<HttpAnswer> {
    return this.http({ method: "POST", path, headers, body }, limits);
  }

  /** `GET /manifest`, whatever it answers. */
  manifest(): Promise<HttpAnswer> {
    return this.httpGet("/manifest");
  }

  /** `GET /community/manifest`, whatever it answers. */
  communityManifest(): Promise<HttpAnswer> {
    return this.httpGet("/community/manifest");
  }

  /** The node manifest as a set-up step; undefined if it cannot be read. */
  async readManifest(): Promise<NodeManifest | undefined> {
    const value = tryParseJson((await this.manifest()).body);
    return isObject(value) ? value as unknown as NodeManifest : undefined;
  }

  /** The community manifest as a set-up step; undefined if it cannot be read. */
  async readCommunity(): Promise<CommunityManifest | undefined> {
    const value = tryParseJson((await this.communityManifest()).body);
    return isObject(value) ? value as unknown as CommunityManifest : undefined;
  }

  /** The advertised entry of a capability at major 1 (or compatible with `version`). */
  advertised(name: string, version = "1.0"): JsonObject | undefined {
    return advertised(this.profile, name, version);
  }

  /** The envelope of a call with all options applied. */
  envelope(actor: Actor, capability: string, options: CallOptions = {}): CallEnvelope {
    const version = options.version ?? this.#versionOf(capability);
    return {
      capability,
      version,
      request_id: options.requestId ?? this.id(),
      from: options.from ?? actor.id,
      community: options.community ?? this.communityId,
      timestamp: options.timestamp ?? this.now(),
      body: options.body ?? { params: options.params ?? {}, input: {} },
    };
  }

  /** Signs and phrases a call without sending it. */
  prepare(actor: Actor, capability: string, options: CallOptions = {}): PreparedCall {
    return prepareCall(this.dialect, actor.identity, this.envelope(actor, capability, options), options);
  }

  /** A call answered as a whole. An event stream is read to its end as bytes. */
  async busCall(actor: Actor, capability: string, options: CallOptions = {}): Promise<HttpAnswer> {
    const { request: prepared } = this.prepare(actor, capability, options);
    return this.#translated(await this.http(prepared, this.#limitsOf(options)));
  }

  /** The usual call: `params` empty, `input` as given. */
  call(actor: Actor, capability: string, input: JsonObject = {}, options: CallOptions = {}): Promise<HttpAnswer> {
    const body: Json = { params: options.params ?? {}, input };
    return this.busCall(actor, capability, { ...options, body: options.body ?? body });
  }

  /** Opens a streaming call; the caller reads, aborts, or closes. */
  open(actor: Actor, capability: string, input: JsonObject, options: CallOptions = {}): Promise<HttpStream> {
    const body: Json = { params: options.params ?? {}, input };
    const { request: prepared } = this.prepare(actor, capability, { ...options, body: options.body ?? body });
    return openStream(this.network, this.endpoint, prepared, this.#limitsOf(options));
  }

  /** A streaming call read to its end; `sse` is absent if the target answered with JSON. */
  async stream(
    actor: Actor,
    capability: string,
    input: JsonObject,
    options: CallOptions = {},
  ): Promise<StreamAnswer> {
    const stream = await this.open(actor, capability, input, options);
    return await this.readStream(stream);
  }

  /** Reads an opened stream to its end. */
  async readStream(stream: HttpStream): Promise<StreamAnswer> {
    const type = stream.head?.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
    if (!type.toLowerCase().startsWith("text/event-stream")) {
      for await (const _ of stream.chunks());
      return { answer: this.#noted(stream.finish()) };
    }
    const sse = await readSse(stream);
    return { answer: this.#noted(stream.finish()), sse };
  }

  /** Asks for an upgrade to a WebSocket; headers as {@linkcode upgradeHeaders} makes them. */
  wsConnect(path: string, options: Omit<Partial<WsOptions>, "path"> = {}): Promise<WsClient> {
    return openWebSocket(this.network, this.endpoint, {
      protocols: ["hearthnet-bus.v2"],
      random: this.random(`ws-${this.id()}`),
      ...options,
      path,
    });
  }

  /**
   * Upgrades and sends the call message: the first message of wire-format.md section 16. When the upgrade is refused,
   * nothing is sent and `handshake` of the client tells why.
   */
  async wsCall(
    actor: Actor,
    capability: string,
    input: JsonObject,
    options: CallOptions & { readonly limits?: Partial<ReadLimits> } = {},
  ): Promise<WsClient> {
    const body: Json = { params: options.params ?? {}, input };
    const envelope = this.envelope(actor, capability, { ...options, body: options.body ?? body });
    const socket = await this.wsConnect("/bus/v1/call", {
      headers: upgradeHeaders(actor.identity, envelope),
      limits: options.limits ?? this.#limitsOf(options),
    });
    if (socket.handshake.upgraded) {
      const { signature } = prepareCall(this.dialect, actor.identity, envelope, options);
      await socket.send(JSON.stringify(webSocketCallMessage(envelope, signature)));
    }
    return socket;
  }

  /** The signed upgrade headers for a capability. */
  upgradeHeaders(actor: Actor, capability: string, options: CallOptions = {}): HeaderList {
    return upgradeHeaders(actor.identity, this.envelope(actor, capability, options));
  }

  /** The highest head the node reports for sync; undefined if it cannot be read. */
  async head(): Promise<number | undefined> {
    const value = tryParseJson((await this.httpGet("/sync/v1/heads")).body);
    if (!isObject(value)) return undefined;
    const head = typeof value.head === "number" ? value.head : value[this.communityId];
    if (typeof head !== "number") return undefined;
    this.sawLamport(head);
    return head;
  }

  /** Notes a Lamport value, so that later events of this session lie above it. */
  sawLamport(lamport: number): void {
    if (Number.isSafeInteger(lamport)) this.#lamport = Math.max(this.#lamport, lamport);
  }

  /** One above everything seen or sent, after reading the head once. */
  async nextLamport(): Promise<number> {
    // One reading, however many events are made at once: numbers are given in the order in which they were asked for.
    await (this.#headRead ??= this.head());
    return ++this.#lamport;
  }

  /** A signed event. */
  async event(
    author: Actor | Identity,
    eventType: string,
    data: JsonObject,
    options: EventOptions = {},
  ): Promise<EventEnvelope> {
    const identity = "identity" in author ? author.identity : author;
    return signEvent(identity, {
      event_id: options.eventId ?? this.id(),
      lamport: options.lamport ?? await this.nextLamport(),
      wall_clock: options.wallClock ?? this.now(),
      community_id: options.communityId ?? this.communityId,
      event_type: eventType,
      data,
    });
  }

  /** `POST /sync/v1/events`; values that are no events go out as they are. */
  push(
    events: readonly (EventEnvelope | Json)[],
    options: { readonly ourHead?: number; readonly communityId?: string; readonly deadlineMs?: number } = {},
  ): Promise<HttpAnswer> {
    const body = {
      community_id: options.communityId ?? this.communityId,
      events,
      ...(options.ourHead === undefined ? {} : { our_head: options.ourHead }),
    };
    return this.httpPost("/sync/v1/events", new TextEncoder().encode(JSON.stringify(body)), undefined, {
      ...this.#limitsOf(options),
    });
  }

  /** Gives the session a source of member identities, for what it hosts itself. */
  lendMembers(members: (name: string) => Promise<Identity>): void {
    this.#members = members;
  }

  /** A member identity of this session. @throws {NoSuchActor} If none can be had. */
  async memberIdentity(name: string): Promise<Identity> {
    if (this.#members === undefined) throw new NoSuchActor("no member identity is at hand");
    return await this.#members(name);
  }

  /** Sees logged events in the first way the target allows (design.md "Observing events"). */
  eventSubscribe(types: readonly string[] = []): Promise<EventObserver> {
    return EventObserver.open(this, types);
  }

  /** The same where everything logged can be seen, so that "no event" can be told; otherwise undefined. */
  async completeView(types: readonly string[]): Promise<EventObserver | undefined> {
    const observer = await this.eventSubscribe(types);
    return observer.complete ? observer : undefined;
  }

  /** One long poll. `timeout` in seconds; `lastSeq` undefined waits for new messages only. */
  poll(
    topic: string,
    options: { readonly lastSeq?: number; readonly timeout?: number; readonly deadlineMs?: number } = {},
  ): Promise<HttpAnswer> {
    const query = new URLSearchParams({ topic });
    if (options.lastSeq !== undefined) query.set("last_seq", String(options.lastSeq));
    if (options.timeout !== undefined) query.set("timeout", String(options.timeout));
    const waitMs = (options.timeout ?? 30) * 1000;
    const deadlineMs = options.deadlineMs ?? waitMs + DEFAULT_LIMITS.deadlineMs;
    return this.httpGet(`/pubsub/v1/subscribe?${query}`, [], { deadlineMs, idleMs: deadlineMs });
  }

  /** Hosts a peer of the tester; it is introduced to the target by {@linkcode introduce}. */
  async hostPeer(options: PeerOptions): Promise<PeerHost> {
    const peer = await PeerHost.start(this, options);
    this.#peers.push(peer);
    return peer;
  }

  /** Makes the target look at a peer; resolves when it has. */
  async introduce(peer: PeerHost): Promise<void> {
    const { introduce } = this.#parts.host;
    if (introduce === undefined) throw new Error("Cannot introduce a peer: the target does not provide it");
    await this.network.fact(`introduce ${peer.name}`, async () => {
      await introduce.call(this.#parts.host, peer.url);
      return true;
    });
  }

  /** Makes the target sync with its peers now. */
  async gossip(): Promise<void> {
    const { gossip } = this.#parts.host;
    if (gossip === undefined) throw new Error("Cannot trigger a sync: the target does not provide it");
    await this.network.fact("gossip", async () => {
      await gossip.call(this.#parts.host);
      return true;
    });
  }

  /** Lets the proxies between the two nodes apply these rules from now on; without proxies nothing happens. */
  shape(rules: readonly ProxyRule[]): void {
    this.#parts.host.shape?.(rules);
  }

  /** Changes the target's set-up; state of the node is lost, so this comes before anything else. */
  async provision(change: Provision): Promise<void> {
    const { host } = this.#parts;
    if (host.provision === undefined) throw new Error("Cannot provision: the target does not provide it");
    await host.provision(change);
    this.#lamport = 0;
    this.#headRead = undefined;
  }

  /** A session with the second node of the community. */
  async secondNode(): Promise<Session> {
    const { host } = this.#parts;
    if (host.secondNode === undefined) throw new Error("Cannot reach a second node: the target does not provide it");
    const second = await host.secondNode();
    return new Session({ ...this.#parts, host: second, namespace: [...this.#parts.namespace, "second"] });
  }

  /** Stops or kills the node and starts it again from its data. */
  async restart(how: "stop" | "kill" = "stop"): Promise<void> {
    const { host } = this.#parts;
    if (host.restart === undefined) throw new Error("Cannot restart: the target does not provide it");
    await host.restart(how);
  }

  /** Cuts or restores the connection between the two nodes. */
  async partition(cut: boolean): Promise<void> {
    const { host } = this.#parts;
    if (host.partition === undefined) throw new Error("Cannot cut the network: the target does not provide it");
    await this.network.fact(`partition ${cut}`, async () => {
      await host.partition?.(cut);
      return true;
    });
  }

  /** Ends everything the session started. */
  async close(): Promise<void> {
    for (const peer of this.#peers) await peer.stop();
    await this.#parts.host.close();
  }

  #noted(answer: HttpAnswer): HttpAnswer {
    this.#lastExchange = answer.exchange;
    return answer;
  }

  #versionOf(capability: string): string {
    const entry = advertised(this.profile, capability) ?? advertised(this.profile, capability, "2.0");
    return typeof entry?.version === "string" ? entry.version : "1.0";
  }

  #limitsOf(options: { readonly deadlineMs?: number }): Partial<ReadLimits> {
    return options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs, idleMs: options.deadlineMs };
  }

  #translated(answer: HttpAnswer): HttpAnswer {
    if (this.dialect.name === "contract" || answer.status === 0) return answer;
    const value = tryParseJson(answer.body);
    if (value === undefined) return answer;
    const body = translateAnswer(this.dialect, answer.status, value);
    return body === value ? answer : { ...answer, body: new TextEncoder().encode(JSON.stringify(body)) };
  }
}
