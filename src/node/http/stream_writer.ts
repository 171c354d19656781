/** Streams as server-sent events: frames as they are produced, one terminal frame, then the end (CONTRACT §5.3). */

import { concat, utf8 } from "../../protocol/mod.ts";
import { type Frame, type NodeCore, NodeError } from "../core.ts";
import type { OutboundFrame } from "../fault.ts";
import { ABANDONED } from "./account.ts";
import type { StreamAnswer } from "./answer.ts";
import { asNodeError, errorBody } from "./call.ts";
import type { SocketPipe } from "./pipe.ts";

/** Whether a frame ends its stream. */
export function isTerminal(event: string): boolean {
  return event === "done" || event === "error";
}

/** The wire text of a frame. */
export function sseText(frame: OutboundFrame): string {
  return frame.raw ?? `event: ${frame.event}\ndata: ${JSON.stringify(frame.data)}\n\n`;
}

/**
 * Frames of a handler up to the first terminal one. A handler that raises, or ends without a terminal frame, ends in an
 * `error` frame.
 */
export async function* untilTerminal(frames: AsyncGenerator<Frame, void, void>): AsyncGenerator<Frame, void, void> {
  try {
    for await (const frame of frames) {
      yield frame;
      if (isTerminal(frame.event)) return;
    }
    yield { event: "error", data: { error: "internal_error", message: "Cannot stream: the handler ended early" } };
  } catch (error) {
    yield { event: "error", data: errorBody(asNodeError(error)) };
  }
}

/**
 * Frames until the node is asked to stop; then an error takes the place of the rest, so that the stream has its
 * terminal frame (CONTRACT §5.3).
 *
 * @throws {NodeError} When the node leaves.
 */
export async function* untilLeaving(
  core: Pick<NodeCore, "leaving" | "rules">,
  frames: AsyncGenerator<Frame, void, void>,
): AsyncGenerator<Frame, void, void> {
  const { promise, resolve } = Promise.withResolvers<typeof LEFT>();
  const leave = () => resolve(LEFT);
  const { leaving, rules } = core;
  if (rules.endsStreamsAtStop) {
    if (leaving.aborted) leave();
    else leaving.addEventListener("abort", leave, { once: true });
  }
  let left = false;
  try {
    for (;;) {
      const next = frames.next();
      const step = await Promise.race([next, promise]);
      if (step === LEFT) {
        left = true;
        next.catch(() => {});
        throw new NodeError(rules.stoppingCode, "Cannot go on: the node is stopping");
      }
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    leaving.removeEventListener("abort", leave);
    const ended = frames.return();
    // Work that is still under way when the node leaves is not waited for.
    if (left) ended.catch(() => {});
    else await ended;
  }
}

const LEFT = Symbol("left");

/** Writes the frames of a stream; resolves with the end of the stream or of the connection. */
export async function writeStream(core: NodeCore, pipe: SocketPipe, answer: StreamAnswer): Promise<void> {
  const { rules, seams } = core;
  let gone = false;
  const forget = pipe.onGone(() => {
    gone = true;
    if (rules.abortOnDisconnect) answer.abort();
  });
  let index = 0;
  let result = "ok";
  const held: Uint8Array[] = [];
  try {
    for await (const frame of untilTerminal(untilLeaving(core, answer.frames))) {
      if (gone && rules.abortOnDisconnect) {
        result = ABANDONED;
        break;
      }
      if (frame.event === "error") result = String(frame.data.error);
      const out: OutboundFrame = { channel: "sse", capability: answer.capability, index: index++, ...frame };
      const bytes = utf8(seams.frame(out).map(sseText).join(""));
      if (rules.bufferStream) held.push(bytes);
      else if (!await pipe.write(bytes, rules.writeStallMs) && rules.abortOnDisconnect) answer.abort();
      if (index >= rules.sseWindow && !isTerminal(frame.event)) await closing(pipe);
    }
    if (held.length > 0) await pipe.write(concat(held), rules.writeStallMs);
  } finally {
    forget();
    if (core.leaving.aborted) answer.abort();
    answer.finished(gone && result === "ok" && rules.abortOnDisconnect ? ABANDONED : result);
  }
  if (!rules.closeAfterTerminal) await closing(pipe);
}

/** Resolves when the peer has closed its side or the connection broke. */
export function closing(pipe: SocketPipe): Promise<void> {
  return new Promise((resolve) => void pipe.onGone(resolve));
}
