/** Faults of the reference node: reading and listing blobs, advertisements. */

import { CHUNK_SIZE, cidOf, fromBase64Tolerant, isCid, isObject, type JsonObject } from "../../protocol/mod.ts";
import { type CapabilityDescriptor, NodeError, type Trust } from "../core.ts";
import { faults, type OutboundFrame } from "../fault.ts";

/** Digits of a short CID. */
const SHORT_DIGITS = 16;

/** Lowers the level that a capability asks for. */
export const asksFor = (name: string, trust: Trust) => (descriptor: CapabilityDescriptor): CapabilityDescriptor =>
  descriptor.name === name ? { ...descriptor, trust } : descriptor;

const manifestFrame = (change: (data: JsonObject) => JsonObject) => (frame: OutboundFrame): OutboundFrame[] =>
  frame.capability === "file.read" && frame.event === "manifest" ? [{ ...frame, data: change(frame.data) }] : [frame];

export const filesReadFaults = faults({
  "chunk-answered-as-stream": {
    breaks: ["FIL-001", "FIL-002", "FIL-003", "FIL-004", "FIL-022", "FIL-051"],
    rules: { fileChunkAnswer: "stream" },
  },
  "chunk-answer-names-owner": {
    breaks: ["FIL-002"],
    rules: { fileReadOutput: (output, owners) => ({ ...output, cid: owners()[0] ?? output.cid ?? "" }) },
  },
  "chunk-bit-flipped": {
    breaks: ["FIL-003", "FIL-011", "FIL-012", "FIL-045", "FIL-048", "FIL-051", "PRO-017"],
    rules: { fileChunkBytes: (bytes) => bytes.map((byte, i) => i === 0 ? byte ^ 1 : byte) },
  },
  "chunk-size-of-base64": {
    breaks: ["FIL-004"],
    rules: { fileReadOutput: (output) => ({ ...output, size_bytes: String(output.data_b64).length }) },
  },
  "chunk-size-as-configured": {
    breaks: ["FIL-004"],
    rules: { fileReadOutput: (output) => ({ ...output, size_bytes: CHUNK_SIZE }) },
  },
  "unknown-cid-read-as-empty": {
    breaks: ["FIL-018", "FIL-033", "FIL-040", "FIL-046", "WSK-025", "WSK-026"],
    rules: { fileUnknown: "empty" },
  },
  "missing-cid-crashes": {
    breaks: ["FIL-019", "WSK-026", "LLM-058"],
    rules: { fileMissingCidCode: "internal_error" },
  },
  "cid-used-as-path": {
    breaks: ["FIL-020"],
    rules: {
      fileMalformedCid: (cid) => cid.includes("/") ? "internal_error" : isCid(cid) ? undefined : "bad_request",
    },
  },
  "cid-of-any-case": {
    breaks: ["FIL-020"],
    rules: {
      fileMalformedCid: (cid) => isCid(cid.toLowerCase()) ? undefined : "bad_request",
      fileLookup: (cid) => cid.toLowerCase(),
    },
  },
  "file-read-open-to-strangers": {
    breaks: ["FIL-021", "WSK-016"],
    rules: { filesDescriptor: asksFor("file.read", "unknown") },
  },
  "small-blob-without-manifest": {
    breaks: ["FIL-007", "FIL-008", "FIL-016", "FIL-017", "FIL-022", "PRO-017"],
    rules: { fileManifestServed: ({ chunks }) => chunks.length > 1 },
  },
  "chunk-in-standard-base64": {
    breaks: ["FIL-051"],
    rules: { fileBase64: (bytes) => bytes.toBase64() },
  },
  "chunk-in-hex": {
    breaks: ["FIL-003", "FIL-004", "FIL-009", "FIL-011", "FIL-012", "FIL-045", "FIL-048", "FIL-051", "PRO-017"],
    rules: { fileBase64: (bytes) => bytes.toHex() },
  },

  "manifest-after-chunks": {
    breaks: ["FIL-005"],
    rules: { fileManifestPlace: "last" },
  },
  "manifest-counts-from-one": {
    breaks: ["FIL-006", "FIL-010"],
    frame: manifestFrame((data) => ({
      ...data,
      chunks: (data.chunks as JsonObject[]).map((chunk) => ({ ...chunk, i: Number(chunk.i) + 1 })),
    })),
  },
  "manifest-chunk-size-1048576": {
    breaks: ["FIL-007", "FIL-016"],
    frame: manifestFrame((data) => ({ ...data, chunk_size_bytes: 4 * CHUNK_SIZE })),
  },
  "empty-chunk-after-full-one": {
    breaks: ["FIL-008", "FIL-016"],
    frame: manifestFrame((data) => {
      const chunks = data.chunks as JsonObject[];
      const full = Number(data.size_bytes) % CHUNK_SIZE === 0;
      return full ? { ...data, chunks: [...chunks, { i: chunks.length, cid: cidOf(new Uint8Array()) }] } : data;
    }),
  },
  "last-chunk-padded": {
    breaks: ["FIL-009", "FIL-011", "FIL-012", "FIL-045", "FIL-048", "PRO-017"],
    frame: (frame) => {
      if (frame.capability !== "file.read" || frame.event !== "chunk" || !isObject(frame.data)) return [frame];
      const padded = new Uint8Array(CHUNK_SIZE);
      padded.set(fromBase64Tolerant(String(frame.data.data_b64)));
      const data_b64 = padded.toBase64({ alphabet: "base64url", omitPadding: true });
      return [{ ...frame, data: { ...frame.data, size_bytes: CHUNK_SIZE, data_b64 } }];
    },
  },
  "chunk-sent-twice": {
    breaks: ["FIL-010", "FIL-012", "FIL-045", "FIL-048"],
    rules: { fileStreamOrder: (indices) => indices.map((i) => i === 1 ? 0 : i) },
  },
  "chunk-payloads-swapped": {
    breaks: ["FIL-011", "FIL-012", "FIL-048"],
    rules: { filePayloadIndex: (i, count) => count > 2 && i < 2 ? 1 - i : i },
  },
  "last-chunk-omitted": {
    breaks: ["FIL-010", "FIL-012", "FIL-045", "FIL-048", "WSK-047", "WSK-031"],
    rules: { fileStreamOrder: (indices) => indices.length > 1 ? indices.slice(0, -1) : indices },
  },
  "chunks-in-reverse": {
    breaks: ["FIL-013"],
    rules: { fileStreamOrder: (indices) => [...indices].reverse() },
  },
  "done-names-last-index": {
    breaks: ["FIL-014", "WSK-031"],
    rules: { fileStreamedCount: (sent) => sent - 1 },
  },

  "list-of-short-cids": {
    breaks: ["FIL-025", "FIL-026", "FIL-027"],
    rules: { fileListAnswer: (cids) => cids.map((cid) => cid.slice(0, "blake3:".length + SHORT_DIGITS)) },
  },
  "list-ignores-prefix": {
    breaks: ["FIL-026"],
    rules: { fileListMatches: () => true },
  },
  "list-empty-without-prefix": {
    breaks: ["FIL-027"],
    rules: { fileListAnswer: (cids, prefix) => prefix === undefined ? [] : cids },
  },
  "empty-list-not-found": {
    breaks: ["FIL-028", "FIL-033", "BUS-012", "BUS-013"],
    rules: {
      fileListAnswer: (cids) => {
        if (cids.length === 0) throw new NodeError("not_found", "no such blob");
        return cids;
      },
    },
  },
  "advertise-records-nothing": {
    breaks: ["FIL-029"],
    rules: { fileRecorded: () => 0 },
  },
  "advertise-refuses-repeats": {
    breaks: ["FIL-030"],
    rules: { fileRepeatedAdvertisementCode: "bad_request" },
  },
  "advertise-logs-repeats": {
    breaks: ["FIL-030"],
    rules: { fileLogsAdvertisement: ({ held }) => held },
  },
  "advertised-event-with-size": {
    breaks: ["FIL-031"],
    rules: { fileAdvertisedData: (cid, size) => ({ cid, size }) },
  },
  "advertise-takes-anything": {
    breaks: ["FIL-032"],
    rules: { fileChecksAdvertisement: false },
  },
  "advertised-listed-as-held": {
    breaks: ["FIL-033"],
    rules: { fileListsAdvertised: true },
  },
});
