/** Other nodes: fetching their manifests, choosing one for a call, gossip. wire-format.md sections 14 and 17. */

import type { Json, JsonObject } from "../../protocol/mod.ts";
import { type BusAnswer, type IncomingCall, type NodeCore, NodeError, type Peers } from "../core.ts";
import { versionServed } from "../bus/mod.ts";
import type { ScoredProvider } from "../rules/bus.ts";
import { admit } from "./admission.ts";
import { deadlineIn } from "./deadline.ts";
import { listenForAnnouncements } from "./discovery.ts";
import { fetchDocument, type Fetched } from "./fetch.ts";
import { forward } from "./forward.ts";
import { Gossip, type PeerTransport } from "./gossip.ts";
import { Peer, type Provider } from "./peer.ts";
import { Pins } from "./pins.ts";
import { ConnectionPool } from "./pool.ts";
import { type Origin, originOf, PeerError } from "./socket.ts";

/** Milliseconds for fetching a manifest, and for one sync exchange. */
const FETCH_DEADLINE_MS = 5000;
const SYNC_DEADLINE_MS = 30_000;
/** Addresses that are tried at most; announcements can name any number. */
const MAX_SOURCES = 256;
/** Peers tried for one call when connections are refused. */
const MAX_ATTEMPTS = 3;

/** The peers of a node. */
export function createPeers(core: NodeCore): Peers {
  return new NodePeers(core);
}

/** An address where a peer is, or may come up. */
interface Source {
  readonly baseUrl: string;
  readonly origin: Origin;
  /** Given by the operator: tried again while nobody answers. */
  readonly configured: boolean;
  peer: Peer | undefined;
  /** `mono()` of the last answer, or of the announcement. */
  seenAt: number;
}

/** What can be done with a call: send it to one of these, or why not. */
type Choice =
  | { readonly kind: "open"; readonly providers: readonly Provider[] }
  | { readonly kind: "none" }
  | { readonly kind: "full" }
  | { readonly kind: "resting" };

class NodePeers implements Peers {
  readonly #sources = new Map<string, Source>();
  readonly #pins: Pins;
  readonly #pool: ConnectionPool;
  readonly #stop = new AbortController();
  readonly #work = new Set<Promise<void>>();
  readonly #gossip: Gossip;
  #loops = false;

