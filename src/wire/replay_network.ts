/** The network of a recheck: every answer comes from the transcript of the scope, nothing is opened, nobody waits. */

import type { Clock, Json } from "../protocol/mod.ts";
import {
  type Connection,
  type DialOptions,
  type Listener,
  type ListenOptions,
  type Network,
  WireError,
} from "./network.ts";
import { type Pool, ReplayConnection } from "./replay_connection.ts";
import { factKey, indexScope, type RecordedConnection, type ReplayIndex } from "./replay_index.ts";
import { ReplayTime, type Wait } from "./replay_time.ts";
import type { TranscriptRecord } from "./transcript.ts";

interface Address {
  /** Dial results in the order in which the dials were started. */
  readonly results: RecordedConnection[];
  readonly pool: Pool;
  taken: number;
}

/** See the module comment. */
export class ReplayNetwork implements Network {
  readonly clock: Clock;
  readonly #time: ReplayTime;
  readonly #index: ReplayIndex;
  readonly #addresses = new Map<string, Address>();
  readonly #facts = new Map<string, number>();
  #listeners = 0;
  #delivered = 0;
  #factsTaken = 0;

  constructor(records: readonly TranscriptRecord[]) {
    const index = indexScope(records);
    this.#index = index;
    this.#time = new ReplayTime({
      sleepEnd: (ms, ordinal) => index.sleeps.get(factKey(ms, ordinal)),
      wall: (ordinal, mono) => wallAt(index, ordinal, mono),
    });
    this.clock = this.#time;
    for (const recorded of index.dialled) {
      const key = `${recorded.host}:${recorded.port}`;
      const address = this.#addresses.get(key) ?? { results: [], pool: [], taken: 0 };
      this.#addresses.set(key, address);
      address.results.push(recorded);
      if (recorded.failure === undefined) address.pool.push(recorded);
    }
  }

  async dial({ host, port }: DialOptions): Promise<Connection> {
    const address = this.#addresses.get(`${host}:${port}`);
    const recorded = address?.results[address.taken];
    if (address === undefined || recorded === undefined) {
      const taken = address?.taken ?? 0;
      throw new WireError(
        "unrecorded",
        `Cannot connect to ${host}:${port}: the transcript holds ${taken} connections to it`,
      );
    }
    address.taken++;
    await this.#time.until(recorded.at);
    if (recorded.failure !== undefined) throw new WireError(recorded.failure.kind, recorded.failure.message);
    return new ReplayConnection(this.#time, recorded, address.pool);
  }

  async listen(options: ListenOptions, accept: (connection: Connection) => Promise<void>): Promise<Listener> {
    const recorded = this.#index.listeners[this.#listeners++];
    if (recorded === undefined) {
      throw new WireError(
        "unrecorded",
        `Cannot listen on port ${options.port ?? 0}: the transcript holds no such listener`,
      );
    }
    await this.#time.until(recorded.at);
    if (recorded.failure !== undefined) throw new WireError(recorded.failure.kind, recorded.failure.message);
    const waits = this.#index.accepted.filter(({ listener }) => listener === recorded.id).map((accepted): Wait => ({
      due: () => accepted.at,
      fire: () => {
        this.#delivered++;
        const connection = new ReplayConnection(this.#time, accepted);
        accept(connection).catch(() => connection.close());
      },
    }));
    for (const wait of waits) this.#time.add(wait);
    return {
      host: recorded.host,
      port: recorded.port,
      close: () => {
        for (const wait of waits) this.#time.cancel(wait);
        return Promise.resolve();
      },
    };
  }

  async fact<T extends Json>(name: string, _observe: () => Promise<T>): Promise<T> {
    const ordinal = this.#facts.get(name) ?? 0;
    this.#facts.set(name, ordinal + 1);
    const recorded = this.#index.facts.get(factKey(name, ordinal));
    if (recorded === undefined) {
      throw new WireError("unrecorded", `Cannot tell ${name}: the transcript holds ${ordinal} observations of it`);
    }
    await this.#time.until(recorded.at);
    this.#factsTaken++;
    if (recorded.failure !== undefined) throw new Error(recorded.failure.message);
    return recorded.value as T;
  }

  /** How much of the transcript was not asked for; a faithful replay leaves nothing. */
  unused(): { readonly connections: number; readonly accepted: number; readonly facts: number } {
    let connections = 0;
    for (const { pool } of this.#addresses.values()) connections += pool.length;
    return {
      connections,
      accepted: this.#index.accepted.length - this.#delivered,
      facts: this.#index.facts.size - this.#factsTaken,
    };
  }
}

/** The reading in force at this ordinal; beyond the recorded ones the clock runs on from the last. */
function wallAt(index: ReplayIndex, ordinal: number, mono: number): number {
  let current: { ordinal: number; ms: number; at: number } | undefined;
  for (const reading of index.walls) {
    if (reading.ordinal > ordinal) break;
    current = reading;
  }
  return current?.ms ?? Math.floor(index.beganWall + mono);
}
