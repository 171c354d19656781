/** One HTTP exchange on a connection: request bytes out, answer parsed as it comes, everything noted for the verdict. */

import { concat, utf8 } from "../protocol/mod.ts";
import { ascii, encoded } from "./byte_block.ts";
import { added, joined, NONE } from "./pieces.ts";
import { framed, lineStart, rememberFrame } from "./request_frame.ts";
import { MessageParser } from "./http_parser.ts";
import {
  type Connection,
  type ConnectionEnd,
  type Endpoint,
  type HeaderList,
  type HttpAnswer,
  type HttpHead,
  type HttpRequest,
  type Network,
  type Reader,
  type ReadLimits,
  type Received,
  WireError,
  type WireFailureKind,
} from "./network.ts";

const EMPTY = new Uint8Array(0);
const counters = new WeakMap<Network, { value: number }>();

/** Number of the next exchange in the scope of the network, from 1. */
export function nextExchange(network: Network): number {
  let counter = counters.get(network);
  if (counter === undefined) counters.set(network, counter = { value: 0 });
  return ++counter.value;
}

/** Methods that carry a body by nature: they get `Content-Length: 0` when there is none. */
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

/** The exact bytes of a request. Nothing is checked: a case may want to send what is forbidden. */
export function encodeRequest(endpoint: Endpoint, request: HttpRequest): Uint8Array {
  const { body, chunked } = request;
  if (chunked !== undefined) {
    const whole = typeof body === "string" ? utf8(body) : body ?? EMPTY;
    return concat([utf8(headOf(endpoint, request)), ...chunkedBody(whole, chunked)]);
  }
  if (typeof body === "string") return encodeText(endpoint, request, body);
  const head = headOf(endpoint, request);
  if (body !== undefined && body.length > 0) return encoded(head, body);
  // Load without a body sends the same head again and again.
  if (head !== last.head) last = { head, bytes: utf8(head) };
  return last.bytes;
}

/** A request whose body is a text, as those of all calls are. */
function encodeText(endpoint: Endpoint, request: HttpRequest, body: string): Uint8Array {
  // What differs from an earlier request only in values is made of its bytes.
  const usual = request.omit === undefined && request.headers.length > 0;
  const bytes = usual ? framed(endpoint, request, body) : undefined;
  if (bytes !== undefined) return bytes;
  const head = headOf(endpoint, request);
  // A text that is ASCII is as long as it has characters.
  const anew = ascii(head + body);
  if (anew === undefined) return encodeRequest(endpoint, { ...request, body: utf8(body) });
  if (usual && !states(request, "content-length")) rememberFrame(endpoint, request, head, anew);
  return anew;
}

/** Request line and headers, to the empty line after them. */
function headOf(endpoint: Endpoint, request: HttpRequest): string {
  const { method, path, headers, body, chunked } = request;
  let head = `${method} ${path} HTTP/1.1`;
  if (!states(request, "host")) head += `${lineStart("Host")}${authority(endpoint)}`;
  for (let at = 0; at < headers.length; at++) {
    const line = headers[at] as HeaderList[number];
    head += lineStart(line[0]) + line[1];
  }
  if (chunked !== undefined) {
    if (!states(request, "transfer-encoding")) head += `${lineStart("Transfer-Encoding")}chunked`;
  } else if ((body !== undefined || WITH_BODY.has(method)) && !states(request, "content-length")) {
    head += `${lineStart("Content-Length")}${body?.length ?? 0}`;
  }
  return `${head}\r\n\r\n`;
}

/** The head without a body that was sent last; its bytes are read by many and changed by nobody. */
let last: { readonly head: string; readonly bytes: Uint8Array } = { head: "", bytes: EMPTY };

/** Whether the request has a header, or leaves it out on purpose. */
function states({ headers, omit }: HttpRequest, name: string): boolean {
  for (let at = 0; at < headers.length; at++) {
    const [other] = headers[at] as HeaderList[number];
    if (other.length === name.length && other.toLowerCase() === name) return true;
  }
  return omit !== undefined && omit.some((other) => other.toLowerCase() === name);
}

function authority({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function chunkedBody(body: Uint8Array, size: number): Uint8Array[] {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`Cannot cut chunks: current value of size is ${size}`);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    parts.push(utf8(`${piece.length.toString(16)}\r\n`), piece, utf8("\r\n"));
  }
  return [...parts, utf8("0\r\n\r\n")];
}

/** What an exchange starts from. */
export interface ExchangeStart {
  readonly network: Network;
  readonly request: HttpRequest;
  readonly limits: ReadLimits;
  /** Undefined when dialling failed; then `failure` says why. */
  readonly connection?: Connection | undefined;
  readonly failure?: WireError | undefined;
  readonly exchange: number;
  readonly startedAt: number;
  /** Bytes that arrived after the previous answer on this connection. */
  readonly carry?: Uint8Array;
}

