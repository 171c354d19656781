/** A node that runs elsewhere, at a known URL (X09 LocalTarget). It is never stopped, reset or harmed by us. */

import type { Endpoint, Network } from "../wire/mod.ts";
import { request } from "../wire/mod.ts";
import { isNodeId, isObject, tryParseJson } from "../protocol/mod.ts";
import type { Access } from "./access.ts";
import type { Adapter } from "./adapter.ts";
import type { Dialect } from "./dialect.ts";
import type { Feature, NodeHandle, SessionHost, SessionNeeds, Target } from "./target.ts";

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
    this.features = new Set<Feature>(options.adapter.announceTo === undefined ? [] : ["peers"]);
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
    const handle = this.#handle ?? await this.#learn(network);
    const { announceTo } = this.options.adapter;
    return {
      node: handle,
      ...(announceTo === undefined ? {} : { introduce: (baseUrl: string) => announce(announceTo, baseUrl, handle) }),
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

/** Sends discovery announcements for a peer (wire-format.md section 17) until the target has had time to look. */
async function announce(to: string, baseUrl: string, node: NodeHandle): Promise<void> {
  const { announcePeer } = await import("./announce.ts");
  await announcePeer(to, baseUrl, node);
}
