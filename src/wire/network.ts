/**
 * The only door to the outside. Everything a case sees of a target comes through a {@linkcode Network}: live, it opens
 * sockets and writes down every byte; in a recheck, it answers from the transcript. Code above it cannot tell which.
 */

import type { Clock, Json } from "../protocol/mod.ts";

/** Why a connection or an exchange came to no proper end. */
export type WireFailureKind =
  /** Nothing listens there, or the host cannot be reached. */
  | "refused"
  /** The peer sent RST, or the transport broke. */
  | "reset"
  /** The peer closed before the message was complete. */
  | "closed"
  /** A deadline passed. */
  | "deadline"
  /** A size limit was exceeded. */
  | "limit"
  /** Bytes that are not the protocol: bad status line, chunk size, frame. */
  | "malformed"
  /** TLS handshake failed or the pinned fingerprint changed. */
  | "tls"
  /** In a recheck: the transcript holds no such exchange. */
  | "unrecorded";

/** A failure of the transport: never a verdict by itself, always evidence. */
export class WireError extends Error {
  override readonly name = "WireError";
  constructor(readonly kind: WireFailureKind, message: string) {
    super(message);
  }
}

/** Where and how to connect. */
export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** Present for TLS. Chains are never validated; `fingerprint` (SHA-256, hex) pins the certificate. */
  readonly tls?: { readonly servername?: string; readonly fingerprint?: string };
  /** Milliseconds for connecting (and the handshake). */
  readonly deadlineMs?: number;
}

/** A piece of what was received, with the clock's `mono()` at its arrival. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** Takes what one read of a connection gave; called once. */
export interface Reader {
  /** @param received Null when the peer has closed its side. */
  took(received: Received | null): void;
  failed(error: unknown): void;
}

/** One byte stream, recorded in both directions. */
export interface Connection {
  /** Number of the connection in the transcript. */
  readonly id: number;
  /** SHA-256 fingerprint (hex) and DER of the peer's certificate; TLS only. */
  readonly certificate?: { readonly fingerprint: string; readonly der: Uint8Array };
  /** `mono()` when the last read ended, as it stands in the transcript. */
  readonly settledAt?: number | undefined;
  write(bytes: Uint8Array): Promise<void>;
  /** Writes without telling what became of it: a write that fails shows in the read that follows. */
  post?(bytes: Uint8Array): void;
  /**
   * The next bytes, or null when the peer has closed its side.
   *
   * @param now `mono()` of the network's clock, for callers that have just read it.
   * @throws {WireError} `deadline` after `deadlineMs` (the connection stays usable), `reset` if the transport broke.
   */
  read(deadlineMs: number, now?: number): Promise<Received | null>;
  /** The same told to a reader, perhaps at once. For load, where a promise for each read counts. */
  readTo?(reader: Reader, deadlineMs: number, now?: number): void;
  /** Closes our side only; reading goes on. */
  closeWrite(): Promise<void>;
  /** Closes with FIN. */
  close(): void;
  /** Closes with RST. */
  reset(): void;
}

/** Accepts connections; the tester's own servers (fake peers, proxies) stand on it. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly tls?: { readonly certificatePem: string; readonly keyPem: string };
}

/** See the module comment. One network serves one case (or one worker of a soak). */
export interface Network {
  readonly clock: Clock;
  /**
   * The same time for parts of a target that run in this process. What they read and sleep is not written down: in a
   * recheck they do not run, so it would be missing from the order of the tester's own readings.
   */
  readonly targetClock?: Clock;
  dial(options: DialOptions): Promise<Connection>;
  listen(options: ListenOptions, accept: (connection: Connection) => Promise<void>): Promise<Listener>;
  /**
   * Anything else a verdict rests on (a process exit, a restart, the address of a started node): live, `observe` runs
   * and its result is written down; in a recheck, the written result is returned and `observe` does not run.
   */
  fact<T extends Json>(name: string, observe: () => Promise<T>): Promise<T>;
  /** Notes in the transcript which exchange starts on a connection, so that a report can point at its bytes. */
  markExchange?(connection: Connection, exchange: number): void;
}

/** Limits of one read operation. Every number has a default in `limits.ts`. */
export interface ReadLimits {
  /** Milliseconds for the whole exchange. */
  readonly deadlineMs: number;
  /** Milliseconds without a byte. */
  readonly idleMs: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxBodyBytes: number;
  readonly maxFrameBytes: number;
  readonly maxFrames: number;
}

/** Header lines as they were sent or received: order, case and repetition kept. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Where a target or peer answers. */
export interface Endpoint {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  /** Pinned SHA-256 fingerprint (hex), once known. */
  readonly fingerprint?: string;
  /** TLS server name to send; none by default, since HearthNet addresses hosts by IP. */
  readonly servername?: string;
}

/** A request as it goes out; `Host` and `Content-Length` are added unless given or suppressed. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: HeaderList;
  /** A text goes out in UTF-8. */
  readonly body?: Uint8Array | string;
  /** Names of automatic headers to leave out: "host", "content-length", "connection". */
  readonly omit?: readonly string[];
  /** Send the body chunked in pieces of this many bytes instead of with a content length. */
  readonly chunked?: number;
}

/** Head of an answer. */
export interface HttpHead {
  /** `HTTP/1.1`. */
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
}

/** How the connection stood after the answer. */
export type ConnectionEnd = "kept" | "closed" | "reset";

/**
 * A complete exchange. `status` is 0 when no answer came; then `failure` says why. A failure after the head (a body cut
 * short, a limit) leaves the head and the bytes so far.
 */
export interface HttpAnswer {
  /** Number of the exchange in the transcript, for reports. */
  readonly exchange: number;
  readonly request: HttpRequest;
  /** Exact bytes sent. */
  readonly sent: Uint8Array;
  /** Exact bytes received, head and body. */
  readonly received: Uint8Array;
  readonly status: number;
  readonly head?: HttpHead;
  /** Body with transfer coding removed. */
  readonly body: Uint8Array;
  readonly failure?: { readonly kind: WireFailureKind; readonly message: string };
  /** `mono()` at: first byte sent, first byte received (or end), last byte received. */
  readonly startedAt: number;
  readonly firstByteAt: number;
  readonly endedAt: number;
  readonly end: ConnectionEnd;
  readonly certificate?: { readonly fingerprint: string; readonly der: Uint8Array };
}

/** The first value of a header, matched without regard to case. */
export function headerOf(answer: { readonly head?: HttpHead }, name: string): string | undefined {
  const headers = answer.head?.headers;
  if (headers === undefined) return undefined;
  const wanted = name.toLowerCase();
  for (const [other, value] of headers) {
    if (other.length === wanted.length && (other === name || other.toLowerCase() === wanted)) return value;
  }
  return undefined;
}
