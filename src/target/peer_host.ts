/** A peer of the target, hosted by the tester: a member node with its own manifest, calls and sync. */

import {
  CALL_HEADERS,
  type Identity,
  isObject,
  type Json,
  type JsonObject,
  MANIFEST_TTL_SECONDS,
  schemaHash,
  signDocument,
  timestamp,
  tryParseJson,
  utf8,
} from "../protocol/mod.ts";
import {
  type HandlerResult,
  type HeaderList,
  type Listener,
  type Reply,
  serve,
  type ServedAnswer,
  type ServedRequest,
} from "../wire/mod.ts";
import { freePort } from "./managed_node.ts";
import type { Session } from "./session.ts";

/** Seeds of the choice of a port lie below. */
const MAX_SEED = 2 ** 31;

/** A capability the peer offers. */
export interface PeerCapability {
  readonly name: string;
  readonly version: string;
  readonly max_concurrent?: number;
  readonly stability?: string;
  readonly params?: JsonObject;
}

/** A call the target made to the peer. */
export interface PeerCall {
  readonly capability: string;
  readonly version: string;
  readonly headers: HeaderList;
  readonly body: Json | undefined;
  /** Monotonic time of arrival. */
  readonly at: number;
  readonly connectionId: number;
  readonly request: ServedRequest;
}

/** How the peer answers a call: a JSON answer, or full control over the exchange. */
export type PeerHandler = (
  call: PeerCall,
  reply: Reply,
) => Promise<HandlerResult> | HandlerResult;

export interface PeerOptions {
  readonly name: string;
  /** The peer's identity; a member of the community unless the case wants it otherwise. */
  readonly identity: Identity;
  readonly capabilities: readonly PeerCapability[];
  /** Answers calls; default: echoes `input` as `output`. */
  readonly onCall?: PeerHandler;
  /** Changes the manifest before it is signed. */
  readonly manifest?: (manifest: JsonObject) => JsonObject;
  /** Changes the signed manifest document. */
  readonly signedManifest?: (manifest: JsonObject) => JsonObject;
  /** Answers `/sync/v1/heads`; default: head 0. */
  readonly heads?: () => JsonObject;
  /** Answers `POST /sync/v1/events`; default: accepts everything. */
  readonly onEvents?: (body: Json | undefined) => JsonObject;
  readonly tls?: { readonly certificatePem: string; readonly keyPem: string };
  /** Port to listen on again after a restart; default any. */
  readonly port?: number;
  /** It will stop and listen again: its port comes from where no connection of others takes it meanwhile. */
  readonly returns?: boolean;
}

/** An answer in the contract's form. */
export function peerAnswer(status: number, body: JsonObject, headers: HeaderList = []): ServedAnswer {
  return { status, headers: [["Content-Type", "application/json"], ...headers], body: utf8(JSON.stringify(body)) };
}

/** See the module comment. */
export class PeerHost {
  readonly calls: PeerCall[] = [];
  /** Bodies received by `POST /sync/v1/events`. */
  readonly pushed: (Json | undefined)[] = [];
  /** Times at which `/manifest` and `/sync/v1/heads` were fetched. */
  readonly manifestFetches: number[] = [];
  readonly headFetches: number[] = [];
  /** Every request with its connection. */
  readonly requests: { readonly connectionId: number; readonly at: number }[] = [];
  /** Connections the target closed while they were idle. */
  readonly closings: { readonly connectionId: number; readonly at: number }[] = [];
  #server: Listener | undefined;
  #options: PeerOptions;

  private constructor(private readonly session: Session, options: PeerOptions) {
    this.#options = options;
  }

  static async start(session: Session, options: PeerOptions): Promise<PeerHost> {
    const { network } = session;
    const port = options.returns === true
      ? await network.fact(
        "port of a peer",
        () => Promise.resolve(freePort(session.random("peer-port").below(MAX_SEED))),
      )
      : undefined;
    const peer = new PeerHost(session, port === undefined ? options : { ...options, port });
    await peer.listen();
    return peer;
  }

  get name(): string {
    return this.#options.name;
  }

  get identity(): Identity {
    return this.#options.identity;
  }

  /** Base URL the target is told. */
  get url(): string {
    const host = this.session.profile.adapter.testerHost ?? "127.0.0.1";
    return `${this.#options.tls === undefined ? "http" : "https"}://${host}:${this.port}`;
  }

  get port(): number {
    return this.#server?.port ?? this.#options.port ?? 0;
  }

