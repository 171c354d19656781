/** What the cases of this folder share: the probe streams, upgrades, call messages, and the course of a stream. */

import { describe, errorCode, holds, type Verdict } from "../../../../src/check/mod.ts";
import {
  CHUNK_SIZE,
  cidOf,
  isObject,
  type Json,
  type JsonObject,
  tryParseJson,
  utf8,
} from "../../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../../src/runner/case.ts";
import type { Actor } from "../../../../src/target/actors.ts";
import { type CallOptions, upgradeHeaders, webSocketCallMessage } from "../../../../src/target/call.ts";
import { modelOf } from "../../../../src/target/minimal_body.ts";
import { type KnownBlob, someBlob } from "../../../../src/target/provisioning.ts";
import type { TargetProfile } from "../../../../src/target/profile.ts";
import type { Session } from "../../../../src/target/session.ts";
import { type HttpAnswer, WireError, type WsClient, type WsClose } from "../../../../src/wire/mod.ts";

export const CALL_PATH = "/bus/v1/call";
export const SUBPROTOCOL = "hearthnet-bus.v2";
/** Frames without acknowledgement, and how often a client acknowledges (X06 §6.2). */
export const WINDOW_FRAMES = 16;
export const ACK_EVERY = 8;
/** Milliseconds without a message after which a tester stops waiting for a frame or a close (WSK-023). */
export const FRAME_WAIT_MS = 5_000;
/** Milliseconds a node has to react to a message of the client (WSK-017, WSK-030, WSK-036). */
export const REACTION_MS = 2_000;
/** Milliseconds of silence that show that nothing comes: a node that would send does so at once. */
export const SILENCE_MS = 1_000;
/** Capabilities that stream without being asked to, in order. */
const STREAMING = ["file.read", "llm.chat"] as const;
/** Tokens of an answer that takes long. */
const LONG_TOKENS = 2_048;

/** A streaming call. */
export interface StreamCall {
  readonly capability: string;
  readonly params: JsonObject;
  readonly input: JsonObject;
}

/** The first advertised streaming capability. */
export function streamName(profile: TargetProfile): string {
  return STREAMING.find((name) => advertises(profile, name)) ?? STREAMING[0];
}

/** Whether a capability is in the manifest, at any version. */
export function advertises({ capabilities }: TargetProfile, name: string): boolean {
  return capabilities.some((entry) => entry.name === name);
}

/** A chat about anything; `limit` bounds it. */
export function chatCall({ profile }: Session, text: string, limit: number): StreamCall {
  return {
    capability: "llm.chat",
    params: { model: modelOf(profile, "llm.chat") },
    input: { messages: [{ role: "user", content: text }], max_tokens: limit, seed: 7 },
  };
}

export function readCall(blob: Pick<KnownBlob, "cid">): StreamCall {
  return { capability: "file.read", params: {}, input: { cid: blob.cid } };
}

/** The content id of bytes that nobody stored. */
export function unknownCid({ target }: CaseContext): string {
  return cidOf(utf8(`hearthproof ${target.id()}`));
}

/** S of the catalogue: a blob of two chunks, else a short chat. */
export async function shortStream({ target, actors }: CaseContext): Promise<StreamCall> {
  if (!advertises(target.profile, "file.read")) return chatCall(target, "Say hello.", ACK_EVERY);
  return readCall(await someBlob(target, actors, CHUNK_SIZE + 1));
}

/** S, going on for so long that it reaches the window: a long chat, else a large blob. */
export async function longStream({ target, actors }: CaseContext): Promise<StreamCall> {
  if (advertises(target.profile, "llm.chat")) return chatCall(target, "Tell an endless story.", LONG_TOKENS);
  return readCall(await someBlob(target, actors, (WINDOW_FRAMES + ACK_EVERY) * CHUNK_SIZE));
}

/** A call that is refused or answered by the name alone: for connections that never get as far as a frame. */
export function anyStream(context: CaseContext): StreamCall {
  const { target } = context;
  return streamName(target.profile) === "llm.chat"
    ? chatCall(target, "Say hello.", ACK_EVERY)
    : readCall({ cid: unknownCid(context) });
}

/** An upgrade with the signed headers of a call; nothing has been sent on it yet. */
export function upgradeFor(
  { target }: CaseContext,
  actor: Actor,
  call: StreamCall,
  protocols: readonly string[] = [SUBPROTOCOL],
): Promise<WsClient> {
  const envelope = target.envelope(actor, call.capability, { body: {} });
  return target.wsConnect(CALL_PATH, { headers: upgradeHeaders(actor.identity, envelope), protocols });
}

/** The same; anything but 101 is a violation. */
export async function upgraded(context: CaseContext, actor: Actor, call: StreamCall): Promise<WsClient> {
  const socket = await upgradeFor(context, actor, call);
  const { answer } = socket.handshake;
  context.must(holds(socket.handshake.upgraded, "the upgrade to be answered 101", describe(answer), answer.exchange));
  return socket;
}

/** The call message of a call, signed unless the options say otherwise. */
export function messageOf(
  { target }: CaseContext,
  actor: Actor,
  call: StreamCall,
  options: CallOptions = {},
): JsonObject {
  const body = { params: call.params, input: call.input };
  const { envelope, signature } = target.prepare(actor, call.capability, { body, ...options });
  return webSocketCallMessage(envelope, signature);
}

