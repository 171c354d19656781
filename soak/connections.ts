/** Kept connections of the load: as many as calls are under way, reused in turn. */

import { type Endpoint, HttpConnection, type HttpRequest, type Network, type ReadLimits } from "../src/wire/mod.ts";
import { type HttpAnswer, limitsOf, request as requestAlone, WireError } from "../src/wire/mod.ts";

/** Targets close idle connections after 60 s (wire-format.md section 15); older ones of ours are not tried. */
const MAX_IDLE_MS = 30_000;

interface Idle {
  readonly connection: HttpConnection;
  readonly since: number;
}

/** See the module comment. */
export class ConnectionPool {
  #idle: Idle[] = [];
  private readonly limits: ReadLimits;

  constructor(
    private readonly network: Network,
    private readonly endpoint: () => Endpoint,
    limits: Partial<ReadLimits>,
  ) {
    this.limits = limitsOf(limits);
  }

  /**
   * One exchange. A kept connection that turns out to be closed before any byte of the answer is replaced once, as
   * RFC 9112 section 9.3.1 allows; written calls carry a client_id, so that a repeat is no second event.
   */
  exchange(request: HttpRequest): Promise<HttpAnswer> {
    const now = this.network.clock.mono();
    const kept = this.#take(now);
    if (kept === undefined) return this.#fresh(request);
    return kept.start(request, this.limits, now).complete((exchange) => {
      const answer = kept.finish(exchange);
      this.#give(kept, answer);
      return isStale(answer) ? this.#fresh(request) : answer;
    });
  }

  close(): void {
    for (const { connection } of this.#idle) connection.close();
    this.#idle = [];
  }

  async #fresh(request: HttpRequest): Promise<HttpAnswer> {
    let connection: HttpConnection;
    try {
      connection = await HttpConnection.open(this.network, this.endpoint());
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      // The failed dial has no answer to show; a request on its own turns the same failure into one.
      return await requestAlone(this.network, this.endpoint(), request, this.limits);
    }
    const answer = await connection.exchange(request, this.limits);
    this.#give(connection, answer);
    return answer;
  }

  #give(connection: HttpConnection, { endedAt }: HttpAnswer): void {
    if (connection.usable) this.#idle.push({ connection, since: endedAt });
    else connection.close();
  }

  #take(now: number): HttpConnection | undefined {
    const oldest = now - MAX_IDLE_MS;
    while (this.#idle.length > 0 && (this.#idle[0]?.since ?? 0) < oldest) this.#idle.shift()?.connection.close();
    return this.#idle.pop()?.connection;
  }
}

/** The kept connection had been closed before the request came. */
function isStale({ status, received, failure }: HttpAnswer): boolean {
  return status === 0 && received.length === 0 && (failure?.kind === "closed" || failure?.kind === "reset");
}
