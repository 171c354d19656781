/** Generations over a WebSocket: frames, acknowledgements, messages of the client. X06 §4.2. */

import { describe } from "../../../src/check/mod.ts";
import { isObject, type JsonObject, tryParseJson } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import { WireError, type WsClient } from "../../../src/wire/mod.ts";
import { GENERATION_MS, type Generator, isTerminal } from "./helpers.ts";

/** Frames between two acknowledgements (X06 §6.2). */
const ACK_EVERY = 8;

/** A frame of the node. */
export interface SocketFrame {
  readonly event: string;
  readonly data: JsonObject;
  /** `mono()` at its arrival. */
  readonly at: number;
}

/** A generation on an open socket. */
export class SocketStream {
  readonly frames: SocketFrame[] = [];

  constructor(private readonly socket: WsClient) {}

  get exchange(): number {
    return this.socket.handshake.answer.exchange;
  }

  /** The frames so far and the state of the connection, in a few words. */
  get shown(): string {
    const { closed } = this.socket;
    const last = this.frames.at(-1);
    const frames = last === undefined ? "no frame" : `${this.frames.length} frames, the last one ${last.event}`;
    return `${frames}; ${closed === undefined ? "still open" : `closed with ${closed.code}`}`;
  }

  /** The next frame; undefined when the connection is closed or `waitMs` pass. Acknowledges as a client should. */
  async next(waitMs: number): Promise<SocketFrame | undefined> {
    try {
      const message = await this.socket.next({ deadlineMs: waitMs });
      if (message === null) return undefined;
      const value = tryParseJson(message.payload);
      const { event, data, seq }: JsonObject = isObject(value) ? value : {};
      const frame = { event: String(event), data: isObject(data) ? data : {}, at: message.at };
      this.frames.push(frame);
      if (this.frames.length % ACK_EVERY === 0) await this.say({ type: "ack", upto: seq ?? this.frames.length });
      return frame;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return undefined;
    }
  }

  /** Reads until a frame fulfils the predicate or is terminal; undefined if none comes. */
  async until(wanted: (frame: SocketFrame) => boolean, waitMs = GENERATION_MS): Promise<SocketFrame | undefined> {
    for (;;) {
      const frame = await this.next(waitMs);
      if (frame === undefined || wanted(frame) || isTerminal(frame)) return frame;
    }
  }

  /** Sends a message; that the node is gone is seen when reading. */
  async say(message: JsonObject): Promise<void> {
    try {
      await this.socket.send(JSON.stringify(message));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  }

  async close(): Promise<void> {
    await this.socket.close();
  }
}

/** Starts a generation over a WebSocket as alice; ends the case if the upgrade is refused. */
export async function onSocket(
  context: CaseContext,
  { name, version, params }: Generator,
  input: JsonObject,
): Promise<SocketStream> {
  const { target, actors } = context;
  const socket = await target.wsCall(await actors.member(), name, input, {
    version,
    params,
    deadlineMs: GENERATION_MS,
  });
  const { upgraded, answer } = socket.handshake;
  if (!upgraded) return context.inconclusive(`the upgrade was refused: ${describe(answer)}`);
  return new SocketStream(socket);
}
