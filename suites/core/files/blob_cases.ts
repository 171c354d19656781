/** file.read of a blob: a manifest frame, chunk frames, done. */

import { equals, holds, isInteger, isString } from "../../../src/check/mod.ts";
import {
  CHUNK_SIZE,
  chunksOf,
  cidOf,
  concat,
  equalBytes,
  isCid,
  MANIFEST_FORMS,
  manifestCid,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { blobBytes, placeBlob, uploadPath } from "../../../src/target/provisioning.ts";
import { askedIndices, chunkMessage, frameOf, offeredManifest, upload } from "../../../src/target/upload.ts";
import {
  at,
  canPlace,
  chunkLength,
  decoded,
  isStream,
  kinds,
  listedCids,
  missing,
  mustHaveManifest,
  mustRead,
  type ReadBlob,
  readBlob,
  readManifest,
  SMALL,
  stored,
  THREE_CHUNKS,
} from "./helpers.ts";

/** Sizes around the border of a chunk, with the number of their chunks. */
const BORDER_SIZES = [[CHUNK_SIZE, 1], [CHUNK_SIZE + 1, 2], [THREE_CHUNKS, 3]] as const;
/** Listed blobs whose CID is recomputed. */
const MAX_LISTED = 4;

/** A blob of three chunks, streamed. */
async function readThree(context: CaseContext): Promise<{ readonly read: ReadBlob; readonly bytes?: Uint8Array }> {
  const { cid, bytes } = await stored(context, THREE_CHUNKS);
  return { read: await mustRead(context, cid), ...bytes === undefined ? {} : { bytes } };
}

/** Whether the manifest of a stream hashes to a CID in one of the accepted forms. */
function followsFromManifest(read: ReadBlob, cid: string): boolean {
  const { size_bytes, chunk_size_bytes } = read.manifest;
  if (typeof size_bytes !== "number" || typeof chunk_size_bytes !== "number") return false;
  const chunks = read.listed.map((entry, i) => ({
    cid: String(entry.cid),
    size_bytes: Math.min(chunk_size_bytes, size_bytes - i * chunk_size_bytes),
  }));
  return MANIFEST_FORMS.some((form) => manifestCid({ size_bytes, chunk_size_bytes, chunks }, form) === cid);
}

export const blobCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/files/blob-answer-form",
    requirement: "FIL-005",
    brokenBy: ["manifest-after-chunks"],
    effects: "writes",
    async run(context) {
      const read = await readBlob(context, (await stored(context, THREE_CHUNKS)).cid);
      context.must(isStream(read));
      if (read.frames[0]?.event !== "manifest") context.must.get(missing(read, "manifest as the first frame"));
    },
  }),
  defineCase({
    id: "core/files/manifest-members",
    requirement: "FIL-006",
    brokenBy: ["manifest-counts-from-one"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const { read } = await readThree(context);
      const { cid, size_bytes, chunk_size_bytes } = read.manifest;
      must.all(
        at(read, isString(cid, "cid of the manifest")),
        at(read, isInteger(size_bytes, "size_bytes of the manifest", 0)),
        at(read, isInteger(chunk_size_bytes, "chunk_size_bytes of the manifest", 1)),
      );
      for (const entry of read.listed) must.hold(isCid(entry.cid), "a CID per chunk", entry, read.exchange);
      const indices = read.listed.map(({ i }) => Number(i)).sort((a, b) => a - b);
      must(at(read, equals(indices, indices.map((_, i) => i), "the indices of the manifest")));
    },
  }),
  defineCase({
    id: "core/files/chunk-size-constant",
    requirement: "FIL-007",
    brokenBy: ["manifest-chunk-size-1048576"],
    effects: "writes",
    async run(context) {
      const read = await mustRead(context, (await stored(context, SMALL)).cid);
      context.must(at(read, equals(read.manifest.chunk_size_bytes, CHUNK_SIZE, "chunk_size_bytes")));
    },
  }),
  defineCase({
    id: "core/files/chunk-count",
    requirement: "FIL-008",
    brokenBy: ["empty-chunk-after-full-one"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      if (!canPlace(context)) {
        const { read } = await readThree(context);
        const { size_bytes, chunk_size_bytes } = read.manifest;
        const expected = Math.ceil(Number(size_bytes) / Number(chunk_size_bytes));
        return must(at(read, equals(read.listed.length, expected, "the number of chunks")));
      }
      for (const [size, expected] of BORDER_SIZES) {
        const read = await mustRead(context, (await stored(context, size)).cid);
        must(at(read, equals(read.listed.length, expected, `the number of chunks of ${size} bytes`)));
      }
    },
  }),
  defineCase({
    id: "core/files/chunk-lengths",
    requirement: "FIL-009",
    brokenBy: ["last-chunk-padded"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const { read } = await readThree(context);
      const total = Number(read.manifest.size_bytes);
      must.hold(read.chunks.length > 0, "chunk frames", kinds(read.frames), read.exchange);
      for (const chunk of read.chunks) {
        const expected = chunkLength(total, Number(chunk.i));
        must.all(
          at(read, equals(decoded(chunk.data_b64)?.length, expected, `the length of chunk ${chunk.i}`)),
          at(read, equals(chunk.size_bytes, expected, `size_bytes of chunk ${chunk.i}`)),
        );
      }
    },
  }),
  defineCase({
    id: "core/files/every-chunk-once",
    requirement: "FIL-010",
    brokenBy: ["chunk-sent-twice"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const { read } = await readThree(context);
      const sent = read.chunks.map(({ i }) => Number(i)).sort((a, b) => a - b);
      must(at(read, equals(sent, read.listed.map((_, i) => i), "the indices of the chunk frames")));
      for (const chunk of read.chunks) {
        const listed = read.listed.find(({ i }) => i === chunk.i);
        must(at(read, equals(chunk.cid, listed?.cid, `cid of chunk frame ${chunk.i}`)));
      }
    },
  }),
  defineCase({
    id: "core/files/streamed-chunk-hashes",
    requirement: "FIL-011",
    brokenBy: ["chunk-payloads-swapped"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const { read } = await readThree(context);
      must.hold(read.chunks.length > 0, "chunk frames", kinds(read.frames), read.exchange);
      for (const chunk of read.chunks) {
        const bytes = decoded(chunk.data_b64);
        must(at(read, equals(bytes && cidOf(bytes), chunk.cid, `the hash of chunk ${chunk.i}`)));
      }
    },
  }),
  defineCase({
    id: "core/files/reassembled-blob",
    requirement: "FIL-012",
    brokenBy: ["last-chunk-omitted"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const { read, bytes } = await readThree(context);
      const ordered = [...read.chunks].sort((a, b) => Number(a.i) - Number(b.i));
      const whole = concat(ordered.map((chunk) => decoded(chunk.data_b64) ?? new Uint8Array()));
      must(at(read, equals(whole.length, read.manifest.size_bytes, "the length of all chunks together")));
      if (bytes === undefined) return;
      must.hold(equalBytes(whole, bytes), "the bytes that were put", "other bytes", read.exchange);
    },
  }),
  defineCase({
    id: "core/files/chunk-order",
    requirement: "FIL-013",
    brokenBy: ["chunks-in-reverse"],
    effects: "writes",
    async run(context) {
      const { read } = await readThree(context);
      const order = read.chunks.map(({ i }) => Number(i));
      context.should(at(read, equals(order, [...order].sort((a, b) => a - b), "the order of the chunk frames")));
    },
  }),
  defineCase({
    id: "core/files/done-of-a-blob",
    requirement: "FIL-014",
    brokenBy: ["done-names-last-index"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const { read } = await readThree(context);
      const last = read.frames.at(-1);
      if (last?.event !== "done") return must.get(missing(read, "done as the last frame"));
      must.all(
        at(read, isInteger(last.data.chunks, "chunks of done")),
        at(read, equals(last.data.chunks, read.chunks.length, "chunks of done")),
        at(read, isInteger(last.data.ms, "ms of done", 0)),
      );
    },
  }),
  defineCase({
    id: "core/files/manifest-cid-derivation",
    requirement: "FIL-016",
    brokenBy: ["blob-filed-under-its-own-hash"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const blob = await stored(context, SMALL);
      const listed = target.advertised("file.list") === undefined
        ? []
        : must.get(listedCids(await target.call(await actors.member(), "file.list", {}))).slice(0, MAX_LISTED);
      for (const cid of new Set([blob.cid, ...listed])) {
        const read = await readManifest(context, cid);
        // A list may hold chunks as well; they answer with JSON.
        if (cid !== blob.cid && read.frames.length === 0) continue;
        const described = mustHaveManifest(context, read);
        must(
          at(read, holds(followsFromManifest(described, cid), `a manifest that hashes to ${cid}`, described.manifest)),
        );
      }
    },
  }),
  defineCase({
    id: "core/files/advisory-members",
    requirement: "FIL-017",
    brokenBy: ["file-name-changes-the-blob"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const theo = await actors.trusted();
      const { way, form } = await uploadPath(target, theo);
      const { shape, bytes, cid } = await placeBlob(target, theo, blobBytes(target, "advisory", SMALL));
      const advisory = { filename: "other-name.bin", mime_type: "application/x-other" };
      const again = await upload(target, theo, way, {
        input: { manifest: offeredManifest(shape, form, advisory) },
        chunks: (asked) => chunksOf(bytes).filter(({ i }) => asked?.includes(i) ?? true).map(chunkMessage),
      });
      must(at(again.answer, equals(askedIndices(frameOf(again, "ready")), [], "needed of the second put")));
      must.hold(frameOf(again, "done") !== undefined, "done", kinds(again.frames), again.answer.exchange);
      await mustRead(context, cid);
    },
  }),
];
