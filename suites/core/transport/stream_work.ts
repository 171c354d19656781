/** What a stream does over time: frames as they are produced, work that ends with its client, failures in the middle. */

import { errorCode, holds, member, of, status, succeeded } from "../../../src/check/mod.ts";
import { ADDITIVE_STATUS, BASE_STATUS, fromUtf8Lossy } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { type HttpStream, readSse } from "../../../src/wire/mod.ts";
import { echoName, hostEcho } from "./echo_peer.ts";
import { anyStream, isTerminal, longGeneration, probeCall, type Startable, startableStreams } from "./helpers.ts";

/** Tokens of a stream that lasts more than a second wherever tokens take 3 ms or more. */
const SECOND_LONG = 350;
/** Tokens of a stream nobody reads to its end. */
const ENDLESS = 1000;
/** Pause between two attempts to start a stream, in milliseconds. */
const RETRY_EVERY_MS = 250;
/** Tokens of a stream that goes on while its first frame is read. */
const LONG = 200;
const MIN_FRAMES = 10;
const MIN_DURATION_MS = 1_000;
/** First frame before this part of the time between request and last frame has passed: 20 percent earlier. */
const EARLIER_SHARE = 0.8;
const STREAM_DEADLINE_MS = 25_000;
/** 200 ms and 300 ms measuring slack (TRN-057). */
const ABORT_WITHIN_MS = 500;
const LOOK_EVERY_MS = 20;
/** Frames read before a client leaves. */
const FRAMES_BEFORE_LEAVING = 3;
/** Aborts beyond `max_concurrent` (TRN-058). */
const MORE_ABORTS = 3;
/** Calls one member makes of the aborts, so that no budget is touched. */
const CALLS_PER_MEMBER = 3;
/** Time in which the last aborted stream has given back its slot, in milliseconds. */
const SLOT_DEADLINE_MS = 2_000;
/** Time for the frames to reach the caller before the peer breaks, in milliseconds. */
const PAUSE_MS = 50;
/** Largest number of aborts that is affordable. */
const MAX_ABORTS = 24;

function start(context: CaseContext, actor: Actor, { name, input, params }: Startable): Promise<HttpStream> {
  return context.target.open(actor, name, input, { params, deadlineMs: STREAM_DEADLINE_MS });
}

/** Open streams of a capability by the node's own gauge; undefined if it has none. */
async function activeStreams({ target }: CaseContext, name: string): Promise<number | undefined> {
  const answer = await target.httpGet("/metrics");
  if (answer.status !== 200) return undefined;
  const line = fromUtf8Lossy(answer.body).split("\n").find((text) =>
    text.startsWith("hearthnet_active_streams{") && text.includes(`capability="${name}"`)
  );
  const value = Number(line?.trim().split(/\s+/).at(-1));
  return line !== undefined && Number.isFinite(value) ? value : undefined;
}

function maxConcurrent({ target }: CaseContext, name: string): number {
  const entry = target.advertised(name) ?? target.advertised(name, "2.0");
  return Number.isSafeInteger(entry?.max_concurrent) ? Number(entry?.max_concurrent) : 1;
}

/** Aborts more streams than there are slots; then one has to run to its end. */
async function abortAll(context: CaseContext, stream: Startable): Promise<void> {
  const { actors, must } = context;
  const aborts = maxConcurrent(context, stream.name) + MORE_ABORTS;
  if (aborts > MAX_ABORTS) return context.note(`${stream.name}: ${aborts} aborts are too many`);
  for (let i = 0; i < aborts; i++) {
    const caller = await actors.member(`${stream.name} leaver ${Math.floor(i / CALLS_PER_MEMBER)}`);
    const opened = await start(context, caller, stream);
    if (opened.status !== 200) {
      // Slots of streams that have just been left may still be taken: one more attempt.
      if (errorCode(await drained(opened)) !== "capacity_exceeded") must(status(opened.soFar(), 200));
      continue;
    }
    await readSse(opened, { maxFrames: 1 });
    opened.abort();
    opened.finish();
    if (i % CALLS_PER_MEMBER === 0) {
      must(succeeded(await probeCall(context, {}, await actors.member(`${stream.name} reader ${i}`))));
    }
  }
  const stayer = await actors.member(`${stream.name} stayer`);
  const short = shortened(stream);
  let last = -1;
  const done = await context.until(
    async () => {
      const opened = await start(context, stayer, short);
      const { frames } = await readSse(opened, { until: ({ event }) => isTerminal(event) });
      last = opened.finish().exchange;
      return frames.at(-1)?.event === "done" ? true : undefined;
    },
    SLOT_DEADLINE_MS,
    RETRY_EVERY_MS,
  );
  must.hold(done === true, `a stream of ${stream.name} that ends with done after ${aborts} aborts`, "none", last);
}

async function drained(stream: HttpStream) {
  for await (const _ of stream.chunks());
  return stream.finish();
}

