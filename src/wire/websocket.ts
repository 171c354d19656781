/** WebSocket client. It judges nothing: what the peer did is reported, and any malformed frame can be sent. */

import { createHash } from "node:crypto";
import { concat, fromUtf8, fromUtf8Lossy, type Random, utf8 } from "../protocol/mod.ts";
import { beginExchange } from "./http.ts";
import { encodeRequest } from "./http_exchange.ts";
import { limitsOf } from "./limits.ts";
import {
  type Connection,
  type Endpoint,
  type HeaderList,
  headerOf,
  type HttpAnswer,
  type HttpRequest,
  type Network,
  type ReadLimits,
  WireError,
  type WireFailureKind,
} from "./network.ts";
import { encodeFrame, OPCODE, type WsFrame, WsFrameParser, type WsFrameSpec } from "./websocket_frame.ts";

/** GUID of RFC 6455 section 1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY_BYTES = 16;
const MASK_BYTES = 4;
/** Milliseconds to wait for the peer's part of the closing handshake. */
const CLOSE_WAIT_MS = 2_000;

/** How to ask for the upgrade. */
export interface WsOptions {
  readonly path: string;
  /** Offered subprotocols. */
  readonly protocols?: readonly string[];
  /** Headers besides those of the handshake. */
  readonly headers?: HeaderList;
  /** All headers but Host, instead of everything above: for malformed handshakes. */
  readonly rawHeaders?: HeaderList;
  readonly method?: string;
  readonly body?: Uint8Array;
  /** Source of the key and of the masks. */
  readonly random: Random;
  readonly limits?: Partial<ReadLimits>;
  /** Answer pings; default true. */
  readonly autoPong?: boolean;
}

/** A complete message. */
export interface WsMessage {
  readonly opcode: number;
  readonly payload: Uint8Array;
  /** Decoded payload of a text message; invalid UTF-8 becomes U+FFFD and a problem. */
  readonly text?: string;
  /** `mono()` at the arrival of its last frame. */
  readonly at: number;
  /** Number of frames it came in. */
  readonly fragments: number;
}

/** How the connection ended. */
export interface WsClose {
  /** Code of the close frame; 1005 if it had none, 1006 if no close frame came. */
  readonly code: number;
  readonly reason: string;
  readonly at: number;
  /** Whether a close frame came. */
  readonly clean: boolean;
  /** Why not, if the transport failed or a limit was hit. */
  readonly failure?: { readonly kind: WireFailureKind; readonly message: string };
}

/** What the peer answered to the upgrade. */
export interface WsHandshake {
  /** The exchange; status 101 when upgraded. */
  readonly answer: HttpAnswer;
  readonly upgraded: boolean;
  readonly key: string;
  readonly acceptExpected: string;
  readonly acceptGot: string | undefined;
  readonly protocol: string | undefined;
}

/** `Sec-WebSocket-Accept` for a key (RFC 6455 section 4.2.2). */
export function acceptFor(key: string): string {
  return createHash("sha1").update(key + ACCEPT_GUID).digest("base64");
}

/** Asks for an upgrade. When it is refused, the client is closed and `handshake` says how. */
export async function openWebSocket(network: Network, endpoint: Endpoint, options: WsOptions): Promise<WsClient> {
  const key = options.random.bytes(KEY_BYTES).toBase64();
  const limits = limitsOf(options.limits);
  const { protocols = [], headers = [] } = options;
  const standard: HeaderList = [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", key],
    ...(protocols.length === 0 ? [] : [["Sec-WebSocket-Protocol", protocols.join(", ")] as const]),
    ...headers,
  ];
  const request: HttpRequest = {
    method: options.method ?? "GET",
    path: options.path,
    headers: options.rawHeaders ?? standard,
    ...(options.body === undefined ? {} : { body: options.body }),
  };
  const bytes = encodeRequest(endpoint, request);
  const { exchange, connection } = await beginExchange(network, endpoint, request, limits);
  exchange.send(bytes);
  await exchange.complete(() => {});
  const answer = exchange.answer();
  const upgraded = answer.status === 101 && answer.failure === undefined;
  const handshake: WsHandshake = {
    answer,
    upgraded,
    key,
    acceptExpected: acceptFor(key),
    acceptGot: headerOf(answer, "sec-websocket-accept"),
    protocol: headerOf(answer, "sec-websocket-protocol"),
  };
  if (!upgraded) connection?.close();
  return new WsClient(network, upgraded ? connection : undefined, handshake, exchange.leftover, options, limits);
}

