/**
 * Strict incremental parser of HTTP/1.1 messages. It takes bytes in any pieces; the pieces make no difference to what
 * comes out. Used by the client (answers) and by the tester's own server (requests).
 */

import { beginsWith } from "./byte_block.ts";
import { added, NONE } from "./pieces.ts";
import { type HeaderList, type HttpHead, type ReadLimits, WireError } from "./network.ts";

/** Head of a request. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly version: string;
  readonly headers: HeaderList;
}

/** What the parser must know of the message it reads. */
export type MessageRole =
  /** `method` of the request it answers decides whether there is a body. */
  | { readonly kind: "answer"; readonly method: string }
  | { readonly kind: "request" };

type State = "head" | "fixed" | "chunk-size" | "chunk-data" | "chunk-end" | "trailers" | "until-close" | "done";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const STATUS_LINE = /^(HTTP\/1\.[01]) ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)$/;
const STATUS_LINE_WITHOUT_REASON = /^(HTTP\/1\.[01]) ([1-9][0-9]{2})$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) (HTTP\/1\.[01])$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,13})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
/** A line of a chunk size: thirteen digits and a short extension. */
const MAX_CHUNK_LINE = 256;
/** Two line ends. */
const MIN_HEAD = 4;
const CR = 13;
const LF = 10;
const MAX_ASCII = 0x7f;
/** Arguments of one function call stay far below what engines allow. */
const MAX_SPREAD = 4096;
const SPACE = 32;
const TAB = 9;
const NO_LINES: string[] = [];
const latin1 = new TextDecoder("latin1");

/** Longer heads are not kept. */
const MAX_KNOWN = 1024;

/** The last head of an answer that came in one piece, and what the parser made of it. */
let lastHead:
  | {
    readonly head: Uint8Array<ArrayBuffer>;
    readonly words: DataView;
    readonly method: string;
    readonly limits: ReadLimits;
    readonly answer: HttpHead;
    readonly state: State;
    readonly left: number;
  }
  | undefined;

/** One message. Feed it bytes until `done`. */
export class MessageParser {
  #state: State = "head";
  #line = NONE;
  #lineLength = 0;
  #headBytes = 0;
  #lines: string[] = NO_LINES;
  #left = 0;
  #body = NONE;
  #bodyBytes = 0;
  #answer: HttpHead | undefined;
  #request: RequestHead | undefined;

  constructor(private readonly role: MessageRole, private readonly limits: ReadLimits) {}

  /** Head of the answer, once it is complete. */
  get head(): HttpHead | undefined {
    return this.#answer;
  }

  /** Head of the request, once it is complete. */
  get requestHead(): RequestHead | undefined {
    return this.#request;
  }

  get done(): boolean {
    return this.#state === "done";
  }

  /** Body bytes so far. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Whether the message began but is not complete. */
  get started(): boolean {
    return this.#headBytes > 0;
  }

  /** Body pieces that came since the last call, transfer coding removed. */
  takeBody(): Uint8Array[] {
    const body = this.#body;
    this.#body = NONE;
    return body;
  }

