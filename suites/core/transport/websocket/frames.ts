/** What a stream is over WebSocket: form of its messages, order, end, and agreement with the form over HTTP. */

import { describe, errorCode, holds } from "../../../../src/check/mod.ts";
import {
  ADDITIVE_STATUS,
  BASE_STATUS,
  canonicalize,
  CHUNK_SIZE,
  isObject,
  type Json,
  type JsonObject,
  tryParseJson,
} from "../../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import { type KnownBlob, someBlob } from "../../../../src/target/provisioning.ts";
import { OPCODE, WireError, type WsClient } from "../../../../src/wire/mod.ts";
import {
  ACK_EVERY,
  anyStream,
  codeOf,
  collect,
  type Course,
  courseText,
  isTerminal,
  messageOf,
  type NodeFrame,
  REACTION_MS,
  readCall,
  say,
  shortStream,
  started,
  type StreamCall,
  streamName,
  toTheEnd,
  unknownCid,
  upgraded,
} from "./helpers.ts";

/** Close codes after a terminal frame: the normal one, and those that are tolerated (WSK-023). */
const NORMAL_CODES: readonly number[] = [1000, 1001, 1005];
const PING_BYTES = 8;

/** S from its first frame to the terminal one. */
async function course(context: CaseContext): Promise<Course> {
  const socket = await started(context, await context.actors.member(), await shortStream(context));
  const read = await toTheEnd(socket);
  socket.abort();
  return read;
}

/** A failing call, from its message to its terminal frame. */
async function failing(context: CaseContext, call: StreamCall): Promise<Course> {
  const socket = await started(context, await context.actors.member(), call);
  const read = await toTheEnd(socket);
  socket.abort();
  return read;
}

/** Event and data without timing, as text. */
function comparable(event: string, data: JsonObject): string {
  const { ms: _, ...rest } = data;
  return `${event} ${canonicalize(rest)}`;
}

/** The first place at which two sequences differ, in a few words. */
function difference(a: readonly string[], b: readonly string[]): string {
  const at = Math.max(0, [...a, ""].findIndex((text, i) => text !== b[i]));
  const short = (text: string | undefined) => (text ?? "nothing").slice(0, 80);
  return `${a.length} frames over WebSocket, ${b.length} over HTTP; frame ${at}: ${short(a[at])} and ${short(b[at])}`;
}

function increasing(frames: readonly NodeFrame[]): boolean {
  return frames.every(({ seq }, i) => seq !== undefined && (i === 0 || seq > (frames[i - 1]?.seq ?? Infinity)));
}

