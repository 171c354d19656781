/** HTTP/1.1 requests from untrusted bytes: bounded head, bounded body, content length or chunked. RFC 9112. */

import { concat, utf8 } from "../../protocol/mod.ts";
import { NodeError } from "../core.ts";
import type { RequestHeaders } from "../rules/transport.ts";

/** A complete request. */
export interface HttpRequest {
  readonly method: string;
  /** Request target as received. */
  readonly target: string;
  /** Path without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly version: "HTTP/1.0" | "HTTP/1.1";
  readonly headers: RequestHeaders;
  readonly body: Uint8Array;
  /** Whether the client wants the connection kept. */
  readonly keepAlive: boolean;
}

/** The part of a request that its head tells. */
export type RequestHead = Pick<HttpRequest, "method" | "path" | "target" | "headers">;

/** A refusal of a body whose head was fine, so that the answer can echo what the head says. */
export class RefusedBody extends NodeError {
  constructor(refusal: NodeError, readonly head: RequestHead) {
    super(refusal.code, refusal.message, refusal.more);
  }
}

/** Where bytes come from and where an interim answer goes. */
export interface RequestSource {
  read(): Promise<Uint8Array | null>;
  unread(bytes: Uint8Array): void;
  /** Called when the client waits for `100 Continue`. */
  continue(): Promise<void>;
  /** Called when the first byte of a request has arrived. */
  started(): void;
}

export interface RequestLimits {
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  readonly maxBodyBytes: number;
  readonly oversized: () => NodeError;
}

/** Bytes a chunk-size line or the trailers may take. */
const MAX_CHUNK_LINE_BYTES = 4096;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const LATIN1 = new TextDecoder("latin1");

/**
 * Reads one request.
 *
 * @returns Undefined if the connection ended before or inside a request.
 * @throws {RefusedBody} If the head is a request's and the body is refused.
 * @throws {NodeError} `bad_request` for anything that is no acceptable request; the connection cannot be kept.
 */
export async function readRequest(source: RequestSource, limits: RequestLimits): Promise<HttpRequest | undefined> {
  const head = await readHead(source, limits);
  if (head === undefined) return undefined;
  const [line = "", ...lines] = head.split("\r\n");
  const parts = line.split(" ");
  const [method = "", target = "", version = ""] = parts;
  if (parts.length !== 3 || !TOKEN.test(method) || (version !== "HTTP/1.1" && version !== "HTTP/1.0")) {
    throw bad("its request line is malformed");
  }
  const url = parseTarget(target);
  const headers = parseHeaders(lines, limits.maxHeaders);
  const body = await readBody(source, headers, limits).catch((error: unknown) => {
    throw error instanceof NodeError ? new RefusedBody(error, { method, target, path: url.path, headers }) : error;
  });
  if (body === undefined) return undefined;
  const connection = (headers.map.get("connection") ?? "").toLowerCase();
  const keepAlive = version === "HTTP/1.1" ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
  return { method, target, ...url, version, headers, body, keepAlive };
}

function bad(why: string): NodeError {
  return new NodeError("bad_request", `Cannot read the request: ${why}`);
}

