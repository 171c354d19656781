/** A small HTTP/1.1 server on {@linkcode Network.listen}, for peers the tester plays itself. It can misbehave at will. */

import { concat, type Json, utf8 } from "../protocol/mod.ts";
import { limitsOf } from "./limits.ts";
import {
  type Connection,
  type HeaderList,
  type Listener,
  type ListenOptions,
  type Network,
  type ReadLimits,
  WireError,
} from "./network.ts";
import { RequestReader, type ServedRequest } from "./request_reader.ts";

/** A complete answer. */
export interface ServedAnswer {
  readonly status: number;
  readonly headers?: HeaderList;
  readonly body?: Uint8Array | string;
  /** Close the connection afterwards; default false. */
  readonly close?: boolean;
}

/**
 * What a handler wants: an answer; `swallow`: hold the connection and never answer; `close`, `reset`: end it; nothing:
 * the handler wrote everything through its {@linkcode Reply}, and the connection is closed unless that kept it.
 */
export type HandlerResult = ServedAnswer | "swallow" | "close" | "reset" | undefined;

/** Decides what becomes of a request. */
export type Handler = (request: ServedRequest, reply: Reply) => Promise<HandlerResult>;

const REASONS: Readonly<Record<number, string>> = {
  101: "Switching Protocols",
  200: "OK",
  204: "No Content",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  413: "Content Too Large",
  426: "Upgrade Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Bytes of an answer; a content length is added unless the headers have a length or a coding. */
export function encodeAnswer(answer: ServedAnswer): Uint8Array<ArrayBuffer> {
  const body = typeof answer.body === "string" ? utf8(answer.body) : answer.body ?? new Uint8Array(0);
  const headers = answer.headers ?? [];
  const framed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  const bare = answer.status === 204 || answer.status === 304 || answer.status < 200;
  const length: HeaderList = framed || bare ? [] : [["Content-Length", String(body.length)]];
  return concat([encodeHead(answer.status, [...headers, ...length]), body]);
}

function encodeHead(status: number, headers: HeaderList): Uint8Array<ArrayBuffer> {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return utf8(`HTTP/1.1 ${status} ${REASONS[status] ?? "Status"}\r\n${lines}\r\n`);
}

/** Writes an answer piece by piece. */
export class Reply {
  #kept = false;

  constructor(
    /** For handlers that take the connection over. */
    readonly connection: Connection,
    private readonly network: Network,
    private readonly reader: RequestReader,
  ) {}

  /** Whether the connection serves on after a handler that returned nothing. */
  get kept(): boolean {
    return this.#kept;
  }

  /** Status line and headers, exactly these. */
  head(status: number, headers: HeaderList = []): Promise<void> {
    return this.connection.write(encodeHead(status, headers));
  }

  write(bytes: Uint8Array | string): Promise<void> {
    return this.connection.write(typeof bytes === "string" ? utf8(bytes) : bytes);
  }

  /** One frame of server-sent events. */
  frame(event: string, data: Json): Promise<void> {
    return this.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Lets time pass between pieces. */
  pause(ms: number, signal?: AbortSignal): Promise<void> {
    return this.network.clock.sleep(ms, signal);
  }

  /** The answer is complete by its own framing; the connection serves on. */
  keep(): void {
    this.#kept = true;
  }

  /** Bytes the peer sent after its request, for a handler that takes the connection over. */
  takeRest(): Uint8Array {
    return this.reader.takeRest();
  }
}

/** What a server needs. */
export interface ServeOptions extends ListenOptions {
  readonly limits?: Partial<ReadLimits>;
  /** Told when the other side has closed a connection between two requests, with `mono()` of that moment. */
  readonly onClosed?: (connectionId: number, at: number) => void;
}

/** Serves until the listener is closed; closing it ends the connections it serves, since idle ones can stay for ever. */
export async function serve(network: Network, options: ServeOptions, handler: Handler): Promise<Listener> {
  const { limits, onClosed, ...listen } = options;
  const open = new Set<Connection>();
  const listener = await network.listen(listen, async (connection) => {
    open.add(connection);
    try {
      await serveConnection(network, connection, handler, limitsOf(limits), onClosed);
    } finally {
      open.delete(connection);
    }
  });
  const close = async () => {
    const closed = listener.close();
    for (const connection of open) connection.close();
    await closed;
  };
  return { host: listener.host, port: listener.port, close };
}

async function serveConnection(
  network: Network,
  connection: Connection,
  handler: Handler,
  limits: ReadLimits,
  onClosed?: ServeOptions["onClosed"],
): Promise<void> {
  const reader = new RequestReader(network, connection, limits);
  try {
    for (let request = await reader.next(); request !== null; request = await reader.next()) {
      const reply = new Reply(connection, network, reader);
      const result = await handler(request, reply);
      if (result === "reset") return connection.reset();
      if (result === "swallow") return await drain(connection, limits);
      if (result === "close" || (result === undefined && !reply.kept)) return;
      if (result === undefined) continue;
      await connection.write(encodeAnswer(result));
      if (result.close === true) return;
    }
    onClosed?.(connection.id, connection.settledAt ?? network.clock.mono());
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const status = error.kind === "malformed" ? 400 : error.kind === "limit" ? 413 : undefined;
    const refusal = { status: status ?? 0, body: error.message, headers: [["Connection", "close"]] } as const;
    if (status !== undefined) await connection.write(encodeAnswer(refusal)).catch(() => {});
  } finally {
    connection.close();
  }
}

/** Reads what comes, up to the limits, until the peer gives up. */
async function drain(connection: Connection, limits: ReadLimits): Promise<void> {
  let bytes = 0;
  while (bytes <= limits.maxBodyBytes) {
    const received = await connection.read(limits.deadlineMs);
    if (received === null) return;
    bytes += received.bytes.length;
  }
}