  /**
   * Takes bytes and returns how many belong to this message; the rest belongs to whatever follows it.
   *
   * @throws {WireError} `malformed` or `limit`.
   */
  feed(bytes: Uint8Array): number {
    let at = this.#wholeHead(bytes);
    while (at < bytes.length && this.#state !== "done") at = this.#step(bytes, at);
    return at;
  }

  /**
   * The peer closed.
   *
   * @throws {WireError} `closed` if the message was not complete.
   */
  end(): void {
    if (this.#state === "until-close") this.#state = "done";
    if (this.#state === "done") return;
    const where = this.#headBytes === 0
      ? "before the first byte"
      : this.#state === "head"
      ? "in the head"
      : `in the body after ${this.#bodyBytes} bytes`;
    throw new WireError("closed", `Cannot read the message: the peer closed ${where}`);
  }

  /**
   * A head that came in one piece is cut into lines at once, which is what load and most cases see. Anything that is
   * out of order or above a limit is left to the reading by lines, which says what is wrong.
   */
  #wholeHead(bytes: Uint8Array): number {
    if (this.#state !== "head" || this.#headBytes > 0) return 0;
    const known = this.#knownHead(bytes);
    if (known > 0) return known;
    const end = endOfHead(bytes);
    if (end < MIN_HEAD || end > this.limits.maxHeaderBytes || bytes[end - MIN_HEAD] !== CR) return 0;
    const lines = textOf(bytes.subarray(0, end)).split("\r\n");
    // The last line and what follows it are empty.
    const count = lines.length - 2;
    if (count < 1 || lines[0] === "" || count > this.limits.maxHeaders + 1) return 0;
    lines.length = count;
    for (const line of lines) if (line.includes("\n")) return 0;
    this.#lines = lines;
    this.#headBytes = end;
    this.#headComplete();
    this.#lines = NO_LINES;
    this.#remember(bytes, end);
    return end;
  }

  /** A head that is byte for byte the one before, as a server under load sends them, need not be read again. */
  #knownHead(bytes: Uint8Array): number {
    const { role, limits } = this;
    if (
      lastHead === undefined || role.kind !== "answer" || role.method !== lastHead.method || limits !== lastHead.limits
    ) {
      return 0;
    }
    const { head, words } = lastHead;
    if (!beginsWith(bytes, head, words)) return 0;
    const { length } = head;
    this.#headBytes = length;
    this.#answer = lastHead.answer;
    this.#state = lastHead.state;
    this.#left = lastHead.left;
    return length;
  }

  #remember(bytes: Uint8Array, end: number): void {
    const [role, answer] = [this.role, this.#answer];
    if (role.kind !== "answer" || answer === undefined || end > MAX_KNOWN) return;
    const [limits, state, left] = [this.limits, this.#state, this.#left];
    const head = new Uint8Array(bytes.subarray(0, end));
    lastHead = { head, words: new DataView(head.buffer), method: role.method, limits, answer, state, left };
  }

  #step(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case "head":
      case "trailers":
        return this.#headLine(bytes, at);
      case "chunk-size":
        return this.#takeLine(bytes, at, MAX_CHUNK_LINE, "chunk size", (line) => this.#chunkSize(line));
      case "chunk-end":
        return this.#takeLine(bytes, at, 2, "chunk end", (line) => {
          if (line !== "") throw malformed("a chunk is longer than its size");
          this.#state = "chunk-size";
        });
      case "fixed":
      case "chunk-data": {
        const take = Math.min(this.#left, bytes.length - at);
        this.#keep(bytes.subarray(at, at + take));
        this.#left -= take;
        if (this.#left === 0) this.#state = this.#state === "fixed" ? "done" : "chunk-end";
        return at + take;
      }
      case "until-close":
        this.#keep(bytes.subarray(at));
        return bytes.length;
      case "done":
        return at;
    }
  }

  #keep(piece: Uint8Array): void {
    this.#bodyBytes += piece.length;
    if (this.#bodyBytes > this.limits.maxBodyBytes) throw this.#bodyLimit();
    this.#body = added(this.#body, piece);
  }

  #bodyLimit(): WireError {
    return new WireError("limit", `Cannot read the body: it is longer than ${this.limits.maxBodyBytes} bytes`);
  }

