/** One upload dialogue (file.put, file.put.resume) in either of its forms. core-files conflict "chunk frames of file.put". */

import {
  base64url,
  type BlobShape,
  type Chunk,
  isObject,
  type Json,
  type JsonObject,
  manifestCid,
  type ManifestForm,
  tryParseJson,
} from "../protocol/mod.ts";
import { type HttpAnswer, OPCODE, readSse, WireError, type WsClient } from "../wire/mod.ts";
import type { Actor } from "./actors.ts";
import type { CallOptions } from "./call.ts";
import type { Session } from "./session.ts";

/** How chunks travel: as messages of a WebSocket, or inside a repeated POST. */
export type UploadWay = "websocket" | "post";

/** Milliseconds a node may take for one step of an upload. */
const STEP_DEADLINE_MS = 10_000;
/** Statuses that say no to the caller, not to the upgrade. */
const REFUSALS: readonly number[] = [401, 403, 429];

/** A frame of the node, whatever carried it. */
export interface UploadFrame {
  readonly event: string;
  readonly data: JsonObject;
}

/** What came of an upload. */
export interface UploadOutcome {
  /** Frames of the node without `progress`, in order. */
  readonly frames: readonly UploadFrame[];
  /** The answer to the POST or to the upgrade; a refusal before any frame is its body. */
  readonly answer: HttpAnswer;
  /** Code of the error frame or of the refusal. */
  readonly code: string | undefined;
  /** Chunks sent. */
  readonly sent: number;
}

/** What to upload and how to behave. */
export interface UploadPlan {
  readonly capability?: "file.put" | "file.put.resume";
  /** `input` of the call without chunks. */
  readonly input: JsonObject;
  /**
   * Chunks to send, given the indices asked for; undefined stands for an unreadable `ready`. Returns undefined to go
   * away instead.
   */
  readonly chunks: (asked: readonly number[] | undefined) => readonly Json[] | undefined;
  /** Go away once the node has the chunks, without waiting for the end. */
  readonly drop?: boolean;
  /** Milliseconds for each step. */
  readonly deadlineMs?: number;
  readonly call?: CallOptions;
}

/** A chunk as a client sends it. */
export function chunkMessage({ i, cid, bytes }: Chunk): JsonObject {
  return { i, cid, data_b64: base64url(bytes) };
}

/** The `manifest` member of file.put. */
export function offeredManifest(shape: BlobShape, form: ManifestForm = "cid", advisory: JsonObject = {}): JsonObject {
  return {
    cid: manifestCid(shape, form),
    size_bytes: shape.size_bytes,
    chunk_size_bytes: shape.chunk_size_bytes,
    chunks: shape.chunks.map(({ cid, size_bytes }, i) => ({ i, cid, size_bytes })),
    ...advisory,
  };
}

/** Indices of a `ready` frame; undefined if it does not list integers. */
export function askedIndices(frame: UploadFrame | undefined): readonly number[] | undefined {
  const list = frame?.data.needed ?? frame?.data.missing;
  return Array.isArray(list) && list.every((i) => Number.isInteger(i)) ? list as number[] : undefined;
}

/** The first frame of a kind. */
export function frameOf(outcome: UploadOutcome, event: string): UploadFrame | undefined {
  return outcome.frames.find((frame) => frame.event === event);
}

/** Holds the dialogue. It judges nothing and raises nothing for what the node does. */
export async function upload(
  session: Session,
  actor: Actor,
  way: UploadWay,
  plan: UploadPlan,
): Promise<UploadOutcome> {
  return way === "websocket" ? await overWebSocket(session, actor, plan) : await overPost(session, actor, plan);
}

/** Whether the node took the upgrade or refused the caller; otherwise the other way may still work. */
export function wayExists(outcome: UploadOutcome): boolean {
  return outcome.answer.status === 101 || outcome.answer.status === 200 || REFUSALS.includes(outcome.answer.status);
}

