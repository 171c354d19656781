/** HTTP/1.1 client over a {@linkcode Network}. It reports what a target does and throws for nothing of it. */

import { concat, fromUtf8Lossy } from "../protocol/mod.ts";
import { encodeRequest, Exchange, type ExchangeStart, nextExchange } from "./http_exchange.ts";
import { DIAL_DEADLINE_MS, limitsOf } from "./limits.ts";
import {
  type Connection,
  type DialOptions,
  type Endpoint,
  headerOf,
  type HttpAnswer,
  type HttpHead,
  type HttpRequest,
  type Network,
  type ReadLimits,
  type Received,
  WireError,
  type WireFailureKind,
} from "./network.ts";

/** How to dial an endpoint. */
export function dialOptions(endpoint: Endpoint, deadlineMs: number = DIAL_DEADLINE_MS): DialOptions {
  const { scheme, host, port, fingerprint, servername } = endpoint;
  if (scheme === "http") return { host, port, deadlineMs };
  const tls = {
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(servername === undefined ? {} : { servername }),
  };
  return { host, port, deadlineMs, tls };
}

/** Dials and begins an exchange; a failed dial becomes the failure of the exchange. */
export async function beginExchange(
  network: Network,
  endpoint: Endpoint,
  request: HttpRequest,
  limits: ReadLimits,
): Promise<{ readonly exchange: Exchange; readonly connection: Connection | undefined }> {
  const start: ExchangeStart = {
    network,
    request,
    limits,
    exchange: nextExchange(network),
    startedAt: network.clock.mono(),
  };
  try {
    const deadlineMs = Math.min(DIAL_DEADLINE_MS, limits.deadlineMs);
    const connection = await network.dial(dialOptions(endpoint, deadlineMs));
    return { exchange: new Exchange({ ...start, startedAt: network.clock.mono(), connection }), connection };
  } catch (failure) {
    if (!(failure instanceof WireError)) throw failure;
    return { exchange: new Exchange({ ...start, failure }), connection: undefined };
  }
}

/** One request on a connection of its own: reads exactly one answer, then closes. */
export async function request(
  network: Network,
  endpoint: Endpoint,
  request: HttpRequest,
  limits?: Partial<ReadLimits>,
): Promise<HttpAnswer> {
  const bytes = encodeRequest(endpoint, request);
  const { exchange, connection } = await beginExchange(network, endpoint, request, limitsOf(limits));
  exchange.send(bytes);
  return await exchange.complete(() => {
    exchange.refuseLeftover();
    connection?.close();
    return exchange.answer();
  });
}

/** A connection that carries several exchanges. */
export class HttpConnection {
  #carry: Uint8Array = new Uint8Array(0);
  #usable = true;

  private constructor(
    private readonly network: Network,
    private readonly endpoint: Endpoint,
    readonly connection: Connection,
  ) {}

  /** @throws {WireError} If the endpoint cannot be reached. */
  static async open(network: Network, endpoint: Endpoint, deadlineMs?: number): Promise<HttpConnection> {
    return new HttpConnection(network, endpoint, await network.dial(dialOptions(endpoint, deadlineMs)));
  }

  /** Whether another request can be sent: the last answer was complete and nobody closed. */
  get usable(): boolean {
    return this.#usable;
  }

  /**
   * Sends one request and reads its answer.
   *
   * @param startedAt `mono()` of the network's clock, for callers that have just read it.
   */
  async exchange(
    request: HttpRequest,
    limits?: Partial<ReadLimits>,
    startedAt: number = this.network.clock.mono(),
  ): Promise<HttpAnswer> {
    return await this.start(request, limitsOf(limits), startedAt).complete((exchange) => this.finish(exchange));
  }

  /**
   * Sends one request; who has read its answer gives it to {@linkcode HttpConnection.finish}. For load, where one
   * promise less for each call counts.
   */
  start(request: HttpRequest, limits: ReadLimits, startedAt: number): Exchange {
    const bytes = encodeRequest(this.endpoint, request);
    const exchange = this.#begin(request, limits, startedAt);
    exchange.send(bytes);
    return exchange;
  }

  /** The answer of an exchange that is complete. */
  finish(exchange: Exchange): HttpAnswer {
    this.#usable = exchange.reusable && !asksToClose(exchange.head);
    this.#carry = exchange.leftover;
    return exchange.answer();
  }

  /** Sends all requests in one write and reads the answers in order; after a failure the rest fail as `closed`. */
  async pipeline(requests: readonly HttpRequest[], limits?: Partial<ReadLimits>): Promise<HttpAnswer[]> {
    const answers: HttpAnswer[] = [];
    const encoded = requests.map((request) => encodeRequest(this.endpoint, request));
    const bounds = limitsOf(limits);
    const startedAt = this.network.clock.mono();
    const all = encoded.length === 1 ? encoded[0] as Uint8Array : concat(encoded);
    for (const [index, request] of requests.entries()) {
      const exchange = this.#begin(request, bounds, startedAt);
      // All bytes leave with the first exchange; each answer still shows its own.
      if (index === 0) exchange.send(all);
      const answer = await exchange.complete(() => this.finish(exchange));
      answers.push({ ...answer, sent: encoded[index] ?? new Uint8Array(0) });
    }
    return answers;
  }

  close(): void {
    this.#usable = false;
    this.connection.close();
  }

  reset(): void {
    this.#usable = false;
    this.connection.reset();
  }