/** Who waits for the end of an exchange. */
interface Waiting {
  make(exchange: Exchange): unknown;
  resolve(made: unknown): void;
  reject(error: unknown): void;
}

/** Reads one answer. It never throws for what a target does; `failure` tells. */
export class Exchange implements Reader {
  readonly #start: ExchangeStart;
  readonly #parser: MessageParser;
  #sent = NONE;
  #received = NONE;
  #body = NONE;
  #failure: { kind: WireFailureKind; message: string } | undefined;
  #firstByteAt: number | undefined;
  #endedAt: number;
  #end: ConnectionEnd = "kept";
  #leftover: Uint8Array = EMPTY;
  #waiting: Waiting | undefined;

  constructor(start: ExchangeStart) {
    this.#start = start;
    this.#parser = new MessageParser({ kind: "answer", method: start.request.method }, start.limits);
    this.#endedAt = start.startedAt;
    if (start.connection !== undefined) start.network.markExchange?.(start.connection, start.exchange);
    if (start.failure !== undefined) this.#fail(start.failure.kind, start.failure.message);
    if (start.carry !== undefined && start.carry.length > 0) this.#feed({ bytes: start.carry, at: this.#endedAt });
  }

  get head(): HttpHead | undefined {
    return this.#parser.head;
  }

  get failure(): { readonly kind: WireFailureKind; readonly message: string } | undefined {
    return this.#failure;
  }

  /** Whether there is nothing more to read: the answer is complete or failed. */
  get finished(): boolean {
    return this.#failure !== undefined || this.#parser.done;
  }

  /** Whether the connection can carry another exchange. */
  get reusable(): boolean {
    return this.#failure === undefined && this.#parser.done && this.#end === "kept";
  }

  /** `mono()` of the clock the exchange is timed by. */
  now(): number {
    return this.#start.network.clock.mono();
  }

  /** Bytes that came after the end of the answer. */
  get leftover(): Uint8Array {
    return this.#leftover;
  }

  /**
   * Sends bytes without waiting until they are gone: the answer may come before the peer has read them all. A write
   * that fails shows in the read that follows.
   */
  send(bytes: Uint8Array): void {
    this.#sent = added(this.#sent, bytes);
    const { connection } = this.#start;
    if (connection?.post !== undefined) connection.post(bytes);
    else connection?.write(bytes).catch(() => {});
  }

  /**
   * Reads once. Returns the body bytes that came with it, which may be none.
   *
   * @throws {WireError} `deadline` if `waitMs` passes before any limit of the exchange; the exchange goes on then.
   */
  async step(waitMs = Infinity): Promise<Received[]> {
    const { connection, limits, network, startedAt } = this.#start;
    if (this.finished || connection === undefined) return [];
    const left = startedAt + limits.deadlineMs - network.clock.mono();
    const allowed = Math.min(left, limits.idleMs);
    try {
      const received = await connection.read(Math.min(allowed, waitMs));
      if (received !== null) return this.#feed(received);
      this.#closedByPeer();
    } catch (error) {
      if (error instanceof WireError && error.kind === "deadline" && waitMs < allowed) throw error;
      this.#broken(error, left);
    }
    return [];
  }

