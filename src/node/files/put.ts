/** file.put and file.put.resume. CONTRACT §4.10; CONTRACT2 §4.22; wire-format-experimental.md section 1. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { type Call, type Frame, type NodeCore, NodeError } from "../core.ts";
import { messages, untilAborted } from "../capabilities/inbox.ts";
import type { Advertisements } from "./advertisements.ts";
import { readOffer } from "./manifest.ts";
import { readChunk, type SentChunk, type Upload, type Uploads } from "./uploads.ts";

/** What an upload needs of its family. */
export interface PutContext {
  readonly core: NodeCore;
  readonly uploads: Uploads;
  readonly advertisements: Advertisements;
}

/** Takes a blob: `ready` with the missing indices, chunks of the client, `done`. */
export function put(context: PutContext, call: Call): AsyncGenerator<Frame, void, void> {
  const { core, uploads } = context;
  if (!core.rules.fileChecksManifest && !hasUsableManifest(call.input.manifest)) {
    return closing([{ event: "ready", data: { needed: [] } }, { event: "done", data: { received: 0, ms: 0 } }]);
  }
  const offer = readOffer(call.input.manifest, core.rules);
  const missing = uploads.missing(offer);
  const bytes = missing.reduce((sum, i) => sum + (offer.shape.chunks[i]?.size_bytes ?? 0), 0);
  if (core.rules.fileChecksRoom && !core.blobs.hasRoom(bytes)) {
    throw new NodeError("capacity_exceeded", `Cannot store the blob: ${bytes} more bytes do not fit`);
  }
  const all = offer.shape.chunks.map((_, i) => i);
  const needed = core.rules.fileNeeded(missing, all, offer.manifest);
  return receive(context, call, uploads.begin(offer), "needed", needed);
}

/** Continues a broken-off upload. */
export function resume(context: PutContext, call: Call): AsyncGenerator<Frame, void, void> {
  const { core, uploads } = context;
  const { manifest_cid: cid } = call.input;
  if (typeof cid !== "string") throw new NodeError("bad_request", "Cannot resume: manifest_cid is missing");
  const upload = uploads.find(cid);
  if (upload === undefined) {
    if (core.blobs.blob(cid) === undefined && core.rules.fileResumeUnknown === "not_found") {
      throw new NodeError("not_found", `Cannot resume: no upload of ${cid} is known`);
    }
    return closing([{ event: "ready", data: { missing: [] } }, { event: "done", data: { received: 0, ms: 0 } }]);
  }
  const all = upload.offer.shape.chunks.map((_, i) => i);
  const missing = core.rules.fileResumeMissing(uploads.missing(upload.offer), all);
  return receive(context, call, uploads.begin(upload.offer), "missing", missing);
}

async function* closing(frames: readonly Frame[]): AsyncGenerator<Frame, void, void> {
  for (const frame of frames) yield await Promise.resolve(frame);
}

async function* receive(
  { core, uploads, advertisements }: PutContext,
  call: Call,
  upload: Upload,
  askedAs: "needed" | "missing",
  asked: readonly number[],
): AsyncGenerator<Frame, void, void> {
  const started = core.clock.mono();
  const held = upload.offer.shape.chunks.length - uploads.missing(upload.offer).length;
  const waiting = new Set(asked);
  let sent = 0;
  yield { event: "ready", data: { [askedAs]: [...asked] } };
  if (core.rules.fileNothingNeeded === "wait" && asked.length === 0) await untilAborted(call.signal);
  try {
    if (waiting.size > 0) {
      for await (const batch of batches(call)) {
        for (const chunk of batch) uploads.check(upload, chunk);
        for (const chunk of batch) {
          uploads.store(upload, chunk);
          waiting.delete(chunk.i);
          sent++;
        }
        if (waiting.size === 0) break;
      }
    }
  } catch (error) {
    // A bad chunk ends the upload and nothing it brought is kept; one that was cut off can be resumed.
    if (error instanceof NodeError && error.code === "bad_request") uploads.abandon(upload.offer.cid);
    throw error;
  }
  call.signal.throwIfAborted();
  if (waiting.size > 0) {
    throw new NodeError("bad_request", `Cannot finish the upload: ${waiting.size} chunks were not sent`);
  }
  uploads.finish(upload);
  advertisements.log(upload.offer.cid, call);
  yield {
    event: "done",
    data: { received: core.rules.fileReceived(sent, held), ms: Math.round(core.clock.mono() - started) },
  };
}

/** Chunks the client sends: those of the call at once, those of a WebSocket one by one. */
async function* batches(call: Call): AsyncGenerator<readonly SentChunk[], void, void> {
  const { chunks } = call.input;
  if (chunks !== undefined) {
    if (!Array.isArray(chunks)) throw new NodeError("bad_request", "Cannot take chunks: they are no array");
    yield chunks.map(readChunk);
  }
  for await (const message of messages(call.inbox, call.signal)) {
    const data = chunkOf(message);
    if (data !== undefined) yield [readChunk(data)];
  }
}

/** The chunk of a client message, under either name of its kind; undefined for other messages. */
function chunkOf(message: JsonObject): Json | undefined {
  if (message.event !== "chunk" && message.type !== "chunk") return undefined;
  return isObject(message.data) ? message.data : message;
}

function hasUsableManifest(value: Json | undefined): boolean {
  return isObject(value) && Array.isArray(value.chunks) && typeof value.size_bytes === "number";
}
