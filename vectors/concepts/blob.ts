/** Chunks, content ids and manifests. wire-format-experimental.md section 1. */

import {
  base64url,
  blobShape,
  CHUNK_SIZE,
  chunksOf,
  cidOf,
  concat,
  fromBase64url,
  type JsonObject,
  MANIFEST_FORMS,
  manifestCid,
  utf8,
} from "../../src/protocol/mod.ts";
import { concept } from "../concept.ts";

/** Either a text, or a size: byte k is k mod 251. */
type Input = { text: string } | { size_bytes: number };
type Output = {
  chunks: { cid: string; size_bytes: number; data_b64?: string }[];
  manifest_cid: JsonObject;
  plain_hash: string;
};

/** Longest blob whose bytes are written into the vector. */
const MAX_INLINE = 1024;
const PERIOD = 251;

function bytesOf(input: Input): Uint8Array {
  return "text" in input ? utf8(input.text) : Uint8Array.from({ length: input.size_bytes }, (_, k) => k % PERIOD);
}

export const blob = concept<Input, Output>({
  name: "blob",
  provenance: { document: "wire-format-experimental.md", section: "1" },
  cases: [
    {
      name: "600000 bytes",
      input: { size_bytes: 600_000 },
      worked: {
        chunks: [
          { cid: "blake3:d57dc906e20d3fd326ffaa85535500486f46a0979f5a323f028dcabfd381fd4a", size_bytes: 262_144 },
          { cid: "blake3:149c7e110842308c477791c480763bf6a59108df26ef4197247e0b596a72d0f7", size_bytes: 262_144 },
          { cid: "blake3:0c29d915473be9f2f18c33c3b3721e3753b1cfb444512cb192bf96ce3cfa7d58", size_bytes: 75_712 },
        ],
        manifest_cid: {
          cid: "blake3:f9b0e9be8cd27b81548f54aa14336c778737b986889d59e2d251cb4925c5c7d1",
          plain: "blake3:5c4caa4d06816d521313cdbbf807e8818c9ee640e001e7d4fa72a608739d836b",
          "cid+size": "blake3:cee1444e202992228c322a90693ec1876261e6906cb40da15707f4a3a856a331",
          "cid+i": "blake3:cc3aad5b8802ac4ca6f4fb00ca9b81206dcbdb0111f3efe8267d673f7c9b3eec",
        },
        plain_hash: "blake3:5a87d7360a75bf0ee79f9ba8c5c4904ad4f60d8579da8d150979400a618c7e93",
      },
    },
    {
      name: "11 bytes",
      input: { text: "warm hearth" },
      worked: {
        chunks: [{
          cid: "blake3:ea8054f4aec5badb5a5a500d979a812c6f78a5d464c5885a536e6fabc89fe407",
          size_bytes: 11,
          data_b64: "d2FybSBoZWFydGg",
        }],
      },
    },
    { name: "exactly one chunk", input: { size_bytes: 262_144 } },
    { name: "one byte more than a chunk", input: { size_bytes: 262_145 } },
  ],
  produce(input) {
    const bytes = bytesOf(input);
    const shape = blobShape(bytes);
    return {
      chunks: chunksOf(bytes).map((chunk) => ({
        cid: chunk.cid,
        size_bytes: chunk.bytes.length,
        ...bytes.length <= MAX_INLINE ? { data_b64: base64url(chunk.bytes) } : {},
      })),
      manifest_cid: Object.fromEntries(MANIFEST_FORMS.map((form) => [form, manifestCid(shape, form)])),
      plain_hash: cidOf(bytes),
    };
  },
  parse({ chunks, manifest_cid, plain_hash }) {
    const size = chunks.reduce((sum, chunk) => sum + chunk.size_bytes, 0);
    const first = chunks[0]?.size_bytes ?? 0;
    const shape = { size_bytes: size, chunk_size_bytes: CHUNK_SIZE, chunks };
    for (const form of MANIFEST_FORMS) {
      if (manifestCid(shape, form) !== manifest_cid[form]) {
        throw new Error(`Cannot derive the manifest CID in form ${form}`);
      }
    }
    const parts = chunks.flatMap(({ data_b64 }) => data_b64 === undefined ? [] : [fromBase64url(data_b64)]);
    if (parts.length > 0 && cidOf(concat(parts)) !== plain_hash) throw new Error("Cannot match the bytes");
    return [size, first];
  },
  meaning(input) {
    const { length } = bytesOf(input);
    return [length, Math.min(length, CHUNK_SIZE)];
  },
});
