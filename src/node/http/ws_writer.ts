/** Frames of a call or a subscription as WebSocket messages, through the seam (X06 §4.1). */

import type { Frame, NodeCore } from "../core.ts";
import type { WebSocketChannel } from "./ws_channel.ts";

/** Numbers and sends messages. */
export class SocketWriter {
  #index = 0;
  /** Sequence number of the last message; that of none before the first one. */
  lastSeq: number;

  constructor(
    private readonly core: NodeCore,
    private readonly channel: WebSocketChannel,
    private readonly capability: string,
  ) {
    this.lastSeq = core.rules.messageSeq(-1);
  }

  /** Messages sent. */
  get sent(): number {
    return this.#index;
  }

  /** Sends a frame, with its own sequence number or the next one; false when the connection is over. */
  async frame(frame: Frame, seq?: number): Promise<boolean> {
    const { core, capability } = this;
    const outs = core.seams.frame({ channel: "websocket", capability, index: this.#index, ...frame });
    for (const out of outs) {
      this.lastSeq = seq ?? core.rules.messageSeq(this.#index);
      this.#index++;
      const text = out.raw ?? JSON.stringify({ event: out.event, data: out.data, seq: this.lastSeq });
      if (!await this.channel.send(text)) return false;
    }
    return true;
  }
}
