/** The network as it is: opens sockets and writes down everything a verdict can rest on. */

import type { Clock, Json } from "../protocol/mod.ts";
import {
  type Connection,
  type DialOptions,
  type Listener,
  type ListenOptions,
  type Network,
  type Reader,
  type Received,
  WireError,
} from "./network.ts";
import { Outbox } from "./outbox.ts";
import { connectSocket, listenSocket, type StreamSocket } from "./socket.ts";
import { nullSink, roundTime, type TranscriptRecord, type TranscriptSink } from "./transcript.ts";

/** What a live network is made of. */
export interface LiveNetworkOptions {
  /** Time of nodes in this process; default the same clock. */
  readonly targetClock?: Clock;
  /** Name of the scope: id of the case or the worker. */
  readonly scope: string;
  readonly sink: TranscriptSink;
  readonly clock: Clock;
}

type Entry = Omit<TranscriptRecord, "scope" | "at">;

/** See the module comment. Close it when the scope is over: whatever it still holds open is dropped then. */
export class LiveNetwork implements Network {
  readonly clock: Clock;
  readonly targetClock: Clock;
  readonly #options: LiveNetworkOptions;
  readonly #began: number;
  readonly #open = new Set<LiveConnection>();
  readonly #listeners = new Set<Listener>();
  readonly #dialing = new Map<number, Entry>();
  readonly #seen = new Set<string>();
  readonly #facts = new Map<string, number>();
  /** Only where nobody keeps records: there the order of bytes on different connections is part of nothing. */
  readonly #outbox: Outbox | undefined;
  #connections = 0;
  #closed = false;

