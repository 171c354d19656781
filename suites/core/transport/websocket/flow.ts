/** Flow during a stream: window, acknowledgements, cancel, dropped connections and bad messages. */

import { holds } from "../../../../src/check/mod.ts";
import { CHUNK_SIZE } from "../../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import type { Actor } from "../../../../src/target/actors.ts";
import { someBlob } from "../../../../src/target/provisioning.ts";
import { advertised } from "../../../../src/target/profile.ts";
import { OPCODE, WireError, type WsClient } from "../../../../src/wire/mod.ts";
import {
  ACK_EVERY,
  acknowledge,
  codeOf,
  collect,
  type Course,
  courseText,
  endedBy,
  firstWindow,
  isTerminal,
  longStream,
  messageOf,
  REACTION_MS,
  readCall,
  say,
  SILENCE_MS,
  started,
  type StreamCall,
  unlessGone,
  upgraded,
  WINDOW_FRAMES,
} from "./helpers.ts";

/** Chunks of a blob that does not fit into one window. */
const BLOB_CHUNKS = 20;
/** Chunks of a blob that does not fit into two windows. */
const HUGE_BLOB_CHUNKS = 36;
/** The terminal frame may or may not count (WSK-029). */
const TOLERATED_FRAMES = WINDOW_FRAMES + 1;
/** An acknowledgement of what was never sent (WSK-032). */
const FAR_AHEAD = 1_000_000;
/** Milliseconds for a cancel besides the round trip, and slack of the measurement (WSK-033). */
const CANCEL_MS = 200;
const SLACK_MS = 100;
/** Parallel calls above which filling all slots costs too much. */
const MAX_SLOTS = 16;
/** Milliseconds between two attempts to get a freed slot. */
const RETRY_MS = 250;
/** Calls of one identity in a case that makes many: below 10 a second. */
const CALLS_EACH = 3;

async function blobStream({ target, actors }: CaseContext, chunks: number): Promise<StreamCall> {
  return readCall(await someBlob(target, actors, (chunks - 1) * CHUNK_SIZE + 1));
}

/** A stream of file.read that has used up its window. */
async function stalled(context: CaseContext, chunks = BLOB_CHUNKS): Promise<{ socket: WsClient; before: Course }> {
  const socket = await started(context, await context.actors.member(), await blobStream(context, chunks));
  const before = await firstWindow(socket);
  const { frames, exchange } = before;
  const running = frames.length > 0 && !frames.some(isTerminal) && before.closed === undefined;
  context.must(holds(running, "a stream that waits for an acknowledgement", courseText(before), exchange));
  return { socket, before };
}

const isChunk = ({ event }: { readonly event: string }) => event === "chunk";