  /** Changes what the peer is from now on. */
  change(options: Partial<PeerOptions>): void {
    this.#options = { ...this.#options, ...options };
  }

  /** Starts to listen (again), on the port it had. */
  async listen(): Promise<void> {
    const { tls, port } = this.#options;
    this.#server = await serve(this.session.network, {
      ...(tls === undefined ? {} : { tls }),
      ...(port === undefined ? {} : { port }),
      onClosed: (connectionId, at) => void this.closings.push({ connectionId, at }),
    }, (request, reply) => this.#serve(request, reply));
    this.#options = { ...this.#options, port: this.#server.port };
  }

  /** Stops to listen and closes all connections. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  }

  /** The manifest as served now. */
  manifest(): JsonObject {
    const { identity, capabilities, manifest, signedManifest } = this.#options;
    const now = this.session.wall();
    const plain: JsonObject = {
      version: 1,
      contract_version: this.session.profile.contractVersion || "1.0",
      node_id: identity.id,
      display_name: this.#options.name,
      community_id: this.session.communityId,
      profile: "hearth",
      endpoints: [{
        transport: this.#options.tls === undefined ? "http" : "https",
        host: this.session.profile.adapter.testerHost ?? "127.0.0.1",
        port: this.port,
      }],
      hardware: { gpu: null, vram_gb: 0, ram_gb: 1, cpu_cores: 1, disk_free_gb: 1 },
      capabilities: capabilities.map((c) => ({
        name: c.name,
        version: c.version,
        stability: c.stability ?? (c.name.startsWith("experimental.") ? "experimental" : "stable"),
        schema_hash: schemaHash({
          name: c.name,
          version: c.version,
          request_schema: { type: "object" },
          response_schema: null,
          stream_schema: null,
        }),
        params: c.params ?? {},
        max_concurrent: c.max_concurrent ?? 8,
      })),
      uptime_seconds: 0,
      load: { cpu: 0, vram_used_gb: 0, in_flight_total: 0 },
      issued_at: timestamp(now),
      expires_at: timestamp(now + MANIFEST_TTL_SECONDS * 1000),
    };
    const signed = signDocument(identity, manifest?.(plain) ?? plain);
    return signedManifest?.(signed) ?? signed;
  }

  async #serve(request: ServedRequest, reply: Reply): Promise<HandlerResult> {
    const path = request.path.split("?")[0];
    this.requests.push({ connectionId: request.connectionId, at: request.at });
    if (request.method === "GET" && path === "/manifest") {
      this.manifestFetches.push(request.at);
      return peerAnswer(200, this.manifest());
    }
    if (request.method === "GET" && path === "/sync/v1/heads") {
      this.headFetches.push(request.at);
      const heads = this.#options.heads?.() ?? { community_id: this.session.communityId, head: 0, heads_by_type: {} };
      return peerAnswer(200, heads);
    }
    if (request.method === "POST" && path === "/sync/v1/events") {
      const body = tryParseJson(request.body);
      this.pushed.push(body);
      return peerAnswer(200, this.#options.onEvents?.(body) ?? acceptAll(body));
    }
    if (request.method === "POST" && path === "/bus/v1/call") return await this.#call(request, reply);
    return { status: 404, headers: [], body: new Uint8Array(0) };
  }

  async #call(request: ServedRequest, reply: Reply): Promise<HandlerResult> {
    const header = (name: string) => request.headers.find(([n]) => n.toLowerCase() === name.toLowerCase())?.[1] ?? "";
    const call: PeerCall = {
      capability: header(CALL_HEADERS.capability),
      version: header(CALL_HEADERS.version),
      headers: request.headers,
      body: tryParseJson(request.body),
      at: request.at,
      connectionId: request.connectionId,
      request,
    };
    this.calls.push(call);
    if (this.#options.onCall !== undefined) return await this.#options.onCall(call, reply);
    const input = isObject(call.body) && isObject(call.body.input) ? call.body.input : {};
    return peerAnswer(200, { output: input, meta: { ms: 1 } }, [
      [CALL_HEADERS.request_id, header(CALL_HEADERS.request_id)],
      [CALL_HEADERS.from, this.identity.id],
    ]);
  }
}

function acceptAll(body: Json | undefined): JsonObject {
  const events = isObject(body) && Array.isArray(body.events) ? body.events : [];
  const head = events.reduce<number>(
    (max, e) => isObject(e) && typeof e.lamport === "number" ? Math.max(max, e.lamport) : max,
    0,
  );
  return { accepted: events.length, rejected: 0, rejected_reasons: [], new_head: head, new_head_lamport: head };
}
