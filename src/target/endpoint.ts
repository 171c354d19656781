/** A node that runs elsewhere, at a known URL (X09 LocalTarget). It is never stopped, reset or harmed by us. */

import { type Endpoint, LiveNetwork, type Network, nullSink, request } from "../wire/mod.ts";
import { type Clock, isNodeId, isObject, tryParseJson } from "../protocol/mod.ts";
import type { Access } from "./access.ts";
import { type Adapter, NO_ADAPTER } from "./adapter.ts";
import {
  canRestart,
  endCommand,
  featuresOf,
  provisionCommands,
  restartCommands,
  runAdapterCommand,
} from "./adapter_commands.ts";
import { announcePeer } from "./announce.ts";
import type { Dialect } from "./dialect.ts";
import { newestLog } from "./log_files.ts";
import type {
  Feature,
  NodeHandle,
  NodeSignal,
  Provision,
  SessionHost,
  SessionNeeds,
  StartOutcome,
  StopOutcome,
  Target,
} from "./target.ts";
import { Turnstile } from "./turnstile.ts";

export interface EndpointOptions {
  readonly url: string;
  readonly access: Access;
  readonly dialect: Dialect;
  readonly adapter: Adapter;
  /** Expected SHA-256 fingerprint of the certificate, hex; learned on first contact otherwise. */
  readonly fingerprint?: string;
}

/**
 * Reads `http://host:port` or `https://host:port`.
 *
 * @throws {TypeError} If it is no such URL.
 */
export function parseEndpoint(text: string): Endpoint {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError(`Cannot use target ${text}: it is no URL. Write http://host:port or https://host:port.`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`Cannot use target ${text}: its scheme is ${url.protocol.slice(0, -1)}, not http or https.`);
  }
  if (url.pathname !== "/" || url.search !== "" || url.username !== "") {
    throw new TypeError(`Cannot use target ${text}: write just scheme, host and port.`);
  }
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port);
  return { scheme, host: url.hostname.replace(/^\[|\]$/g, ""), port };
}

/** Time a node has to answer again after a command of the adapter, and between two looks, in milliseconds. */
const ANSWER_DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 100;

async function until(network: Network, holds: () => Promise<boolean>): Promise<void> {
  const end = network.clock.mono() + ANSWER_DEADLINE_MS;
  while (!await holds()) {
    if (network.clock.mono() >= end) {
      throw new Error("Cannot go on: the target did not answer after the adapter's command");
    }
    await network.clock.sleep(LOOK_EVERY_MS);
  }
}

/** Waits until nothing listens at an endpoint any more; false at the deadline. Its looks are no part of the transcript. */
async function gone(clock: Clock, endpoint: Endpoint, end: number): Promise<boolean> {
  const network = new LiveNetwork({ scope: "end", sink: nullSink, clock });
  try {
    for (;;) {
      const { failure } = await request(network, endpoint, { method: "GET", path: "/health", headers: [] });
      if (failure?.kind === "refused") return true;
      if (clock.mono() >= end) return false;
      await clock.sleep(LOOK_EVERY_MS);
    }
  } finally {
    await network.close();
  }
}

/** See the module comment. */
export class EndpointTarget implements Target {
  readonly kind = "endpoint";
  readonly features: ReadonlySet<Feature>;
  readonly #endpoint: Endpoint;
  #fingerprint: string | undefined;
  #handle: NodeHandle | undefined;
  readonly #turnstile = new Turnstile();

  constructor(private readonly options: EndpointOptions) {
    this.#endpoint = parseEndpoint(options.url);
    this.#fingerprint = options.fingerprint;
    this.features = new Set(featuresOf(options.adapter));
  }

  get url(): string {
    return this.options.url;
  }

  get dialect(): Dialect {
    return this.options.dialect;
  }

  get access(): Access {
    return this.options.access;
  }

