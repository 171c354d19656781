/** Request bodies that are no call: not JSON, empty, no object, not UTF-8, huge, deep, ambiguous. */

import {
  describe,
  errorCode,
  header,
  holds,
  jsonObject,
  noServerError,
  of,
  output,
  refusedAsBadBody,
  refusedWith,
  status,
  type Verdict,
} from "../../../src/check/mod.ts";
import { concat, type Json, utf8 } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { probeBody, probeCall, probeOf, uniquePost } from "./helpers.ts";

const MEBIBYTE = 1_048_576;
/** TRN-034: pieces of 8 MiB that make 64 MiB. */
const PIECES = 8;
const PIECE_BYTES = 8 * MEBIBYTE;
/** TRN-035. */
const DEPTH = 100_000;
/** Time in which a node has to answer others after a hostile request, in milliseconds (TRN-034). */
const AFTERWARDS_MS = 5_000;

/** A stranger's call with complete headers whose body is replaced by other bytes. */
function transmit(context: CaseContext, bytes: string | Uint8Array): Promise<HttpAnswer> {
  const { target, actors } = context;
  return target.busCall(actors.stranger(), probeOf(context), { body: probeBody(context), transmit: bytes });
}

/** Refused with one of the statuses and a code that is mapped to them, or the connection was closed instead. */
function refusedOrClosed(answer: HttpAnswer): Verdict {
  const closed = answer.status === 0 && answer.failure?.kind !== "deadline";
  return of(
    answer,
    holds(
      closed || (answer.status >= 400 && answer.status < 500),
      "a 4xx answer or a closed connection",
      describe(answer),
    ),
  );
}

/** The node still answers. */
async function stillAlive(context: CaseContext): Promise<void> {
  const answer = await context.target.httpGet("/health", [], { deadlineMs: AFTERWARDS_MS });
  context.should(status(answer, 200));
}

