/** WebSocket frames as a server reads and writes them. RFC 6455 §5. */

import { createHash } from "node:crypto";
import { concat } from "../../protocol/mod.ts";
import { CLOSE } from "../rules/websocket.ts";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const KNOWN_OPCODES: readonly number[] = Object.values(OPCODE);
/** Frames from here on are control frames. */
const FIRST_CONTROL_OPCODE = 8;
const MAX_CONTROL_BYTES = 125;
/** Length codes that announce 2 and 8 further bytes. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MAX_16 = 65_535;
/** RFC 6455 §1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A frame as received, unmasked. */
export interface WebSocketFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** Bytes that are no acceptable frame; `code` is the close code they earn. */
export class FrameError extends Error {
  override readonly name = "FrameError";
  constructor(readonly code: number, message: string) {
    super(message);
  }
}

/** `Sec-WebSocket-Accept` of a key. */
export function acceptOf(key: string): string {
  return createHash("sha1").update(key + ACCEPT_GUID).digest("base64");
}

/** Whether an opcode is a control frame's. */
export function isControl(opcode: number): boolean {
  return opcode >= FIRST_CONTROL_OPCODE;
}

/** An unmasked, unfragmented frame. */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const extra = length < LENGTH_16 ? 0 : length <= MAX_16 ? 2 : 8;
  const head = new Uint8Array(2 + extra);
  head[0] = 0x80 | opcode;
  head[1] = extra === 0 ? length : extra === 2 ? LENGTH_16 : LENGTH_64;
  const view = new DataView(head.buffer);
  if (extra === 2) view.setUint16(2, length);
  if (extra === 8) view.setBigUint64(2, BigInt(length));
  return concat([head, payload]);
}

/** Payload of a close frame. */
export function closePayload(code: number): Uint8Array {
  return Uint8Array.of(code >> 8, code & 0xff);
}

/** Takes frames out of bytes as they arrive. */
export class FrameParser {
  #held: Uint8Array[] = [];
  #length = 0;

  push(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#length += bytes.length;
  }

  /**
   * The next complete frame, or undefined if bytes are missing.
   *
   * @throws {FrameError} If the bytes break RFC 6455, or a payload is longer than `maxBytes`.
   */
  next(maxBytes: number): WebSocketFrame | undefined {
    if (this.#length < 2) return undefined;
    // A long payload is put together once, not at every arrival.
    const head = this.#peek(14);
    const [first = 0, second = 0] = head;
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0) throw new FrameError(CLOSE.protocol, "Cannot read the frame: a reserved bit is set");
    if (!KNOWN_OPCODES.includes(opcode)) throw new FrameError(CLOSE.protocol, "Cannot read the frame: unknown opcode");
    if ((second & 0x80) === 0) throw new FrameError(CLOSE.protocol, "Cannot read the frame: it is not masked");
    const fin = (first & 0x80) !== 0;
    const code = second & 0x7f;
    if (isControl(opcode) && (!fin || code > MAX_CONTROL_BYTES)) {
      throw new FrameError(CLOSE.protocol, "Cannot read the frame: a control frame is fragmented or too long");
    }
    const extra = code === LENGTH_16 ? 2 : code === LENGTH_64 ? 8 : 0;
    const start = 2 + extra + 4;
    if (head.length < start) return undefined;
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    const length = extra === 0 ? code : extra === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
    if (length > maxBytes) throw new FrameError(CLOSE.tooBig, `Cannot read the frame: it exceeds ${maxBytes} bytes`);
    if (this.#length < start + length) return undefined;
    const mask = head.slice(start - 4, start);
    const payload = this.#take(start + length).slice(start);
    for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
    return { fin, opcode, payload };
  }

  #peek(count: number): Uint8Array {
    const first = this.#held[0] ?? new Uint8Array(0);
    if (first.length >= count || this.#held.length < 2) return first.subarray(0, count);
    const parts: Uint8Array[] = [];
    for (let i = 0, got = 0; i < this.#held.length && got < count; i++) {
      const part = this.#held[i] ?? first;
      parts.push(part.subarray(0, count - got));
      got += part.length;
    }
    return concat(parts);
  }

  #take(count: number): Uint8Array {
    const all = this.#held.length === 1 ? this.#held[0] ?? new Uint8Array(0) : concat(this.#held);
    this.#held = all.length > count ? [all.subarray(count)] : [];
    this.#length = all.length - count;
    return all.subarray(0, count);
  }
}
