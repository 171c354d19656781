/** A WebSocket client on a raw connection, for tests of the transport: sends what it is told, checks nothing. */

import { CALL_HEADERS, concat, fromUtf8, type Identity, type JsonObject, parseJson, utf8 } from "../../protocol/mod.ts";
import type { ReferenceNode } from "../node.ts";
import { type FakeCall, rawRequest, signedCall } from "./fake_client.ts";
import { SUBPROTOCOL } from "../rules/websocket.ts";

/** Key of RFC 6455 §1.3, whose accept value is known. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/** Milliseconds a test waits for a frame. */
const FRAME_DEADLINE_MS = 5_000;
const MASK = Uint8Array.of(1, 2, 3, 4);

/** A frame of the node. */
export interface ReceivedFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** A masked client frame. */
export function clientFrame(opcode: number, payload: Uint8Array, fin = true): Uint8Array {
  const masked = payload.map((byte, i) => byte ^ (MASK[i & 3] ?? 0));
  const { length } = payload;
  const head = length < 126
    ? [length | 0x80]
    : length < 2 ** 16
    ? [126 | 0x80, length >> 8, length & 0xff]
    : [127 | 0x80, 0, 0, 0, 0, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
  return concat([Uint8Array.of((fin ? 0x80 : 0) | opcode, ...head), MASK, masked]);
}

/** See the module comment. */
export class FakeSocket {
  #held: Uint8Array = new Uint8Array(0);
  private constructor(private readonly connection: Deno.Conn, readonly head: string) {}

  /** Sends an upgrade request and reads the head of the answer. */
  static async open(
    node: ReferenceNode,
    call: FakeCall,
    signer: Identity,
    path = "/bus/v1/call",
    protocols = SUBPROTOCOL,
  ): Promise<FakeSocket> {
    const { headers } = signedCall(node, { ...call, body: {} }, signer);
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(node.url).port) });
    const upgrade = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": KEY,
      "Sec-WebSocket-Protocol": protocols,
    };
    await connection.write(rawRequest("GET", path, { ...headers, ...upgrade }));
    let held: Uint8Array = new Uint8Array(0);
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const end = fromUtf8Head(held);
      if (end !== undefined) {
        const socket = new FakeSocket(connection, end.head);
        socket.#held = held.subarray(end.length);
        return socket;
      }
      const count = await connection.read(buffer);
      if (count === null) throw new Error("Cannot open: the node closed before its answer");
      held = concat([held, buffer.subarray(0, count)]);
    }
  }

  get status(): number {
    return Number(this.head.split(" ")[1]);
  }

  /** A header of the answer. */
  header(name: string): string | undefined {
    const line = this.head.split("\r\n").find((l) => l.toLowerCase().startsWith(`${name}:`));
    return line?.slice(name.length + 1).trim();
  }

  async raw(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.connection.write(bytes.subarray(at));
  }

  text(message: JsonObject | string): Promise<void> {
    return this.raw(clientFrame(1, utf8(typeof message === "string" ? message : JSON.stringify(message))));
  }

  /** Sends a signed call message. */
  call(node: ReferenceNode, call: FakeCall, signer: Identity, change: (envelope: JsonObject) => void = () => {}) {
    const envelope = envelopeOf(node, call, signer);
    change(envelope.envelope);
    return this.text({ type: "call", ...envelope });
  }

  /** The next frame, or undefined at the end of the connection or after `deadlineMs`. */
  async frame(deadlineMs = FRAME_DEADLINE_MS): Promise<ReceivedFrame | undefined> {
    const late = AbortSignal.timeout(deadlineMs);
    const give = () => this.connection.close();
    late.addEventListener("abort", give, { once: true });
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const parsed = parse(this.#held);
        if (parsed !== undefined) {
          this.#held = this.#held.subarray(parsed.size);
          return parsed.frame;
        }
        const count = await this.connection.read(buffer);
        if (count === null) return undefined;
        this.#held = concat([this.#held, buffer.subarray(0, count)]);
      }
    } catch {
      return undefined;
    } finally {
      late.removeEventListener("abort", give);
    }
  }

  /** The next message as JSON; a close frame as its code. */
  async message(): Promise<JsonObject | number | undefined> {
    const frame = await this.frame();
    if (frame === undefined) return undefined;
    if (frame.opcode === 8) return new DataView(frame.payload.buffer, frame.payload.byteOffset).getUint16(0);
    return parseJson(fromUtf8(frame.payload)) as JsonObject;
  }

  /** Everything up to the end: messages, then the close code. */
  async rest(): Promise<(JsonObject | number)[]> {
    const all: (JsonObject | number)[] = [];
    for (;;) {
      const message = await this.message();
      if (message === undefined) return all;
      all.push(message);
      if (typeof message === "number") return all;
    }
  }

  close(): void {
    try {
      this.connection.close();
    } catch {
      // A deadline has closed it already.
    }
  }
}

/** A signed envelope as it goes into a call message. */
export function envelopeOf(
  node: ReferenceNode,
  call: FakeCall,
  signer: Identity,
): { readonly envelope: JsonObject; readonly signature: string } {
  const { headers, body } = signedCall(node, call, signer);
  const envelope: JsonObject = { body: parseJson(body) };
  for (const name of ["capability", "version", "request_id", "from", "community", "timestamp"] as const) {
    envelope[name] = headers[CALL_HEADERS[name]] ?? "";
  }
  return { envelope, signature: headers[CALL_HEADERS.signature] ?? "" };
}

function fromUtf8Head(bytes: Uint8Array): { head: string; length: number } | undefined {
  const text = new TextDecoder("latin1").decode(bytes);
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? undefined : { head: text.slice(0, end), length: end + 4 };
}

function parse(bytes: Uint8Array): { frame: ReceivedFrame; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const code = (bytes[1] ?? 0) & 0x7f;
  const extra = code === 126 ? 2 : code === 127 ? 8 : 0;
  if (bytes.length < 2 + extra) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = extra === 0 ? code : extra === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
  const size = 2 + extra + length;
  if (bytes.length < size) return undefined;
  return { frame: { opcode: (bytes[0] ?? 0) & 0x0f, payload: bytes.slice(2 + extra, size) }, size };
}