function parseTarget(target: string): { path: string; query: URLSearchParams } {
  if (!target.startsWith("/")) throw bad("its target is no path");
  const mark = target.indexOf("?");
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

async function readHead(source: RequestSource, limits: RequestLimits): Promise<string | undefined> {
  let held: Uint8Array = new Uint8Array(0);
  for (;;) {
    const chunk = await source.read();
    if (chunk === null) return undefined;
    if (held.length === 0) source.started();
    held = held.length === 0 ? chunk : concat([held, chunk]);
    // Empty lines in front of a request line are skipped. RFC 9112 §2.2.
    let from = 0;
    while (held[from] === 13 && held[from + 1] === 10) from += 2;
    if (from > 0) held = held.subarray(from);
    const end = endOfHead(held);
    if (end < 0) {
      if (held.length > limits.maxHeadBytes) throw bad(`its head exceeds ${limits.maxHeadBytes} bytes`);
      continue;
    }
    if (end > limits.maxHeadBytes) throw bad(`its head exceeds ${limits.maxHeadBytes} bytes`);
    source.unread(held.subarray(end + 4));
    return LATIN1.decode(held.subarray(0, end));
  }
}

/** Index of the empty line that ends a head; -1 if it is not there yet. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}

function parseHeaders(lines: readonly string[], maximum: number): RequestHeaders {
  if (lines.length > maximum) throw bad(`it has ${lines.length} headers`);
  const list: [string, string][] = [];
  const map = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    if (colon < 1 || !TOKEN.test(name)) throw bad("a header line is malformed");
    const value = line.slice(colon + 1).trim();
    list.push([name, value]);
    const key = name.toLowerCase();
    const before = map.get(key);
    map.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return { list, map };
}

async function readBody(
  source: RequestSource,
  headers: RequestHeaders,
  limits: RequestLimits,
): Promise<Uint8Array | undefined> {
  const coding = headers.map.get("transfer-encoding")?.toLowerCase();
  const length = headers.map.get("content-length");
  if (coding !== undefined) {
    if (length !== undefined) throw bad("it has a content length and a transfer coding");
    if (coding !== "chunked") throw bad("its transfer coding is unknown");
    await expectContinue(source, headers);
    return await readChunked(source, limits);
  }
  if (length === undefined) return new Uint8Array(0);
  if (!/^\d{1,15}$/.test(length)) throw bad("its content length is malformed");
  const size = Number(length);
  if (size > limits.maxBodyBytes) throw limits.oversized();
  if (size > 0) await expectContinue(source, headers);
  return await readExactly(source, size);
}

async function expectContinue(source: RequestSource, headers: RequestHeaders): Promise<void> {
  if (headers.map.get("expect")?.toLowerCase() === "100-continue") await source.continue();
}

async function readExactly(source: RequestSource, size: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  for (let missing = size; missing > 0;) {
    const chunk = await source.read();
    if (chunk === null) return undefined;
    const taken = chunk.subarray(0, missing);
    source.unread(chunk.subarray(taken.length));
    parts.push(taken);
    missing -= taken.length;
  }
  return parts.length === 1 ? parts[0] : concat(parts);
}

async function readChunked(source: RequestSource, limits: RequestLimits): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const line = await readLine(source);
    if (line === undefined) return undefined;
    const size = line.split(";")[0]?.trim() ?? "";
    if (!/^[0-9a-fA-F]{1,12}$/.test(size)) throw bad("a chunk size is malformed");
    const bytes = parseInt(size, 16);
    if (bytes === 0) break;
    total += bytes;
    if (total > limits.maxBodyBytes) throw limits.oversized();
    const chunk = await readExactly(source, bytes);
    if (chunk === undefined) return undefined;
    parts.push(chunk);
    if (await readLine(source) !== "") throw bad("a chunk does not end where its size says");
  }
  for (let trailers = 0;;) {
    const line = await readLine(source);
    if (line === undefined) return undefined;
    if (line === "") return concat(parts);
    trailers += line.length;
    if (trailers > MAX_CHUNK_LINE_BYTES) throw bad("its trailers are too long");
  }
}

async function readLine(source: RequestSource): Promise<string | undefined> {
  let held: Uint8Array = new Uint8Array(0);
  for (;;) {
    const chunk = await source.read();
    if (chunk === null) return undefined;
    held = held.length === 0 ? chunk : concat([held, chunk]);
    const end = held.indexOf(10);
    if (end < 0 && held.length <= MAX_CHUNK_LINE_BYTES) continue;
    if (end < 0 || end > MAX_CHUNK_LINE_BYTES) throw bad("a line is too long");
    source.unread(held.subarray(end + 1));
    return LATIN1.decode(held.subarray(0, held[end - 1] === 13 ? end - 1 : end));
  }
}

/** The interim answer a client may wait for before it sends a body. */
export const CONTINUE = utf8("HTTP/1.1 100 Continue\r\n\r\n");
