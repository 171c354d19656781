/** BLAKE3 content ids, schema hashes and chunking. CONTRACT §1.4, §11; wire-format-experimental.md section 1. */

import { createBLAKE3 } from "hash-wasm";
import { canonicalBytes } from "./canonical.ts";
import type { Json } from "./json.ts";

const hasher = await createBLAKE3(256);

/** Form of a CID and of a schema hash. */
export const CID_PATTERN = /^blake3:[0-9a-f]{64}$/;
/** Bytes per chunk; the last one is shorter. GLOSSARY Defaults. */
export const CHUNK_SIZE = 262_144;

/** Whether the value has the form of a CID. */
export function isCid(value: unknown): value is string {
  return typeof value === "string" && CID_PATTERN.test(value);
}

/** `blake3:` and the 64 hex digits of the 32-byte hash. */
export function cidOf(bytes: Uint8Array): string {
  return `blake3:${hasher.init().update(bytes).digest("hex")}`;
}

/** One chunk of a blob. */
export interface Chunk {
  readonly i: number;
  readonly cid: string;
  readonly bytes: Uint8Array;
}

/** Splits a blob; an empty blob has no chunks. */
export function chunksOf(blob: Uint8Array, chunkSize = CHUNK_SIZE): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < blob.length; at += chunkSize) {
    const bytes = blob.subarray(at, at + chunkSize);
    chunks.push({ i: chunks.length, cid: cidOf(bytes), bytes });
  }
  return chunks;
}

/** What a manifest CID hashes. */
export interface BlobShape {
  readonly size_bytes: number;
  readonly chunk_size_bytes: number;
  readonly chunks: readonly { readonly cid: string; readonly size_bytes: number }[];
}

/** Which projection of the chunk list a manifest CID was made over; `cid` is the decided one, the rest is tolerated. */
export type ManifestForm = "cid" | "plain" | "cid+size" | "cid+i";
/** All forms, the decided one first. */
export const MANIFEST_FORMS: readonly ManifestForm[] = ["cid", "plain", "cid+size", "cid+i"];

/** The CID of a blob as a whole: hash of the canonical manifest (wire-format-experimental.md section 1). */
export function manifestCid(shape: BlobShape, form: ManifestForm = "cid"): string {
  const chunks: Json[] = shape.chunks.map(({ cid, size_bytes }, i) => {
    switch (form) {
      case "cid":
        return { cid };
      case "plain":
        return cid;
      case "cid+size":
        return { cid, size_bytes };
      case "cid+i":
        return { cid, i };
    }
  });
  return cidOf(canonicalBytes({
    chunk_size_bytes: shape.chunk_size_bytes,
    chunks,
    size_bytes: shape.size_bytes,
  }));
}

/** The shape of a blob held in memory. */
export function blobShape(blob: Uint8Array, chunkSize = CHUNK_SIZE): BlobShape {
  return {
    size_bytes: blob.length,
    chunk_size_bytes: chunkSize,
    chunks: chunksOf(blob, chunkSize).map(({ cid, bytes }) => ({ cid, size_bytes: bytes.length })),
  };
}

/** What a schema hash is made over (CONTRACT §11). */
export interface SchemaDocument {
  readonly name: string;
  readonly version: string;
  readonly request_schema: Json;
  readonly response_schema: Json | null;
  readonly stream_schema: Json | null;
}

/** BLAKE3 of the canonical schema document. */
export function schemaHash(document: SchemaDocument): string {
  return cidOf(canonicalBytes({ ...document }));
}