async function overWebSocket(session: Session, actor: Actor, plan: UploadPlan): Promise<UploadOutcome> {
  const deadlineMs = plan.deadlineMs ?? STEP_DEADLINE_MS;
  const socket = await session.wsCall(actor, plan.capability ?? "file.put", plan.input, plan.call);
  const { answer, upgraded } = socket.handshake;
  const frames: UploadFrame[] = [];
  let sent = 0;
  let gone = false;
  if (upgraded) {
    try {
      await readUntil(socket, frames, deadlineMs, (frame) => frame.event === "ready");
      if (frames.at(-1)?.event === "ready") {
        const chunks = plan.chunks(askedIndices(frames.at(-1)));
        gone = chunks === undefined || plan.drop === true;
        for (const chunk of chunks ?? []) {
          await socket.send(JSON.stringify({ event: "chunk", data: chunk }));
          sent++;
        }
        if (!gone) await readUntil(socket, frames, deadlineMs, () => false);
        else if (sent > 0) await arrival(socket, deadlineMs);
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
    if (gone) socket.abort();
    else await socket.close();
  }
  return { frames, answer, code: codeOf(frames, answer), sent };
}

/** Waits for the pong that says that everything sent before the ping was read. */
async function arrival(socket: WsClient, deadlineMs: number): Promise<void> {
  await socket.ping();
  await socket.nextControl(({ opcode }) => opcode === OPCODE.pong, deadlineMs);
}

/** Collects frames until one is wanted or terminal, or the socket closes. */
async function readUntil(
  socket: WsClient,
  frames: UploadFrame[],
  deadlineMs: number,
  wanted: (frame: UploadFrame) => boolean,
): Promise<void> {
  for (;;) {
    const message = await socket.next({ deadlineMs });
    if (message === null) return;
    const value = tryParseJson(message.payload);
    if (!isObject(value) || typeof value.event !== "string" || value.event === "progress") continue;
    const frame = { event: value.event, data: isObject(value.data) ? value.data : {} };
    frames.push(frame);
    if (wanted(frame) || isTerminal(frame)) return;
  }
}

function isTerminal(frame: UploadFrame): boolean {
  return frame.event === "done" || frame.event === "error";
}

/** Asks for `ready` with a POST of its own, then repeats the call with the chunks. */
async function overPost(session: Session, actor: Actor, plan: UploadPlan): Promise<UploadOutcome> {
  const first = await post(session, actor, plan, plan.input, true);
  const ready = first.frames.at(-1);
  if (ready?.event !== "ready") return first;
  const chunks = plan.chunks(askedIndices(ready));
  if (chunks === undefined || (chunks.length === 0 && plan.drop === true)) return first;
  const second = await post(session, actor, plan, { ...plan.input, chunks: [...chunks] }, false);
  return { ...second, frames: [ready, ...second.frames.filter(({ event }) => event !== "ready")], sent: chunks.length };
}

async function post(
  session: Session,
  actor: Actor,
  plan: UploadPlan,
  input: JsonObject,
  untilReady: boolean,
): Promise<UploadOutcome> {
  const stream = await session.open(actor, plan.capability ?? "file.put", input, plan.call);
  const frames: UploadFrame[] = [];
  const type = stream.head?.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  if (type.toLowerCase().startsWith("text/event-stream")) {
    const read = await readSse(stream, {
      deadlineMs: plan.deadlineMs ?? STEP_DEADLINE_MS,
      until: (frame) => untilReady && frame.event === "ready",
    });
    for (const { event, json } of read.frames) {
      if (event !== "progress") frames.push({ event, data: isObject(json) ? json : {} });
    }
    if (read.ended !== "eof") stream.abort();
  } else {
    for await (const _ of stream.chunks());
  }
  const answer = stream.finish();
  return { frames, answer, code: codeOf(frames, answer), sent: 0 };
}

function codeOf(frames: readonly UploadFrame[], answer: HttpAnswer): string | undefined {
  const last = frames.at(-1);
  if (last?.event === "error") {
    const code = last.data.error ?? last.data.code;
    return typeof code === "string" ? code : undefined;
  }
  if (answer.status === 200 || answer.status === 101) return undefined;
  const body = tryParseJson(answer.body);
  return isObject(body) && typeof body.error === "string" ? body.error : undefined;
}

/** How an upload was answered as a whole, for messages. */
export function uploadAnswered({ answer, frames }: UploadOutcome): string {
  return frames.length > 0 ? `last frame ${frames.at(-1)?.event}` : `status ${answer.status}`;
}
