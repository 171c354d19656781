/** file.read of a chunk: one JSON object. */

import {
  describe,
  equals,
  errorCode,
  hasMediaType,
  holds,
  isInteger,
  isNumber,
  isString,
  meta,
  of,
  output,
  refusedAsBadBody,
  refusedWith,
  status,
} from "../../../src/check/mod.ts";
import { base64url, cidOf } from "../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { placeBlob } from "../../../src/target/provisioning.ts";
import {
  canPlace,
  chunkOf,
  decoded,
  isStream,
  missing,
  readBlob,
  readChunk,
  SMALL,
  stored,
  streamError,
  THREE_CHUNKS,
  unknownCid,
} from "./helpers.ts";

/** Bytes whose base64 has characters of both alphabets, in a length that would be padded. */
const TELLING_BYTES = [0xfb, 0xff, 0xfe, 0xef, 0xbe, 0xfb, 0xff];
/** The blob of the worked example (wire-format-experimental.md section 1). */
const SMALLEST = 11;

export const chunkCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/files/chunk-answer-form",
    requirement: "FIL-001",
    brokenBy: ["chunk-answered-as-stream"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const answer = await readChunk(context, chunkOf(context, await stored(context, SMALL)));
      must.all(status(answer, 200), hasMediaType(answer, "application/json"));
      const { cid, size_bytes, data_b64 } = must.get(output(answer));
      must.all(
        of(answer, isString(cid, "output.cid")),
        of(answer, isInteger(size_bytes, "output.size_bytes", 0)),
        of(answer, isString(data_b64, "output.data_b64")),
        of(answer, isNumber(meta(answer).ms, "meta.ms", 0)),
      );
    },
  }),
  defineCase({
    id: "core/files/chunk-cid-echoed",
    requirement: "FIL-002",
    brokenBy: ["chunk-answer-names-owner"],
    effects: "writes",
    async run(context) {
      const cid = chunkOf(context, await stored(context, SMALL));
      const answer = await readChunk(context, cid);
      context.must(of(answer, equals(context.must.get(output(answer)).cid, cid, "output.cid")));
    },
  }),
  defineCase({
    id: "core/files/chunk-hash",
    requirement: "FIL-003",
    brokenBy: ["chunk-bit-flipped"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const cid = chunkOf(context, await stored(context, SMALL));
      const answer = await readChunk(context, cid);
      const bytes = decoded(must.get(output(answer)).data_b64);
      must.hold(bytes !== undefined, "data_b64 in base64", describe(answer), answer.exchange);
      must(of(answer, equals(cidOf(bytes ?? new Uint8Array()), cid, "the hash of the chunk")));
    },
  }),
  defineCase({
    id: "core/files/chunk-size",
    requirement: "FIL-004",
    brokenBy: ["chunk-size-of-base64", "chunk-size-as-configured"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const answer = await readChunk(context, chunkOf(context, await stored(context, SMALL)));
      const { size_bytes, data_b64 } = must.get(output(answer));
      must(of(answer, equals(size_bytes, decoded(data_b64)?.length, "output.size_bytes")));
    },
  }),
  defineCase({
    id: "core/files/unknown-cid",
    requirement: "FIL-018",
    brokenBy: ["unknown-cid-read-as-empty"],
    effects: "none",
    async run(context) {
      const read = await readBlob(context, unknownCid(context));
      if (read.frames.length === 0) return context.must(refusedWith(read.answer, "not_found"));
      context.must.hold(
        streamError(read) === "not_found",
        "404 not_found or an error frame with that code",
        describe(read.answer),
        read.exchange,
      );
    },
  }),
  defineCase({
    id: "core/files/missing-cid",
    requirement: "FIL-019",
    brokenBy: ["missing-cid-crashes"],
    effects: "none",
    async run({ target, actors, must }) {
      const member = await actors.member();
      must(refusedAsBadBody(await target.call(member, "file.read", {})));
      must(refusedAsBadBody(await target.call(member, "file.read", { cid: 42 })));
    },
  }),
  defineCase({
    id: "core/files/malformed-cid",
    requirement: "FIL-020",
    brokenBy: ["cid-used-as-path", "cid-of-any-case"],
    effects: "writes",
    async run(context) {
      const digits = context.random.bytes(32).toHex();
      const malformed = [
        digits,
        `sha256:${digits}`,
        `blake3:${digits.slice(1)}`,
        "blake3:../../etc",
      ];
      if (canPlace(context)) {
        const held = chunkOf(context, await stored(context, SMALL));
        malformed.push(`blake3:${held.slice("blake3:".length).toUpperCase()}`, held.slice("blake3:".length));
      }
      for (const cid of malformed) {
        const answer = await readChunk(context, cid);
        context.should.hold(
          answer.status === 400 || answer.status === 404,
          `400 or 404 for the cid ${cid}`,
          describe(answer),
          answer.exchange,
        );
      }
    },
  }),
  defineCase({
    id: "core/files/read-needs-membership",
    requirement: "FIL-021",
    brokenBy: ["file-read-open-to-strangers"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const answer = await target.call(actors.stranger(), "file.read", { cid: unknownCid(context) });
      must(refusedWith(answer, "unauthorized"));
    },
  }),
  defineCase({
    id: "core/files/small-blob-has-two-cids",
    requirement: "FIL-022",
    brokenBy: ["small-blob-without-manifest"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      const blob = await stored(context, SMALLEST);
      const chunk = chunkOf(context, blob);
      must.hold(chunk !== blob.cid, "a chunk CID other than the manifest CID", chunk);
      const single = await readChunk(context, chunk);
      must.all(status(single, 200), hasMediaType(single, "application/json"));
      const whole = await readBlob(context, blob.cid);
      must(isStream(whole));
      if (!whole.frames.some(({ event }) => event === "manifest")) must.get(missing(whole, "a manifest frame"));
    },
  }),
  defineCase({
    id: "core/files/base64url",
    requirement: "FIL-051",
    brokenBy: ["chunk-in-standard-base64", "chunk-in-hex"],
    effects: "writes",
    async run(context) {
      const { target, actors, should } = context;
      const bytes = Uint8Array.from([...TELLING_BYTES, ...context.random.bytes(SMALL - TELLING_BYTES.length)]);
      const cid = canPlace(context)
        ? cidOf((await placeBlob(target, await actors.trusted(), bytes)).bytes)
        : chunkOf(context, await stored(context, THREE_CHUNKS));
      const answer = await readChunk(context, cid);
      if (errorCode(answer) !== undefined) context.inconclusive(`the chunk cannot be read: ${describe(answer)}`);
      const text = should.get(output(answer)).data_b64;
      const read = decoded(text);
      const canonical = read !== undefined && base64url(read) === text && cidOf(read) === cid;
      should(of(answer, holds(canonical, "data_b64 in base64url without padding", text)));
    },
  }),
];