export const flowCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/websocket-window-of-16-frames",
    waitsMs: 1_000,
    requirement: "WSK-029",
    brokenBy: ["websocket-without-window"],
    effects: "writes",
    async run(context) {
      const socket = await started(context, await context.actors.member(), await blobStream(context, BLOB_CHUNKS));
      const course = await collect(socket, {
        quietMs: SILENCE_MS,
        until: (frame, count) => isTerminal(frame) || count > TOLERATED_FRAMES,
      });
      socket.abort();
      const { frames, exchange } = course;
      context.must.hold(
        frames.length > 0 && frames.length <= TOLERATED_FRAMES && !frames.some(isTerminal),
        `at most ${WINDOW_FRAMES} frames without an acknowledgement`,
        `${frames.length} frames, ${courseText(course)}`,
        exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-ack-continues-the-stream",
    requirement: "WSK-030",
    brokenBy: ["websocket-ignores-acks"],
    effects: "writes",
    async run(context) {
      const { socket, before } = await stalled(context);
      await acknowledge(socket, before.frames.at(-1)?.seq ?? 0);
      const after = await collect(socket, { quietMs: REACTION_MS, until: () => true });
      socket.abort();
      context.must.hold(
        after.frames.length > 0,
        "more frames after the acknowledgement",
        courseText(after),
        after.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-acks-every-eight-frames-carry-it-through",
    requirement: "WSK-031",
    brokenBy: ["websocket-counts-acks"],
    effects: "writes",
    async run(context) {
      const socket = await started(context, await context.actors.member(), await blobStream(context, BLOB_CHUNKS));
      const course = await collect(socket, { until: isTerminal, ackEvery: ACK_EVERY });
      socket.abort();
      const done = course.frames.at(-1);
      const chunks = course.frames.filter(isChunk).length;
      context.must.hold(
        done?.event === "done" && done.data.chunks === chunks && chunks >= BLOB_CHUNKS,
        "all chunks and done with their number",
        `${chunks} chunks, ${courseText(course)}`,
        course.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-ack-ahead-does-not-open-the-window",
    waitsMs: 1_000,
    requirement: "WSK-032",
    brokenBy: ["websocket-trusts-any-ack"],
    effects: "writes",
    async run(context) {
      const socket = await started(context, await context.actors.member(), await blobStream(context, HUGE_BLOB_CHUNKS));
      await acknowledge(socket, FAR_AHEAD);
      const limit = 2 * TOLERATED_FRAMES;
      const course = await collect(socket, {
        quietMs: SILENCE_MS,
        until: (frame, count) => isTerminal(frame) || count > limit,
      });
      socket.abort();
      const refused = course.frames.at(-1)?.event === "error";
      // A node may take the acknowledgement for everything it has sent by then: at most one window.
      context.should.hold(
        refused || (course.frames.length <= limit && !course.frames.some(isTerminal)),
        `at most ${limit} frames, or an error`,
        `${course.frames.length} frames, ${courseText(course)}`,
        course.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-cancel-is-prompt",
    requirement: "WSK-033",
    brokenBy: ["websocket-queues-cancel"],
    effects: "writes",
    timed: true,
    async run(context) {
      const { target } = context;
      const { socket } = await stalled(context);
      const asked = target.mono();
      await unlessGone(socket.ping());
      const pong = await controlOf(socket, OPCODE.pong);
      const roundTrip = Math.max(0, (pong ?? asked) - asked);
      const cancelled = target.mono();
      await say(socket, { type: "cancel" });
      const course = await collect(socket, { quietMs: REACTION_MS, until: isTerminal });
      socket.abort();
      const end = course.frames.find(isTerminal);
      context.must.hold(end !== undefined, "a done or error frame after cancel", courseText(course), course.exchange);
      const took = Math.round((end?.at ?? 0) - cancelled);
      const limit = Math.round(CANCEL_MS + roundTrip + SLACK_MS);
      context.must.hold(took <= limit, `the terminal frame within ${limit} ms`, `${took} ms`, course.exchange);
    },
  }),
  defineCase({
    id: "core/transport/websocket-nothing-follows-a-cancel",
    requirement: "WSK-034",
    brokenBy: ["websocket-streams-on-after-cancel"],
    effects: "writes",
    async run(context) {
      const { socket, before } = await stalled(context);
      await say(socket, { type: "cancel" });
      const after = await collect(socket, { quietMs: SILENCE_MS });
      socket.abort();
      const { frames, exchange } = after;
      const end = frames.findIndex(isTerminal);
      const chunks = [...before.frames, ...frames].filter(isChunk).length;
      context.must.all(
        holds(
          end >= 0 && end === frames.length - 1,
          "a terminal frame and nothing after it",
          courseText(after),
          exchange,
        ),
        holds(chunks < BLOB_CHUNKS, `fewer than ${BLOB_CHUNKS} chunks`, `${chunks} chunks`, exchange),
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-dropped-connections-free-their-slots",
    requirement: "WSK-035",
    brokenBy: ["websocket-drop-keeps-slot"],
    effects: "writes",
    timed: true,
    async run(context) {
      const { target, actors, must } = context;
      const call = await longStream(context);
      const { max_concurrent: slots } = target.advertised(call.capability) ??
        advertised(target.profile, call.capability, "2.0") ?? {};
      if (typeof slots !== "number" || slots > MAX_SLOTS) return context.skip(`more than ${MAX_SLOTS} parallel calls`);
      for (let i = 0; i < slots + 2; i++) {
        const socket = await started(context, await caller(context, i), call);
        const begun = await collect(socket, { quietMs: REACTION_MS, until: () => true });
        socket.abort();
        const refusedEarly = i >= slots && codeOf(begun.frames[0]) === "capacity_exceeded";
        const running = begun.frames.length > 0 && codeOf(begun.frames[0]) === undefined;
        // Slots are freed a little after the drop, so only the end of the case judges them.
        if (!running && !refusedEarly) context.inconclusive(`stream ${i} did not start: ${courseText(begun)}`);
      }
      const late = await actors.member("late");
      let last: Course | undefined;
      const free = await context.until(
        async () => {
          const socket = await started(context, late, call);
          last = await collect(socket, { quietMs: REACTION_MS, until: () => true });
          socket.abort();
          return codeOf(last.frames[0]) === "capacity_exceeded" || last.frames.length === 0 ? undefined : true;
        },
        REACTION_MS,
        RETRY_MS,
      );
      must.hold(
        free === true,
        "a new stream within 2 s after the drops",
        last === undefined ? "nothing" : courseText(last),
        last?.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-bad-json-during-a-stream",
    requirement: "WSK-036",
    brokenBy: ["websocket-reader-dies"],
    effects: "writes",
    timed: true,
    async run(context) {
      const socket = await started(context, await context.actors.member(), await longStream(context));
      await firstWindow(socket);
      await unlessGone(socket.send("{"));
      const course = await reaction(context, socket);
      socket.abort();
      const code = codeOf(course.frames.find(({ event }) => event === "error"));
      context.must.hold(
        endedBy(course) && (code === undefined || code === "bad_request"),
        "an error frame bad_request or a close within 2 s",
        courseText(course),
        course.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-unknown-message-type",
    requirement: "WSK-037",
    brokenBy: ["websocket-unknown-type-kills-node"],
    effects: "writes",
    timed: true,
    async run(context) {
      const { actors, must } = context;
      const call = await longStream(context);
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const other = await open(context, bob, call);
      const own = await open(context, alice, call);
      await say(own.socket, { type: "subscribe" });
      const course = await reaction(context, own.socket);
      const code = codeOf(course.frames.find(({ event }) => event === "error"));
      if (endedBy(course)) {
        const right = code === undefined || code === "bad_request";
        must.hold(right, "an error frame bad_request or a close", courseText(course), course.exchange);
      } else {
        context.note("a message of unknown type was ignored");
        must(await goesOn(own, "the stream to end with an error or to go on"));
      }
      must(await goesOn(other, "the stream of another client to go on"));
      own.socket.abort();
      other.socket.abort();
    },
  }),
];

/** A stream that has used up its window or has ended. */
interface Opened {
  readonly socket: WsClient;
  readonly before: Course;
}

async function open(context: CaseContext, actor: Actor, call: StreamCall): Promise<Opened> {
  const socket = await upgraded(context, actor, call);
  await say(socket, messageOf(context, actor, call));
  return { socket, before: await firstWindow(socket) };
}

/** After an acknowledgement more comes, unless the stream was over before. */
async function goesOn({ socket, before }: Opened, expected: string) {
  if (before.frames.some(isTerminal)) return undefined;
  await acknowledge(socket, before.frames.at(-1)?.seq ?? 0);
  const after = await collect(socket, { quietMs: REACTION_MS, until: () => true });
  return holds(after.frames.length > 0, expected, courseText(after), after.exchange);
}

/** What comes within the time for a reaction; frames that were under way do not prolong it. */
function reaction({ target }: CaseContext, socket: WsClient): Promise<Course> {
  const end = target.mono() + REACTION_MS;
  return collect(socket, {
    firstMs: REACTION_MS,
    quietMs: REACTION_MS,
    until: (frame) => isTerminal(frame) || frame.at > end,
  });
}

function caller({ actors }: CaseContext, i: number): Promise<Actor> {
  return actors.member(`dropper-${Math.floor(i / CALLS_EACH)}`);
}

/** `mono()` at which a control frame came; undefined if none did. */
async function controlOf(socket: WsClient, opcode: number): Promise<number | undefined> {
  try {
    return (await socket.nextControl((frame) => frame.opcode === opcode, REACTION_MS))?.at;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}
