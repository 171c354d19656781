/** Peers that misbehave, for the tests of the wire: each is one way to hurt a client that trusts. */

import { utf8 } from "../protocol/mod.ts";
import { systemClock } from "./clock.ts";
import { LiveNetwork } from "./live_network.ts";
import type { Connection, Endpoint, ListenOptions } from "./network.ts";
import { MemorySink, nullSink } from "./transcript.ts";

/** A server running on its own network. */
export interface TestPeer {
  readonly endpoint: Endpoint;
  close(): Promise<void>;
}

/** Listens on loopback; `behave` gets every connection. Ends everything when closed. */
export async function testPeer(
  behave: (connection: Connection) => Promise<void>,
  options: ListenOptions = {},
): Promise<TestPeer> {
  const network = new LiveNetwork({ scope: "peer", sink: nullSink, clock: systemClock() });
  const listener = await network.listen(options, behave);
  const scheme = options.tls === undefined ? "http" : "https";
  return {
    endpoint: { scheme, host: listener.host, port: listener.port },
    close: async () => {
      network.close();
      await listener.close();
    },
  };
}

/** A network with its records, for one test. */
export function testNetwork(): { readonly network: LiveNetwork; readonly sink: MemorySink } {
  const sink = new MemorySink();
  return { network: new LiveNetwork({ scope: "test", sink, clock: systemClock() }), sink };
}

/** Runs a test against a peer and ends both, whatever happens. */
export async function withPeer(
  behave: (connection: Connection) => Promise<void>,
  test: (network: LiveNetwork, endpoint: Endpoint, sink: MemorySink) => Promise<void>,
  options: ListenOptions = {},
): Promise<void> {
  const peer = await testPeer(behave, options);
  const { network, sink } = testNetwork();
  try {
    await test(network, peer.endpoint, sink);
  } finally {
    network.close();
    await peer.close();
  }
}

/** Milliseconds the peer waits for a request. */
const PATIENCE_MS = 5_000;
/** Bytes of one piece of something endless. */
const PIECE_BYTES = 65_536;

/** Reads the request, sends the text and closes. */
export function says(...pieces: readonly (string | Uint8Array)[]): (connection: Connection) => Promise<void> {
  return async (connection) => {
    await connection.read(PATIENCE_MS);
    for (const piece of pieces) await connection.write(typeof piece === "string" ? utf8(piece) : piece);
    connection.close();
  };
}

/** Reads the request, sends the text and stays. */
export function saysAndStays(...pieces: readonly (string | Uint8Array)[]): (connection: Connection) => Promise<void> {
  return async (connection) => {
    await connection.read(PATIENCE_MS);
    for (const piece of pieces) await connection.write(typeof piece === "string" ? utf8(piece) : piece);
    await connection.read(PATIENCE_MS);
  };
}

/** Sends a start, then the filling without end, as fast as the client reads. */
export function endless(start: string, filling: string): (connection: Connection) => Promise<void> {
  const piece = utf8(filling.repeat(Math.ceil(PIECE_BYTES / filling.length)));
  return async (connection) => {
    await connection.read(PATIENCE_MS);
    await connection.write(utf8(start));
    for (;;) await connection.write(piece);
  };
}

/** Sends a byte every so many milliseconds, without end. */
export function drip(start: string, everyMs: number): (connection: Connection) => Promise<void> {
  const clock = systemClock();
  return async (connection) => {
    await connection.read(PATIENCE_MS);
    await connection.write(utf8(start));
    for (;;) {
      await clock.sleep(everyMs);
      await connection.write(utf8("x"));
    }
  };
}
