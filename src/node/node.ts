/** The embedded reference node: composition of its parts and their life. */

import { deriveBytes, type Identity, identityFromSeed, Random, UlidSource } from "../protocol/mod.ts";
import type { Clock } from "../protocol/mod.ts";
import type {
  BlobStore,
  Bus,
  CommunityView,
  EventLog,
  ManifestIssuer,
  Metrics,
  NodeCore,
  NodeLogger,
  NodeOptions,
  Peers,
  TokenService,
  Topics,
  TraceRing,
} from "./core.ts";
import { Seams } from "./fault.ts";
import { OpenStreams } from "./http/account.ts";
import type { Transport } from "./http/call.ts";
import { route } from "./http/routes.ts";
import { listenPlain, type NodeServer, startServer } from "./http/server.ts";
import { MemoryTopics } from "./http/topics.ts";
import { RateLimiter } from "./limiter.ts";
import { NodeManifestIssuer } from "./manifest.ts";
import { Emergency } from "./observability/emergency.ts";
import { readGauges } from "./observability/gauges.ts";
import { FileLogger, SILENT } from "./observability/logger.ts";
import { NodeMetrics } from "./observability/metrics.ts";
import { RecentTraces } from "./observability/trace.ts";
import { hasLog } from "./log/store.ts";
import { NODE_PARTS } from "./parts.ts";
import { soundRules } from "./rules.ts";
import { listenTls } from "./tls.ts";

/** Makers of the parts that live in folders of their own. */
export interface NodeParts {
  openEventLog(core: NodeCore): { readonly log: EventLog; readonly community: CommunityView };
  createBus(core: NodeCore): Bus;
  createPeers(core: NodeCore): Peers;
  createTokens(core: NodeCore): TokenService;
  createBlobs(core: NodeCore): BlobStore;
  registerAll(core: NodeCore): void;
}

/** Options of a sound node in memory on a free loopback port; identities are derived from the seed. */
export function defaultNodeOptions(
  choice: { readonly clock: Clock; readonly seed?: number | string; readonly name?: string },
): NodeOptions {
  const { clock, seed = DEFAULT_SEED, name = "node" } = choice;
  return {
    identity: derivedIdentity(seed, name),
    root: derivedIdentity(seed, "root"),
    communityName: "hearthproof",
    clock,
    random: new Random(seed, "node", name, "random"),
    host: "127.0.0.1",
    port: 0,
    tls: false,
    peers: [],
    rules: soundRules,
    seams: new Seams(),
    tokenDelayMs: 0,
  };
}

const DEFAULT_SEED = 0xC0FFEE;

const identities = new Map<string, Identity>();
/** Identities kept; a run uses few seeds, and making a key takes longer than starting a node may. */
const MAX_IDENTITIES = 256;

function derivedIdentity(seed: number | string, name: string): Identity {
  const key = `${seed} ${name}`;
  let identity = identities.get(key);
  if (identity === undefined) {
    identity = identityFromSeed(deriveBytes(seed, "node", name));
    if (identities.size >= MAX_IDENTITIES) identities.clear();
    identities.set(key, identity);
  }
  return identity;
}

/** The core while its parts are made; a part may be read once all are in place. */
class Core implements NodeCore {
  readonly #leave = new AbortController();
  readonly #stop = new AbortController();
  readonly identity: Identity;
  readonly communityId: string;
  readonly ids: UlidSource;
  readonly metrics: Metrics;
  readonly traces: TraceRing;
  readonly topics: Topics;
  readonly log: EventLog;
  readonly community: CommunityView;
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly tokens: TokenService;
  readonly peers: Peers;
  readonly manifest: ManifestIssuer & { publishRegularly(): Promise<void> };
  readonly logger: NodeLogger;
  readonly emergency: Emergency;
  port: number;

  constructor(readonly options: NodeOptions, parts: NodeParts) {
    this.identity = options.identity;
    this.communityId = options.root.id;
    this.port = options.port;
    this.ids = new UlidSource(() => options.clock.wall(), options.random);
    const { dataDirectory } = options;
    this.logger = dataDirectory === undefined ? SILENT : new FileLogger(dataDirectory, options.clock, options.rules);
    this.metrics = new NodeMetrics((metrics) => readGauges(this, metrics));
    this.traces = new RecentTraces(options.rules.traceRing);
    this.topics = new MemoryTopics(options.rules, options.clock);
    this.manifest = new NodeManifestIssuer(this, () => ({ host: options.host, port: this.port }));
    this.emergency = new Emergency(this, options.internet);
    const { log, community } = parts.openEventLog(this);
    this.log = log;
    this.community = community;
    this.blobs = parts.createBlobs(this);
    this.bus = parts.createBus(this);
    this.tokens = parts.createTokens(this);
    this.peers = parts.createPeers(this);
    parts.registerAll(this);
    for (const { name, version } of this.bus.descriptors()) {
      this.topics.publish("capability.registered", { name, version });
    }
  }

