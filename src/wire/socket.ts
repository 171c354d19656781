/** Sockets of the runtime behind one pull interface with deadlines. Knows nothing of transcripts. */

import { createHash } from "node:crypto";
import net from "node:net";
import tls from "node:tls";
import { hex } from "../protocol/mod.ts";
import { copyOf } from "./byte_block.ts";
import { alarm } from "./clock.ts";
import { DIAL_DEADLINE_MS, MAX_QUEUED_BYTES, WRITE_DEADLINE_MS } from "./limits.ts";
import { type DialOptions, type Reader, type Received, WireError, type WireFailureKind } from "./network.ts";

/** What a peer showed in the TLS handshake. */
export interface PeerCertificate {
  readonly fingerprint: string;
  readonly der: Uint8Array;
}

/** A chunk is copied out of its receive buffer when the buffer is larger than this many times the chunk. */
const WASTE_FACTOR = 2;

/** Bytes of the receive buffer of plain connections: as many as the runtime reads at once. */
const RECEIVE_BYTES = 65_536;
/**
 * One for all plain connections of ours: the runtime hands over what it read before it reads again, and what is handed
 * over is copied at once.
 */
const received = new Uint8Array(RECEIVE_BYTES);

/**
 * One connected socket, plain or TLS. Over TLS the runtime shows the RST of a peer as an end, so that reads give null
 * where plain TCP gives `reset`.
 */
export class StreamSocket {
  readonly certificate: PeerCertificate | undefined;
  readonly #socket: net.Socket;
  readonly #transport: net.Socket;
  readonly #mono: () => number;
  #queue: Received[] = [];
  #queuedBytes = 0;
  #ended = false;
  #error: WireError | undefined;
  #waiting: Reader | undefined;
  #dueAt = 0;
  #cancelAlarm: (() => void) | undefined;
  #alarmAt = Infinity;

