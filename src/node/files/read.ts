/** file.read: chunks as JSON, blobs as streams. CONTRACT §4.7. */

import type { BlobShape } from "../../protocol/mod.ts";
import { type Call, type Frame, type NodeCore, NodeError, type UnaryResult } from "../core.ts";
import type { Uploads } from "./uploads.ts";

/** Answers a chunk CID with its bytes and a manifest CID with a stream. @throws {NodeError} `bad_request`, `not_found`. */
export function read(core: NodeCore, uploads: Uploads, call: Call): UnaryResult | AsyncGenerator<Frame, void, void> {
  const { rules, blobs } = core;
  const { cid: asked } = call.input;
  if (typeof asked !== "string") throw new NodeError(rules.fileMissingCidCode, "Cannot read: cid is no string");
  const malformed = rules.fileMalformedCid(asked);
  if (malformed !== undefined) throw new NodeError(malformed, "Cannot read: cid is no content id");
  const cid = rules.fileLookup(asked);

  const shape = blobs.blob(cid) ?? (rules.fileServesPartial === "no" ? undefined : uploads.find(cid)?.offer.shape);
  if (shape !== undefined && rules.fileManifestServed(shape)) return streamBlob(core, cid, shape);
  const bytes = blobs.chunk(cid);
  if (bytes === undefined) {
    if (rules.fileUnknown === "empty") return { output: { cid, size_bytes: 0, data_b64: "" } };
    throw new NodeError("not_found", `Cannot read: ${cid} is not held here`);
  }
  if (rules.fileChunkAnswer === "stream") return streamChunk(core, cid, bytes);
  const owners = () => blobs.list().filter((blob) => blobs.blob(blob)?.chunks.some((chunk) => chunk.cid === cid));
  const sent = rules.fileChunkBytes(bytes, rules.fileChunkSize);
  const output = { cid, size_bytes: bytes.length, data_b64: rules.fileBase64(sent) };
  return { output: rules.fileReadOutput(output, owners) };
}

async function* streamChunk(core: NodeCore, cid: string, bytes: Uint8Array): AsyncGenerator<Frame, void, void> {
  const data = { i: 0, cid, size_bytes: bytes.length, data_b64: core.rules.fileBase64(bytes) };
  yield await Promise.resolve({ event: "chunk", data });
  yield { event: "done", data: { chunks: 1, ms: 0 } };
}

async function* streamBlob(core: NodeCore, cid: string, shape: BlobShape): AsyncGenerator<Frame, void, void> {
  const { rules, blobs, clock } = core;
  const started = clock.mono();
  const manifest: Frame = {
    event: "manifest",
    data: {
      cid,
      size_bytes: shape.size_bytes,
      chunk_size_bytes: shape.chunk_size_bytes,
      chunks: shape.chunks.map((chunk, i) => ({ i, cid: chunk.cid })),
    },
  };
  if (rules.fileManifestPlace === "first") yield await Promise.resolve(manifest);
  let sent = 0;
  for (const i of rules.fileStreamOrder(shape.chunks.map((_, i) => i))) {
    const chunk = shape.chunks[i];
    const payload = shape.chunks[rules.filePayloadIndex(i, shape.chunks.length)];
    const bytes = payload && blobs.chunk(payload.cid);
    if (chunk === undefined || bytes === undefined) {
      if (rules.fileServesPartial === "done") continue;
      throw new NodeError("internal_error", `Cannot read chunk ${i} of ${cid}`);
    }
    const data = rules.fileBase64(rules.fileChunkBytes(bytes, shape.chunk_size_bytes));
    yield { event: "chunk", data: { i, cid: chunk.cid, size_bytes: bytes.length, data_b64: data } };
    sent++;
  }
  if (rules.fileManifestPlace === "last") yield manifest;
  yield { event: "done", data: { chunks: rules.fileStreamedCount(sent), ms: Math.round(clock.mono() - started) } };
}