/** One WebSocket. */
export class WsClient {
  /** Pings, pongs and close frames of the peer, in order. */
  readonly control: WsFrame[] = [];
  /** Violations of RFC 6455 by the peer. */
  readonly problems: string[] = [];
  /** Answer pings by pongs while reading. */
  autoPong: boolean;
  readonly #parser: WsFrameParser;
  readonly #random: Random;
  #messages: WsMessage[] = [];
  #fragments: WsFrame[] = [];
  #fragmentBytes = 0;
  #frames = 0;
  #closed: WsClose | undefined;
  #closeSent = false;

  constructor(
    private readonly network: Network,
    private readonly connection: Connection | undefined,
    readonly handshake: WsHandshake,
    leftover: Uint8Array,
    options: WsOptions,
    private readonly limits: ReadLimits,
  ) {
    this.#random = options.random;
    this.autoPong = options.autoPong ?? true;
    this.#parser = new WsFrameParser(limits.maxFrameBytes);
    if (connection === undefined) this.#end(1006, "", false, handshake.answer.failure);
    else this.#take(leftover, network.clock.mono());
  }

  /** How it ended; undefined while open. */
  get closed(): WsClose | undefined {
    return this.#closed;
  }

  /** Sends one message in one frame. */
  send(message: string | Uint8Array): Promise<void> {
    return typeof message === "string"
      ? this.sendFrame({ opcode: OPCODE.text, payload: utf8(message) })
      : this.sendFrame({ opcode: OPCODE.binary, payload: message });
  }

