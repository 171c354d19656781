/** One accepted socket as a pull stream of bytes: bounded buffering inbound, bounded waiting outbound. */

import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Clock } from "../../protocol/mod.ts";

/** Unread bytes above which the socket is paused; the peer then sees a full window. */
const HIGH_WATER_BYTES = 256 * 1024;

/** See the module comment. Never raises: a broken connection reads as its end. */
export class SocketPipe {
  #queue: Uint8Array[] = [];
  #queued = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #drained = new Set<() => void>();
  readonly #gone = new Set<() => void>();
  readonly #closed = new Set<() => void>();

  constructor(readonly socket: Socket, private readonly clock: Clock) {
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#push(chunk));
    socket.on("end", () => this.#end());
    socket.on("error", () => socket.destroy());
    socket.on("drain", () => call(this.#drained));
    socket.on("close", () => {
      this.#end();
      call(this.#drained);
      call(this.#closed);
    });
  }

  /** Calls `listener` when the peer closes its side or the connection breaks; returns the way to stop. */
  onGone(listener: () => void): () => void {
    return listen(this.#gone, listener, this.#ended);
  }

  /** Calls `listener` when the socket is closed for good; returns the way to stop. */
  onClosed(listener: () => void): () => void {
    return listen(this.#closed, listener, this.socket.closed);
  }

  /** Whether the socket is closed for good. */
  get broken(): boolean {
    return this.socket.destroyed;
  }

  /** The next bytes, or null at the end. One reader at a time. */
  async read(): Promise<Uint8Array | null> {
    while (this.#queue.length === 0) {
      if (this.#ended) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    const chunk = this.#queue.shift() ?? null;
    this.#queued -= chunk?.length ?? 0;
    if (this.#queued < HIGH_WATER_BYTES && this.socket.isPaused()) this.socket.resume();
    return chunk;
  }

  /** Puts bytes back in front; they are read next. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#queue.unshift(bytes);
    this.#queued += bytes.length;
  }

  /** Writes and waits until the peer keeps up; false when the connection broke or nothing was taken for `stallMs`. */
  async write(bytes: Uint8Array, stallMs: number): Promise<boolean> {
    if (this.broken || this.socket.writableEnded) return false;
    if (this.socket.write(bytes)) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drained.add(resolve);
    const timer = new AbortController();
    const stalled = this.clock.sleep(stallMs, timer.signal).then(() => this.socket.destroy(), () => {});
    await Promise.race([promise, stalled]);
    timer.abort();
    this.#drained.delete(resolve);
    return !this.broken;
  }

  /** Sends what is buffered, then FIN. */
  end(): void {
    if (!this.broken) this.socket.end();
  }

  /** Closes with RST. */
  reset(): void {
    if (!this.broken) this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #push(chunk: Uint8Array): void {
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    if (this.#queued > HIGH_WATER_BYTES) this.socket.pause();
    this.#wake?.();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#wake?.();
    call(this.#gone);
  }
}

function call(listeners: ReadonlySet<() => void>): void {
  for (const listener of [...listeners]) listener();
}

function listen(listeners: Set<() => void>, listener: () => void, already: boolean): () => void {
  if (already) listener();
  else listeners.add(listener);
  return () => listeners.delete(listener);
}