function shortened(stream: Startable): Startable {
  return "max_tokens" in stream.input
    ? { ...stream, input: { ...stream.input, max_tokens: FRAMES_BEFORE_LEAVING } }
    : stream;
}

export const streamWorkCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/broken-peer-ends-the-stream",
    requirement: "TRN-052",
    brokenBy: ["broken-streams-dropped", "broken-streams-end-with-done"],
    effects: "none",
    alsoNeeds: ["members:2"],
    async run(context) {
      const { target, actors, must } = context;
      const name = echoName(context);
      await hostEcho(context, name, {
        onCall: async (_, reply) => {
          await reply.head(200, [["Content-Type", "text/event-stream"], ["Transfer-Encoding", "chunked"]]);
          for (const text of ["one", "two"]) {
            const frame = `event: token\ndata: {"text":"${text}"}\n\n`;
            await reply.write(`${frame.length.toString(16)}\r\n${frame}\r\n`);
          }
          await reply.pause(PAUSE_MS);
          return "reset" as const;
        },
      });
      const { answer, sse } = await target.stream(await actors.member(), name, { text: "stream" }, {
        version: "1.0",
        deadlineMs: STREAM_DEADLINE_MS,
      });
      if (sse === undefined) return context.inconclusive(`the target routed no stream (${answer.status})`);
      const last = sse.frames.at(-1);
      const code = member(last?.json, "error");
      const known = typeof code === "string" && (code in BASE_STATUS || code in ADDITIVE_STATUS);
      must(of(
        answer,
        holds(
          last?.event === "error" && known,
          "a last frame error with a code of the contract",
          `${last?.event}: ${last?.data}`,
        ),
      ));
    },
  }),
  defineCase({
    id: "core/transport/frames-as-they-are-produced",
    waitsMs: 2_000,
    requirement: "TRN-054",
    brokenBy: ["streams-buffered"],
    effects: "none",
    timed: true,
    async run(context) {
      const { actors, should } = context;
      const chat = longGeneration(context, SECOND_LONG);
      if (chat === undefined) return context.skip("no stream that lasts a second can be started");
      const stream = await start(context, await actors.member(), chat);
      const { frames } = await readSse(stream);
      const answer = stream.finish();
      should(status(answer, 200));
      const [begin, end] = [frames[0]?.at ?? 0, frames.at(-1)?.at ?? 0];
      const total = end - answer.startedAt;
      if (frames.length < MIN_FRAMES || total < MIN_DURATION_MS) {
        return context.inconclusive(`${frames.length} frames in ${Math.round(total)} ms are too few to tell`);
      }
      should(of(
        answer,
        holds(
          begin - answer.startedAt < total * EARLIER_SHARE,
          "the first frame clearly before the last",
          `first after ${Math.round(begin - answer.startedAt)} ms, last after ${Math.round(total)} ms`,
        ),
      ));
    },
  }),
  defineCase({
    id: "core/transport/leaving-ends-the-work",
    requirement: "TRN-057",
    brokenBy: ["work-outlives-its-client"],
    effects: "none",
    timed: true,
    async run(context) {
      const { target, actors, should } = context;
      const chat = longGeneration(context, ENDLESS);
      if (chat === undefined) return context.skip("no stream that lasts long enough can be started");
      const before = await activeStreams(context, chat.name) ?? 0;
      const stream = await start(context, await actors.member(), chat);
      const { frames } = await readSse(stream, { maxFrames: FRAMES_BEFORE_LEAVING });
      if (frames.length < FRAMES_BEFORE_LEAVING) {
        return context.inconclusive("the stream was over before the client could leave");
      }
      const during = await activeStreams(context, chat.name);
      stream.abort();
      const answer = stream.finish();
      const left = target.mono();
      const oneSlot = maxConcurrent(context, chat.name) === 1;
      if (during === undefined && !oneSlot) return context.inconclusive("the target has no gauge of open streams");
      if (during !== undefined && during <= before) return context.inconclusive("the gauge did not show the stream");
      const newcomer = await actors.member("newcomer");
      const isFree = async () => {
        if (during !== undefined) return (await activeStreams(context, chat.name) ?? 0) <= before;
        const next = await start(context, newcomer, chat);
        next.abort();
        return next.finish().status === 200;
      };
      const freed = await context.until(
        async () => await isFree() ? target.mono() : undefined,
        ABORT_WITHIN_MS,
        LOOK_EVERY_MS,
      );
      should(of(
        answer,
        holds(
          freed !== undefined,
          `the stream ended within ${ABORT_WITHIN_MS} ms of its client's leaving`,
          `still open ${Math.round(target.mono() - left)} ms later`,
        ),
      ));
    },
  }),
  defineCase({
    id: "core/transport/aborted-streams-free-their-slots",
    requirement: "TRN-058",
    brokenBy: ["aborted-streams-keep-slots"],
    effects: "writes",
    async run(context) {
      await anyStream(context, LONG);
      for (const stream of await startableStreams(context, LONG)) await abortAll(context, stream);
    },
  }),
];
