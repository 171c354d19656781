/** A network whose connections can be led through a proxy for a while, and a clock that can be wrong for a while. */

import type { Clock, Json } from "../src/protocol/mod.ts";
import {
  type Connection,
  type DialOptions,
  type Listener,
  type ListenOptions,
  type Network,
  WireError,
} from "../src/wire/mod.ts";

/** Where connections go instead. */
export interface Detour {
  readonly host: string;
  readonly port: number;
}

/** See the module comment. Kept connections of another way count as closed when the next request is written to them. */
export class DetourNetwork implements Network {
  readonly clock: Clock;
  #detour: Detour | undefined;
  #way = 0;

  constructor(private readonly base: Network) {
    this.clock = base.clock;
  }

  /** Leads all new connections to the proxy; directly again without one. TLS is not led around. */
  lead(detour: Detour | undefined): void {
    this.#detour = detour;
    this.#way++;
  }

  async dial(options: DialOptions): Promise<Connection> {
    const way = this.#way;
    const there = options.tls === undefined ? this.#detour : undefined;
    const connection = await this.base.dial(there === undefined ? options : { ...options, ...there });
    return new DetourConnection(connection, () => way === this.#way);
  }

  listen(options: ListenOptions, accept: (connection: Connection) => Promise<void>): Promise<Listener> {
    return this.base.listen(options, accept);
  }

  fact<T extends Json>(name: string, observe: () => Promise<T>): Promise<T> {
    return this.base.fact(name, observe);
  }

  markExchange(connection: Connection, exchange: number): void {
    this.base.markExchange?.(connection, exchange);
  }
}

class DetourConnection implements Connection {
  readonly id: number;
  readonly certificate?: NonNullable<Connection["certificate"]>;

  constructor(private readonly base: Connection, private readonly current: () => boolean) {
    this.id = base.id;
    if (base.certificate !== undefined) this.certificate = base.certificate;
  }

  get settledAt() {
    return this.base.settledAt;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.current()) return this.base.write(bytes);
    // Whoever waits for the answer must not wait in vain.
    this.base.close();
    return Promise.reject(new WireError("closed", "Cannot write: the way to the target changed"));
  }

  read(deadlineMs: number) {
    return this.base.read(deadlineMs);
  }

  closeWrite(): Promise<void> {
    return this.base.closeWrite();
  }

  close(): void {
    this.base.close();
  }

  reset(): void {
    this.base.reset();
  }
}

/** A clock whose wall time is wrong by what it is told. */
export function skewableClock(base: Clock): { readonly clock: Clock; readonly skew: (ms: number) => void } {
  let wrong = 0;
  const clock: Clock = {
    wall: () => base.wall() + wrong,
    mono: () => base.mono(),
    sleep: (ms, signal) => base.sleep(ms, signal),
  };
  return { clock, skew: (ms) => void (wrong = ms) };
}
