/** A node that runs elsewhere, at a known URL (X09 LocalTarget). It is never stopped, reset or harmed by us. */

import type { Endpoint, Network } from "../wire/mod.ts";
import { request } from "../wire/mod.ts";
import { isNodeId, isObject, tryParseJson } from "../protocol/mod.ts";
import type { Access } from "./access.ts";
import { type Adapter, NO_ADAPTER } from "./adapter.ts";
import { canRestart, featuresOf, provisionCommands, restartCommands, runAdapterCommand } from "./adapter_commands.ts";
import { announcePeer } from "./announce.ts";
import type { Dialect } from "./dialect.ts";
import type { Feature, NodeHandle, Provision, SessionHost, SessionNeeds, Target } from "./target.ts";

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

/** See the module comment. */
export class EndpointTarget implements Target {
  readonly kind = "endpoint";
  readonly features: ReadonlySet<Feature>;
  readonly #endpoint: Endpoint;
  #fingerprint: string | undefined;
  #handle: NodeHandle | undefined;

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

  /** Reads the node's identity once; sessions share the node. */
  async open(network: Network, _needs: SessionNeeds): Promise<SessionHost> {
    const { adapter } = this.options;
    const { announceTo, secondUrl, commands } = adapter;
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
      ...(commands.cut_network === undefined || commands.restore_network === undefined ? {} : {
        async partition(cut: boolean) {
          await run((cut ? commands.cut_network : commands.restore_network) ?? "");
        },
      }),
      ...(secondUrl === undefined ? {} : {
        secondNode: () =>
          new EndpointTarget({ ...this.options, url: secondUrl, adapter: NO_ADAPTER }).open(network, {}),
      }),
      close: () => Promise.resolve(),
    };
  }

  stop(): Promise<void> {
    return Promise.resolve();
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