  #headLine(bytes: Uint8Array, at: number): number {
    const room = this.limits.maxHeaderBytes - this.#headBytes;
    const before = this.#lineLength;
    const next = this.#takeLine(bytes, at, room + before, "header", (line) => {
      if (line !== "") {
        if (this.#lines.length === 0) this.#lines = [line];
        else this.#lines.push(line);
        if (this.#lines.length > this.limits.maxHeaders + 1) {
          throw new WireError("limit", `Cannot read the head: it has more than ${this.limits.maxHeaders} headers`);
        }
        return;
      }
      if (this.#state === "trailers") {
        headersOf(this.#lines);
        this.#state = "done";
      } else this.#headComplete();
      this.#lines = NO_LINES;
    });
    this.#headBytes += next - at;
    return next;
  }

  /** Collects up to the line feed, hands over the line without CRLF. */
  #takeLine(bytes: Uint8Array, at: number, limit: number, what: string, use: (line: string) => void): number {
    const found = bytes.indexOf(LF, at);
    const end = found < 0 ? bytes.length : found + 1;
    this.#lineLength += end - at;
    if (this.#lineLength > limit) {
      if (what !== "header") throw malformed(`a ${what} line is longer than ${limit} bytes`);
      throw new WireError("limit", `Cannot read the head: it is longer than ${this.limits.maxHeaderBytes} bytes`);
    }
    if (found < 0) {
      this.#line = added(this.#line, bytes.subarray(at));
      return end;
    }
    let text = latin1.decode(bytes.subarray(at, end));
    if (this.#line.length > 0) {
      text = this.#line.map((part) => latin1.decode(part)).join("") + text;
      this.#line = NONE;
    }
    this.#lineLength = 0;
    if (text.charCodeAt(text.length - 2) !== CR) throw malformed(`a ${what} line does not end with CR LF`);
    use(text.slice(0, -2));
    return end;
  }

  #headComplete(): void {
    const first = this.#lines[0];
    if (first === undefined) throw malformed("the first line is empty");
    const headers = headersOf(this.#lines.slice(1));
    if (this.role.kind === "request") {
      const [, method, path, version] = REQUEST_LINE.exec(first) ?? [];
      if (method === undefined || path === undefined || version === undefined) {
        throw malformed(`the request line is ${quote(first)}`);
      }
      this.#request = { method, path, version, headers };
      this.#bodyFollows(headers, false);
      return;
    }
    const [, version, digits, reason = ""] = STATUS_LINE.exec(first) ?? STATUS_LINE_WITHOUT_REASON.exec(first) ?? [];
    if (version === undefined || digits === undefined) throw malformed(`the status line is ${quote(first)}`);
    const status = Number(digits);
    const interim = status >= 100 && status < 200 && status !== 101;
    if (interim) return;
    this.#answer = { version, status, reason, headers };
    const bare = this.role.method === "HEAD" || status === 101 || status === 204 || status === 304;
    if (bare) this.#state = "done";
    else this.#bodyFollows(headers, true);
  }

  #bodyFollows(headers: HeaderList, closeEnds: boolean): void {
    const coding = valuesOf(headers, "transfer-encoding");
    const stated = valuesOf(headers, "content-length");
    const plain = stated.length === 1 && !stated[0]?.includes(",");
    const lengths = new Set(plain ? stated : stated.flatMap((v) => v.split(",").map((part) => part.trim())));
    if (coding.length > 0) {
      if (lengths.size > 0) throw malformed("it has both Content-Length and Transfer-Encoding");
      if (coding.length > 1 || coding[0]?.toLowerCase() !== "chunked") {
        throw malformed(`the transfer coding is ${quote(coding.join(", "))}`);
      }
      this.#state = "chunk-size";
      return;
    }
    if (lengths.size > 1) throw malformed(`it has ${lengths.size} different content lengths`);
    const [length] = lengths;
    if (length === undefined) {
      this.#state = closeEnds ? "until-close" : "done";
      return;
    }
    if (!/^[0-9]{1,15}$/.test(length)) throw malformed(`the content length is ${quote(length)}`);
    this.#left = Number(length);
    if (this.#left > this.limits.maxBodyBytes) throw this.#bodyLimit();
    this.#state = this.#left === 0 ? "done" : "fixed";
  }

  #chunkSize(line: string): void {
    const digits = CHUNK_SIZE.exec(line)?.[1];
    if (digits === undefined) throw malformed(`a chunk size is ${quote(line)}`);
    this.#left = parseInt(digits, 16);
    if (this.#bodyBytes + this.#left > this.limits.maxBodyBytes) throw this.#bodyLimit();
    this.#state = this.#left === 0 ? "trailers" : "chunk-data";
  }
}

/** Bytes of a head as text; ASCII, which is nearly all there is, without the cost of a decoder. */
function textOf(bytes: Uint8Array): string {
  if (bytes.length > MAX_SPREAD) return latin1.decode(bytes);
  for (let at = 0; at < bytes.length; at++) if ((bytes[at] as number) > MAX_ASCII) return latin1.decode(bytes);
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** Index after the first empty line; -1 if there is none. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}

function malformed(why: string): WireError {
  return new WireError("malformed", `Cannot read the message: ${why}`);
}

/** Longest piece of foreign text in a message. */
const QUOTED = 60;

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text);
}

/** The rest of a line from an index on, without blanks and tabs at its ends. */
function withoutBlanks(line: string, from: number): string {
  let end = line.length;
  while (from < end && isBlank(line.charCodeAt(from))) from++;
  while (end > from && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(from, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Values of a header, in order. */
function valuesOf(headers: HeaderList, name: string): string[] {
  const values: string[] = [];
  for (const [other, value] of headers) {
    if (other.length === name.length && other.toLowerCase() === name) values.push(value);
  }
  return values;
}

function headersOf(lines: readonly string[]): HeaderList {
  return lines.map((line) => {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    const value = withoutBlanks(line, colon + 1);
    if (colon < 1 || !TOKEN.test(name) || !FIELD_VALUE.test(value)) throw malformed(`a header line is ${quote(line)}`);
    return [name, value] as const;
  });
}