  constructor(options: LiveNetworkOptions) {
    this.#options = options;
    this.#began = options.clock.mono();
    this.#outbox = options.sink === nullSink ? new Outbox() : undefined;
    const record = (entry: Entry) => void this.record(entry);
    this.clock = new RecordingClock(options.clock, () => this.#now(), options.sink === nullSink ? undefined : record);
    this.targetClock = options.targetClock ?? options.clock;
    this.record({ connection: 0, direction: "begin", ms: options.clock.wall() });
  }

  async dial(options: DialOptions): Promise<Connection> {
    const id = ++this.#connections;
    const { host, port } = options;
    const entry: Entry = { connection: id, direction: "dial", host, port, tls: options.tls !== undefined };
    if (this.#closed) throw new WireError("refused", "Cannot connect: the scope is over");
    this.#dialing.set(id, entry);
    try {
      const socket = await connectSocket(options, () => this.#now());
      if (this.#closed) {
        socket.destroy();
        throw new WireError("refused", "Cannot connect: the scope is over");
      }
      const certificate = socket.certificate;
      if (certificate === undefined) this.record(entry);
      else {
        const { fingerprint, der } = certificate;
        this.record(this.#seen.has(fingerprint) ? { ...entry, fingerprint } : { ...entry, fingerprint, bytes: der });
        this.#seen.add(fingerprint);
      }
      return this.#adopt(id, socket);
    } catch (error) {
      if (error instanceof WireError) this.record({ ...entry, failure: { kind: error.kind, message: error.message } });
      throw error;
    } finally {
      this.#dialing.delete(id);
    }
  }

  async listen(options: ListenOptions, accept: (connection: Connection) => Promise<void>): Promise<Listener> {
    const id = ++this.#connections;
    const { host = "127.0.0.1", port = 0, tls } = options;
    const entry: Entry = { connection: id, direction: "listen", host, port, tls: tls !== undefined };
    const socket = await listenSocket(
      tls === undefined ? { host, port } : { host, port, tls },
      () => this.#now(),
      (accepted) => {
        if (this.#closed) return accepted.destroy();
        const connection = ++this.#connections;
        this.record({ connection, direction: "accept", listener: id });
        const adopted = this.#adopt(connection, accepted);
        // A handler that fails ends its connection, nothing else: the peer's view of that is what counts.
        accept(adopted).catch(() => adopted.close());
      },
    ).catch((error: WireError) => {
      this.record({ ...entry, failure: { kind: error.kind, message: error.message } });
      throw error;
    });
    this.record({ ...entry, port: socket.port });
    const listener: Listener = {
      host: socket.host,
      port: socket.port,
      close: () => {
        if (!this.#listeners.delete(listener)) return Promise.resolve();
        return socket.close();
      },
    };
    this.#listeners.add(listener);
    return listener;
  }

  async fact<T extends Json>(name: string, observe: () => Promise<T>): Promise<T> {
    const ordinal = this.#facts.get(name) ?? 0;
    this.#facts.set(name, ordinal + 1);
    try {
      const value = await observe();
      this.record({ connection: 0, direction: "fact", name, ordinal, value });
      return value;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.record({ connection: 0, direction: "fact", name, ordinal, failure: { kind: "error", message } });
      throw error;
    }
  }

  markExchange(connection: Connection, exchange: number): void {
    if (this.#options.sink === nullSink) return;
    this.record({ connection: connection.id, direction: "exchange", exchange });
  }

  /** Drops all connections and listeners of the scope. */
  close(): void {
    if (this.#closed) return;
    for (const entry of this.#dialing.values()) {
      this.record({ ...entry, failure: { kind: "deadline", message: "Cannot connect: the scope is over" } });
    }
    this.#closed = true;
    // Closing a listener resolves only when its last connection is gone, so nobody waits for it here.
    for (const listener of this.#listeners) listener.close();
    for (const connection of this.#open) connection.drop();
    this.#open.clear();
  }

  /** Writes a record, stamped now unless it has a time; returns the stamp. */
  record(entry: Entry & { readonly at?: number }): number {
    const at = entry.at ?? this.#now();
    if (!this.#closed) this.#options.sink.record({ scope: this.#options.scope, ...entry, at });
    return at;
  }

  #now(): number {
    return roundTime(this.#options.clock.mono() - this.#began);
  }

  #adopt(id: number, socket: StreamSocket): Connection {
    const connection = new LiveConnection(id, socket, this.#outbox, (entry) => this.record(entry), () => {
      this.#open.delete(connection);
    });
    this.#open.add(connection);
    return connection;
  }
}

class LiveConnection implements Connection {
  readonly certificate?: { readonly fingerprint: string; readonly der: Uint8Array };
  settledAt: number | undefined;
  #over = false;

  constructor(
    readonly id: number,
    private readonly socket: StreamSocket,
    /** Present: nobody keeps the records of bytes, and they are not even made. */
    private readonly outbox: Outbox | undefined,
    private readonly record: (entry: Entry & { readonly at?: number }) => number,
    private readonly gone: () => void,
  ) {
    if (socket.certificate !== undefined) this.certificate = socket.certificate;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return Promise.resolve();
    if (this.outbox === undefined) return this.#writeRecorded(bytes);
    this.outbox.flush();
    return this.socket.write(bytes);
  }

  post(bytes: Uint8Array): void {
    if (this.outbox !== undefined && bytes.length > 0) this.outbox.post(this.socket, bytes);
    else this.write(bytes).catch(() => {});
  }

  read(deadlineMs: number, now?: number): Promise<Received | null> {
    return this.outbox === undefined ? this.#readRecorded(deadlineMs) : this.socket.read(deadlineMs, now);
  }

  readTo(reader: Reader, deadlineMs: number, now?: number): void {
    if (this.outbox !== undefined) this.socket.readTo(reader, deadlineMs, now);
    else this.#readRecorded(deadlineMs).then((received) => reader.took(received), (error) => reader.failed(error));
  }

  async #writeRecorded(bytes: Uint8Array): Promise<void> {
    this.record({ connection: this.id, direction: "out", bytes });
    try {
      await this.socket.write(bytes);
    } catch (error) {
      if (error instanceof WireError) {
        this.record({
          connection: this.id,
          direction: "unsent",
          failure: { kind: error.kind, message: error.message },
        });
      }
      throw error;
    }
  }

  async #readRecorded(deadlineMs: number): Promise<Received | null> {
    try {
      const received = await this.socket.read(deadlineMs);
      if (this.#over) return null;
      this.settledAt = received === null
        ? this.record({ connection: this.id, direction: "eof" })
        : this.record({ connection: this.id, direction: "in", at: received.at, bytes: received.bytes });
      return received;
    } catch (error) {
      if (error instanceof WireError && !this.#over) {
        const failure = { kind: error.kind, message: error.message };
        this.settledAt = error.kind === "deadline"
          ? this.record({ connection: this.id, direction: "deadline" })
          : this.record({ connection: this.id, direction: "broken", failure });
      }
      throw error;
    }
  }

  closeWrite(): Promise<void> {
    this.outbox?.flush();
    this.record({ connection: this.id, direction: "half-close" });
    return this.socket.closeWrite();
  }

  close(): void {
    if (!this.#finish("close")) return;
    this.socket.close();
  }

  reset(): void {
    if (!this.#finish("reset")) return;
    this.socket.reset();
  }

  /** Ends it without a record: the scope is over. */
  drop(): void {
    this.#over = true;
    this.socket.destroy();
  }

  #finish(direction: "close" | "reset"): boolean {
    if (this.#over) return false;
    this.outbox?.flush();
    this.#over = true;
    this.record({ connection: this.id, direction });
    // With bytes on their way it goes on closing; the end of the scope cuts that short.
    if (direction === "reset" || this.socket.pending === 0) this.gone();
    return true;
  }
}

/** Writes down what is needed to let time pass in the same way again: finished sleeps and readings of the wall clock. */
class RecordingClock implements Clock {
  readonly #sleeps = new Map<number, number>();
  #readings = 0;
  #last: number | undefined;

  constructor(
    private readonly base: Clock,
    private readonly now: () => number,
    /** Undefined: nothing is kept, so that a run without end does not grow. */
    private readonly record: ((entry: Entry) => void) | undefined,
  ) {}

  wall(): number {
    const ms = this.base.wall();
    if (this.record === undefined) return ms;
    const ordinal = this.#readings++;
    if (ms !== this.#last) this.record({ connection: 0, direction: "wall", ordinal, ms });
    this.#last = ms;
    return ms;
  }

  mono(): number {
    return this.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.record === undefined) return await this.base.sleep(ms, signal);
    const ordinal = this.#sleeps.get(ms) ?? 0;
    this.#sleeps.set(ms, ordinal + 1);
    await this.base.sleep(ms, signal);
    this.record({ connection: 0, direction: "sleep", ms, ordinal });
  }
}
