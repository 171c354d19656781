/** Stored blobs as cases see them: chunks as JSON, blobs as streams. */

import {
  type AnswerView,
  type Checked,
  describe,
  type Difference,
  holds,
  isRecord,
  mediaType,
  output,
  status,
  type Verdict,
} from "../../../src/check/mod.ts";
import { CHUNK_SIZE, fromBase64Tolerant, isObject, type Json, type JsonObject } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import { advertised } from "../../../src/target/profile.ts";
import { someBlob } from "../../../src/target/provisioning.ts";
import type { StreamAnswer } from "../../../src/target/session.ts";
import { readSse, type SseResult } from "../../../src/wire/mod.ts";
import { uploadAnswered, type UploadOutcome } from "../../../src/target/upload.ts";

/** Two full chunks and a short one (observe of FIL-008, FIL-009). */
export const THREE_CHUNKS = 600_000;
/** Bytes of a blob of one short chunk. */
export const SMALL = 1000;

/** A frame of a stream with its parsed data. */
export interface ReadFrame {
  readonly event: string;
  readonly data: JsonObject;
}

/** A stream read to its end; `progress` frames are left out. */
export interface BlobStream {
  readonly exchange: number;
  readonly frames: readonly ReadFrame[];
  readonly answer: StreamAnswer["answer"];
}

/** A blob of the target: with its bytes, where the tester placed it. */
export interface StoredBlob {
  readonly cid: string;
  readonly size_bytes: number;
  readonly bytes?: Uint8Array;
  readonly chunks: readonly string[];
}

/** Whether the tester can place blobs of its own. */
export function canPlace({ target }: CaseContext): boolean {
  return advertised(target.profile, "file.put") !== undefined && target.profile.identities.trusted > 0;
}

/** A stored blob of at least so many bytes, with the CIDs of its chunks. */
export async function stored(context: CaseContext, size: number): Promise<StoredBlob> {
  const blob = await someBlob(context.target, context.actors, size);
  if (blob.shape !== undefined) return { ...blob, chunks: blob.shape.chunks.map(({ cid }) => cid) };
  const { frames } = await readBlob(context, blob.cid);
  const listed = frames.find(({ event }) => event === "manifest")?.data.chunks;
  const chunks = (Array.isArray(listed) ? listed : []).flatMap((chunk) =>
    isObject(chunk) && typeof chunk.cid === "string" ? [chunk.cid] : []
  );
  if (chunks.length === 0) context.inconclusive("the chunks of the placed blob cannot be learned");
  return { ...blob, chunks };
}

/** CID of one chunk of a stored blob; the last one by default. */
export function chunkOf(context: CaseContext, blob: StoredBlob, i = blob.chunks.length - 1): string {
  return blob.chunks[i] ?? context.inconclusive(`the placed blob has no chunk ${i}`);
}

/** file.read as a member, the answer taken as a whole. */
export async function readChunk({ target, actors }: CaseContext, cid: Json) {
  return await target.call(await actors.member(), "file.read", { cid });
}

/** file.read as a member, streams read frame by frame. */
export async function readBlob({ target, actors }: CaseContext, cid: string): Promise<BlobStream> {
  const { answer, sse } = await target.stream(await actors.member(), "file.read", { cid });
  return { exchange: answer.exchange, frames: framesOf(sse), answer };
}

/** The stream of a CID up to its manifest frame; the rest is not waited for. */
export async function readManifest({ target, actors }: CaseContext, cid: string): Promise<BlobStream> {
  const stream = await target.open(await actors.member(), "file.read", { cid });
  const sse = await readSse(stream, { until: ({ event }) => event === "manifest" });
  stream.abort();
  const answer = stream.finish();
  return { answer, exchange: answer.exchange, frames: framesOf(sse) };
}

function framesOf(sse: SseResult | undefined): readonly ReadFrame[] {
  return (sse?.frames ?? []).filter(({ event }) => event !== "progress").map(({ event, json }) => ({
    event,
    data: isObject(json) ? json : {},
  }));
}

/** The answer is an event stream. */
export function isStream({ answer }: BlobStream): Verdict {
  return status(answer, 200) ??
    holds(mediaType(answer) === "text/event-stream", "an event stream", describe(answer), answer.exchange);
}

