/** file.put: ready, chunks, done, and what is refused. */

import { equals, isInteger, refusedWith } from "../../../src/check/mod.ts";
import {
  type BlobShape,
  CHUNK_SIZE,
  chunksOf,
  cidOf,
  concat,
  equalBytes,
  type JsonObject,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { blobBytes, placeBlob, type UploadPath, uploadPath } from "../../../src/target/provisioning.ts";
import {
  askedIndices,
  chunkMessage,
  frameOf,
  offeredManifest,
  upload,
  type UploadOutcome,
  type UploadPlan,
} from "../../../src/target/upload.ts";
import { readSse } from "../../../src/wire/mod.ts";
import {
  at,
  decoded,
  kinds,
  mustRead,
  readBlob,
  SMALL,
  streamError,
  THREE_CHUNKS,
  unknownCid,
  uploadRefused,
} from "./helpers.ts";

/** Milliseconds for a step that a sound node takes at once. */
const PROMPT_MS = 3_000;
/** Storage of the node for FIL-044, and a blob that cannot fit. */
const SMALL_BUDGET = 1_048_576;
const TOO_MANY_CHUNKS = 16;
const BAD_MANIFEST = ["bad_request", "schema_mismatch"];

/** A trusted member and the way uploads work. */
export interface Uploader {
  readonly theo: Actor;
  readonly path: UploadPath;
  put(plan: UploadPlan): Promise<UploadOutcome>;
}

/** Finds out how to upload. */
export async function uploader({ target, actors }: CaseContext): Promise<Uploader> {
  const theo = await actors.trusted();
  const path = await uploadPath(target, theo);
  return { theo, path, put: (plan) => upload(target, theo, path.way, plan) };
}

/** A blob of fresh contents, not put yet. */
export function unsent(context: CaseContext, path: UploadPath, size: number, bytes = fresh(context, size)) {
  const chunks = chunksOf(bytes);
  const shape: BlobShape = {
    size_bytes: bytes.length,
    chunk_size_bytes: CHUNK_SIZE,
    chunks: chunks.map((chunk) => ({ cid: chunk.cid, size_bytes: chunk.bytes.length })),
  };
  const manifest = offeredManifest(shape, path.form);
  const messages = chunks.map(chunkMessage);
  const wanted = (asked: readonly number[] | undefined) => messages.filter((_, i) => asked?.includes(i) ?? true);
  return { bytes, shape, manifest, cid: String(manifest.cid), messages, wanted };
}

function fresh({ target }: CaseContext, size: number): Uint8Array {
  return blobBytes(target, `unsent ${size}`, size);
}

/** Neither the manifest nor a chunk may be readable: 404, or a stream that fails with that code. */
async function mustNotBeServed(context: CaseContext, cid: string): Promise<void> {
  const read = await readBlob(context, cid);
  if (streamError(read) !== "not_found") context.must(refusedWith(read.answer, "not_found"));
}

export const putCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/files/put-needs-trust",
    requirement: "FIL-034",
    brokenBy: ["file-put-open-to-members"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const { manifest } = unsent(context, { way: "post", form: "cid" }, SMALL);
      const stream = await target.open(await actors.member(), "file.put", { manifest });
      const read = await readSse(stream, { deadlineMs: PROMPT_MS, maxFrames: 1 });
      stream.abort();
      const answer = stream.finish();
      must.hold(read.frames.length === 0, "401 and no frame", kinds(read.frames), answer.exchange);
      must(refusedWith(answer, "unauthorized"));
    },
  }),
  defineCase({
    id: "core/files/ready-lists-missing",
    requirement: "FIL-035",
    brokenBy: ["ready-counts-chunks", "ready-lists-cids"],
    effects: "writes",
    async run(context) {
      const { path, put } = await uploader(context);
      const { manifest } = unsent(context, path, THREE_CHUNKS);
      const outcome = await put({ input: { manifest }, chunks: () => undefined });
      const ready = frameOf(outcome, "ready");
      context.must.hold(ready !== undefined, "a ready frame", outcome.code ?? kinds(outcome.frames));
      const needed = askedIndices(ready);
      context.must(
        at(outcome.answer, equals(sorted(needed) ?? ready?.data, [0, 1, 2], "needed of ready")),
      );
    },
  }),
  defineCase({
    id: "core/files/known-chunks-not-needed",
    requirement: "FIL-036",
    brokenBy: ["ready-lists-all"],
    effects: "writes",
    async run(context) {
      const { theo, path, put } = await uploader(context);
      const first = await placeBlob(context.target, theo, fresh(context, CHUNK_SIZE + SMALL));
      const { manifest } = sharing(context, path, first.bytes);
      const outcome = await put({ input: { manifest }, chunks: () => undefined });
      context.must(
        at(outcome.answer, equals(askedIndices(frameOf(outcome, "ready")), [1], "needed of the second blob")),
      );
    },
  }),
  defineCase({
    id: "core/files/received-counts-sent",
    requirement: "FIL-037",
    brokenBy: ["received-counts-held"],
    effects: "writes",
    async run(context) {
      const { theo, path, put } = await uploader(context);
      const first = await placeBlob(context.target, theo, fresh(context, CHUNK_SIZE + SMALL));
      const { manifest, wanted } = sharing(context, path, first.bytes);
      const outcome = await put({ input: { manifest }, chunks: wanted });
      const done = mustEnd(context, outcome);
      context.must.all(
        at(outcome.answer, equals(done.received, outcome.sent, "received of done")),
        at(outcome.answer, isInteger(done.ms, "ms of done", 0)),
      );
    },
  }),
  defineCase({
    id: "core/files/put-again",
    requirement: "FIL-038",
    brokenBy: ["put-again-waits"],
    effects: "writes",
    async run(context) {
      const { theo, path, put } = await uploader(context);
      const { bytes } = await placeBlob(context.target, theo, fresh(context, SMALL));
      const { manifest } = unsent(context, path, SMALL, bytes);
      const outcome = await put({ input: { manifest }, chunks: () => [], deadlineMs: PROMPT_MS });
      const { must } = context;
      must(at(outcome.answer, equals(askedIndices(frameOf(outcome, "ready")), [], "needed")));
      must(at(outcome.answer, equals(mustEnd(context, outcome).received, 0, "received of done")));
    },
  }),
  defineCase({
    id: "core/files/corrupt-chunk-refused",
    requirement: "FIL-039",
    brokenBy: ["chunk-hash-not-checked"],
    effects: "writes",
    async run(context) {
      const { outcome } = await putCorrupt(context);
      context.must(uploadRefused(outcome, ["bad_request"], false));
    },
  }),
  defineCase({
    id: "core/files/corrupt-chunk-not-served",
    requirement: "FIL-040",
    brokenBy: ["corrupt-chunk-kept"],
    effects: "writes",
    async run(context) {
      const { cid, chunk } = await putCorrupt(context);
      await mustNotBeServed(context, chunk);
      await mustNotBeServed(context, cid);
    },
  }),
  defineCase({
    id: "core/files/chunk-outside-manifest",
    requirement: "FIL-041",
    brokenBy: ["chunk-index-not-checked", "chunk-cid-not-compared"],
    effects: "writes",
    async run(context) {
      const { path, put } = await uploader(context);
      const small = unsent(context, path, SMALL);
      const beyond = { ...small.messages[0], i: small.messages.length };
      const first = await put({ input: { manifest: small.manifest }, chunks: () => [beyond, ...small.messages] });
      context.should(uploadRefused(first, ["bad_request"], false));
      const blob = unsent(context, path, THREE_CHUNKS);
      const [, second, third] = blob.messages;
      if (second === undefined || third === undefined) throw new RangeError("Cannot mislabel: too few chunks");
      const mislabelled = [{ ...second, i: 0 }, second, third];
      const outcome = await put({ input: { manifest: blob.manifest }, chunks: () => mislabelled });
      context.should(uploadRefused(outcome, ["bad_request"], false));
    },
  }),
  defineCase({
    id: "core/files/foreign-manifest-cid",
    requirement: "FIL-042",
    brokenBy: ["manifest-cid-not-checked"],
    effects: "writes",
    async run(context) {
      const { path, put } = await uploader(context);
      const { manifest, wanted } = unsent(context, path, SMALL);
      const claimed = { ...manifest, cid: unknownCid(context) };
      const outcome = await put({ input: { manifest: claimed }, chunks: wanted });
      context.should(uploadRefused(outcome, ["bad_request"], true));
    },
  }),
  defineCase({
    id: "core/files/chunk-length-contradicts",
    requirement: "FIL-043",
    brokenBy: ["chunk-length-not-checked"],
    effects: "writes",
    async run(context) {
      const { path, put } = await uploader(context);
      const { messages } = unsent(context, path, SMALL);
      const shape: BlobShape = {
        size_bytes: CHUNK_SIZE,
        chunk_size_bytes: CHUNK_SIZE,
        chunks: [{ cid: String(messages[0]?.cid), size_bytes: CHUNK_SIZE }],
      };
      const outcome = await put({ input: { manifest: offeredManifest(shape, path.form) }, chunks: () => messages });
      context.must(uploadRefused(outcome, ["bad_request"], false));
    },
  }),
  defineCase({
    id: "core/files/store-full",
    requirement: "FIL-044",
    brokenBy: ["full-store-found-late"],
    effects: "harm",
    async run(context) {
      await context.target.provision({ diskBudgetBytes: SMALL_BUDGET });
      const { path, put } = await uploader(context);
      const shape: BlobShape = {
        size_bytes: TOO_MANY_CHUNKS * CHUNK_SIZE,
        chunk_size_bytes: CHUNK_SIZE,
        chunks: Array.from({ length: TOO_MANY_CHUNKS }, () => ({ cid: unknownCid(context), size_bytes: CHUNK_SIZE })),
      };
      const manifest = offeredManifest(shape, path.form);
      const outcome = await put({ input: { manifest }, chunks: () => undefined });
      context.must(uploadRefused(outcome, ["capacity_exceeded"], true));
    },
  }),
  defineCase({
    id: "core/files/readable-after-done",
    requirement: "FIL-045",
    brokenBy: ["manifest-not-kept"],
    effects: "writes",
    async run(context) {
      const { path, put } = await uploader(context);
      const blob = unsent(context, path, CHUNK_SIZE + SMALL);
      mustEnd(context, await put({ input: { manifest: blob.manifest }, chunks: blob.wanted }));
      await mustHold(context, blob.cid, blob.bytes);
    },
  }),
  defineCase({
    id: "core/files/partial-blob-not-served",
    requirement: "FIL-046",
    brokenBy: ["partial-blob-served"],
    effects: "writes",
    async run(context) {
      const { path, put } = await uploader(context);
      const blob = unsent(context, path, THREE_CHUNKS);
      await put({ input: { manifest: blob.manifest }, chunks: () => blob.messages.slice(0, 1), drop: true });
      const read = await readBlob(context, blob.cid);
      const failed = read.frames.at(-1)?.event === "error" || streamError(read) === "not_found";
      if (read.frames.length === 0) context.must(refusedWith(read.answer, "not_found"));
      else context.must.hold(failed, "not_found or a stream that ends in error", kinds(read.frames), read.exchange);
    },
  }),
  defineCase({
    id: "core/files/put-without-manifest",
    requirement: "FIL-047",
    brokenBy: ["put-without-manifest-succeeds"],
    effects: "writes",
    async run(context) {
      const { path, put } = await uploader(context);
      const { manifest } = unsent(context, path, SMALL);
      const unusable: readonly JsonObject[] = [
        {},
        { manifest: { cid: unknownCid(context) } },
        { manifest: { ...manifest, size_bytes: 0.5 } },
      ];
      for (const input of unusable) {
        const outcome = await put({ input, chunks: () => undefined, deadlineMs: PROMPT_MS });
        context.must(uploadRefused(outcome, BAD_MANIFEST, true));
      }
    },
  }),
];

