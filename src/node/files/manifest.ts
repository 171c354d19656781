/** The manifest a client offers with file.put. CONTRACT §4.10; M07 §3.1. */

import { type BlobShape, isCid, isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { NodeError } from "../core.ts";
import type { FilesRules } from "../rules/files.ts";

/** An offered blob: its CID and the CIDs of its chunks. */
export interface Offer {
  readonly cid: string;
  readonly shape: BlobShape;
  /** As it was sent, advisory members included. */
  readonly manifest: JsonObject;
}

const bad = (message: string) => new NodeError("bad_request", `Cannot use the manifest: ${message}`);

/** Reads an offer. @throws {NodeError} `bad_request` if it is unusable or contradicts itself. */
export function readOffer(value: Json | undefined, rules: FilesRules): Offer {
  if (!isObject(value)) throw bad("it is missing");
  const { cid, size_bytes: size, chunks, chunk_size_bytes: chunkSize = rules.fileChunkSize } = value;
  if (!isCid(cid)) throw bad("cid is no content id");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw bad("size_bytes is no size");
  if (chunkSize !== rules.fileChunkSize) throw bad(`chunk_size_bytes is not ${rules.fileChunkSize}`);
  if (!Array.isArray(chunks)) throw bad("chunks is no array");
  const expected = Math.max(1, Math.ceil(size / chunkSize));
  if (chunks.length !== expected) throw bad(`${chunks.length} chunks for ${size} bytes, not ${expected}`);
  const shape: BlobShape = {
    size_bytes: size,
    chunk_size_bytes: chunkSize,
    chunks: orderedCids(chunks).map((chunk, i) => ({ cid: chunk, size_bytes: lengthAt(i, size, chunkSize) })),
  };
  if (rules.fileVerifiesManifestCid && rules.fileManifestCid(shape) !== cid) {
    throw bad(`${cid} does not follow from its chunk list`);
  }
  return { cid, shape, manifest: value };
}

/** Length of chunk `i`: the chunk size, and the remainder for the last one. */
function lengthAt(i: number, size: number, chunkSize: number): number {
  return Math.min(chunkSize, size - i * chunkSize);
}

/** CIDs by index; `i` may be left out when the list is in order. */
function orderedCids(chunks: readonly Json[]): string[] {
  const cids = new Array<string | undefined>(chunks.length);
  for (const [position, chunk] of chunks.entries()) {
    if (!isObject(chunk) || !isCid(chunk.cid)) throw bad(`entry ${position} of chunks has no content id`);
    const i = chunk.i ?? position;
    if (typeof i !== "number" || !Number.isInteger(i) || i < 0 || i >= chunks.length || cids[i] !== undefined) {
      throw bad(`entry ${position} of chunks has index ${JSON.stringify(i)}`);
    }
    cids[i] = chunk.cid;
  }
  return cids as string[];
}