/** A stream of a blob that must be there: all frames, its manifest, its chunk frames. */
export interface ReadBlob extends BlobStream {
  readonly manifest: JsonObject;
  /** `chunks` of the manifest. */
  readonly listed: readonly JsonObject[];
  /** Data of the `chunk` frames in order of arrival. */
  readonly chunks: readonly JsonObject[];
}

/** Streams a stored blob; a missing manifest frame or chunk list is a violation. */
export async function mustRead(context: CaseContext, cid: string): Promise<ReadBlob> {
  return mustHaveManifest(context, await readBlob(context, cid));
}

/** What a stream says of its blob; a missing manifest frame or chunk list is a violation. */
export function mustHaveManifest({ must }: CaseContext, read: BlobStream): ReadBlob {
  must(isStream(read));
  const manifest = read.frames.find(({ event }) => event === "manifest")?.data;
  if (manifest === undefined) return must.get(missing(read, "a manifest frame"));
  if (!Array.isArray(manifest.chunks)) return must.get(missing(read, "a manifest with an array chunks"));
  for (const [i, entry] of manifest.chunks.entries()) must(at(read, isRecord(entry, `chunks[${i}] of the manifest`)));
  const listed = manifest.chunks as unknown as readonly JsonObject[];
  return { ...read, manifest, listed, chunks: read.frames.filter((f) => f.event === "chunk").map((f) => f.data) };
}

/** A difference: something the stream should have had. */
export function missing(read: BlobStream, expected: string): { readonly difference: Difference } {
  const observed = read.frames.length === 0 ? describe(read.answer) : `frames ${kinds(read.frames)}`;
  return { difference: { expected, observed, exchange: read.exchange } };
}

/** Names of frames in order, for messages. */
export function kinds(frames: readonly { readonly event: string }[]): string {
  return frames.map(({ event }) => event).join(", ") || "none";
}

/** Puts the exchange of a stream to a difference. */
export function at(read: { readonly exchange: number }, verdict: Verdict): Verdict {
  return verdict === undefined || verdict.exchange !== undefined ? verdict : { ...verdict, exchange: read.exchange };
}

/** Decoded `data_b64` in either alphabet; undefined if it is none. */
export function decoded(data: unknown): Uint8Array | undefined {
  if (typeof data !== "string") return undefined;
  try {
    return fromBase64Tolerant(data);
  } catch {
    return undefined;
  }
}

/** Length of chunk `i` of a blob. */
export function chunkLength(size: number, i: number): number {
  return Math.min(CHUNK_SIZE, size - i * CHUNK_SIZE);
}

/** The code a stream or its refusal ended with; undefined where it did not fail. */
export function streamError(read: BlobStream): string | undefined {
  const error = read.frames.find(({ event }) => event === "error")?.data;
  const code = error?.error ?? error?.code;
  return typeof code === "string" ? code : undefined;
}

/** The CIDs of a file.list answer. */
export function listedCids(answer: AnswerView): Checked<readonly string[]> {
  const checked = output(answer);
  if ("difference" in checked) return checked;
  const { cids } = checked.value;
  if (Array.isArray(cids) && cids.every((cid) => typeof cid === "string")) return { value: cids as string[] };
  return {
    difference: { expected: "an array of strings cids", observed: describe(answer), exchange: answer.exchange },
  };
}

/** A well-formed CID that nobody holds. */
export function unknownCid(context: CaseContext): string {
  return `blake3:${context.random.bytes(32).toHex()}`;
}

/** An upload that was refused with one of the codes, without `done` and, if asked, without `ready`. */
export function uploadRefused(outcome: UploadOutcome, codes: readonly string[], beforeReady: boolean): Verdict {
  const names = outcome.frames.map(({ event }) => event);
  const early = beforeReady && names.includes("ready");
  const fine = outcome.code !== undefined && codes.includes(outcome.code) && !names.includes("done") && !early;
  return holds(
    fine,
    `${codes.join(" or ")}${beforeReady ? " instead of ready" : " and no done"}`,
    `${kinds(outcome.frames)}; ${outcome.code ?? uploadAnswered(outcome)}`,
    outcome.answer.exchange,
  );
}
