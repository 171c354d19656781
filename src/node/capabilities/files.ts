/** file.read, file.list, file.advertise, file.put, file.put.resume. CONTRACT §4.7 to §4.10; CONTRACT2 §4.22. */

import type { JsonObject } from "../../protocol/mod.ts";
import { type Call, type CapabilityDescriptor, type Handler, type NodeCore, NodeError } from "../core.ts";
import { Advertisements } from "../files/advertisements.ts";
import { put, resume } from "../files/put.ts";
import { read } from "../files/read.ts";
import { Uploads } from "../files/uploads.ts";
import { badRequest, describe, optionalString, requestSchema, responseSchema, streamSchema } from "./describe.ts";

/** Uploads move many bytes under one call. */
const UPLOAD_DEADLINE_MS = 120_000;
const MAX_UPLOADS_AT_ONCE = 16;

const CHUNK = { i: "index", cid: "content id", size_bytes: "bytes", data_b64: "base64url" };

const READ = describe({
  name: "file.read",
  request_schema: requestSchema({}, { cid: "content id of a chunk or of a blob" }),
  response_schema: responseSchema({ cid: "as asked", size_bytes: "bytes", data_b64: "base64url" }),
  stream_schema: streamSchema({
    manifest: { cid: "as asked", size_bytes: "bytes", chunk_size_bytes: "bytes", chunks: "list of {i, cid}" },
    chunk: CHUNK,
    done: { chunks: "frames sent", ms: "milliseconds" },
  }),
  streaming: { default: true },
});
const LIST = describe({
  name: "file.list",
  request_schema: requestSchema({}, { prefix: "text the content ids start with" }),
  response_schema: responseSchema({ cids: "content ids of blobs held" }),
});
const ADVERTISE = describe({
  name: "file.advertise",
  request_schema: requestSchema({}, { cids: "content ids the caller holds" }),
  response_schema: responseSchema({ recorded: "content ids accepted" }),
});
const UPLOAD = {
  trust: "trusted",
  streaming: "always",
  deadlineMs: UPLOAD_DEADLINE_MS,
  max_concurrent: MAX_UPLOADS_AT_ONCE,
} as const;
const PUT = describe({
  name: "file.put",
  request_schema: requestSchema({}, { manifest: "cid, size_bytes, chunks", chunks: "chunks sent along" }),
  stream_schema: streamSchema({
    ready: { needed: "indices to send" },
    chunk: CHUNK,
    done: { received: "chunks", ms: "milliseconds" },
  }),
  ...UPLOAD,
});
const RESUME = describe({
  name: "file.put.resume",
  request_schema: requestSchema({}, {
    manifest_cid: "content id",
    client_id: "as in file.put",
    chunks: "as in file.put",
  }),
  stream_schema: streamSchema({ ready: { missing: "indices to send" }, chunk: CHUNK, done: { received: "chunks" } }),
  ...UPLOAD,
});

/** Registers the file family. */
export function registerFiles(core: NodeCore): void {
  const uploads = new Uploads(core);
  const advertisements = new Advertisements(core);
  const context = { core, uploads, advertisements };
  const register = (descriptor: CapabilityDescriptor, handler: Handler) =>
    core.bus.register(core.rules.filesDescriptor(descriptor), handler);

  register(READ, (call) => read(core, uploads, call));
  register(LIST, (call) => ({ output: list(core, advertisements, call.input) }));
  register(ADVERTISE, (call) => ({ output: advertise(core, advertisements, call) }));
  register(PUT, (call) => put(context, call));
  register(RESUME, (call) => resume(context, call));
}

function list(core: NodeCore, advertisements: Advertisements, input: JsonObject): JsonObject {
  const prefix = optionalString(input, "prefix");
  const held = [...core.blobs.list(), ...core.rules.fileListsAdvertised ? advertisements.cids() : []];
  const matching = prefix === undefined ? held : held.filter((cid) => core.rules.fileListMatches(cid, prefix));
  return { cids: [...core.rules.fileListAnswer(matching, prefix)] };
}

function advertise(core: NodeCore, advertisements: Advertisements, call: Call): JsonObject {
  const { rules } = core;
  const { cids } = call.input;
  if (!Array.isArray(cids) || !cids.every(rules.fileAdvertisable)) {
    if (rules.fileChecksAdvertisement) throw badRequest("Cannot record cids: they are no list of content ids");
  }
  const given = (Array.isArray(cids) ? cids : [cids]).filter((cid) => typeof cid === "string");
  const fresh = given.map((cid) => advertisements.record(cid, call)).filter(Boolean).length;
  const code = rules.fileRepeatedAdvertisementCode;
  if (code !== undefined && fresh < given.length) throw new NodeError(code, "Cannot record cids: they are known");
  return { recorded: rules.fileRecorded(given.length, fresh) };
}
