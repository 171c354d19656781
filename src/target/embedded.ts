/** The built-in reference node as a target: a fresh node per session, in this process, on loopback. */

import { type Clock, deriveBytes, identityFromSeed, Random } from "../protocol/mod.ts";
import type { Overrides } from "../node/fault.ts";
import { ReferenceNode } from "../node/node.ts";
import { type Behaviour, nodeWith } from "../node/with.ts";
import { type Endpoint, type Network, type Proxy, type ProxyRule, startProxy } from "../wire/mod.ts";
import { type Access, foundedIdentities } from "./access.ts";
import { CONTRACT_DIALECT, type Dialect } from "./dialect.ts";
import { LOG_PATHS } from "../node/observability/logger.ts";
import { newestLog } from "./log_files.ts";
import type {
  Feature,
  NodeSignal,
  Provision,
  SessionHost,
  SessionNeeds,
  StartOutcome,
  StopOutcome,
  Target,
} from "./target.ts";

/** Milliseconds between generated tokens: long streams last seconds, short ones no time. */
const TOKEN_DELAY_MS = 3;
const MS_PER_SECOND = 1000;

export interface EmbeddedOptions {
  readonly seed: number;
  readonly timeOrigin: number;
  readonly faults: readonly string[];
  readonly variants?: readonly string[];
  readonly dialect?: Dialect;
  /** Further overrides of the node's rules and seams. */
  readonly overrides?: readonly Overrides[];
  /** Sees the rules and seams of every node before it starts, and may wrap them. */
  readonly watch?: (behaviour: Behaviour) => Behaviour;
  /** Let what two nodes of a session say to each other pass through proxies of the tester, into the transcript. */
  readonly captureWire?: boolean;
  /** Serve https in every session. */
  readonly tls?: boolean;
}

const FEATURES: readonly Feature[] = [
  "fresh",
  "managed",
  "peers",
  "gossip",
  "second-node",
  "tls-option",
  "websocket-option",
  "isolated",
  "backend-fault",
  "disk-cap",
  "network-control",
  "log-access",
  "clock",
];

