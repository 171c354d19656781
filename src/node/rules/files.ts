/** Numbers and decisions of the reference node: files. Each names the source it follows. */

import {
  base64url,
  type BlobShape,
  CHUNK_SIZE,
  isCid,
  type Json,
  type JsonObject,
  manifestCid,
} from "../../protocol/mod.ts";
import type { CapabilityDescriptor } from "../core.ts";

export interface FilesRules {
  /** Last word on what is registered: trust, streaming, schemas, limits. */
  readonly filesDescriptor: (descriptor: CapabilityDescriptor) => CapabilityDescriptor;
  /** Bytes per chunk. FIL-007. */
  readonly fileChunkSize: number;
  /** Under which CID a blob is filed. FIL-016. */
  readonly fileManifestCid: (shape: BlobShape) => string;
  /** Text form of binary content. FIL-051. */
  readonly fileBase64: (bytes: Uint8Array) => string;
  /** Error of a write that finds the store full. FIL-044. */
  readonly fileDiskFullCode: string;

  /** Answer to a chunk CID: one JSON object, or a stream of one chunk. FIL-001. */
  readonly fileChunkAnswer: "json" | "stream";
  /** `output` of a chunk answer; `owners` are the blobs that list the chunk. FIL-002, FIL-004. */
  readonly fileReadOutput: (output: JsonObject, owners: () => readonly string[]) => JsonObject;
  /** Bytes of a chunk before they are encoded. FIL-003, FIL-009. */
  readonly fileChunkBytes: (bytes: Uint8Array, chunkSize: number) => Uint8Array;
  /** Error code for a missing or non-string cid. FIL-019. */
  readonly fileMissingCidCode: string;
  /** Error code for a malformed cid, undefined: look it up as it stands. FIL-020. */
  readonly fileMalformedCid: (cid: string) => string | undefined;
  /** What an asked CID is looked up as, after the check of its form. FIL-020. */
  readonly fileLookup: (cid: string) => string;
  /** Answer for a CID that is not held. FIL-018. */
  readonly fileUnknown: "not_found" | "empty";
  /** Whether a blob answers under its manifest CID. FIL-022. */
  readonly fileManifestServed: (shape: BlobShape) => boolean;

  /** Where the `manifest` frame stands in the stream. FIL-005. */
  readonly fileManifestPlace: "first" | "last";
  /** Indices in the order they are streamed. FIL-010, FIL-012, FIL-013. */
  readonly fileStreamOrder: (indices: readonly number[]) => readonly number[];
  /** Whose bytes travel at an index. FIL-011. */
  readonly filePayloadIndex: (index: number, count: number) => number;
  /** `chunks` of the `done` frame. FIL-014. */
  readonly fileStreamedCount: (sent: number) => number;
  /**
   * Whether the manifest CID of an unfinished upload answers with what has arrived, and how such a stream ends.
   * FIL-046.
   */
  readonly fileServesPartial: "no" | "done" | "error";

  /** CIDs of a list answer. FIL-025, FIL-027, FIL-028. */
  readonly fileListAnswer: (cids: readonly string[], prefix: string | undefined) => readonly string[];
  /** Whether a held CID is listed for a prefix. FIL-026. */
  readonly fileListMatches: (cid: string, prefix: string) => boolean;

  /** Whether an entry of an advertisement is one. FIL-032. */
  readonly fileAdvertisable: (entry: Json) => boolean;
  /** Whether advertised CIDs must come as an array of such entries. FIL-032. */
  readonly fileChecksAdvertisement: boolean;
  /** `recorded` of the answer. FIL-029. */
  readonly fileRecorded: (given: number, fresh: number) => number;
  /** Error code for a repeated advertisement; undefined: it succeeds. FIL-030. */
  readonly fileRepeatedAdvertisementCode: string | undefined;
  /** Whether an event is logged for an advertised or stored CID. FIL-030, FIL-031. */
  readonly fileLogsAdvertisement: (state: { readonly held: boolean; readonly logged: boolean }) => boolean;
  /** Data of that event. FIL-031. */
  readonly fileAdvertisedData: (cid: string, sizeBytes: number) => JsonObject;
  /** Whether what others advertise is listed as our own. FIL-033. */
  readonly fileListsAdvertised: boolean;