/** A blob whose first chunk is that of another one. */
function sharing(context: CaseContext, path: UploadPath, other: Uint8Array) {
  const tail = context.random.bytes(SMALL);
  return unsent(context, path, 0, concat([other.subarray(0, CHUNK_SIZE), tail]));
}

/** Uploads a chunk with a flipped bit under its honest CID. */
async function putCorrupt(context: CaseContext) {
  const { path, put } = await uploader(context);
  const blob = unsent(context, path, SMALL);
  const flipped = Uint8Array.from(blob.bytes);
  flipped[0] = (flipped[0] ?? 0) ^ 1;
  const chunk = cidOf(blob.bytes);
  const message = chunkMessage({ i: 0, cid: chunk, bytes: flipped });
  const outcome = await put({ input: { manifest: blob.manifest }, chunks: () => [message] });
  return { cid: blob.cid, chunk, outcome };
}

/** Data of the closing done frame; its absence is a violation. */
export function mustEnd(context: CaseContext, outcome: UploadOutcome): JsonObject {
  const last = outcome.frames.at(-1);
  const observed = `${kinds(outcome.frames)} ${outcome.code ?? ""}`;
  context.must.hold(last?.event === "done", "done as the last frame", observed, outcome.answer.exchange);
  return last?.data ?? {};
}

/** The blob streams back as it was put. */
export async function mustHold(context: CaseContext, cid: string, bytes: Uint8Array): Promise<void> {
  const read = await mustRead(context, cid);
  const ordered = [...read.chunks].sort((a, b) => Number(a.i) - Number(b.i));
  const whole = concat(ordered.map((chunk) => decoded(chunk.data_b64) ?? new Uint8Array()));
  context.must.hold(equalBytes(whole, bytes), "the bytes that were put", `${whole.length} other bytes`, read.exchange);
}

/** Numbers in ascending order. */
export function sorted(indices: readonly number[] | undefined): readonly number[] | undefined {
  return indices === undefined ? undefined : [...indices].sort((a, b) => a - b);
}