  /**
   * Sends any frame.
   *
   * @throws {WireError} If the connection is gone.
   */
  async sendFrame(spec: WsFrameSpec): Promise<void> {
    await this.sendBytes(encodeFrame(spec, this.#random.bytes(MASK_BYTES)));
  }

  /** Sends bytes that need not be frames. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    if (this.connection === undefined) throw new WireError("closed", "Cannot send: the WebSocket was never opened");
    await this.connection.write(bytes);
  }

  ping(payload: Uint8Array = new Uint8Array(0)): Promise<void> {
    return this.sendFrame({ opcode: OPCODE.ping, payload });
  }

  /**
   * The next message, or null when the WebSocket is closed; `closed` tells how.
   *
   * @throws {WireError} `deadline` after `deadlineMs` (default: the idle limit); it stays usable.
   */
  async next(options: { readonly deadlineMs?: number } = {}): Promise<WsMessage | null> {
    const until = this.network.clock.mono() + (options.deadlineMs ?? this.limits.idleMs);
    while (this.#messages.length === 0 && this.#closed === undefined) await this.#step(until);
    return this.#messages.shift() ?? null;
  }

  /**
   * Reads until a frame of the peer's control frames fulfils the predicate.
   *
   * @returns The frame, or null if the WebSocket closed before.
   * @throws {WireError} `deadline` after `deadlineMs`.
   */
  async nextControl(matches: (frame: WsFrame) => boolean, deadlineMs: number): Promise<WsFrame | null> {
    const until = this.network.clock.mono() + deadlineMs;
    const from = this.control.length;
    for (;;) {
      const found = this.control.slice(from).find(matches);
      if (found !== undefined) return found;
      if (this.#closed !== undefined) return null;
      await this.#step(until);
    }
  }

  /** Closing handshake: sends a close frame, reads until the peer's or until a deadline, then closes. */
  async close(code = 1000, reason = "", waitMs = CLOSE_WAIT_MS): Promise<WsClose> {
    if (this.#closed === undefined) {
      const until = this.network.clock.mono() + waitMs;
      await this.#sendClose(code, reason);
      try {
        while (this.#closed === undefined) await this.#step(until);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.#end(1006, "", false, error);
      }
    }
    this.connection?.close();
    return this.#closed as WsClose;
  }

  /**
   * Waits until the peer closes, whatever messages come; they stay in the queue.
   *
   * @throws {WireError} `deadline` after `deadlineMs`.
   */
  async untilClosed(deadlineMs: number): Promise<WsClose> {
    const until = this.network.clock.mono() + deadlineMs;
    while (this.#closed === undefined) await this.#step(until);
    return this.#closed;
  }

  /** Closes the transport with FIN, without a close frame. */
  abort(): void {
    this.connection?.close();
    this.#end(1006, "", false);
  }

  /** Closes the transport with RST. */
  reset(): void {
    this.connection?.reset();
    this.#end(1006, "", false);
  }

  async #step(until: number): Promise<void> {
    try {
      const received = await this.connection?.read(until - this.network.clock.mono()) ?? null;
      if (received === null) this.#end(1006, "", false);
      else this.#take(received.bytes, received.at);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      if (error.kind === "deadline") throw error;
      this.#end(1006, "", false, error);
    }
  }

  #take(bytes: Uint8Array, at: number): void {
    if (bytes.length === 0) return;
    try {
      for (const frame of this.#parser.feed(bytes, at)) this.#frame(frame);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#end(1006, "", false, error);
      this.connection?.close();
    }
  }

  #frame(frame: WsFrame): void {
    if (this.#closed !== undefined) return this.#problem("a frame after the close frame");
    if (++this.#frames > this.limits.maxFrames) {
      throw new WireError("limit", `Cannot read the WebSocket: it has more than ${this.limits.maxFrames} frames`);
    }
    if (frame.masked) this.#problem("the server masks its frames");
    if (frame.rsv !== 0) this.#problem("a reserved bit is set");
    if (frame.opcode >= OPCODE.close) return this.#controlFrame(frame);
    if (frame.opcode > OPCODE.binary) return this.#problem(`reserved opcode ${frame.opcode}`);
    const continues = frame.opcode === OPCODE.continuation;
    if (continues && this.#fragments.length === 0) return this.#problem("a continuation without a beginning");
    if (!continues && this.#fragments.length > 0) {
      this.#problem("a new message inside a fragmented one");
      this.#fragments = [];
      this.#fragmentBytes = 0;
    }
    this.#fragments.push(frame);
    this.#fragmentBytes += frame.payload.length;
    if (this.#fragmentBytes > this.limits.maxBodyBytes) {
      throw new WireError("limit", `Cannot read a message: it is longer than ${this.limits.maxBodyBytes} bytes`);
    }
    if (frame.fin) this.#message(frame.at);
  }

  #message(at: number): void {
    const parts = this.#fragments;
    this.#fragments = [];
    this.#fragmentBytes = 0;
    const opcode = parts[0]?.opcode ?? OPCODE.text;
    const payload = concat(parts.map((part) => part.payload));
    const base = { opcode, payload, at, fragments: parts.length };
    this.#messages.push(opcode === OPCODE.text ? { ...base, text: this.#text(payload, "text message") } : base);
  }

  #controlFrame(frame: WsFrame): void {
    this.control.push(frame);
    if (!frame.fin) this.#problem("a fragmented control frame");
    if (frame.payload.length > 125) this.#problem("a control frame of more than 125 bytes");
    if (frame.opcode === OPCODE.ping) {
      if (this.autoPong) this.sendFrame({ opcode: OPCODE.pong, payload: frame.payload }).catch(() => {});
    } else if (frame.opcode === OPCODE.close) {
      const { payload } = frame;
      if (payload.length === 1) this.#problem("a close frame of one byte");
      const code = payload.length >= 2 ? ((payload[0] as number) << 8) | (payload[1] as number) : 1005;
      this.#end(code, this.#text(payload.subarray(2), "close reason"), true);
      this.#sendClose(code === 1005 ? undefined : code, "").catch(() => {});
    } else if (frame.opcode > OPCODE.pong) this.#problem(`reserved opcode ${frame.opcode}`);
  }

  async #sendClose(code: number | undefined, reason: string): Promise<void> {
    if (this.#closeSent) return;
    this.#closeSent = true;
    const payload = code === undefined
      ? new Uint8Array(0)
      : concat([Uint8Array.of(code >> 8, code & 255), utf8(reason)]);
    await this.sendFrame({ opcode: OPCODE.close, payload }).catch(() => {});
  }

  #text(payload: Uint8Array, what: string): string {
    try {
      return fromUtf8(payload);
    } catch {
      this.#problem(`invalid UTF-8 in a ${what}`);
      return fromUtf8Lossy(payload);
    }
  }

  #problem(problem: string): void {
    if (!this.problems.includes(problem)) this.problems.push(problem);
  }

  #end(code: number, reason: string, clean: boolean, failure?: { kind: WireFailureKind; message: string }): void {
    this.#closed ??= {
      code,
      reason,
      at: this.network.clock.mono(),
      clean,
      ...(failure === undefined ? {} : { failure: { kind: failure.kind, message: failure.message } }),
    };
  }
}
