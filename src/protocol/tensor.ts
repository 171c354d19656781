/** Tensor frames, both dialects of the 16-byte header. X08; CONTRACT3 §5.1; wire-format-experimental.md section 5. */

import { concat } from "./bytes.ts";

/** Bytes of a header in either dialect. */
export const TENSOR_HEADER_BYTES = 16;
/** X08 frame types by name. */
export const TENSOR_TYPES = {
  TENSOR_DATA: 1,
  TENSOR_END: 2,
  ACK: 3,
  NACK: 4,
  HELLO: 5,
  BYE: 6,
  FLOWCTL: 7,
  PING: 8,
  PONG: 9,
} as const;
export type TensorType = keyof typeof TENSOR_TYPES;
/** X08 flags. */
export const TENSOR_FLAGS = { COMPRESSED: 1, FINAL: 2, GRAD: 4, ENCRYPTED: 8 } as const;
/** Flags of the contract dialect. */
export const CONTRACT_FLAGS = { LAST: 1, COMPRESSED: 2, FP16: 4 } as const;
/** Element types of TENSOR_DATA. */
export const DTYPES = { fp16: 1, fp32: 2, bf16: 3, int8: 4 } as const;
export type Dtype = keyof typeof DTYPES;

const VERSION = 1;
const MAX_DIMS = 8;
const U32 = 4;

/** A frame of the X08 dialect. */
export interface X08Frame {
  readonly type: TensorType;
  readonly seq: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** A frame of the contract dialect. */
export interface ContractFrame {
  readonly chunkId: number;
  readonly chunkSeq: number;
  readonly total: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Body of a TENSOR_DATA frame. */
export interface TensorData {
  readonly tensorId: number;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Encodes an X08 frame. */
export function encodeX08({ type, seq, flags, payload }: X08Frame): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(TENSOR_HEADER_BYTES);
  const view = new DataView(header.buffer);
  header[0] = VERSION;
  header[1] = TENSOR_TYPES[type];
  view.setUint32(4, seq);
  view.setUint32(8, payload.length);
  view.setUint32(12, flags);
  return concat([header, payload]);
}

/** Encodes a frame of the contract dialect. */
export function encodeContractFrame(frame: ContractFrame): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(TENSOR_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, frame.chunkId);
  view.setUint32(4, frame.chunkSeq);
  view.setUint32(8, frame.total);
  view.setUint16(12, frame.flags);
  return concat([header, frame.payload]);
}

/** Which dialect a first frame is in; undefined if it is too short for either. */
export function tensorDialect(bytes: Uint8Array): "x08" | "contract" | undefined {
  if (bytes.length < TENSOR_HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  const [version, type = 0] = bytes;
  const isX08 = version === VERSION && type >= TENSOR_TYPES.TENSOR_DATA && type <= TENSOR_TYPES.PONG &&
    view.getUint16(2) === 0 && view.getUint32(8) === bytes.length - TENSOR_HEADER_BYTES;
  return isX08 ? "x08" : "contract";
}

/**
 * Decodes an X08 frame.
 *
 * @throws {SyntaxError} If version, type, reserved bits or length are wrong.
 */
export function decodeX08(bytes: Uint8Array): X08Frame {
  if (bytes.length < TENSOR_HEADER_BYTES) throw new SyntaxError(`Cannot decode frame: it has ${bytes.length} bytes`);
  const view = viewOf(bytes);
  if (bytes[0] !== VERSION) throw new SyntaxError(`Cannot decode frame: version is ${bytes[0]}`);
  const type = nameOf(TENSOR_TYPES, bytes[1]);
  if (type === undefined) throw new SyntaxError(`Cannot decode frame: unknown_frame_type ${bytes[1]}`);
  if (view.getUint16(2) !== 0) throw new SyntaxError("Cannot decode frame: reserved bits are set");
  const payload = bytes.slice(TENSOR_HEADER_BYTES);
  if (view.getUint32(8) !== payload.length) {
    throw new SyntaxError(`Cannot decode frame: length field is ${view.getUint32(8)}, body has ${payload.length}`);
  }
  return { type, seq: view.getUint32(4), flags: view.getUint32(12), payload };
}

/** Decodes a frame of the contract dialect. @throws {SyntaxError} If it is too short. */
export function decodeContractFrame(bytes: Uint8Array): ContractFrame {
  if (bytes.length < TENSOR_HEADER_BYTES) throw new SyntaxError(`Cannot decode frame: it has ${bytes.length} bytes`);
  const view = viewOf(bytes);
  return {
    chunkId: view.getUint32(0),
    chunkSeq: view.getUint32(4),
    total: view.getUint32(8),
    flags: view.getUint16(12),
    payload: bytes.slice(TENSOR_HEADER_BYTES),
  };
}

/** Encodes the body of TENSOR_DATA: tensor id, element type, shape, elements (little-endian, as given). */
export function encodeTensorData({ tensorId, dtype, shape, data }: TensorData): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(U32 + U32 * shape.length);
  const view = new DataView(head.buffer);
  view.setUint16(0, tensorId);
  view.setUint8(2, DTYPES[dtype]);
  view.setUint8(3, shape.length);
  for (const [i, length] of shape.entries()) view.setUint32(U32 + U32 * i, length);
  return concat([head, data]);
}

/** Decodes such a body; whether the data fills the shape is for whoever has all chunks. @throws {SyntaxError} */
export function decodeTensorData(body: Uint8Array): TensorData {
  if (body.length < U32) throw new SyntaxError(`Cannot decode tensor: it has ${body.length} bytes`);
  const view = viewOf(body);
  const dtype = nameOf(DTYPES, body[2]);
  if (dtype === undefined) throw new SyntaxError(`Cannot decode tensor: dtype is ${body[2]}`);
  const dims = view.getUint8(3);
  if (dims < 1 || dims > MAX_DIMS) throw new SyntaxError(`Cannot decode tensor: rank is ${dims}`);
  const head = U32 + U32 * dims;
  if (body.length < head) throw new SyntaxError("Cannot decode tensor: it ends inside its shape");
  const shape = Array.from({ length: dims }, (_, i) => view.getUint32(U32 + U32 * i));
  return { tensorId: view.getUint16(0), dtype, shape, data: body.slice(head) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function nameOf<T extends Readonly<Record<string, number>>>(table: T, value: number | undefined): keyof T | undefined {
  return (Object.keys(table) as (keyof T)[]).find((name) => table[name] === value);
}
