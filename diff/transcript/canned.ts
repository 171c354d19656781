/** A recorded answer read by the same client that reads live ones. */

import type { Clock } from "../../src/protocol/mod.ts";
import {
  type Connection,
  type HttpAnswer,
  type Network,
  type Received,
  sendRaw,
  WireError,
} from "../../src/wire/mod.ts";
import type { StepAnswer } from "../../src/runner/vector_steps.ts";
import type { RecordedExchange } from "./exchanges.ts";

/** Nobody listens there: nothing is dialled. */
const NOWHERE = { scheme: "http", host: "127.0.0.1", port: 1 } as const;

class CannedConnection implements Connection {
  readonly id = 1;
  #read = false;

  constructor(private readonly exchange: RecordedExchange) {}

  write(): Promise<void> {
    return Promise.resolve();
  }

  read(): Promise<Received | null> {
    const { received, end } = this.exchange;
    if (!this.#read) {
      this.#read = true;
      if (received.length > 0) return Promise.resolve({ bytes: received, at: 0 });
    }
    // Where the tester had read what it wanted, the answer counts as over.
    if (end === "closed" || end === "read") return Promise.resolve(null);
    const kind = end === "reset" ? "reset" : "deadline";
    return Promise.reject(new WireError(kind, `Cannot read: the recording ends with ${end}`));
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}

  reset(): void {}
}

class CannedNetwork implements Network {
  constructor(readonly clock: Clock, private readonly exchange: RecordedExchange) {}

  dial(): Promise<Connection> {
    if (this.exchange.end === "refused") {
      return Promise.reject(new WireError("refused", "Cannot connect: the recorded attempt was refused"));
    }
    return Promise.resolve(new CannedConnection(this.exchange));
  }

  listen(): Promise<never> {
    return Promise.reject(new Error("Cannot listen: a recording has no listeners"));
  }

  fact(name: string): Promise<never> {
    return Promise.reject(new Error(`Cannot observe ${name}: a recording is over`));
  }
}

/** What the recorded exchange came to, sockets included. */
export async function recordedStep(exchange: RecordedExchange, clock: Clock): Promise<StepAnswer> {
  const { socket } = exchange;
  if (socket === undefined) return { answer: await recordedAnswer(exchange, clock) };
  const { request: sent, answer: received, heard: messages, close: code } = socket;
  const answer = await recordedAnswer({ ...exchange, sent, received, end: "read" }, clock);
  const close = code === undefined ? {} : { close: { code, reason: "", at: 0, clean: true } };
  return { answer, messages, ...close };
}

/** The recorded answer, with the time it took then. */
export async function recordedAnswer(exchange: RecordedExchange, clock: Clock): Promise<HttpAnswer> {
  const answer = await sendRaw(new CannedNetwork(clock, exchange), NOWHERE, exchange.sent);
  return { ...answer, startedAt: exchange.startedAt, firstByteAt: exchange.startedAt, endedAt: exchange.endedAt };
}
