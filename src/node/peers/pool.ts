/** Connections to peers, kept for reuse and closed after a time without traffic. X01 §5.2; TRN-076, TRN-077. */

import type { Clock } from "../../protocol/mod.ts";
import type { BusRules } from "../rules/bus.ts";
import { exchange, type PeerAnswer, type PeerRequest } from "./http_client.ts";
import { openSocket, type Origin, PeerError, type PeerSocket } from "./socket.ts";

/** Milliseconds for connecting and the TLS handshake. */
const CONNECT_DEADLINE_MS = 5000;
/** Idle connections kept per peer. */
const MAX_IDLE_PER_PEER = 8;

/** An answer together with the way to give its connection back. */
export interface Exchange {
  readonly answer: PeerAnswer;
  /** SHA-256 of the peer's certificate (hex); TLS only. */
  readonly fingerprint: string | undefined;
  /** The body was read to its end. */
  done(): void;
  /** The body is of no further use. */
  drop(): void;
}

interface Idle {
  readonly socket: PeerSocket;
  readonly stop: AbortController;
}

export class ConnectionPool {
  readonly #idle = new Map<string, Idle[]>();
  readonly #open = new Set<PeerSocket>();
  #closed = false;

  constructor(
    private readonly clock: Clock,
    private readonly rules: Pick<BusRules, "peerIdleMs" | "peerConnectionsReused">,
  ) {}

  /** Connections that exist, idle ones included. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Sends a request on a kept or new connection. `pinned` is the only fingerprint that is talked to.
   *
   * @throws {PeerError} Also when the signal is aborted; the connection is closed then.
   */
  async send(
    origin: Origin,
    request: PeerRequest,
    signal: AbortSignal,
    pinned: string | undefined,
  ): Promise<Exchange> {
    const kept = this.#take(origin);
    if (kept !== undefined && (pinned === undefined || kept.fingerprint === pinned)) {
      try {
        return await this.#exchange(kept, origin, request, signal);
      } catch (error) {
        // The peer may have closed the kept connection while the request was on its way.
        if (signal.aborted || !(error instanceof PeerError) || error.kind !== "broken") throw error;
      }
    } else kept?.close();
    const socket = await this.#connect(origin, signal);
    if (pinned !== undefined && socket.fingerprint !== pinned) {
      socket.close();
      throw new PeerError("pin", `Cannot talk to ${origin.host}:${origin.port}: its certificate has changed`);
    }
    return await this.#exchange(socket, origin, request, signal);
  }

  close(): void {
    this.#closed = true;
    for (const list of this.#idle.values()) for (const { stop } of list) stop.abort();
    this.#idle.clear();
    for (const socket of this.#open) socket.close();
    this.#open.clear();
  }

  async #connect(origin: Origin, signal: AbortSignal): Promise<PeerSocket> {
    const limit = new AbortController();
    const abort = () => limit.abort();
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    const stop = new AbortController();
    this.clock.sleep(CONNECT_DEADLINE_MS, stop.signal).then(abort, () => {});
    try {
      const socket = await openSocket(origin, limit.signal);
      if (this.#closed) {
        socket.close();
        throw new PeerError("unreachable", "Cannot connect: the node stops");
      }
      this.#open.add(socket);
      socket.onClose(() => this.#open.delete(socket));
      return socket;
    } finally {
      stop.abort();
      signal.removeEventListener("abort", abort);
    }
  }

  async #exchange(
    socket: PeerSocket,
    origin: Origin,
    request: PeerRequest,
    signal: AbortSignal,
  ): Promise<Exchange> {
    const close = () => socket.close();
    if (signal.aborted) close();
    else signal.addEventListener("abort", close, { once: true });
    const settle = () => signal.removeEventListener("abort", close);
    try {
      const answer = await exchange(socket, hostHeader(origin), request);
      return {
        answer,
        fingerprint: socket.fingerprint,
        done: () => {
          settle();
          if (answer.keepAlive && this.rules.peerConnectionsReused && !signal.aborted) this.#keep(origin, socket);
          else if (!answer.keepAlive) socket.close();
        },
        drop: () => {
          settle();
          socket.close();
        },
      };
    } catch (error) {
      settle();
      socket.close();
      throw error;
    }
  }

  #take(origin: Origin): PeerSocket | undefined {
    const list = this.#idle.get(keyOf(origin));
    for (;;) {
      const idle = list?.pop();
      if (idle === undefined) return undefined;
      idle.stop.abort();
      if (!idle.socket.stale) return idle.socket;
      idle.socket.close();
    }
  }

  #keep(origin: Origin, socket: PeerSocket): void {
    const key = keyOf(origin);
    const list = this.#idle.get(key) ?? [];
    if (this.#closed || socket.stale || list.length >= MAX_IDLE_PER_PEER) return socket.close();
    this.#idle.set(key, list);
    const idle: Idle = { socket, stop: new AbortController() };
    list.push(idle);
    const forget = () => {
      const at = list.indexOf(idle);
      if (at !== -1) list.splice(at, 1);
      idle.stop.abort();
      socket.close();
    };
    socket.onClose(() => {
      if (!idle.stop.signal.aborted) forget();
    });
    this.clock.sleep(this.rules.peerIdleMs, idle.stop.signal).then(forget, () => {});
  }
}

function keyOf({ tls, host, port }: Origin): string {
  return `${tls ? "https" : "http"}://${host}:${port}`;
}

function hostHeader({ host, port }: Origin): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
