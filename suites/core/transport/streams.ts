/** Streams as bytes: media type, headers, frames, the one terminal frame, the end. CONTRACT §5.3. */

import {
  describe,
  first,
  hasMediaType,
  header,
  headerEquals,
  holds,
  mediaType,
  member,
  of,
  refusedWith,
  shown,
  status,
  type Verdict,
} from "../../../src/check/mod.ts";
import { CALL_HEADERS, isObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { type HttpAnswer, readSse, SseReader, type SseResult } from "../../../src/wire/mod.ts";
import { anyStream, isTerminal, type Startable, startableStreams } from "./helpers.ts";

/** Tokens of a short stream. */
const SHORT = 5;
/** Tokens of a stream that outlasts a window of 16 frames (TRN-056). */
const LONGER_THAN_WINDOW = 40;
/** Time a whole body may take to end after its terminal frame, in milliseconds (TRN-049). */
const END_WITHIN_MS = 2_000;
/** Time for what a node may send after a terminal frame, in milliseconds. */
const AFTERWARDS_MS = 250;
/** Time to wait for a terminal frame, in milliseconds: generous for models that think before they speak. */
const STREAM_DEADLINE_MS = 25_000;

/** Time for a stream of some forty frames, in milliseconds. */
const QUIET_MS = 5_000;

const BASE_FRAMES = ["token", "tool_call_delta", "chunk", "manifest", "ready", "progress", "ack", "error", "done"];
/** Names that later contracts add (wire-format.md section 7; TRN-050; the note on token_delta of the catalogue). */
const LATER_FRAMES = [
  "page",
  "segment",
  "tool_call",
  "shard_status",
  "shard_failover",
  "phase",
  "diff",
  "token_delta",
  "published",
];

/** A stream that was read to its end. */
interface ReadStream {
  readonly answer: HttpAnswer;
  readonly sse: SseResult;
}

/** Starts a stream as alice and reads it; anything but an event stream is a violation. */
async function read(context: CaseContext, { name, input, params }: Startable, requestId?: string): Promise<ReadStream> {
  const { target, actors, must } = context;
  const stream = await target.open(await actors.member(), name, input, {
    params,
    deadlineMs: STREAM_DEADLINE_MS,
    ...(requestId === undefined ? {} : { requestId }),
  });
  const head = stream.soFar();
  if (head.status !== 200 || mediaType(head) !== "text/event-stream") {
    for await (const _ of stream.chunks());
    const answer = stream.finish();
    must.all(status(answer, 200), hasMediaType(answer, "text/event-stream"));
  }
  const reader = new SseReader(stream);
  const body = await reader.read({ until: ({ event }) => isTerminal(event) });
  // Whether the stream ends after its terminal frame is a case of its own; here it only has to show what follows.
  const rest = body.ended === "until" ? await reader.read({ deadlineMs: AFTERWARDS_MS }) : body;
  return { answer: stream.finish(), sse: { ...rest, frames: reader.frames } };
}

/** Every stream the tester can start, read to its end. */
async function readAll(context: CaseContext): Promise<readonly ReadStream[]> {
  const all: ReadStream[] = [];
  for (const stream of await startableStreams(context, SHORT)) all.push(await read(context, stream));
  return all;
}

function names(sse: SseResult): string {
  return sse.frames.map(({ event }) => event).join(", ");
}

/** Exactly one frame is terminal. */
function oneTerminal({ answer, sse }: ReadStream): Verdict {
  const count = sse.frames.filter(({ event }) => isTerminal(event)).length;
  return of(answer, holds(count === 1, "exactly one frame named done or error", `${count} in: ${names(sse)}`));
}

export const streamCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/stream-is-an-event-stream",
    requirement: "TRN-045",
    brokenBy: ["streams-as-json"],
    effects: "writes",
    async run(context) {
      const stream = await anyStream(context, SHORT);
      const { answer } = await context.target.stream(await context.actors.member(), stream.name, stream.input, {
        params: stream.params,
        deadlineMs: STREAM_DEADLINE_MS,
      });
      context.must.all(status(answer, 200), hasMediaType(answer, "text/event-stream"));
    },
  }),
  defineCase({
    id: "core/transport/stream-carries-the-headers",
    requirement: "TRN-046",
    brokenBy: ["stream-without-headers", "file-stream-without-headers"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      for (const stream of await startableStreams(context, SHORT)) {
        const requestId = target.id();
        const { answer } = await read(context, stream, requestId);
        must.all(
          headerEquals(answer, CALL_HEADERS.request_id, requestId),
          headerEquals(answer, CALL_HEADERS.from, target.nodeId),
        );
      }
    },
  }),
  defineCase({
    id: "core/transport/frames-have-their-form",
    requirement: "TRN-047",
    brokenBy: ["frames-pretty-printed", "frames-with-bare-text"],
    effects: "writes",
    async run(context) {
      const { answer, sse } = await read(context, await anyStream(context, SHORT));
      context.must(
        of(answer, holds(sse.frames.length > 0, "at least one frame", `none in ${answer.body.length} bytes`)),
      );
      for (const [i, frame] of sse.frames.entries()) {
        context.must(of(
          answer,
          first(
            holds(frame.problems.length === 0, `frame ${i} of one event and one data line`, frame.problems.join("; ")),
            holds(isObject(frame.json), `a JSON object in frame ${i}`, frame.data),
          ),
        ));
      }
      context.must(
        of(answer, holds(sse.trailing.length === 0, "an empty line after the last frame", shown(sse.trailing))),
      );
    },
  }),
  defineCase({
    id: "core/transport/one-terminal-frame",
    requirement: "TRN-048",
    brokenBy: ["streams-just-end", "done-after-error-frame"],
    effects: "writes",
    async run(context) {
      for (const stream of await readAll(context)) context.must(oneTerminal(stream));
    },
  }),
  defineCase({
    id: "core/transport/nothing-after-the-terminal-frame",
    requirement: "TRN-049",
    brokenBy: ["stream-kept-open", "statistics-after-done"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const alice = await actors.member();
      for (const { name, input, params } of await startableStreams(context, SHORT)) {
        const stream = await target.open(alice, name, input, { params, deadlineMs: STREAM_DEADLINE_MS });
        if (mediaType(stream.soFar()) !== "text/event-stream") {
          return context.inconclusive(`${name} answered no event stream: ${describe(stream.finish())}`);
        }
        const reader = new SseReader(stream);
        const body = await reader.read({ until: ({ event }) => isTerminal(event) });
        const rest = body.ended === "until" ? await reader.read({ deadlineMs: END_WITHIN_MS }) : body;
        const answer = stream.finish();
        must(
          of(
            answer,
            holds(body.ended === "until", "a frame named done or error", `${body.ended} after ${names(body)}`),
          ),
        );
        must(of(answer, holds(rest.frames.length === 0, "no frame after the terminal one", names(rest))));
        must(of(answer, holds(rest.ended === "eof", `the end of the body within ${END_WITHIN_MS} ms`, rest.ended)));
        if (answer.end === "kept" && header(answer, "transfer-encoding") !== undefined) {
          context.note(`${name}: the connection is kept after a complete chunked body`);
        }
      }
    },
  }),
  defineCase({
    id: "core/transport/frame-names-are-known",
    requirement: "TRN-050",
    brokenBy: ["frames-named-message"],
    effects: "writes",
    async run(context) {
      for (const { answer, sse } of await readAll(context)) {
        const known = [...BASE_FRAMES, ...LATER_FRAMES];
        const unknown = sse.frames.map(({ event }) => event).filter((event) => !known.includes(event));
        context.must(
          of(answer, holds(unknown.length === 0, `only frames named ${known.join(", ")}`, unknown.join(", "))),
        );
        if (sse.frames.some(({ event }) => event === "token_delta")) context.note("tokens travel as token_delta");
      }
    },
  }),
  defineCase({
    id: "core/transport/progress-frames-have-their-members",
    requirement: "TRN-051",
    brokenBy: ["progress-as-percentage"],
    effects: "writes",
    async run(context) {
      let seen = 0;
      for (const { answer, sse } of await readAll(context)) {
        for (const frame of sse.frames.filter(({ event }) => event === "progress")) {
          seen++;
          for (const name of ["current", "total", "stage"]) {
            context.must(of(
              answer,
              holds(member(frame.json, name) !== undefined, `a member ${name} of progress`, frame.data),
            ));
          }
        }
      }
      if (seen === 0) context.note("no progress frame was sent");
    },
  }),
  defineCase({
    id: "core/transport/stream-refused-before-it-starts",
    requirement: "TRN-053",
    brokenBy: ["stream-refused-inside"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const { name, input, params } = await anyStream(context, SHORT);
      const answer = await target.call(await actors.member(), name, input, { params, signature: "broken" });
      must.all(refusedWith(answer, "invalid_signature"), hasMediaType(answer, "application/json"));
    },
  }),
  defineCase({
    id: "core/transport/stream-without-acknowledgement-ends",
    requirement: "TRN-056",
    brokenBy: ["stream-waits-for-ack"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const { name, input, params } = await anyStream(context, LONGER_THAN_WINDOW);
      const stream = await target.open(await actors.member(), name, input, { params, deadlineMs: STREAM_DEADLINE_MS });
      const sse = await readSse(stream, { until: ({ event }) => isTerminal(event), deadlineMs: QUIET_MS });
      const answer = stream.finish();
      must(status(answer, 200));
      must(of(
        answer,
        holds(
          sse.ended === "until",
          "a terminal frame without acknowledgement",
          `${sse.ended} after ${sse.frames.length} frames`,
        ),
      ));
    },
  }),
];
