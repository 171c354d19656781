/** The listening socket of a node, plain or TLS, and the connections it has accepted. */

import { createServer, type Server, type Socket } from "node:net";
import type { NodeCore } from "../core.ts";
import { type AnswerFinder, serveConnection } from "./connection.ts";
import { SocketPipe } from "./pipe.ts";

/** A listening node. */
export interface NodeServer {
  readonly port: number;
  /** Closes the listener and waits until every connection has ended, at most so many milliseconds. */
  drain(longestMs: number): Promise<void>;
  /** Closes listener and connections at once; `reset` sends RST instead of FIN. */
  close(how: "close" | "reset"): Promise<void>;
}

/** Connections waiting to be accepted; a choice. */
const BACKLOG = 512;

/** Milliseconds that work of closed connections has to end. */
const LAST_WORK_MS = 1_000;

/** Makes the listener; {@linkcode listenPlain} or the TLS one. */
export type ListenerFactory = (accept: (socket: Socket) => void) => Server;

export const listenPlain: ListenerFactory = (accept) => createServer({ allowHalfOpen: true, noDelay: true }, accept);

/**
 * Starts to listen.
 *
 * @throws {Error} If the address cannot be bound.
 */
export async function startServer(core: NodeCore, make: ListenerFactory, find: AnswerFinder): Promise<NodeServer> {
  const sockets = new Map<Socket, Promise<void>>();
  const server = make((socket) => {
    const served = serveConnection(core, new SocketPipe(socket, core.clock), find);
    sockets.set(socket, served);
    served.finally(() => sockets.delete(socket));
  });
  // Connections below TLS: one whose handshake never ended has no socket above, and would keep the server open.
  const connections = new Set<Socket>();
  server.on("connection", (raw: Socket) => {
    connections.add(raw);
    raw.once("close", () => connections.delete(raw));
  });
  const { host, port } = core.options;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen: the socket has no port");
  const within = async (ms: number, work: Promise<unknown>) => {
    const over = new AbortController();
    await Promise.race([work, core.clock.sleep(ms, over.signal).catch(() => {})]);
    over.abort();
  };
  let closed: Promise<void> | undefined;
  const stopListening = () => closed ??= new Promise<void>((resolve) => server.close(() => resolve()));
  return {
    port: address.port,
    drain: async (longestMs) => {
      stopListening();
      await within(longestMs, Promise.all(sockets.values()));
    },
    close: async (how) => {
      const closed = stopListening();
      for (const socket of sockets.keys()) {
        if (how === "reset") socket.resetAndDestroy();
        else socket.destroy();
      }
      for (const raw of connections) raw.destroy();
      // Work whose connection is gone has been told so; what does not listen must not keep the node from its end.
      await within(LAST_WORK_MS, Promise.all([closed, ...sockets.values()]));
    },
  };
}