  /** Reads the node's identity once. Sessions share the node; one that may restart it has it alone. */
  async open(network: Network, needs: SessionNeeds): Promise<SessionHost> {
    const leave = await this.#turnstile.enter(needs.durable === true && canRestart(this.options.adapter));
    try {
      return await this.#host(network, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  async #host(network: Network, leave: () => void): Promise<SessionHost> {
    const { adapter } = this.options;
    const { announceTo, secondUrl, commands } = adapter;
    /** Whether the session has ended the node and not started it again. */
    let down = false;
    const host = { handle: this.#handle ?? await this.#learn(network) };
    const again = async () => {
      this.#handle = undefined;
      await until(network, async () => {
        host.handle = await this.#learn(network);
        return host.handle.nodeId !== "";
      });
    };
    const run = (command: string) => runAdapterCommand(network, command);
    return {
      get node() {
        return host.handle;
      },
      ...(announceTo === undefined ? {} : { introduce: (url: string) => announcePeer(announceTo, url, host.handle) }),
      ...(commands.gossip === undefined ? {} : { gossip: () => run(commands.gossip ?? "") }),
      ...(!canRestart(adapter) ? {} : {
        async restart(how: "stop" | "kill") {
          for (const command of restartCommands(commands, how)) await run(command);
          await again();
        },
      }),
      ...(commands.backend_fault === undefined && commands.disk_cap === undefined ? {} : {
        async provision(change: Provision) {
          for (const command of provisionCommands(commands, change)) await run(command);
          await again();
        },
      }),
      ...(endCommand(commands, "SIGTERM") === undefined ? {} : {
        async end(signal: NodeSignal, deadlineMs: number): Promise<StopOutcome> {
          const clock = network.targetClock ?? network.clock;
          const began = clock.mono();
          // SIGINT and SIGTERM are one to whoever runs the node elsewhere.
          down = true;
          await run(endCommand(commands, signal) ?? "");
          const ended = await gone(clock, host.handle.endpoint, began + deadlineMs);
          return { ended, ms: Math.round(clock.mono() - began), code: null, signal: null, leftovers: null };
        },
        async begin(): Promise<StartOutcome> {
          const began = network.clock.mono();
          down = false;
          await run(commands.start ?? "");
          const why = await again().then(() => "", (error) => error instanceof Error ? error.message : String(error));
          return { started: why === "", ms: Math.round(network.clock.mono() - began), why };
        },
      }),
      ...(adapter.logFiles.length === 0 ? {} : { logs: () => newestLog(adapter.logFiles) }),
      ...(commands.clock === undefined ? {} : {
        moveClock: (seconds: number) => run(commands.clock?.replaceAll("{seconds}", String(seconds)) ?? ""),
      }),
      ...(commands.corrupt_chain === undefined ? {} : { corruptChain: () => run(commands.corrupt_chain ?? "") }),
      ...(commands.cut_network === undefined || commands.restore_network === undefined ? {} : {
        async partition(cut: boolean) {
          await run((cut ? commands.cut_network : commands.restore_network) ?? "");
        },
      }),
      ...(secondUrl === undefined ? {} : {
        secondNode: () =>
          new EndpointTarget({ ...this.options, url: secondUrl, adapter: NO_ADAPTER }).open(network, {}),
      }),
      async close() {
        try {
          // Whoever comes next finds the node as this session did.
          if (down) {
            await run(commands.start ?? "");
            await again();
          }
        } finally {
          leave();
        }
      },
    };
  }

  async #learn(network: Network): Promise<NodeHandle> {
    const pinned: Endpoint = this.#fingerprint === undefined
      ? this.#endpoint
      : { ...this.#endpoint, fingerprint: this.#fingerprint };
    const answer = await request(network, pinned, { method: "GET", path: "/manifest", headers: [] });
    const manifest = tryParseJson(answer.body);
    const known = isObject(manifest) && isNodeId(manifest.node_id) && isNodeId(manifest.community_id);
    const fingerprint = answer.certificate?.fingerprint;
    const handle: NodeHandle = {
      endpoint: fingerprint === undefined ? pinned : { ...pinned, fingerprint },
      nodeId: known ? String(manifest.node_id) : "",
      communityId: known ? String(manifest.community_id) : "",
    };
    if (known) {
      this.#handle = handle;
      this.#fingerprint = fingerprint;
    }
    return handle;
  }
}
