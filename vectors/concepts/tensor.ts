/** Tensor frames in both dialects. wire-format-experimental.md section 5. */

import {
  canonicalize,
  decodeContractFrame,
  decodeX08,
  encodeContractFrame,
  encodeX08,
  fromHex,
  hex,
  type JsonObject,
  tensorDialect,
  type TensorType,
} from "../../src/protocol/mod.ts";
import { concept } from "../concept.ts";

/** Numbers of the header by name, the body in hex. */
type Input =
  | { dialect: "x08"; type: string; seq: number; flags: number; payload: string }
  | { dialect: "contract"; chunk_id: number; chunk_seq: number; total: number; flags: number; payload: string };
type Output = { dialect: string; frame: string };

const TENSOR = "0007010200000002" + "00000003";
const VALUES = "003c00c00038000000420034";
const NONCE = "0102030405060708";

function x08(name: string, type: string, seq: number, flags: number, payload: string, frame: string) {
  return { name, input: { dialect: "x08", type, seq, flags, payload } as Input, worked: { frame } };
}

export const tensorFrames = concept<Input, Output>({
  name: "tensor-frames",
  provenance: { document: "wire-format-experimental.md", section: "5" },
  cases: [
    x08(
      "TENSOR_DATA, FINAL",
      "TENSOR_DATA",
      2,
      2,
      TENSOR + VALUES,
      `01010000000000020000001800000002${TENSOR}${VALUES}`,
    ),
    x08("TENSOR_END", "TENSOR_END", 3, 0, "", "01020000000000030000000000000000"),
    x08("ACK", "ACK", 3, 0, "", "01030000000000030000000000000000"),
    x08("PING", "PING", 4, 0, NONCE, `01080000000000040000000800000000${NONCE}`),
    x08("PONG", "PONG", 4, 0, NONCE, `01090000000000040000000800000000${NONCE}`),
    x08(
      "NACK",
      "NACK",
      5,
      0,
      "756e6b6e6f776e5f6672616d655f74797065",
      "01040000000000050000001200000000756e6b6e6f776e5f6672616d655f74797065",
    ),
    x08(
      "FLOWCTL",
      "FLOWCTL",
      2,
      0,
      "7b22637265646974735f6164646564223a382c2277696e646f77223a31367d",
      "01070000000000020000001f000000007b22637265646974735f6164646564223a382c2277696e646f77223a31367d",
    ),
    x08(
      "first of two chunks",
      "TENSOR_DATA",
      2,
      0,
      `${TENSOR}003c00c0003800`,
      `01010000000000020000001300000000${TENSOR}003c00c0003800`,
    ),
    x08(
      "last of two chunks",
      "TENSOR_DATA",
      3,
      2,
      `${TENSOR}0000420034`,
      `01010000000000030000001100000002${TENSOR}0000420034`,
    ),
    x08(
      "COMPRESSED, FINAL",
      "TENSOR_DATA",
      2,
      3,
      `${TENSOR}28b52ffd200c610000000102030405060708090a0b`,
      `01010000000000020000002100000003${TENSOR}28b52ffd200c610000000102030405060708090a0b`,
    ),
    {
      name: "contract dialect, LAST, FP16",
      input: { dialect: "contract", chunk_id: 7, chunk_seq: 0, total: 1, flags: 5, payload: VALUES },
      worked: { frame: `00000007000000000000000100050000${VALUES}` },
    },
  ],
  produce(input) {
    const payload = fromHex(input.payload);
    const frame = input.dialect === "x08"
      ? encodeX08({ type: input.type as TensorType, seq: input.seq, flags: input.flags, payload })
      : encodeContractFrame({
        chunkId: input.chunk_id,
        chunkSeq: input.chunk_seq,
        total: input.total,
        flags: input.flags,
        payload,
      });
    return { dialect: tensorDialect(frame) ?? "none", frame: hex(frame) };
  },
  parse({ dialect, frame }) {
    const bytes = fromHex(frame);
    if (tensorDialect(bytes) !== dialect) throw new Error("Cannot tell the dialect");
    return canonicalize(dialect === "x08" ? readX08(bytes) : readContract(bytes));
  },
  meaning: (input) => canonicalize(input),
});

function readX08(bytes: Uint8Array): JsonObject {
  const { type, seq, flags, payload } = decodeX08(bytes);
  return { dialect: "x08", type, seq, flags, payload: hex(payload) };
}

function readContract(bytes: Uint8Array): JsonObject {
  const { chunkId, chunkSeq, total, flags, payload } = decodeContractFrame(bytes);
  return { dialect: "contract", chunk_id: chunkId, chunk_seq: chunkSeq, total, flags, payload: hex(payload) };
}