  /**
   * @param transport The TCP socket below `socket`; the same one when there is no TLS. What comes on it is an event of
   * `socket`, or given to {@linkcode StreamSocket.arrived}.
   */
  constructor(socket: net.Socket, transport: net.Socket, mono: () => number, certificate?: PeerCertificate) {
    this.#socket = socket;
    this.#transport = transport;
    this.#mono = mono;
    this.certificate = certificate;
    socket.on("end", () => this.#finish());
    socket.on("close", () => this.#finish());
    socket.on("error", (error: Error) => this.#fail(error));
  }

  /**
   * The next bytes or null at the end.
   *
   * @throws {WireError} `deadline` after `deadlineMs`, even when bytes arrived meanwhile if `deadlineMs` is 0 or less;
   * `reset` if the transport broke.
   */
  read(deadlineMs: number, now?: number): Promise<Received | null> {
    return new Promise((took, failed) => this.readTo({ took, failed }, deadlineMs, now));
  }

  /** {@linkcode StreamSocket.read} without a promise; what is there already is told at once. */
  readTo(reader: Reader, deadlineMs: number, now?: number): void {
    if (this.#waiting !== undefined) return reader.failed(new TypeError("Cannot read: another read is under way"));
    if (deadlineMs <= 0) return reader.failed(deadlinePassed(deadlineMs));
    const first = this.#queue.shift();
    if (first !== undefined) {
      this.#queuedBytes -= first.bytes.length;
      if (this.#queuedBytes < MAX_QUEUED_BYTES && this.#socket.isPaused()) this.#socket.resume();
      return reader.took(first);
    }
    if (this.#error !== undefined) return reader.failed(this.#error);
    if (this.#ended) return reader.took(null);
    this.#waiting = reader;
    this.#dueAt = (now ?? this.#mono()) + deadlineMs;
    this.#arm(deadlineMs);
  }

  /** Writes without telling what became of it: a write that fails shows in the read that follows. */
  post(bytes: Uint8Array): void {
    if (this.#error === undefined && !this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.write(bytes);
  }

  /** Resolves when the bytes are on their way or buffered within bounds. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#socket.destroyed || this.#socket.writableEnded) {
      return Promise.reject(new WireError("closed", "Cannot write: current value of the connection is closed"));
    }
    if (this.#socket.write(bytes)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (finish: () => void) => {
        cancel();
        this.#socket.off("drain", drained);
        this.#socket.off("close", closed);
        finish();
      };
      const drained = () => done(resolve);
      const closed = () => done(() => reject(this.#error ?? new WireError("reset", "Cannot write: the peer closed")));
      const cancel = alarm(WRITE_DEADLINE_MS, () => {
        done(() =>
          reject(new WireError("deadline", `Cannot write: the peer did not read for ${WRITE_DEADLINE_MS} ms`))
        );
      });
      this.#socket.on("drain", drained);
      this.#socket.on("close", closed);
    });
  }

  /** Sends FIN, goes on reading. */
  closeWrite(): Promise<void> {
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.end();
    return Promise.resolve();
  }

  /** Bytes the peer has not taken yet. */
  get pending(): number {
    return this.#socket.writableLength;
  }

  /** Sends what is buffered, then closes. */
  close(): void {
    this.#socket.destroySoon();
    this.#release();
  }

  /** Drops everything at once; used when a scope is over. */
  destroy(): void {
    this.#socket.destroy();
    this.#transport.destroy();
    this.#release();
  }

  /** Closes with RST. */
  reset(): void {
    this.#transport.resetAndDestroy();
    if (this.#socket !== this.#transport) this.#socket.destroy();
    this.#release();
  }

  #release(): void {
    this.#queue = [];
    this.#finish();
  }

  /** Takes bytes that belong to nobody else from now on. */
  arrived(bytes: Uint8Array): void {
    const arrival = { bytes, at: this.#mono() };
    const waiting = this.#takeWaiting();
    if (waiting !== undefined) return waiting.took(arrival);
    this.#queue.push(arrival);
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes >= MAX_QUEUED_BYTES) this.#socket.pause();
  }

  #finish(): void {
    this.#ended = true;
    this.#disarm();
    const waiting = this.#takeWaiting();
    if (waiting === undefined) return;
    if (this.#error !== undefined) waiting.failed(this.#error);
    else waiting.took(null);
  }

  #fail(error: Error): void {
    this.#error ??= new WireError("reset", `Cannot go on with the connection: ${codeOf(error)}`);
    this.#disarm();
    this.#takeWaiting()?.failed(this.#error);
  }

  #takeWaiting(): Reader | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  /** One timer serves all reads of the connection: it is set anew only when a read is due before it. */
  #arm(deadlineMs: number): void {
    if (this.#cancelAlarm !== undefined && this.#alarmAt <= this.#dueAt) return;
    this.#disarm();
    this.#alarmAt = this.#dueAt;
    this.#cancelAlarm = alarm(deadlineMs, () => {
      this.#cancelAlarm = undefined;
      if (this.#waiting === undefined) return;
      const left = this.#dueAt - this.#mono();
      if (left > 0) return this.#arm(left);
      this.#takeWaiting()?.failed(deadlinePassed(deadlineMs));
    });
  }

  #disarm(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
  }
}

/** A socket that reads by events: TLS, and what others opened. */
function byEvents(
  socket: net.Socket,
  transport: net.Socket,
  mono: () => number,
  certificate?: PeerCertificate,
): StreamSocket {
  const stream = new StreamSocket(socket, transport, mono, certificate);
  socket.on("data", (buffer: Uint8Array) => {
    const wasteful = buffer.buffer.byteLength > WASTE_FACTOR * buffer.length;
    stream.arrived(wasteful ? copyOf(buffer) : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
  });
  return stream;
}

function deadlinePassed(deadlineMs: number): WireError {
  return new WireError("deadline", `Cannot read: nothing came within ${Math.max(0, Math.round(deadlineMs))} ms`);
}

function codeOf(error: Error & { code?: string }): string {
  return error.code ?? error.message;
}

/** SHA-256 of a DER certificate in lower-case hex. */
export function fingerprintOf(der: Uint8Array): string {
  return hex(createHash("sha256").update(der).digest());
}

/**
 * Connects.
 *
 * @throws {WireError} `refused`, `deadline`, or `tls` when the handshake fails or the pinned fingerprint differs.
 */
export function connectSocket(options: DialOptions, mono: () => number): Promise<StreamSocket> {
  const deadlineMs = options.deadlineMs ?? DIAL_DEADLINE_MS;
  return new Promise((resolve, reject) => {
    let plain: StreamSocket | undefined;
    const callback = (length: number) => {
      plain?.arrived(copyOf(received, length));
      return true;
    };
    const transport = net.connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      allowHalfOpen: true,
      ...(options.tls === undefined ? { onread: { buffer: received, callback } } : {}),
    });
    let connected = false;
    let secure: net.Socket = transport;
    const fail = (kind: WireFailureKind, why: string) => {
      cancel();
      secure.destroy();
      transport.destroy();
      reject(new WireError(kind, `Cannot connect to ${options.host}:${options.port}: ${why}`));
    };
    const cancel = alarm(deadlineMs, () => fail("deadline", `no connection within ${deadlineMs} ms`));
    const broken = (error: Error) => fail(connected ? "tls" : "refused", codeOf(error));
    const closed = () => fail("tls", "the peer closed during the handshake");
    const ready = () => {
      cancel();
      for (const socket of [transport, secure]) socket.off("error", broken).off("close", closed);
    };
    transport.on("error", broken);
    transport.once("connect", () => {
      connected = true;
      if (options.tls === undefined) {
        ready();
        return resolve(plain = new StreamSocket(transport, transport, mono));
      }
      const servername = options.tls.servername;
      const channel = tls.connect({
        socket: transport,
        rejectUnauthorized: false,
        // Without a list of its own, Deno resumes sessions across hosts and shows the certificate of the first one.
        ca: [],
        ...(servername === undefined ? {} : { servername }),
      });
      secure = channel;
      channel.on("error", broken);
      channel.on("close", closed);
      channel.once("secureConnect", () => {
        const raw = channel.getPeerCertificate(true)?.raw;
        if (raw === undefined) return fail("tls", "the peer showed no certificate");
        const der = new Uint8Array(raw);
        const fingerprint = fingerprintOf(der);
        const pinned = options.tls?.fingerprint?.toLowerCase();
        if (pinned !== undefined && pinned !== fingerprint) {
          return fail("tls", `certificate fingerprint is ${fingerprint}, pinned is ${pinned}`);
        }
        ready();
        transport.on("error", () => {});
        resolve(byEvents(channel, transport, mono, { fingerprint, der }));
      });
    });
  });
}

/** A listening socket. */
export interface SocketListener {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens.
 *
 * @throws {WireError} `refused` if the address cannot be bound.
 */
export function listenSocket(
  options: { host: string; port: number; tls?: { certificatePem: string; keyPem: string } },
  mono: () => number,
  accept: (socket: StreamSocket) => void,
): Promise<SocketListener> {
  const { host, port, tls: secure } = options;
  // Not tls.createServer: a reset needs the TCP socket below, which that does not show.
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (transport) => {
    if (secure === undefined) return accept(byEvents(transport, transport, mono));
    const { certificatePem: cert, keyPem: key } = secure;
    const channel = new tls.TLSSocket(transport, { isServer: true, cert, key });
    const drop = () => transport.destroy();
    const cancel = alarm(DIAL_DEADLINE_MS, drop);
    transport.on("error", drop);
    channel.on("error", drop);
    channel.once("close", cancel);
    channel.once("secure", () => {
      cancel();
      channel.off("error", drop);
      accept(byEvents(channel, transport, mono));
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error: Error) => {
      reject(new WireError("refused", `Cannot listen on ${host}:${port}: ${codeOf(error)}`));
    });
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      server.on("error", () => {});
      resolve({ host, port: bound, close: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}
