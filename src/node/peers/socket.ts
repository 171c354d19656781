/** A byte stream to a peer over TCP or TLS, read by pulling. */

import { createHash } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

/** Why a peer could not be talked to. */
export class PeerError extends Error {
  override readonly name = "PeerError";
  constructor(
    /** `unreachable`: nothing was sent; `broken`: the exchange began and did not end well; `limit`, `malformed`: its answer. */
    readonly kind: "unreachable" | "pin" | "broken" | "limit" | "malformed" | "deadline",
    message: string,
  ) {
    super(message);
  }
}

/** Where a peer listens. */
export interface Origin {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

/** Bytes kept before the sender is held back. */
const HIGH_WATER_BYTES = 1 << 20;

/** Reads `http://host:port` or `https://host:port`; undefined if the text is anything else. */
export function originOf(baseUrl: string): Origin | undefined {
  const url = URL.parse(baseUrl);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return undefined;
  const tls = url.protocol === "https:";
  const port = url.port === "" ? (tls ? 443 : 80) : Number(url.port);
  return { tls, host: url.hostname.replace(/^\[|\]$/g, ""), port };
}

/**
 * Connects; certificates are self-signed and never validated, the caller compares the fingerprint.
 *
 * @throws {PeerError} `unreachable` when there is no connection, also when the signal is aborted first.
 */
export function openSocket(origin: Origin, signal: AbortSignal): Promise<PeerSocket> {
  return new Promise((resolve, reject) => {
    const { host, port } = origin;
    const socket = origin.tls
      ? connectTls({ host, port, rejectUnauthorized: false, servername: freshName() })
      : connectTcp({ host, port });
    const refuse = (why: string) => {
      signal.removeEventListener("abort", aborted);
      socket.destroy();
      reject(new PeerError("unreachable", `Cannot connect to ${host}:${port}: ${why}`));
    };
    const aborted = () => refuse("no connection in time");
    socket.once("error", (error: Error) => refuse(error.message));
    socket.once("close", () => refuse("closed"));
    socket.once(origin.tls ? "secureConnect" : "connect", () => {
      signal.removeEventListener("abort", aborted);
      socket.removeAllListeners("error");
      socket.removeAllListeners("close");
      socket.setNoDelay(true);
      resolve(new PeerSocket(socket, origin.tls ? fingerprintOf(socket as TLSSocket) : undefined));
    });
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted, { once: true });
  });
}

let names = 0;

/**
 * A server name no session is remembered for. The runtime resumes TLS sessions by name, and a resumed one shows the
 * certificate of the first handshake instead of the one the peer has now, which would blind the pin.
 */
function freshName(): string {
  return `c${++names}.hearthnet.local`;
}

/** SHA-256 of the certificate as sent: the runtime fills `raw` only when the whole chain is asked for. */
function fingerprintOf(socket: TLSSocket): string | undefined {
  const raw: Uint8Array | undefined = socket.getPeerCertificate(true)?.raw;
  return raw === undefined ? undefined : createHash("sha256").update(new Uint8Array(raw)).digest("hex");
}

export class PeerSocket {
  readonly #chunks: Uint8Array[] = [];
  #kept = 0;
  #ended = false;
  #waiting: (() => void) | undefined;
  #closed: (() => void)[] = [];

  constructor(private readonly socket: Socket, readonly fingerprint: string | undefined) {
    socket.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(new Uint8Array(chunk));
      this.#kept += chunk.length;
      if (this.#kept > HIGH_WATER_BYTES) socket.pause();
      this.#wake();
    });
    const end = () => {
      if (this.#ended) return;
      this.#ended = true;
      this.#wake();
      for (const listener of this.#closed) listener();
    };
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", end);
  }

  /** Whether the peer has closed, or sent something nobody asked for. */
  get stale(): boolean {
    return this.#ended || this.#chunks.length > 0;
  }

  /** Called when the connection ends. */
  onClose(listener: () => void): void {
    if (this.#ended) listener();
    else this.#closed.push(listener);
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next bytes, or null when the connection has ended. */
  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#kept -= chunk.length;
        if (this.#kept <= HIGH_WATER_BYTES && this.socket.isPaused()) this.socket.resume();
        return chunk;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#waiting = resolve);
    }
  }

  /** Puts back bytes that were read too far. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.unshift(bytes);
    this.#kept += bytes.length;
  }

  close(): void {
    this.socket.destroy();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}