  /** @throws {WireError} `closed` if the answer was not complete. */
  #closedByPeer(): void {
    this.#ended("closed");
    this.#parser.end();
  }

  #broken(error: unknown, left: number): void {
    if (!(error instanceof WireError)) throw error;
    if (error.kind === "reset") this.#ended("reset");
    this.#fail(error.kind, error.kind === "deadline" ? this.#late(left) : error.message);
  }

  /** Reads to the end of the answer, and gives what is then made of the exchange. */
  complete<T>(make: (exchange: Exchange) => T | PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting = { make, resolve, reject } as Waiting;
      const { connection, limits, startedAt } = this.#start;
      const deadlineMs = Math.min(limits.deadlineMs, limits.idleMs);
      if (this.finished || connection === undefined) return this.#completed();
      if (connection.readTo !== undefined) return connection.readTo(this, deadlineMs, startedAt);
      connection.read(deadlineMs, startedAt).then((received) => this.took(received), (error) => this.failed(error));
    });
  }

  /** Takes the first read of {@linkcode Exchange.complete}; nearly all answers come with it. */
  took(received: Received | null): void {
    try {
      this.#accept(received, this.#start.limits.deadlineMs);
      if (this.finished) this.#completed();
      else this.#readRest().then(() => this.#completed()).catch((error) => this.#waiting?.reject(error));
    } catch (error) {
      this.#waiting?.reject(error);
    }
  }

  failed(error: unknown): void {
    try {
      this.#broken(error, this.#start.limits.deadlineMs);
      this.#completed();
    } catch (unknown) {
      this.#waiting?.reject(unknown);
    }
  }

  #completed(): void {
    this.#waiting?.resolve(this.#waiting.make(this));
  }

  async #readRest(): Promise<void> {
    const { connection, limits, network, startedAt } = this.#start;
    while (!this.finished && connection !== undefined) {
      const left = startedAt + limits.deadlineMs - network.clock.mono();
      await connection.read(Math.min(left, limits.idleMs)).then(
        (received) => this.#accept(received, left),
        (error) => this.#broken(error, left),
      );
    }
  }

  /** Takes what one read gave. */
  #accept(received: Received | null, left: number): void {
    try {
      if (received === null) this.#closedByPeer();
      else this.#take(received);
    } catch (error) {
      this.#broken(error, left);
    }
  }

  /** Reads on after the answer, up to `ms`, to see further bytes or how the peer closes. */
  async linger(ms: number): Promise<void> {
    const { connection, network, limits } = this.#start;
    if (connection === undefined || this.#end !== "kept") return;
    const until = network.clock.mono() + ms;
    let extra = 0;
    while (extra <= limits.maxBodyBytes) {
      try {
        const received = await connection.read(until - network.clock.mono());
        if (received === null) return this.#ended("closed");
        extra += received.bytes.length;
        this.#received = added(this.#received, received.bytes);
        this.#endedAt = received.at;
      } catch (error) {
        if (error instanceof WireError && error.kind === "reset") this.#ended("reset");
        return;
      }
    }
  }

  /** Marks bytes after the answer as an error: nothing may follow the only answer on a connection. */
  refuseLeftover(): void {
    if (this.#leftover.length === 0 || this.#failure !== undefined) return;
    this.#fail("malformed", `Cannot read the message: ${this.#leftover.length} bytes follow its end`);
  }

  /** The exchange so far. */
  answer(): HttpAnswer {
    const { connection, exchange, request, startedAt } = this.#start;
    const head = this.head;
    const certificate = connection?.certificate;
    if (head !== undefined && this.#failure === undefined && certificate === undefined) {
      // What nearly all are, without the cost of members that may be missing.
      return {
        exchange,
        request,
        sent: joined(this.#sent),
        received: joined(this.#received),
        status: head.status,
        body: joined(this.#body),
        startedAt,
        firstByteAt: this.#firstByteAt ?? this.#endedAt,
        endedAt: this.#endedAt,
        end: this.#end,
        head,
      };
    }
    return {
      exchange,
      request,
      sent: joined(this.#sent),
      received: joined(this.#received),
      status: head?.status ?? 0,
      body: joined(this.#body),
      startedAt,
      firstByteAt: this.#firstByteAt ?? this.#endedAt,
      endedAt: this.#endedAt,
      end: this.#end,
      ...(head === undefined ? {} : { head }),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      ...(certificate === undefined ? {} : { certificate }),
    };
  }

  #feed(received: Received): Received[] {
    return this.#take(received).map((piece) => ({ bytes: piece, at: received.at }));
  }

  /** Parses what came; the pieces of the body in it. */
  #take({ bytes, at }: Received): readonly Uint8Array[] {
    this.#firstByteAt ??= at;
    this.#endedAt = at;
    let taken = 0;
    try {
      taken = this.#parser.feed(bytes);
      if (taken < bytes.length) this.#leftover = bytes.subarray(taken);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#fail(error.kind, error.message);
    }
    this.#received = added(this.#received, bytes);
    const pieces = this.#parser.takeBody();
    if (this.#body.length === 0) this.#body = pieces;
    else for (const piece of pieces) this.#body.push(piece);
    return pieces;
  }

  #late(left: number): string {
    const { deadlineMs, idleMs } = this.#start.limits;
    const why = left <= idleMs ? `it was not complete within ${deadlineMs} ms` : `the peer was silent for ${idleMs} ms`;
    return `Cannot read the message: ${why}`;
  }

  #ended(end: ConnectionEnd): void {
    this.#end = end;
    this.#endedAt = this.#settledAt();
  }

  #fail(kind: WireFailureKind, message: string): void {
    this.#failure ??= { kind, message };
    this.#endedAt = Math.max(this.#endedAt, this.#settledAt());
  }

  /** When the connection last gave something, so that a replay finds the same time. */
  #settledAt(): number {
    return this.#start.connection?.settledAt ?? this.#start.network.clock.mono();
  }
}
