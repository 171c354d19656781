/** Streams as server-sent events: frames as they are produced, one terminal frame, then the end (CONTRACT §5.3). */

import { concat, utf8 } from "../../protocol/mod.ts";
import type { Frame, NodeCore } from "../core.ts";
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
    for await (const frame of untilTerminal(answer.frames)) {
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
    answer.finished(gone && result === "ok" && rules.abortOnDisconnect ? ABANDONED : result);
  }
  if (!rules.closeAfterTerminal) await closing(pipe);
}

/** Resolves when the peer has closed its side or the connection broke. */
export function closing(pipe: SocketPipe): Promise<void> {
  return new Promise((resolve) => void pipe.onGone(resolve));
}