  constructor(private readonly core: NodeCore) {
    this.#pool = new ConnectionPool(core.clock, core.rules);
    this.#gossip = new Gossip(core);
    this.#pins = new Pins(core.rules.pinsOnDisk ? core.options.dataDirectory : undefined);
    const { discoveryPort } = core.options;
    if (discoveryPort !== undefined) queueMicrotask(() => this.#listen(discoveryPort));
  }

  async add(baseUrl: string): Promise<boolean> {
    const source = this.#source(baseUrl, true);
    if (source === undefined) return false;
    this.#startLoops();
    return await this.#refresh(source);
  }

  offers(capability: string, version: string): boolean {
    return this.#serving(capability, version).length > 0;
  }

  reaches(nodeId: string): boolean {
    return this.#peers().some((peer) => peer.nodeId === nodeId);
  }

  count(): number {
    return this.#peers().length;
  }

  providers(call: IncomingCall): readonly ScoredProvider[] {
    const choice = this.#choose(call);
    return choice.kind === "open" ? choice.providers.map((provider) => this.#scored(provider)) : [];
  }

  async route(call: IncomingCall): Promise<BusAnswer> {
    const { rules, random } = this.core;
    const tried = new Set<Provider>();
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
      const choice = this.#choose(call, tried);
      if (choice.kind !== "open") {
        if (tried.size > 0) break;
        throw refusalFor(choice.kind, call.capability, rules.fullRetryMs);
      }
      const scored = choice.providers.map((provider) => this.#scored(provider));
      const picked = rules.pickProvider(scored, random);
      const provider = choice.providers.find(({ peer }) => peer.nodeId === picked?.node);
      if (provider === undefined) throw refusalFor("none", call.capability, rules.fullRetryMs);
      tried.add(provider);
      try {
        return await this.#send(provider, call);
      } catch (error) {
        if (!(error instanceof PeerError)) throw error;
      }
    }
    throw new NodeError(rules.unreachableCode, `no provider of ${call.capability} can be reached`);
  }

  async gossip(): Promise<void> {
    await Promise.all(this.#peers().map((peer) => this.#round(peer)));
  }

  /** A gossip round; the next one tries again after a failure, and a peer that does not answer ages out by itself. */
  async #round(peer: Peer): Promise<void> {
    await this.#gossip.round(peer.nodeId, this.#transport(peer)).catch(() => {});
  }

  #transport(peer: Pick<Peer, "origin" | "fingerprint">): PeerTransport {
    return {
      get: (path) => this.#sync(peer, "GET", path),
      post: (path, body) => this.#sync(peer, "POST", path, body),
    };
  }

  async #sync(
    peer: Pick<Peer, "origin" | "fingerprint">,
    method: "GET" | "POST",
    path: string,
    body?: JsonObject,
  ): Promise<Json> {
    const { document } = await fetchDocument(this.core, this.#pool, peer.origin, {
      purpose: method === "GET" ? "heads" : "events",
      method,
      path,
      ...(body === undefined ? {} : { body }),
      deadlineMs: SYNC_DEADLINE_MS,
      pinned: this.core.rules.peerCertificatePinned ? peer.fingerprint : undefined,
    }, this.#stop.signal);
    return document;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#pool.close();
    await Promise.all(this.#work);
  }

  #listen(port: number): void {
    if (this.#stop.signal.aborted) return;
    const heard = (from: string, at: number) => this.#announced(from, at);
    this.#track(listenForAnnouncements(this.core, this.core.options.host, port, heard, this.#stop.signal));
    this.#startLoops();
  }

  #announced(host: string, port: number): void {
    const scheme = this.core.options.tls ? "https" : "http";
    const other = scheme === "https" ? "http" : "https";
    const urls = [scheme, other].map((s) => `${s}://${host}:${port}`);
    const known = urls.map((url) => this.#sources.get(url)).find((source) => source?.peer !== undefined);
    if (known !== undefined) return;
    this.#track((async () => {
      for (const url of urls) {
        const source = this.#source(url, false);
        if (source !== undefined && await this.#refresh(source)) return;
        if (source?.configured === false && source.peer === undefined) this.#sources.delete(url);
      }
    })());
  }

  /** Keeps what runs in the background until it ends, so that `stop` can wait for it. */
  #track(work: Promise<void>): void {
    const settled = work.catch(() => {}).finally(() => this.#work.delete(settled));
    this.#work.add(settled);
  }

  #source(baseUrl: string, configured: boolean): Source | undefined {
    const origin = originOf(baseUrl);
    if (origin === undefined || this.#stop.signal.aborted) return undefined;
    const key = urlOf(origin);
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    if (this.#sources.size >= MAX_SOURCES) return undefined;
    const source: Source = { baseUrl: key, origin, configured, peer: undefined, seenAt: this.core.clock.mono() };
    this.#sources.set(key, source);
    return source;
  }

  #peers(): Peer[] {
    const { community } = this.core;
    return [...this.#sources.values()].flatMap(({ peer }) =>
      peer === undefined || community.isRevoked(peer.nodeId) ? [] : [peer]
    );
  }

  #serving(capability: string, version: string): Provider[] {
    const found: Provider[] = [];
    for (const peer of this.#peers()) {
      for (const provider of peer.providers()) {
        const { entry } = provider;
        if (!this.core.rules.nameMatches(entry.name, capability)) continue;
        if (versionServed(this.core, entry.version, version)) found.push(provider);
      }
    }
    return found;
  }

  #choose(call: IncomingCall, tried: ReadonlySet<Provider> = new Set()): Choice {
    const { rules, clock } = this.core;
    const mono = clock.mono();
    const serving = this.#serving(call.capability, call.version).filter(({ peer }) =>
      rules.forwardsBack || peer.nodeId !== call.via
    );
    if (serving.length === 0) return { kind: "none" };
    const awake = serving.filter((provider) =>
      mono - provider.peer.seenAt < rules.providerStaleMs && provider.health.usable(mono) && !tried.has(provider)
    );
    if (awake.length === 0) return { kind: "resting" };
    const open = awake.filter(({ slots }) => !rules.peerLimitKept || slots.used < slots.limit);
    return open.length === 0 ? { kind: "full" } : { kind: "open", providers: open };
  }

  #scored({ peer, slots, health }: Provider): ScoredProvider {
    const facts = { local: false, p50Ms: health.p50Ms, load: slots.load, success: health.success };
    return { ...facts, node: peer.nodeId, score: this.core.rules.providerScore(facts) };
  }

  async #send(provider: Provider, call: IncomingCall): Promise<BusAnswer> {
    const { rules, clock, metrics } = this.core;
    const { health, slots, entry, peer } = provider;
    const release = slots.tryTake();
    const started = clock.mono();
    const deadline = deadlineIn(rules.peerDeadlineMs(call.capability), clock, call.signal, this.#stop.signal);
    let over = false;
    health.begin();
    const ended = ({ code, abandoned }: { readonly code?: string; readonly abandoned?: boolean }) => {
      if (over) return;
      over = true;
      deadline.end();
      release?.();
      if (abandoned === true) return health.abandon();
      const mono = clock.mono();
      health.record(code === undefined || !rules.countsAsFailure(code), mono - started, mono);
      metrics.gauge("hearthnet_capability_health_success_rate", {
        capability: entry.name,
        node: peer.nodeId,
      }, health.success);
    };
    // A stream that is dropped before its first frame was asked for never runs its own end.
    call.signal.addEventListener("abort", () => ended({ abandoned: true }), { once: true });
    return await forward(this.core, this.#pool, provider, call, { ended, deadline });
  }

  /** Fetches and checks the manifest of an address; true if its peer is admitted. */
  async #refresh(source: Source): Promise<boolean> {
    const { core } = this;
    const known = source.peer;
    let fetched: Fetched;
    try {
      fetched = await fetchDocument(core, this.#pool, source.origin, {
        purpose: "manifest",
        method: "GET",
        path: "/manifest",
        deadlineMs: FETCH_DEADLINE_MS,
        pinned: core.rules.peerCertificatePinned ? known?.fingerprint : undefined,
      }, this.#stop.signal);
    } catch (error) {
      if (error instanceof PeerError && error.kind === "pin") this.#signatureFailure("tls_pin");
      return false;
    }
    const judge = () => admit(core, fetched.document, (nodeId) => known?.nodeId === nodeId || this.#pins.has(nodeId));
    let admission = judge();
    if (!admission.ok && admission.reason === "no_member" && source.configured && this.#alone()) {
      const { origin } = source;
      await this.#gossip.meet(this.#transport({ origin, fingerprint: fetched.fingerprint })).catch(() => {});
      admission = judge();
    }
    if (!admission.ok) {
      if (admission.reason === "invalid_signature") this.#signatureFailure("manifest");
      return false;
    }
    return this.#accept(source, admission.manifest, fetched.fingerprint);
  }

  /** A node that knows no member but root and itself may be entering a community that others are in. */
  #alone(): boolean {
    const { community, communityId, identity } = this.core;
    return community.members().every(({ node_id }) => node_id === communityId || node_id === identity.id);
  }

  #accept(source: Source, manifest: Parameters<Peer["update"]>[0], fingerprint: string | undefined): boolean {
    const { core } = this;
    const mono = core.clock.mono();
    const pin = this.#pins.get(manifest.nodeId);
    const changed = pin !== undefined && pin !== (fingerprint ?? "");
    if (changed && core.rules.peerCertificatePinned) {
      this.#signatureFailure("tls_pin");
      return false;
    }
    // Only certificates are pinned across addresses; the key of a peer is its NodeID.
    if (fingerprint !== undefined) this.#pins.set(manifest.nodeId, fingerprint);
    source.seenAt = mono;
    if (source.peer?.nodeId === manifest.nodeId) source.peer.update(manifest, mono);
    else {
      for (const other of this.#sources.values()) if (other.peer?.nodeId === manifest.nodeId) other.peer = undefined;
      source.peer = new Peer(source.origin, manifest, fingerprint, mono, core.rules);
      this.#track(this.#round(source.peer));
    }
    return true;
  }

  #signatureFailure(reason: string): void {
    this.core.metrics.count("hearthnet_signature_failures_total", { reason });
  }

  #startLoops(): void {
    if (this.#loops || this.#stop.signal.aborted) return;
    this.#loops = true;
    const { rules } = this.core;
    this.#track(this.#every(() => rules.peerRefreshMs, () => this.#refreshAll()));
    this.#track(this.#gossipLoop());
  }

  /** Rounds at the interval of the mode of the moment: a change of mode counts from the last round. */
  async #gossipLoop(): Promise<void> {
    const { rules, clock, emergency } = this.core;
    const { signal } = this.#stop;
    let last = clock.mono();
    while (!signal.aborted) {
      const due = () =>
        last + (emergency.mode === "online" ? rules.gossipIntervalMs : rules.gossipEmergencyIntervalMs) - clock.mono();
      await clock.sleep(Math.min(Math.max(0, due()), rules.gossipEmergencyIntervalMs), signal);
      if (due() > 0 || signal.aborted) continue;
      last = clock.mono();
      await this.gossip();
    }
  }

  async #every(pauseMs: () => number, work: () => Promise<void>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.core.clock.sleep(pauseMs(), this.#stop.signal);
      await work();
    }
  }

  async #refreshAll(): Promise<void> {
    const { rules, clock } = this.core;
    await Promise.all([...this.#sources.values()].map((source) => this.#refresh(source)));
    const mono = clock.mono();
    for (const source of this.#sources.values()) {
      if (mono - source.seenAt < rules.peerPruneMs) continue;
      source.peer = undefined;
      if (!source.configured) this.#sources.delete(source.baseUrl);
    }
  }
}

function urlOf({ tls, host, port }: Origin): string {
  return `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function refusalFor(kind: Exclude<Choice["kind"], "open">, capability: string, retryMs: number): NodeError {
  switch (kind) {
    case "none":
      return new NodeError("not_found", `nobody offers ${capability}`);
    case "full":
      return new NodeError("capacity_exceeded", `all providers of ${capability} are busy`, { retry_after_ms: retryMs });
    case "resting":
      return new NodeError("partition", `the providers of ${capability} are not in use at the moment`);
  }
}