  #begin(request: HttpRequest, limits: ReadLimits, startedAt: number): Exchange {
    const { network } = this;
    const exchange = nextExchange(network);
    if (this.#usable) {
      const { connection } = this;
      return new Exchange({ network, request, limits, exchange, startedAt, connection, carry: this.#carry });
    }
    const failure = new WireError("closed", "Cannot send: current value of the connection is closed");
    return new Exchange({ network, request, limits, exchange, startedAt, failure });
  }
}

/** The head that was looked at last: under load, answers share one. */
let looked: { readonly head: HttpHead; readonly close: boolean } | undefined;

function asksToClose(head: HttpHead | undefined): boolean {
  if (head === undefined) return true;
  if (looked?.head === head) return looked.close;
  looked = { head, close: saysClose(head) };
  return looked.close;
}

function saysClose(head: HttpHead): boolean {
  const value = headerOf({ head }, "Connection")?.toLowerCase();
  return value === "close" || (head.version === "HTTP/1.0" && value !== "keep-alive");
}

/** An answer that is read while it comes. */
export class HttpStream {
  readonly #pending: Received[];

  constructor(
    private readonly exchange: Exchange,
    private readonly connection: Connection | undefined,
    readonly limits: ReadLimits,
    first: Received[],
  ) {
    this.#pending = first;
  }

  get head(): HttpHead | undefined {
    return this.exchange.head;
  }

  /** 0 when no answer came. */
  get status(): number {
    return this.head?.status ?? 0;
  }

  get failure(): { readonly kind: WireFailureKind; readonly message: string } | undefined {
    return this.exchange.failure;
  }

  /**
   * The next piece of the body, or null when the answer is over; `failure` tells whether it was complete.
   *
   * @throws {WireError} `deadline` if `waitMs` passes first; the stream stays usable.
   */
  async next(waitMs?: number): Promise<Received | null> {
    const until = waitMs === undefined ? Infinity : this.exchange.now() + waitMs;
    while (this.#pending.length === 0 && !this.exchange.finished) {
      this.#pending.push(...await this.exchange.step(waitMs === undefined ? Infinity : until - this.exchange.now()));
    }
    return this.#pending.shift() ?? null;
  }

  /** `mono()` of the clock the stream is timed by. */
  now(): number {
    return this.exchange.now();
  }

  /** The pieces of the body as they come. */
  async *chunks(): AsyncGenerator<Received, void, void> {
    for (let chunk = await this.next(); chunk !== null; chunk = await this.next()) yield chunk;
  }

  /** The exchange so far; closes the connection. */
  finish(): HttpAnswer {
    this.connection?.close();
    return this.exchange.answer();
  }

  /** The exchange so far; the connection stays as it is. */
  soFar(): HttpAnswer {
    return this.exchange.answer();
  }

  /** Closes with FIN, as a client that has lost interest. */
  abort(): void {
    this.connection?.close();
  }

  /** Closes with RST. */
  reset(): void {
    this.connection?.reset();
  }
}

/** Sends a request and returns as soon as the head of the answer is there (or failed). */
export async function openStream(
  network: Network,
  endpoint: Endpoint,
  request: HttpRequest,
  limits?: Partial<ReadLimits>,
): Promise<HttpStream> {
  const bounds = limitsOf(limits);
  const bytes = encodeRequest(endpoint, request);
  const { exchange, connection } = await beginExchange(network, endpoint, request, bounds);
  exchange.send(bytes);
  const first: Received[] = [];
  while (!exchange.finished && exchange.head === undefined) first.push(...await exchange.step());
  return new HttpStream(exchange, connection, bounds, first);
}

/** How to send bytes that need not be HTTP. */
export interface RawOptions {
  readonly limits?: Partial<ReadLimits>;
  /** Method the answer is read for; by default the first word of the bytes. */
  readonly method?: string;
  /** Milliseconds between the pieces: a slow sender. */
  readonly pauseMs?: number;
  /** Send FIN after the last piece and read on. */
  readonly closeWrite?: boolean;
  /** Milliseconds to read on after the answer, to see whether the peer closes or sends more. */
  readonly keepReadingMs?: number;
  /** Do not read at all: close or reset right after the last piece. */
  readonly leave?: "close" | "reset";
}

/** Sends exactly these bytes and reads one answer: for malformed, oversized, slow or half-closed requests. */
export async function sendRaw(
  network: Network,
  endpoint: Endpoint,
  bytes: Uint8Array | readonly Uint8Array[],
  options: RawOptions = {},
): Promise<HttpAnswer> {
  const pieces = bytes instanceof Uint8Array ? [bytes] : bytes;
  const [method = "GET", path = "/"] = fromUtf8Lossy(pieces[0] ?? new Uint8Array(0)).split("\r\n", 1)[0]?.split(" ") ??
    [];
  const request: HttpRequest = { method: options.method ?? method, path, headers: [] };
  const { exchange, connection } = await beginExchange(network, endpoint, request, limitsOf(options.limits));
  if (connection === undefined) return exchange.answer();
  for (const [index, piece] of pieces.entries()) {
    if (index > 0 && options.pauseMs !== undefined) await network.clock.sleep(options.pauseMs);
    exchange.send(piece);
  }
  if (options.leave !== undefined) {
    if (options.leave === "close") connection.close();
    else connection.reset();
    return exchange.answer();
  }
  if (options.closeWrite) await connection.closeWrite();
  await exchange.complete(() => {});
  if (options.keepReadingMs !== undefined) await exchange.linger(options.keepReadingMs);
  connection.close();
  return exchange.answer();
}