export const bodyCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/malformed-json-refused",
    requirement: "TRN-027",
    brokenBy: ["malformed-json-422"],
    effects: "none",
    async run(context) {
      const answer = await transmit(context, '{"params":{},"input":{"limit":');
      context.must(refusedWith(answer, "bad_request"));
      context.must.get(jsonObject(answer));
    },
  }),
  defineCase({
    id: "core/transport/empty-body-refused",
    requirement: "TRN-028",
    brokenBy: ["empty-body-as-object", "empty-body-fails"],
    effects: "none",
    async run(context) {
      context.must(refusedWith(await transmit(context, ""), "bad_request"));
    },
  }),
  defineCase({
    id: "core/transport/body-without-object-refused",
    requirement: "TRN-029",
    brokenBy: ["body-list-fails", "body-wrapped-into-object"],
    effects: "none",
    async run(context) {
      for (const body of [[1, 2], "market", 7] as const satisfies readonly Json[]) {
        context.must(refusedAsBadBody(await probeCall(context, { body: body as Json })));
      }
    },
  }),
  defineCase({
    id: "core/transport/invalid-utf8-refused",
    requirement: "TRN-030",
    brokenBy: ["utf8-replaced", "utf8-crashes"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const bytes = concat([utf8('{"input":{"note":"'), Uint8Array.of(0xc3, 0x28), utf8('"},"params":{}}')]);
      must(refusedWith(await transmit(context, bytes), "bad_request", "invalid_signature"));
      // Signed as a lenient decoder would read it: the replacement must not make it pass.
      const answer = await target.busCall(actors.stranger(), probeOf(context), {
        body: { input: { note: "\ufffd(" }, params: {} },
        transmit: bytes,
      });
      must(refusedWith(answer, "bad_request", "invalid_signature"));
    },
  }),
  defineCase({
    id: "core/transport/numbers-that-are-none-refused",
    requirement: "TRN-031",
    brokenBy: ["numbers-permissive", "huge-numbers-fail"],
    effects: "none",
    async run(context) {
      for (const literal of ["NaN", "Infinity", "1e400"]) {
        const text = `{"input":{},"params":{},"extra":${literal}}`;
        // A permissive parser would canonicalise the literal to null: that text is what is signed.
        const answer = await probeCall(context, {
          transmit: text,
          signedAs: { body: { input: {}, params: {}, extra: null } },
        });
        context.should(of(
          answer,
          holds(answer.status === 400, `status 400 for ${literal}`, describe(answer)),
        ));
      }
    },
  }),
  defineCase({
    id: "core/transport/repeated-names-execute-what-was-signed",
    requirement: "TRN-032",
    brokenBy: ["repeated-names-first-executed"],
    effects: "writes",
    async run(context) {
      const { target, actors, should } = context;
      const alice = await actors.member();
      const signed = uniquePost(context, `signed title ${target.id()}`);
      const decoy = `unsigned title ${target.id()}`;
      const text = JSON.stringify({ params: {}, input: signed })
        .replace(`"title":`, `"title":${JSON.stringify(decoy)},"title":`);
      const answer = await target.call(alice, "market.post", signed, { transmit: text });
      should(noServerError(answer));
      if (answer.status !== 200) {
        should(status(answer, 400, 401));
        return context.note(`repeated names are refused with ${errorCode(answer)}`);
      }
      const list = await target.call(alice, "market.list", { limit: 100 });
      const { posts } = should.get(output(list));
      const titles = (Array.isArray(posts) ? posts : []).map((post) => (post as { title?: unknown })?.title);
      should.hold(!titles.includes(decoy), "the unsigned title nowhere", `${decoy} is listed`, list.exchange);
      should.hold(titles.includes(signed.title), `the signed title ${signed.title} in the list`, titles, list.exchange);
    },
  }),
  defineCase({
    id: "core/transport/other-media-type",
    requirement: "TRN-033",
    brokenBy: ["media-type-415"],
    effects: "none",
    async run(context) {
      const answer = await probeCall(context, {
        headers: (headers) =>
          headers.map(([name, value]) =>
            name.toLowerCase() === "content-type" ? [name, "text/plain"] as const : [name, value] as const
          ),
      });
      context.should(of(
        answer,
        holds(
          answer.status === 200 || (answer.status === 400 && errorCode(answer) === "bad_request"),
          "200, or 400 bad_request",
          describe(answer),
        ),
      ));
    },
  }),
  defineCase({
    id: "core/transport/oversized-body-survived",
    requirement: "TRN-034",
    brokenBy: ["oversized-body-fails"],
    effects: "harm",
    async run(context) {
      const { target, should } = context;
      const { request: prepared } = target.prepare(context.actors.stranger(), probeOf(context));
      const head = prepared.headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      const piece = new Uint8Array(PIECE_BYTES).fill(0x20);
      const start = utf8(
        `POST ${prepared.path} HTTP/1.1\r\nHost: ${target.endpoint.host}:${target.endpoint.port}\r\n${head}` +
          `Content-Length: ${PIECES * PIECE_BYTES}\r\n\r\n`,
      );
      const answer = await target.raw([start, ...Array<Uint8Array>(PIECES).fill(piece)]);
      if (answer.status === 413) context.note("answered 413, a status that CONTRACT §5.5 does not map");
      should(refusedOrClosed(answer));
      await stillAlive(context);
      if (target.profile.identities.member === 0) return;
      should(status(await probeCall(context, { deadlineMs: AFTERWARDS_MS }), 200));
    },
  }),
  defineCase({
    id: "core/transport/deep-nesting-survived",
    requirement: "TRN-035",
    brokenBy: ["deep-nesting-fails"],
    effects: "harm",
    async run(context) {
      const text = `{"input":{},"params":{},"extra":${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}}`;
      const answer = await transmit(context, text);
      if (answer.status !== 0) {
        context.should(status(answer, 400, 401));
        if (header(answer, "content-type") === undefined) context.note("the refusal has no media type");
      } else context.should(refusedOrClosed(answer));
      await stillAlive(context);
    },
  }),
];