export const frameCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/websocket-messages-have-event-data-seq",
    requirement: "WSK-020",
    brokenBy: ["websocket-sends-sse-text"],
    effects: "writes",
    async run(context) {
      const { frames, exchange } = await course(context);
      const { must } = context;
      must.hold(frames.length > 0, "messages", "none came", exchange);
      for (const { value } of frames) {
        const right = isObject(value) && typeof value.event === "string" && isObject(value.data) &&
          Number.isSafeInteger(value.seq);
        must.hold(right, "an object with event, data (object) and seq (integer)", brief(value), exchange);
      }
    },
  }),
  defineCase({
    id: "core/transport/websocket-seq-increases",
    requirement: "WSK-021",
    brokenBy: ["websocket-seq-is-constant"],
    effects: "writes",
    async run(context) {
      const { frames, exchange } = await course(context);
      context.must.hold(
        frames.length > 1 && increasing(frames),
        "strictly increasing seq",
        frames.map(({ seq }) => seq ?? null),
        exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-one-terminal-frame",
    requirement: "WSK-022",
    brokenBy: ["websocket-without-done", "websocket-token-after-done"],
    effects: "writes",
    async run(context) {
      const socket = await started(context, await context.actors.member(), await shortStream(context));
      const read = await collect(socket, { quietMs: REACTION_MS });
      socket.abort();
      const last = read.frames.at(-1);
      context.must.hold(
        read.frames.filter(isTerminal).length === 1 && last !== undefined && isTerminal(last),
        "one terminal frame at the end",
        courseText(read),
        read.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-closes-after-the-end",
    requirement: "WSK-023",
    brokenBy: ["websocket-stays-open"],
    effects: "writes",
    async run(context) {
      const socket = await started(context, await context.actors.member(), await shortStream(context));
      const read = await collect(socket);
      socket.abort();
      context.must.hold(
        read.frames.some(isTerminal) && read.closed !== undefined && NORMAL_CODES.includes(read.closed.code),
        "a terminal frame and a close with code 1000 within 5 s",
        courseText(read),
        read.exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-stream-equals-http-stream",
    requirement: "WSK-024",
    brokenBy: ["websocket-renames-chunk"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const member = await actors.member();
      const call = await shortStream(context);
      if (call.capability !== "file.read") return context.skip("there is no stream with repeatable frames");
      const { answer, sse } = await target.stream(member, call.capability, call.input);
      if (sse === undefined) return context.inconclusive(`no stream over HTTP: ${describe(answer)}`);
      const socket = await started(context, member, call);
      const { frames, exchange } = await toTheEnd(socket);
      socket.abort();
      const overHttp = sse.frames.map(({ event, json }) => comparable(event, isObject(json) ? json : {}));
      const overSocket = frames.map(({ event, data }) => comparable(event, data));
      must(holds(overHttp.join() === overSocket.join(), "equal frames", difference(overSocket, overHttp), exchange));
    },
  }),
  defineCase({
    id: "core/transport/websocket-error-code-equals-http",
    requirement: "WSK-025",
    brokenBy: ["websocket-errors-are-internal"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const call = readCall({ cid: unknownCid(context) });
      const { answer, sse } = await target.stream(await actors.member(), call.capability, call.input);
      const last = sse?.frames.at(-1);
      const overHttp = sse === undefined ? errorCode(answer) : isObject(last?.json) ? last.json.error : undefined;
      const read = await failing(context, call);
      const code = codeOf(read.frames.at(-1));
      must.hold(overHttp === "not_found", "not_found over HTTP", describe(answer), answer.exchange);
      must.hold(code === "not_found", "not_found over WebSocket", courseText(read), read.exchange);
    },
  }),
  defineCase({
    id: "core/transport/websocket-error-frame-is-the-error-object",
    requirement: "WSK-026",
    brokenBy: ["websocket-error-is-bare-text"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const unknown = anyStream(context);
      const chat = streamName(target.profile) === "llm.chat";
      const wrong: readonly (readonly [StreamCall, readonly string[]])[] = [
        chat
          ? [{ ...unknown, params: { model: `no-such-model-${target.id()}` } }, ["not_found", "not_implemented"]]
          : [unknown, ["not_found"]],
        [{ ...unknown, input: {} }, ["bad_request", "schema_mismatch"]],
      ];
      for (const [call, codes] of wrong) {
        const read = await failing(context, call);
        const last = read.frames.at(-1);
        const code = codeOf(last);
        if (code !== undefined && last?.data.error === undefined) context.note("the code is in data.code");
        const known = code !== undefined && (code in BASE_STATUS || code in ADDITIVE_STATUS);
        must.hold(
          known && codes.includes(code),
          `an error frame with ${codes.join(" or ")}`,
          seen(read),
          read.exchange,
        );
        for (const [name, right] of [["message", "string"], ["retry_after_ms", "number"]] as const) {
          const value = last?.data[name];
          const fits = value === undefined || value === null || typeof value === right;
          must.hold(fits, `${name} to be a ${right}`, brief(value), read.exchange);
        }
      }
    },
  }),
  defineCase({
    id: "core/transport/websocket-pong-has-the-payload",
    requirement: "WSK-041",
    brokenBy: ["websocket-empty-pongs"],
    effects: "none",
    timed: true,
    async run(context) {
      const { must, random } = context;
      const socket = await upgraded(context, await context.actors.member(), anyStream(context));
      const payload = random.bytes(PING_BYTES);
      await socket.ping(payload);
      const pong = await socket.nextControl(({ opcode }) => opcode === OPCODE.pong, REACTION_MS).catch((error) => {
        if (!(error instanceof WireError)) throw error;
        return null;
      });
      socket.abort();
      const { exchange } = socket.handshake.answer;
      must.hold(pong !== null, "a pong within 2 s", "none came", exchange);
      must.hold(
        pong?.payload.toHex() === payload.toHex(),
        `a pong with ${payload.toHex()}`,
        pong?.payload.toHex() ?? "",
        exchange,
      );
    },
  }),
  defineCase({
    id: "core/transport/websocket-streams-are-independent",
    requirement: "WSK-047",
    brokenBy: ["websocket-shared-send-queue"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const blobs = [
        await someBlob(target, actors, CHUNK_SIZE + 1),
        await someBlob(target, actors, CHUNK_SIZE + 2),
      ];
      if (blobs[0]?.cid === blobs[1]?.cid) return context.skip("there are no two blobs");
      const members = [await actors.member("alice"), await actors.member("bob")];
      const sockets: WsClient[] = [];
      const messages: JsonObject[] = [];
      for (const [i, member] of members.entries()) {
        const call = readCall(blobs[i] ?? { cid: "" });
        sockets.push(await upgraded(context, member, call));
        messages.push(messageOf(context, member, call));
      }
      for (const [i, socket] of sockets.entries()) await say(socket, messages[i] ?? null);
      const courses = await Promise.all(
        sockets.map((socket) => collect(socket, { until: isTerminal, ackEvery: ACK_EVERY, quietMs: REACTION_MS })),
      );
      for (const socket of sockets) socket.abort();
      for (const [i, read] of courses.entries()) {
        const own = await chunksOf(context, blobs[i]);
        const chunks = read.frames.filter(({ event }) => event === "chunk").map(({ data }) => String(data.cid));
        must.hold(
          chunks.length === own.length && chunks.every((cid) => own.includes(cid)),
          `just the ${own.length} chunks of blob ${i}`,
          courseText(read),
          read.exchange,
        );
        must.hold(increasing(read.frames), "strictly increasing seq", read.frames.map(({ seq }) => seq), read.exchange);
      }
    },
  }),
];

/** Content ids of a blob's chunks: known of blobs that were put, read over HTTP of others. */
async function chunksOf({ target, actors }: CaseContext, blob: KnownBlob | undefined): Promise<readonly string[]> {
  if (blob?.shape !== undefined) return blob.shape.chunks.map(({ cid }) => cid);
  const { sse } = await target.stream(await actors.member("carol"), "file.read", { cid: blob?.cid ?? "" });
  return (sse?.frames ?? []).filter(({ event }) => event === "chunk")
    .map(({ json }) => isObject(json) ? String(json.cid) : "");
}

function brief(value: Json | undefined): string {
  return (JSON.stringify(value) ?? "no JSON").slice(0, 120);
}

function seen(read: Course): string {
  const last = read.frames.at(-1);
  return last === undefined ? courseText(read) : `${courseText(read)}; data ${brief(tryParseJson(last.bytes))}`;
}
