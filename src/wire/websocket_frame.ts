/** The frame codec of RFC 6455: writes any frame, valid or not, and reads frames within limits. */

import { concat } from "../protocol/mod.ts";
import { WireError } from "./network.ts";

/** Opcodes. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame to write. */
export interface WsFrameSpec {
  /** Default true. */
  readonly fin?: boolean;
  readonly opcode: number;
  /** The three reserved bits, 0 to 7; default 0. */
  readonly rsv?: number;
  /** Default true: clients mask. */
  readonly masked?: boolean;
  readonly payload?: Uint8Array;
  /** Length to claim instead of the true one. */
  readonly declaredLength?: number | bigint;
}

/** A frame as it was read. */
export interface WsFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly rsv: number;
  readonly masked: boolean;
  /** Unmasked payload. */
  readonly payload: Uint8Array;
  readonly at: number;
}

/** Longest payload whose length fits the first length byte, and the marks of the longer forms. */
const SHORT_LENGTH = 125;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MAX_16 = 0xffff;
const MASK_BYTES = 4;

/** Exact bytes of a frame; `key` are the four bytes of the mask. */
export function encodeFrame(spec: WsFrameSpec, key: Uint8Array): Uint8Array<ArrayBuffer> {
  const { fin = true, opcode, rsv = 0, masked = true, payload = new Uint8Array(0) } = spec;
  const length = BigInt(spec.declaredLength ?? payload.length);
  const maskBit = masked ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | ((rsv & 7) << 4) | (opcode & 15);
  let head: Uint8Array;
  if (length <= SHORT_LENGTH) head = Uint8Array.of(first, maskBit | Number(length));
  else if (length <= MAX_16) {
    head = Uint8Array.of(first, maskBit | LENGTH_16, Number(length) >> 8, Number(length) & 255);
  } else {
    head = new Uint8Array(10);
    head.set([first, maskBit | LENGTH_64]);
    new DataView(head.buffer).setBigUint64(2, length);
  }
  return masked ? concat([head, key, applyMask(payload, key)]) : concat([head, payload]);
}

/** XOR with the key; masking and unmasking are the same. */
export function applyMask(payload: Uint8Array, key: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(payload.length);
  for (let i = 0; i < payload.length; i++) out[i] = (payload[i] as number) ^ (key[i % MASK_BYTES] as number);
  return out;
}

/** Reads frames from bytes in any pieces. */
export class WsFrameParser {
  #parts: Uint8Array[] = [];
  #held = 0;
  #needed = 2;

  constructor(private readonly maxFrameBytes: number) {}

  /** Bytes of an incomplete frame. */
  get pending(): number {
    return this.#held;
  }

  /**
   * Takes bytes, returns the frames they complete.
   *
   * @throws {WireError} `limit` as soon as a frame claims more than allowed.
   */
  feed(bytes: Uint8Array, at: number): WsFrame[] {
    this.#parts.push(bytes);
    this.#held += bytes.length;
    if (this.#held < this.#needed) return [];
    let data = this.#parts.length === 1 ? bytes : concat(this.#parts);
    const frames: WsFrame[] = [];
    for (;;) {
      const size = this.#frameSize(data);
      if (data.length < size.total || size.total === 0) {
        this.#needed = Math.max(size.total, size.known);
        break;
      }
      frames.push(frameOf(data.subarray(0, size.total), size.head, at));
      data = data.subarray(size.total);
    }
    this.#parts = data.length === 0 ? [] : [data];
    this.#held = data.length;
    return frames;
  }

  /** Length of the head and of the whole frame; `total` 0 and `known` the bytes needed when the head is incomplete. */
  #frameSize(data: Uint8Array): { head: number; total: number; known: number } {
    const second = data[1];
    if (second === undefined) return { head: 0, total: 0, known: 2 };
    const code = second & 0x7f;
    const extra = code === LENGTH_16 ? 2 : code === LENGTH_64 ? 8 : 0;
    const head = 2 + extra + (second & 0x80 ? MASK_BYTES : 0);
    if (data.length < 2 + extra) return { head, total: 0, known: head };
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const length = extra === 0 ? BigInt(code) : extra === 2 ? BigInt(view.getUint16(2)) : view.getBigUint64(2);
    if (length > BigInt(this.maxFrameBytes)) {
      throw new WireError("limit", `Cannot read a frame: it claims ${length} bytes, allowed are ${this.maxFrameBytes}`);
    }
    return { head, total: head + Number(length), known: head };
  }
}

function frameOf(data: Uint8Array, head: number, at: number): WsFrame {
  const first = data[0] as number;
  const masked = ((data[1] as number) & 0x80) !== 0;
  const body = data.subarray(head);
  const payload = masked ? applyMask(body, data.subarray(head - MASK_BYTES, head)) : body;
  return { fin: (first & 0x80) !== 0, opcode: first & 15, rsv: (first >> 4) & 7, masked, payload, at };
}