  /** Whether a put without a usable manifest is refused. FIL-047. */
  readonly fileChecksManifest: boolean;
  /** Whether the stated CID must follow from the chunk list. FIL-042. */
  readonly fileVerifiesManifestCid: boolean;
  /** Whether room is looked for before the first chunk. FIL-044. */
  readonly fileChecksRoom: boolean;
  /** Indices asked for; `manifest` is the offered one with its advisory members. FIL-017, FIL-035, FIL-036. */
  readonly fileNeeded: (
    missing: readonly number[],
    all: readonly number[],
    manifest: JsonObject,
  ) => readonly number[];
  /** What happens when nothing is missing. FIL-038. */
  readonly fileNothingNeeded: "done" | "wait";
  /** Whether the bytes of a chunk must hash to its CID. FIL-039. */
  readonly fileVerifiesChunk: boolean;
  /** Whether refused bytes stay stored under the CID they claimed. FIL-040. */
  readonly fileKeepsRefused: boolean;
  /** Whether the index of a chunk must lie inside the manifest. FIL-041. */
  readonly fileChecksIndex: boolean;
  /** Whether the CID of a chunk must be the one at its index. FIL-041. */
  readonly fileChecksDeclaredCid: boolean;
  /** Whether the length of a chunk must follow from the sizes. FIL-043. */
  readonly fileChecksLength: boolean;
  /** `received` of the closing frame. FIL-037. */
  readonly fileReceived: (sent: number, alreadyHeld: number) => number;
  /** Whether a finished upload becomes a blob. FIL-045. */
  readonly fileKeepsManifest: boolean;
  /** CID under which a finished upload is filed. FIL-016. */
  readonly fileFiledUnder: (claimed: string, read: () => Uint8Array) => string;
  /** Seconds the state of a broken-off upload is kept. CONTRACT2 §4.22. */
  readonly fileResumeSeconds: number;
  /** Indices a resumption asks for. FIL-048. */
  readonly fileResumeMissing: (missing: readonly number[], all: readonly number[]) => readonly number[];
  /** Answer to a resumption of an unknown upload. FIL-049. */
  readonly fileResumeUnknown: "not_found" | "done";
}

export const filesRules: FilesRules = {
  filesDescriptor: (descriptor) => descriptor,
  fileChunkSize: CHUNK_SIZE,
  fileManifestCid: (shape) => manifestCid(shape),
  fileBase64: base64url,
  fileDiskFullCode: "capacity_exceeded",

  fileChunkAnswer: "json",
  fileReadOutput: (output) => output,
  fileChunkBytes: (bytes) => bytes,
  fileMissingCidCode: "bad_request",
  fileMalformedCid: (cid) => isCid(cid) ? undefined : "bad_request",
  fileLookup: (cid) => cid,
  fileUnknown: "not_found",
  fileManifestServed: () => true,

  fileManifestPlace: "first",
  fileStreamOrder: (indices) => indices,
  filePayloadIndex: (index) => index,
  fileStreamedCount: (sent) => sent,
  fileServesPartial: "no",

  fileListAnswer: (cids) => cids,
  fileListMatches: (cid, prefix) => cid.startsWith(prefix),

  fileAdvertisable: isCid,
  fileChecksAdvertisement: true,
  fileRecorded: (given) => given,
  fileRepeatedAdvertisementCode: undefined,
  fileLogsAdvertisement: ({ held, logged }) => held && !logged,
  fileAdvertisedData: (cid, sizeBytes) => ({ cid, sizes_bytes: sizeBytes }),
  fileListsAdvertised: false,

  fileChecksManifest: true,
  fileVerifiesManifestCid: true,
  fileChecksRoom: true,
  fileNeeded: (missing) => missing,
  fileNothingNeeded: "done",
  fileVerifiesChunk: true,
  fileKeepsRefused: false,
  fileChecksIndex: true,
  fileChecksDeclaredCid: true,
  fileChecksLength: true,
  fileReceived: (sent) => sent,
  fileKeepsManifest: true,
  fileFiledUnder: (claimed) => claimed,
  fileResumeSeconds: 3600,
  fileResumeMissing: (missing) => missing,
  fileResumeUnknown: "not_found",
};
