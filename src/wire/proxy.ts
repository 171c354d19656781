/**
 * A proxy between nodes, hosted by the tester: HTTP requests pass through rules that delay, drop, repeat, reorder or
 * change them. Every byte on both sides is in the transcript, since both sides are connections of the network.
 */

import { concat, type Random, utf8 } from "../protocol/mod.ts";
import { dialOptions } from "./http.ts";
import { MessageParser } from "./http_parser.ts";
import { limitsOf, TUNNEL_IDLE_MS } from "./limits.ts";
import {
  type Connection,
  type Endpoint,
  type Listener,
  type ListenOptions,
  type Network,
  type ReadLimits,
  WireError,
} from "./network.ts";
import { RequestReader, type ServedRequest } from "./request_reader.ts";

/** What happens to the requests a rule applies to; what is absent does not happen. */
export interface ProxyRule {
  readonly name: string;
  /** Which requests; default all. */
  readonly applies?: (request: ServedRequest) => boolean;
  /** Chance from 0 to 1, drawn from the seed for each request; default 1. */
  readonly chance?: number;
  readonly delayMs?: number;
  /** The request does not get through: never answered, or the connection is closed or reset. */
  readonly drop?: "swallow" | "close" | "reset";
  /** Send it so many times more; the answers to those are thrown away. */
  readonly duplicate?: number;
  /** Hold it until another request has passed, at most so many milliseconds. */
  readonly reorderMs?: number;
  /** Change it, for instance shift its timestamps. */
  readonly transform?: (request: ServedRequest) => Pick<ServedRequest, "method" | "path" | "headers" | "body">;
}

/** What a proxy needs. */
export interface ProxyOptions extends ListenOptions {
  readonly upstream: Endpoint;
  readonly rules: readonly ProxyRule[];
  readonly random: Random;
  readonly limits?: Partial<ReadLimits>;
}

/** A running proxy. Rules can be exchanged while it runs. */
export interface Proxy extends Listener {
  setRules(rules: readonly ProxyRule[]): void;
  /** How often each rule was applied. */
  readonly applied: ReadonlyMap<string, number>;
  /** Requests that passed, in the order in which they went upstream. */
  readonly passed: readonly ServedRequest[];
}

/** Starts a proxy. */
export async function startProxy(network: Network, options: ProxyOptions): Promise<Proxy> {
  const { upstream, rules, random, limits, ...listen } = options;
  const core = new ProxyCore(network, upstream, rules, random, limitsOf(limits));
  const listener = await network.listen(listen, (connection) => core.serve(connection));
  return {
    host: listener.host,
    port: listener.port,
    close: () => listener.close(),
    setRules: (next) => core.rules = next,
    applied: core.applied,
    passed: core.passed,
  };
}

class ProxyCore {
  readonly applied = new Map<string, number>();
  readonly passed: ServedRequest[] = [];
  #held: (() => void)[] = [];

  constructor(
    private readonly network: Network,
    private readonly upstream: Endpoint,
    public rules: readonly ProxyRule[],
    private readonly random: Random,
    private readonly limits: ReadLimits,
  ) {}

  async serve(client: Connection): Promise<void> {
    const reader = new RequestReader(this.network, client, this.limits);
    try {
      for (let request = await reader.next(); request !== null; request = await reader.next()) {
        if (!await this.#pass(client, reader, request)) break;
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    } finally {
      client.close();
    }
  }

  /** Whether the client's connection serves on. */
  async #pass(client: Connection, reader: RequestReader, original: ServedRequest): Promise<boolean> {
    let request = original;
    let copies = 1;
    for (const rule of this.rules) {
      if (!(rule.applies?.(request) ?? true)) continue;
      if (rule.chance !== undefined && this.random.unit() >= rule.chance) continue;
      this.applied.set(rule.name, (this.applied.get(rule.name) ?? 0) + 1);
      if (rule.drop !== undefined) return await this.#drop(client, rule.drop);
      if (rule.delayMs !== undefined) await this.network.clock.sleep(rule.delayMs);
      if (rule.reorderMs !== undefined) await this.#hold(rule.reorderMs);
      if (rule.transform !== undefined) request = rebuilt(request, rule.transform(request));
      copies += rule.duplicate ?? 0;
    }
    this.passed.push(request);
    const release = this.#held;
    this.#held = [];
    const on = await this.#forward(request, client, reader, () => release.forEach((go) => go()));
    for (let copy = 1; copy < copies; copy++) await this.#forward(request, undefined, reader, () => {});
    return on;
  }

  async #drop(client: Connection, how: "swallow" | "close" | "reset"): Promise<boolean> {
    if (how === "reset") client.reset();
    if (how === "swallow") {
      let bytes = 0;
      while (bytes <= this.limits.maxBodyBytes) {
        const received = await client.read(this.limits.deadlineMs);
        if (received === null) break;
        bytes += received.bytes.length;
      }
    }
    return false;
  }

  /** Waits until another request was sent upstream, or the time is over. */
  async #hold(ms: number): Promise<void> {
    const stop = new AbortController();
    this.#held.push(() => stop.abort());
    try {
      await this.network.clock.sleep(ms, stop.signal);
    } catch {
      // Released by another request.
    }
  }

  async #forward(
    request: ServedRequest,
    client: Connection | undefined,
    reader: RequestReader,
    sent: () => void,
  ): Promise<boolean> {
    let server: Connection;
    try {
      server = await this.network.dial(dialOptions(this.upstream));
    } catch (error) {
      sent();
      if (error instanceof WireError) return false;
      throw error;
    }
    try {
      const written = server.write(request.raw);
      written.catch(() => {});
      sent();
      return await this.#relay(request, server, client, reader);
    } finally {
      server.close();
    }
  }

  /** Passes the answer on byte by byte as it comes; the parser only tells where it ends. */
  async #relay(
    request: ServedRequest,
    server: Connection,
    client: Connection | undefined,
    reader: RequestReader,
  ): Promise<boolean> {
    const parser = new MessageParser({ kind: "answer", method: request.method }, this.limits);
    try {
      while (!parser.done) {
        const received = await server.read(this.limits.idleMs);
        if (received === null) {
          parser.end();
          return false;
        }
        await client?.write(received.bytes);
        parser.feed(received.bytes);
        parser.takeBody();
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      if (error.kind === "reset") client?.reset();
      return false;
    }
    if (parser.head?.status !== 101 || client === undefined) return true;
    const rest = reader.takeRest();
    if (rest.length > 0) await server.write(rest);
    await Promise.all([pump(client, server), pump(server, client)]);
    return false;
  }
}

/** Copies one direction until either side ends; then the other side is told. */
async function pump(from: Connection, to: Connection): Promise<void> {
  try {
    for (;;) {
      const received = await from.read(TUNNEL_IDLE_MS);
      if (received === null) return await to.closeWrite();
      await to.write(received.bytes);
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    if (error.kind === "reset") to.reset();
    else to.close();
  }
}

/** The request with new parts: its bytes are made anew, with the true content length. */
function rebuilt(
  request: ServedRequest,
  parts: Pick<ServedRequest, "method" | "path" | "headers" | "body">,
): ServedRequest {
  const { method, path, body } = parts;
  const headers = parts.headers.filter(([name]) => !/^(content-length|transfer-encoding)$/i.test(name));
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const length = body.length > 0 || method === "POST" ? `Content-Length: ${body.length}\r\n` : "";
  const raw = concat([utf8(`${method} ${path} HTTP/1.1\r\n${lines}${length}\r\n`), body]);
  return { ...request, ...parts, raw };
}