  get rules() {
    return this.options.rules;
  }
  get seams() {
    return this.options.seams;
  }
  get clock() {
    return this.options.clock;
  }
  get random() {
    return this.options.random;
  }
  get leaving(): AbortSignal {
    return this.#leave.signal;
  }
  get stopping(): AbortSignal {
    return this.#stop.signal;
  }
  leave(): void {
    this.#leave.abort();
  }
  stop(): void {
    this.#leave.abort();
    this.#stop.abort();
  }
}

/** The options of a start on a directory, which may have been used before. */
function claimed(options: NodeOptions): NodeOptions {
  const { dataDirectory, identity, rules } = options;
  if (dataDirectory === undefined) return options;
  rules.claimsDirectory(dataDirectory);
  return { ...options, identity: rules.deviceIdentity(identity, hasLog(dataDirectory)) };
}

async function listen(transport: Transport): Promise<NodeServer> {
  const { core } = transport;
  const listener = core.options.tls ? await listenTls(core) : listenPlain;
  return await startServer(core, listener, (request, client) => route(transport, request, client));
}

/** First and longest pause between attempts to reach a configured peer, in milliseconds. X01: up to 30 s. */
const RETRY_MS: { readonly first: number; readonly longest: number } = { first: 500, longest: 30_000 };

/** Adds a configured peer, again and again until it is admitted or the node stops. */
async function keepTrying(core: NodeCore, url: string): Promise<void> {
  try {
    for (let pause = RETRY_MS.first;; pause = Math.min(pause * 2, RETRY_MS.longest)) {
      if (await core.peers.add(url).catch(() => false)) return;
      await core.clock.sleep(pause, core.stopping);
    }
  } catch {
    // The node stops.
  }
}

/** A running node. */
export class ReferenceNode {
  #left: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(private readonly made: Core, private readonly server: NodeServer) {}

  /**
   * Starts a node and resolves once it listens.
   *
   * @throws {Error} If the address cannot be bound or the data directory cannot be used.
   */
  static async start(options: NodeOptions, parts: NodeParts = NODE_PARTS): Promise<ReferenceNode> {
    const core = new Core(claimed(options), parts);
    const transport: Transport = {
      core,
      limiter: new RateLimiter(options.rules, options.clock),
      streams: new OpenStreams(),
      websockets: 0,
      crash: () => void server.close("reset"),
    };
    const server = await listen(transport).catch(async (error) => {
      core.stop();
      await core.peers.stop();
      core.log.close();
      core.logger.close();
      throw error;
    });
    core.port = server.port;
    core.manifest.publishRegularly();
    core.emergency.watch();
    core.logger.log("info", "node", "started", { node_id: core.identity.id, port: core.port });
    for (const url of options.peers) keepTrying(core, url);
    return new ReferenceNode(core, server);
  }

  get core(): NodeCore {
    return this.made;
  }

  /** Base URL without trailing slash. */
  get url(): string {
    const { tls, host } = this.made.options;
    return `${tls ? "https" : "http"}://${this.made.rules.advertisedHost(host)}:${this.server.port}`;
  }

  get nodeId(): string {
    return this.made.identity.id;
  }

  get communityId(): string {
    return this.made.communityId;
  }

  /** Makes a peer known; true if it was admitted. */
  addPeer(url: string): Promise<boolean> {
    return this.made.peers.add(url);
  }

  /**
   * Ends as SIGTERM asks for: no new connections, open streams and polls end, calls are answered, then everything is
   * closed. Resolves within the drain time and the little that {@linkcode stop} takes.
   */
  shutdown(): Promise<void> {
    return this.#left ??= this.#drain();
  }

  /** Stops at once: connections are closed, timers cleared, files closed. */
  stop(): Promise<void> {
    return this.#stopped ??= this.#shut("close");
  }

  /** Goes away as a killed process does: connections are reset, nothing is said or saved. */
  crash(): Promise<void> {
    return this.#stopped ??= this.#shut("reset");
  }

  async #drain(): Promise<void> {
    const { made } = this;
    const { rules, clock, logger } = made;
    logger.log("info", "node", "stopping");
    if (!rules.storesWhileStopping) made.log.seal?.();
    made.leave();
    if (rules.lingerMs > 0) await clock.sleep(rules.lingerMs, made.stopping).catch(() => {});
    await this.server.drain(rules.drainMs);
    await this.stop();
  }

  async #shut(how: "close" | "reset"): Promise<void> {
    const { made } = this;
    made.stop();
    made.manifest.stop();
    await Promise.all([this.server.close(how), made.peers.stop()]);
    made.log.close();
    if (how === "close") made.logger.log("info", "node", "stopped");
    made.logger.close();
  }
}
