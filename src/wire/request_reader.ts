/** Reads requests from a connection: the server's side of {@linkcode MessageParser}. */

import { concat } from "../protocol/mod.ts";
import { MessageParser } from "./http_parser.ts";
import { KEEP_ALIVE_MS } from "./limits.ts";
import { type Connection, type HeaderList, type Network, type ReadLimits, WireError } from "./network.ts";

/** A request as it came. */
export interface ServedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: HeaderList;
  /** Body with transfer coding removed. */
  readonly body: Uint8Array;
  /** Exact bytes. */
  readonly raw: Uint8Array;
  /** `mono()` at the arrival of its last byte. */
  readonly at: number;
  readonly connectionId: number;
}

/** One request after the other from one connection. */
export class RequestReader {
  #carry: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly network: Network,
    private readonly connection: Connection,
    private readonly limits: ReadLimits,
  ) {}

  /** Bytes after the last request, for whoever takes the connection over after an upgrade. */
  takeRest(): Uint8Array {
    const rest = this.#carry;
    this.#carry = new Uint8Array(0);
    return rest;
  }

  /**
   * The next request, or null when the peer has closed between two.
   *
   * @throws {WireError} For anything else that is no complete request.
   */
  async next(): Promise<ServedRequest | null> {
    const { clock } = this.network;
    const parser = new MessageParser({ kind: "request" }, this.limits);
    const raw: Uint8Array[] = [];
    const body: Uint8Array[] = [];
    let until = Infinity;
    let bytes = this.#carry;
    let at = clock.mono();
    for (;;) {
      const taken = parser.feed(bytes);
      raw.push(bytes.subarray(0, taken));
      body.push(...parser.takeBody());
      this.#carry = bytes.subarray(taken);
      const head = parser.requestHead;
      if (parser.done && head !== undefined) {
        const { method, path, headers } = head;
        return { method, path, headers, body: concat(body), raw: concat(raw), at, connectionId: this.connection.id };
      }
      if (parser.started && until === Infinity) until = at + this.limits.deadlineMs;
      const allowed = parser.started ? Math.min(this.limits.idleMs, until - clock.mono()) : KEEP_ALIVE_MS;
      const received = await this.connection.read(allowed);
      if (received === null) {
        if (!parser.started) return null;
        throw new WireError("closed", "Cannot read the request: the peer closed in the middle");
      }
      ({ bytes, at } = received);
    }
  }
}