/** Upgrades and calls. */
export async function started(context: CaseContext, actor: Actor, call: StreamCall): Promise<WsClient> {
  const socket = await upgraded(context, actor, call);
  await say(socket, messageOf(context, actor, call));
  return socket;
}

/** Sends a message; that the node is gone is seen when reading. */
export async function say(socket: WsClient, message: Json | Uint8Array): Promise<void> {
  await unlessGone(socket.send(message instanceof Uint8Array ? message : JSON.stringify(message)));
}

/** Waits for something sent, whatever the connection does. */
export async function unlessGone(sending: Promise<void>): Promise<void> {
  try {
    await sending;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
}

export function acknowledge(socket: WsClient, upto: number): Promise<void> {
  return say(socket, { type: "ack", upto });
}

/** A message of the node, taken apart as far as it has the right form. */
export interface NodeFrame {
  readonly value: Json | undefined;
  readonly event: string;
  readonly data: JsonObject;
  readonly seq: number | undefined;
  /** `mono()` at its arrival. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** What a node sent until reading stopped. */
export interface Course {
  readonly frames: readonly NodeFrame[];
  /** Undefined while the connection is open. */
  readonly closed: WsClose | undefined;
  readonly exchange: number;
}

/** When to stop reading. */
export interface CollectOptions {
  /** Milliseconds without a message, once one has come. */
  readonly quietMs?: number;
  /** Milliseconds to wait for the first message. */
  readonly firstMs?: number;
  readonly until?: (frame: NodeFrame, count: number) => boolean;
  /** Acknowledge after so many frames. */
  readonly ackEvery?: number;
}

/** Reads messages until the connection closes, a condition holds or nothing comes any more. */
export async function collect(socket: WsClient, options: CollectOptions = {}): Promise<Course> {
  const { quietMs = FRAME_WAIT_MS, firstMs = FRAME_WAIT_MS, until, ackEvery = 0 } = options;
  const frames: NodeFrame[] = [];
  try {
    for (let message = await socket.next({ deadlineMs: firstMs }); message !== null;) {
      const frame = frameOf(message.payload, message.at);
      frames.push(frame);
      if (until?.(frame, frames.length) === true) break;
      if (ackEvery > 0 && frames.length % ackEvery === 0) await acknowledge(socket, frame.seq ?? 0);
      message = await socket.next({ deadlineMs: quietMs });
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  return { frames, closed: socket.closed, exchange: socket.handshake.answer.exchange };
}

function frameOf(bytes: Uint8Array, at: number): NodeFrame {
  const value = tryParseJson(bytes);
  const { event, data, seq }: JsonObject = isObject(value) ? value : {};
  return {
    value,
    event: typeof event === "string" ? event : "",
    data: isObject(data) ? data : {},
    seq: typeof seq === "number" ? seq : undefined,
    at,
    bytes,
  };
}

/** Reads to the terminal frame, acknowledging as a client should. */
export function toTheEnd(socket: WsClient, ackEvery = ACK_EVERY): Promise<Course> {
  return collect(socket, { until: isTerminal, ackEvery });
}

/** Reads what comes before the window is used up. */
export function firstWindow(socket: WsClient): Promise<Course> {
  return collect(socket, {
    quietMs: SILENCE_MS,
    until: (frame, count) => count === WINDOW_FRAMES || isTerminal(frame),
  });
}

export function isTerminal({ event }: NodeFrame): boolean {
  return event === "done" || event === "error";
}

/** The code of an error frame; `data.code` is tolerated (core-websocket conflict "Error frame member name"). */
export function codeOf(frame: NodeFrame | undefined): string | undefined {
  if (frame?.event !== "error") return undefined;
  const { error, code } = frame.data;
  return typeof error === "string" ? error : typeof code === "string" ? code : undefined;
}

/** A course in a few words. */
export function courseText({ frames, closed }: Course): string {
  const shown = frames.slice(0, 4).map((frame) => {
    const code = codeOf(frame);
    return frame.event === "" ? "a message of another form" : code === undefined ? frame.event : `error ${code}`;
  });
  const more = frames.length > shown.length ? `, ${frames.length - shown.length} more` : "";
  const end = closed === undefined ? "still open" : `closed with ${closed.code}`;
  return `${shown.length === 0 ? "no message" : shown.join(", ")}${more}; ${end}`;
}

/** At most one frame, an error with one of the codes, then a close. */
export function refusedBy(course: Course, codes: readonly string[]): Verdict {
  const { frames, closed, exchange } = course;
  const [only] = frames;
  const code = codeOf(only);
  const right = frames.length === 0 || (frames.length === 1 && code !== undefined && codes.includes(code));
  return holds(
    right && closed !== undefined,
    `at most one error frame (${codes.join(" or ")}) and a close`,
    courseText(course),
    exchange,
  );
}

/** An error frame or a close, and nothing of the capability after it. */
export function endedBy(course: Course): boolean {
  return course.closed !== undefined || course.frames.some(({ event }) => event === "error");
}

/** A refused upgrade or an error frame with the code. */
export function refusalCode(answer: HttpAnswer, course: Course | undefined): string | undefined {
  return course === undefined ? errorCode(answer) : codeOf(course.frames.at(-1));
}
