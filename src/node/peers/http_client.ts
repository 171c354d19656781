/** HTTP/1.1 towards peers: one request, one answer, everything bounded. */

import { concat, fromUtf8Lossy, utf8 } from "../../protocol/mod.ts";
import { PeerError, type PeerSocket } from "./socket.ts";

const MAX_HEAD_BYTES = 65_536;
const MAX_CHUNK_LINE_BYTES = 1024;
const LINE_FEED = 10;

/** A request as it goes out; `Host`, `Connection` and `Content-Length` are added. */
export interface PeerRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array;
}

/** An answer whose body is read by pulling. */
export interface PeerAnswer {
  readonly status: number;
  /** Names in lower case; the first of repeated headers. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: AsyncGenerator<Uint8Array, void, void>;
  /** Whether the connection can be used again once the body has been read to its end. */
  readonly keepAlive: boolean;
}

/**
 * Sends a request and reads the head of the answer.
 *
 * @throws {PeerError} `broken`, `malformed` or `limit`.
 */
export async function exchange(socket: PeerSocket, host: string, request: PeerRequest): Promise<PeerAnswer> {
  const lines = [`${request.method} ${request.path} HTTP/1.1`, `Host: ${host}`];
  for (const [name, value] of request.headers) lines.push(`${name}: ${value}`);
  if (request.body !== undefined) lines.push(`Content-Length: ${request.body.length}`);
  const head = utf8(`${lines.join("\r\n")}\r\n\r\n`);
  socket.write(request.body === undefined ? head : concat([head, request.body]));
  const reader = new LineReader(socket);
  for (;;) {
    const answer = await readHead(reader);
    // 100-class answers precede the real one.
    if (answer.status >= 200) return withBody(answer, reader, socket);
  }
}

interface Head {
  readonly status: number;
  readonly version: string;
  readonly headers: ReadonlyMap<string, string>;
}

async function readHead(reader: LineReader): Promise<Head> {
  const budget = { left: MAX_HEAD_BYTES };
  const first = /^(HTTP\/1\.[01]) ([1-5][0-9]{2})(?: |$)/.exec(await reader.line(budget));
  if (first === null) throw new PeerError("malformed", "Cannot read the answer of a peer: its status line is none");
  const headers = new Map<string, string>();
  for (;;) {
    const line = await reader.line(budget);
    if (line === "") break;
    const colon = line.indexOf(":");
    if (colon < 1) throw new PeerError("malformed", "Cannot read the answer of a peer: a header has no name");
    const name = line.slice(0, colon).toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return { status: Number(first[2]), version: first[1] ?? "", headers };
}

function withBody(head: Head, reader: LineReader, socket: PeerSocket): PeerAnswer {
  const { status, headers } = head;
  const chunked = headers.get("transfer-encoding")?.toLowerCase() === "chunked";
  const lengthText = headers.get("content-length");
  const close = headers.get("connection")?.toLowerCase() === "close" || head.version === "HTTP/1.0";
  if (chunked) return { status, headers, body: chunkedBody(reader), keepAlive: !close };
  if (status === 204 || status === 304) return { status, headers, body: empty(), keepAlive: !close };
  if (lengthText === undefined) return { status, headers, body: untilClose(reader, socket), keepAlive: false };
  if (!/^[0-9]{1,15}$/.test(lengthText)) {
    throw new PeerError("malformed", "Cannot read the answer of a peer: its length is no number");
  }
  return { status, headers, body: reader.exactly(Number(lengthText)), keepAlive: !close };
}

async function* empty(): AsyncGenerator<Uint8Array, void, void> {}

async function* untilClose(reader: LineReader, socket: PeerSocket): AsyncGenerator<Uint8Array, void, void> {
  reader.release();
  for (;;) {
    const bytes = await socket.read();
    if (bytes === null) return;
    yield bytes;
  }
}

async function* chunkedBody(reader: LineReader): AsyncGenerator<Uint8Array, void, void> {
  for (;;) {
    const line = await reader.line({ left: MAX_CHUNK_LINE_BYTES });
    const size = /^[0-9a-fA-F]{1,8}(?=$|;|\s)/.exec(line);
    if (size === null) throw new PeerError("malformed", "Cannot read the answer of a peer: a chunk has no size");
    const length = parseInt(size[0], 16);
    if (length > 0) yield* reader.exactly(length);
    if (length > 0) await reader.line({ left: MAX_CHUNK_LINE_BYTES });
    else {
      const budget = { left: MAX_HEAD_BYTES };
      while (await reader.line(budget) !== "");
      reader.release();
      return;
    }
  }
}

/** Reads lines and counted bytes; what is read too far goes back to the socket. */
class LineReader {
  #kept: Uint8Array = new Uint8Array(0);

  constructor(private readonly socket: PeerSocket) {}

  async line(budget: { left: number }): Promise<string> {
    for (;;) {
      const at = this.#kept.indexOf(LINE_FEED);
      if (at !== -1) {
        budget.left -= at + 1;
        if (budget.left < 0) break;
        const line = fromUtf8Lossy(this.#kept.subarray(0, at));
        this.#kept = this.#kept.subarray(at + 1);
        return line.endsWith("\r") ? line.slice(0, -1) : line;
      }
      if (this.#kept.length > budget.left) break;
      this.#kept = concat([this.#kept, await this.#more()]);
    }
    throw new PeerError("limit", `Cannot read the answer of a peer: its head has more than ${MAX_HEAD_BYTES} bytes`);
  }

  async *exactly(length: number): AsyncGenerator<Uint8Array, void, void> {
    let left = length;
    while (left > 0) {
      if (this.#kept.length === 0) this.#kept = await this.#more();
      const part = this.#kept.subarray(0, left);
      this.#kept = this.#kept.subarray(part.length);
      left -= part.length;
      yield part;
    }
    this.release();
  }

  /** Gives unread bytes back. */
  release(): void {
    this.socket.unread(this.#kept);
    this.#kept = new Uint8Array(0);
  }

  async #more(): Promise<Uint8Array> {
    const bytes = await this.socket.read();
    if (bytes === null) throw new PeerError("broken", "Cannot read the answer of a peer: it closed the connection");
    return bytes;
  }
}

/**
 * Reads a body to its end.
 *
 * @throws {PeerError} `limit` beyond `maxBytes`.
 */
export async function readAll(body: AsyncGenerator<Uint8Array, void, void>, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > maxBytes) throw new PeerError("limit", `Cannot read a body: it has more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return concat(parts);
}
