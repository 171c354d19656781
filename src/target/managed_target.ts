/** A target made of nodes the tester starts. Sessions share one node; a case that restarts its node gets its own. */

import type { Network } from "../wire/mod.ts";
import type { Clock } from "../protocol/mod.ts";
import { type Access, foundedIdentities } from "./access.ts";
import type { Dialect } from "./dialect.ts";
import { type Ending, endNode, type ManagedNode } from "./managed_node.ts";
import { ProcessError } from "./running_child.ts";
import type {
  Feature,
  NodeHandle,
  NodeSignal,
  SessionHost,
  SessionNeeds,
  StartOutcome,
  StopOutcome,
  Target,
  TargetKind,
} from "./target.ts";

export interface ManagedTargetOptions {
  readonly kind: TargetKind;
  readonly url: string;
  /** Decides the keys of community and node. */
  readonly seed: number;
  readonly dialect: Dialect;
  readonly clock: Clock;
  /** Whether nodes can read log files back (`log-access`). */
  readonly logs: boolean;
  /** Makes everything a node needs; it does not run yet. An aborted signal ends the making and the first start. */
  readonly make: (signal?: AbortSignal) => Promise<ManagedNode>;
  /** Aborted by Ctrl-C: the node that sessions share is not waited for any longer; cases under way go on. */
  readonly signal?: AbortSignal;
}

/** A node that runs, and where it answers. */
export interface RunningNode {
  readonly node: ManagedNode;
  readonly handle: NodeHandle;
}

const FEATURES: readonly Feature[] = ["managed", "isolated"];

/** See the module comment. */
export class ManagedTarget implements Target {
  readonly kind: TargetKind;
  readonly url: string;
  readonly dialect: Dialect;
  readonly access: Access;
  readonly features: ReadonlySet<Feature>;
  #shared: Promise<RunningNode> | undefined;

  constructor(private readonly options: ManagedTargetOptions) {
    this.kind = options.kind;
    this.url = options.url;
    this.dialect = options.dialect;
    this.features = new Set<Feature>([...FEATURES, ...options.logs ? ["log-access" as const] : []]);
    const { root, node } = foundedIdentities(options.seed);
    this.access = { root, sut: node, allowWrites: true, disposable: true };
  }

  /** The node that sessions share; started by the first that asks. */
  shared(): Promise<RunningNode> {
    return this.#shared ??= this.#launch();
  }

  async open(network: Network, needs: SessionNeeds): Promise<SessionHost> {
    if (needs.durable === true) return await OwnHost.start(network, this.options);
    const fact = await network.fact("node", async () => factOf((await this.shared()).handle));
    return { node: handleOf(fact), close: () => Promise.resolve() };
  }

  async stop(): Promise<void> {
    const shared = await this.#shared?.catch(() => undefined);
    this.#shared = undefined;
    await shared?.node.remove();
  }

  async #launch(): Promise<RunningNode> {
    const node = await this.options.make(this.options.signal);
    try {
      return { node, handle: await node.start() };
    } catch (error) {
      await node.remove();
      throw error;
    }
  }
}

/** The host of a session that has the node for itself. */
class OwnHost implements SessionHost {
  /** Absent in a recheck, where nothing runs. */
  #managed: ManagedNode | undefined;
  #handle: NodeHandle | undefined;

  private constructor(private readonly network: Network, private readonly options: ManagedTargetOptions) {}

  static async start(network: Network, options: ManagedTargetOptions): Promise<OwnHost> {
    const host = new OwnHost(network, options);
    try {
      await host.#start();
    } catch (error) {
      await host.close();
      throw error;
    }
    return host;
  }

  get node(): NodeHandle {
    if (this.#handle === undefined) throw new ProcessError("Cannot use the node: current state is not started");
    return this.#handle;
  }

  async restart(how: "stop" | "kill"): Promise<void> {
    await this.network.fact(`restart ${how}`, async () => {
      const { code } = await this.#ended(how === "kill" ? "SIGKILL" : "SIGTERM");
      await this.#managed?.release();
      return code;
    });
    await this.#start();
  }

  async end(signal: NodeSignal, deadlineMs: number): Promise<StopOutcome> {
    const { clock } = this.options;
    const began = clock.mono();
    const { byItself, code, signal: by } = await this.#ended(signal, deadlineMs);
    const ms = Math.round(clock.mono() - began);
    return { ended: byItself, ms, code, signal: by, leftovers: await this.#managed?.leftovers() ?? null };
  }

  async begin(): Promise<StartOutcome> {
    const { clock } = this.options;
    const fact = await this.network.fact("begin", async () => {
      const began = clock.mono();
      try {
        const handle = await this.#managed?.start();
        const ms = Math.round(clock.mono() - began);
        return { started: true, ms, why: "", handle: handle === undefined ? null : factOf(handle) };
      } catch (error) {
        if (!(error instanceof ProcessError)) throw error;
        return { started: false, ms: Math.round(clock.mono() - began), why: error.message, handle: null };
      }
    });
    if (fact.handle !== null) this.#handle = handleOf(fact.handle);
    return { started: fact.started, ms: fact.ms, why: fact.why };
  }

  logs(): Promise<string> {
    return this.#managed?.logs() ?? Promise.resolve("");
  }

  async close(): Promise<void> {
    await this.#managed?.remove();
  }

  async #start(): Promise<void> {
    const fact = await this.network.fact("node", async () => {
      this.#managed ??= await this.options.make();
      return factOf(await this.#managed.start());
    });
    this.#handle = handleOf(fact);
  }

  async #ended(signal: NodeSignal, deadlineMs?: number): Promise<Ending> {
    if (this.#managed === undefined) throw new ProcessError("Cannot end the node: current state is not started");
    return await endNode(this.#managed, signal, deadlineMs);
  }
}

type HandleFact = { [member: string]: string | number };

function factOf({ endpoint, nodeId, communityId }: NodeHandle): HandleFact {
  return {
    scheme: endpoint.scheme,
    host: endpoint.host,
    port: endpoint.port,
    node_id: nodeId,
    community_id: communityId,
  };
}

function handleOf(fact: HandleFact): NodeHandle {
  const scheme = fact.scheme === "https" ? "https" : "http";
  return {
    endpoint: { scheme, host: String(fact.host), port: Number(fact.port) },
    nodeId: String(fact.node_id),
    communityId: String(fact.community_id),
  };
}
