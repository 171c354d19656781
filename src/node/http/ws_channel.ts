/** One open WebSocket: whole messages in, frames out, pings, idle limit and the closing handshake. RFC 6455; X06 §4, §6. */

import { concat, fromUtf8, utf8 } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";
import { CLOSE } from "../rules/websocket.ts";
import type { SocketPipe } from "./pipe.ts";
import { closePayload, encodeFrame, FrameError, FrameParser, isControl, OPCODE } from "./ws_codec.ts";

/** A message of the client. */
export interface WebSocketMessage {
  readonly text: string;
  readonly binary: boolean;
}

const NO_BYTES = new Uint8Array(0);

/** See the module comment. One reader at a time. */
export class WebSocketChannel {
  readonly #parser = new FrameParser();
  readonly #timers = new AbortController();
  #fragments: Uint8Array[] = [];
  #fragmentBytes = 0;
  #fragmentOpcode: number | undefined;
  #activeAt: number;
  #closeSent = false;
  #over = false;

  constructor(private readonly core: NodeCore, private readonly pipe: SocketPipe) {
    this.#activeAt = core.clock.mono();
    this.#pingRegularly();
    this.#watchIdle();
  }

  /** Whether nothing more can be sent. */
  get closing(): boolean {
    return this.#closeSent || this.#over;
  }

  /** The next message, or null when the connection is over; pings and closes are answered on the way. */
  async receive(): Promise<WebSocketMessage | null> {
    const { maxMessageBytes } = this.core.rules;
    try {
      for (;;) {
        const frame = this.#parser.next(maxMessageBytes);
        if (frame === undefined) {
          const bytes = this.#over ? null : await this.pipe.read();
          if (bytes === null) return this.#finish();
          this.#parser.push(bytes);
          continue;
        }
        if (isControl(frame.opcode)) {
          if (!this.#control(frame.opcode, frame.payload)) return this.#finish();
          continue;
        }
        const message = this.#assemble(frame.opcode, frame.payload, frame.fin);
        if (message === undefined) continue;
        this.#activeAt = this.core.clock.mono();
        if (!this.#closeSent) return message;
      }
    } catch (error) {
      this.close(error instanceof FrameError ? error.code : CLOSE.protocol);
      return this.#drain();
    }
  }

  /** Sends a message; false when the connection is over. */
  async send(text: string): Promise<boolean> {
    if (this.closing) return false;
    this.#activeAt = this.core.clock.mono();
    return await this.#write(this.core.rules.sendsBinary ? OPCODE.binary : OPCODE.text, utf8(text));
  }

  /** Starts the closing handshake; `receive` ends when the peer has answered, or did not in time. */
  close(code: number): void {
    if (this.closing) return;
    this.#closeSent = true;
    this.#write(OPCODE.close, closePayload(code));
    const { clock, rules } = this.core;
    clock.sleep(rules.closeHandshakeMs, this.#timers.signal).then(() => this.pipe.destroy(), () => {});
  }

  /** Stops all timers; the connection is the pipe's owner's again. */
  dispose(): void {
    this.#over = true;
    this.#timers.abort();
  }

  #finish(): null {
    this.dispose();
    return null;
  }

  /** Swallows what still comes after a broken frame, until the peer goes or the handshake's time is over. */
  async #drain(): Promise<null> {
    while (await this.pipe.read() !== null);
    return this.#finish();
  }

  #write(opcode: number, payload: Uint8Array): Promise<boolean> {
    return this.pipe.write(encodeFrame(opcode, payload), this.core.rules.writeStallMs);
  }

  /** Handles a control frame; false if it was the end. */
  #control(opcode: number, payload: Uint8Array): boolean {
    if (opcode === OPCODE.ping && !this.closing) this.#write(OPCODE.pong, this.core.rules.pongPayload(payload));
    if (opcode !== OPCODE.close) return true;
    if (!this.#closeSent) {
      this.#closeSent = true;
      this.#write(OPCODE.close, payload.length >= 2 ? payload.subarray(0, 2) : NO_BYTES);
    }
    return false;
  }

  #assemble(opcode: number, payload: Uint8Array, fin: boolean): WebSocketMessage | undefined {
    const continues = opcode === OPCODE.continuation;
    if (continues === (this.#fragmentOpcode === undefined)) {
      throw new FrameError(CLOSE.protocol, "Cannot read the message: its fragments are out of order");
    }
    const kind = this.#fragmentOpcode ?? opcode;
    this.#fragmentOpcode = fin ? undefined : kind;
    if (!this.core.rules.reassemble) return message(kind, payload);
    this.#fragments.push(payload);
    this.#fragmentBytes += payload.length;
    if (this.#fragmentBytes > this.core.rules.maxMessageBytes) {
      throw new FrameError(CLOSE.tooBig, "Cannot read the message: its fragments exceed the limit");
    }
    if (!fin) return undefined;
    const whole = this.#fragments.length === 1 ? payload : concat(this.#fragments);
    this.#fragments = [];
    this.#fragmentBytes = 0;
    return message(kind, whole);
  }

  async #pingRegularly(): Promise<void> {
    const { clock, rules } = this.core;
    try {
      while (Number.isFinite(rules.pingMs)) {
        await clock.sleep(rules.pingMs, this.#timers.signal);
        if (!this.closing) this.#write(OPCODE.ping, NO_BYTES);
      }
    } catch {
      // The connection is over.
    }
  }

  async #watchIdle(): Promise<void> {
    const { clock, rules } = this.core;
    try {
      while (Number.isFinite(rules.websocketIdleMs)) {
        const left = this.#activeAt + rules.websocketIdleMs - clock.mono();
        if (left <= 0) return this.close(rules.websocketIdleCode);
        await clock.sleep(left, this.#timers.signal);
      }
    } catch {
      // The connection is over.
    }
  }
}

function message(opcode: number, bytes: Uint8Array): WebSocketMessage {
  try {
    return { text: fromUtf8(bytes), binary: opcode === OPCODE.binary };
  } catch {
    throw new FrameError(CLOSE.data, "Cannot read the message: it is not valid UTF-8");
  }
}
