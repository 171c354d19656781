/** A scripted peer for tests: serves a manifest and answers calls as told. */

import { createServer as createPlain, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTls } from "node:https";
import type { AddressInfo } from "node:net";
import {
  concat,
  type Identity,
  isObject,
  type JsonObject,
  parseJson,
  signDocument,
  timestamp,
} from "../../protocol/mod.ts";
import { systemClock } from "../../wire/clock.ts";
import { PEER, ROOT } from "../bus/testing.ts";

/** A call as the peer received it. */
export interface ReceivedCall {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: JsonObject;
  readonly connection: number;
}

/** Answers a call through the raw response object. */
export type Answer = (call: ReceivedCall, response: ServerResponse) => void;

/** Answers with a unary body. */
export function unary(body: JsonObject, status = 200): Answer {
  return (_, response) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body));
  };
}

/** Text of a stream frame. */
export function frame(event: string, data: JsonObject): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

export interface PeerOptions {
  readonly identity?: Identity;
  readonly capabilities?: readonly (readonly [name: string, version: string, maxConcurrent?: number])[];
  readonly wall: () => number;
  readonly answer?: Answer;
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly port?: number;
}

export class ScriptedPeer {
  readonly calls: ReceivedCall[] = [];
  readonly paths: string[] = [];
  /** Changes the manifest after it was signed. */
  tamper: (manifest: JsonObject) => JsonObject = (manifest) => manifest;
  /** Changes the manifest before it is signed. */
  edit: (manifest: JsonObject) => JsonObject = (manifest) => manifest;
  answer: Answer;
  capabilities: readonly (readonly [name: string, version: string, maxConcurrent?: number])[];
  readonly identity: Identity;
  #connections = 0;
  readonly #numbers = new WeakMap<object, number>();

  private constructor(
    private readonly server: ReturnType<typeof createPlain>,
    private readonly options: PeerOptions,
  ) {
    this.identity = options.identity ?? PEER;
    this.capabilities = options.capabilities ?? [["experimental.echo", "1.0"]];
    this.answer = options.answer ??
      ((call, response) => unary({ output: { echo: call.body }, meta: { ms: 1 } })(call, response));
  }

  static async start(options: PeerOptions): Promise<ScriptedPeer> {
    const handle = (request: IncomingMessage, response: ServerResponse) => void peer.#handle(request, response);
    const server = options.tls === undefined ? createPlain(handle) : createTls({ ...options.tls }, handle);
    server.keepAliveTimeout = 0;
    const peer: ScriptedPeer = new ScriptedPeer(server, options);
    await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
    return peer;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.options.tls === undefined ? "http" : "https"}://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  manifest(): JsonObject {
    const wallMs = this.options.wall();
    return this.edit({
      version: 1,
      contract_version: "3.0",
      node_id: this.identity.id,
      display_name: "scripted",
      community_id: ROOT.id,
      profile: "hearth",
      endpoints: [],
      capabilities: this.capabilities.map(([name, version, max_concurrent = 8]) => ({
        name,
        version,
        stability: "experimental",
        schema_hash: `blake3:${"0".repeat(64)}`,
        params: {},
        max_concurrent,
      })),
      issued_at: timestamp(wallMs),
      expires_at: timestamp(wallMs + 30_000),
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Uint8Array[] = [];
    try {
      for await (const part of request) parts.push(part as Uint8Array);
    } catch {
      // The caller left before its request was whole: there is nobody to answer.
      return;
    }
    this.paths.push(request.url ?? "");
    if (request.url === "/manifest") {
      return unary(this.tamper(signDocument(this.identity, this.manifest())))(EMPTY_CALL, response);
    }
    if (request.url !== "/bus/v1/call") return unary({ head: 0 })(EMPTY_CALL, response);
    const body = parseJson(concat(parts));
    const connection = this.#numbers.get(request.socket) ?? ++this.#connections;
    this.#numbers.set(request.socket, connection);
    const call = { headers: request.headers, body: isObject(body) ? body : {}, connection };
    this.calls.push(call);
    this.answer(call, response);
  }
}

const EMPTY_CALL: ReceivedCall = { headers: {}, body: {}, connection: 0 };

/** Milliseconds a test waits for something to happen. */
const PATIENCE_MS = 5000;

/** Waits until the condition holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const clock = systemClock();
  const deadline = clock.mono() + PATIENCE_MS;
  while (!condition()) {
    if (clock.mono() > deadline) throw new Error(`Cannot go on: it did not come true that ${what}`);
    await clock.sleep(1);
  }
}