/** Splits `embedded:a,b` into names. */
export function faultNames(target: string): string[] {
  const colon = target.indexOf(":");
  return colon < 0 ? [] : target.slice(colon + 1).split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** See the module comment. */
export class EmbeddedTarget implements Target {
  readonly kind = "embedded";
  readonly url: string;
  readonly dialect: Dialect;
  readonly access: Access;
  readonly features: ReadonlySet<Feature> = new Set(FEATURES);

  constructor(private readonly options: EmbeddedOptions) {
    const names = [...options.faults, ...options.variants ?? []];
    this.url = names.length === 0 ? "embedded" : `embedded:${names.join(",")}`;
    this.dialect = options.dialect ?? CONTRACT_DIALECT;
    const { root, node } = foundedIdentities(options.seed);
    this.access = { root, sut: node, allowWrites: true, disposable: true };
  }

  async open(network: Network, needs: SessionNeeds): Promise<SessionHost> {
    return await EmbeddedHost.start(network, needs, this.options);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/** The clock of a node: its wall time stands where the network's stands or runs on, and can be moved. */
class NodeClock implements Clock {
  readonly #began: number;
  #movedMs = 0;

  constructor(private readonly base: Clock, private readonly runs: boolean) {
    this.#began = base.mono();
  }

  wall(): number {
    return Math.floor(this.base.wall() + (this.runs ? this.base.mono() - this.#began : 0) + this.#movedMs);
  }

  mono(): number {
    return this.base.mono() + this.#movedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.base.sleep(ms, signal);
  }

  move(ms: number): void {
    this.#movedMs += ms;
  }
}

interface NodeFact {
  readonly [member: string]: string | number;
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly node_id: string;
  readonly community_id: string;
}

/** One node of a session and what can be done to it. */
class EmbeddedHost implements SessionHost {
  #node: ReferenceNode | undefined;
  #second: EmbeddedHost | undefined;
  #fact: NodeFact | undefined;
  #directory: string | undefined;
  #provision: Provision = {};
  readonly #proxies: Proxy[] = [];
  /** While true, nothing the node sends to peers leaves it, and the internet cannot be reached. */
  #cut = false;
  #clock: NodeClock | undefined;
  #starts = 0;

  private constructor(
    private readonly network: Network,
    private readonly needs: SessionNeeds,
    private readonly options: EmbeddedOptions,
    /** Index of the node within the session. */
    private readonly index: number,
  ) {}

  static async start(network: Network, needs: SessionNeeds, options: EmbeddedOptions): Promise<EmbeddedHost> {
    const host = new EmbeddedHost(network, needs, options, 0);
    await host.#start();
    return host;
  }

  get node() {
    const fact = this.#fact;
    if (fact === undefined) throw new Error("Cannot use a node before it was started");
    const endpoint: Endpoint = { scheme: fact.scheme, host: fact.host, port: fact.port };
    return { endpoint, nodeId: fact.node_id, communityId: fact.community_id };
  }

  async introduce(baseUrl: string): Promise<void> {
    await this.#node?.addPeer(baseUrl);
  }

  async gossip(): Promise<void> {
    await this.#gossip();
  }

  async provision(change: Provision): Promise<void> {
    this.#provision = { ...this.#provision, ...change };
    await this.#node?.stop();
    await this.#start();
  }

  async secondNode(): Promise<SessionHost> {
    const second = new EmbeddedHost(this.network, this.needs, this.options, 1);
    await second.#start();
    this.#second = second;
    const [here, there] = this.options.captureWire === true
      ? [await this.#proxied(this), await this.#proxied(second)]
      : [this.#url(), second.#url()];
    await this.network.fact("second node joins", async () => {
      await second.introduce(here);
      const met = await this.#node?.addPeer(there);
      await second.#gossip();
      // A node admits only whom its log names, which on a busy machine it may learn just now.
      if (met !== true) await this.introduce(there);
      await this.#gossip();
      return true;
    });
    return second;
  }

  async restart(how: "stop" | "kill"): Promise<void> {
    await this.network.fact(`restart ${how}`, async () => {
      if (how === "kill") await this.#node?.crash();
      else await this.#node?.shutdown();
      return true;
    });
    await this.#start();
  }

  async end(signal: NodeSignal, deadlineMs: number): Promise<StopOutcome> {
    const clock = this.#time;
    const began = clock.mono();
    const over = new AbortController();
    const ending = (signal === "SIGKILL" ? this.#node?.crash() : this.#node?.shutdown()) ?? Promise.resolve();
    const late = clock.sleep(deadlineMs, over.signal).then(() => false, () => true);
    const ended = await Promise.race([ending.then(() => true), late]);
    over.abort();
    const ms = Math.round(clock.mono() - began);
    if (!ended) await this.#node?.crash();
    return { ended, ms, code: null, signal: null, leftovers: null };
  }

  async begin(): Promise<StartOutcome> {
    const outcome = await this.network.fact("begin", async () => {
      const clock = this.#time;
      const began = clock.mono();
      const start = (why: string): StartOutcome => ({ started: why === "", ms: Math.round(clock.mono() - began), why });
      try {
        return { node: await this.#launch(), start: start("") };
      } catch (error) {
        return { node: null, start: start(error instanceof Error ? error.message : String(error)) };
      }
    });
    this.#fact = outcome.node ?? this.#fact;
    return outcome.start;
  }

  async logs(): Promise<string> {
    return this.#directory === undefined ? "" : await newestLog(LOG_PATHS.map((path) => `${this.#directory}/${path}`));
  }

  moveClock(seconds: number): Promise<void> {
    this.#clock?.move(seconds * MS_PER_SECOND);
    return Promise.resolve();
  }

  shape(rules: readonly ProxyRule[]): void {
    for (const proxy of this.#proxies) proxy.setRules(rules);
  }

  partition(cut: boolean): Promise<void> {
    this.#cut = cut;
    if (this.#second !== undefined) this.#second.#cut = cut;
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.#second?.close();
    await this.#node?.stop();
    // Proxies end with the connections that the nodes keep open to them.
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    if (this.#directory !== undefined) await Deno.remove(this.#directory, { recursive: true });
    this.#directory = undefined;
  }

  async #gossip(): Promise<void> {
    await this.#node?.core.peers.gossip();
  }

  /** Base URL of a proxy of the tester in front of a node; it ends with the network. */
  async #proxied(host: EmbeddedHost): Promise<string> {
    const { endpoint } = host.node;
    const random = new Random(this.options.seed, "proxy", host.index);
    const proxy = await startProxy(this.network, { upstream: endpoint, rules: [], random });
    this.#proxies.push(proxy);
    return `http://${proxy.host}:${proxy.port}`;
  }

  /** The clock of what runs in this process; its readings are no part of the transcript. */
  get #time(): Clock {
    return this.network.targetClock ?? this.network.clock;
  }

  #url(): string {
    const { scheme, host, port } = this.node.endpoint;
    return `${scheme}://${host}:${port}`;
  }

  async #start(): Promise<void> {
    this.#fact = await this.network.fact(`node ${this.index}`, async () => await this.#launch());
  }

  async #launch(): Promise<NodeFact> {
    const { seed, faults, variants } = this.options;
    const { root, node } = foundedIdentities(seed);
    const identity = this.index === 0 ? node : identityFromSeed(deriveBytes(seed, "community", "node", this.index));
    const { conformanceReport: report, generationDeadlineMs } = this.#provision;
    const tls = this.needs.tls === true || this.options.tls === true;
    if (this.needs.durable === true && this.#directory === undefined) {
      this.#directory = await Deno.makeTempDir({ prefix: "hearthproof-" });
    }
    const clock = this.#clock ??= new NodeClock(this.#time, this.needs.nodeClockMoves === true);
    const made = nodeWith(faults, variants ?? [], [
      ...this.options.overrides ?? [],
      { request: (request) => this.#cut ? null : request },
      ...this.#provision.websocket === false ? [{ rules: { websocketEnabled: false } }] : [],
      ...generationDeadlineMs === undefined ? [] : [{ rules: { llmDeadlineMs: generationDeadlineMs } }],
    ]);
    const { rules, seams } = this.options.watch?.(made) ?? made;
    const started = await ReferenceNode.start({
      identity,
      root,
      communityName: "hearthproof",
      clock,
      // A restarted node draws other numbers than before.
      random: new Random(seed, "node", this.index, ...this.#starts === 0 ? [] : [this.#starts]),
      internet: () => Promise.resolve(!this.#cut),
      host: "127.0.0.1",
      port: 0,
      tls,
      peers: [],
      rules,
      seams,
      tokenDelayMs: TOKEN_DELAY_MS,
      ...(this.#directory === undefined ? {} : { dataDirectory: this.#directory }),
      ...(this.#provision.diskBudgetBytes === undefined ? {} : { diskBudgetBytes: this.#provision.diskBudgetBytes }),
      ...(this.#provision.backendFault === undefined ? {} : { backendFault: this.#provision.backendFault }),
      ...(report === undefined ? {} : { conformance: () => Promise.resolve(report) }),
    });
    this.#node = started;
    this.#starts++;
    return {
      scheme: tls ? "https" : "http",
      host: "127.0.0.1",
      port: Number(new URL(started.url).port),
      node_id: started.nodeId,
      community_id: started.communityId,
    };
  }
}
