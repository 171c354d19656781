/** One call over one WebSocket: call message, frames under a window, acks, cancel (X06; wire-format-services.md §3). */

import { canonicalBytes, isObject, type Json, type JsonObject, tryParseJson } from "../../protocol/mod.ts";
import { type BusAnswer, type Frame, NodeError } from "../core.ts";
import { type BadMessage, type BadMessageAction, CLOSE } from "../rules/websocket.ts";
import { ABANDONED, CallAccount } from "./account.ts";
import { admit, type CallHead, DroppedCall, headersOfEnvelope, readCallHead } from "./admission.ts";
import { asNodeError, errorBody, type Transport } from "./call.ts";
import { Mailbox } from "./mailbox.ts";
import type { SocketPipe } from "./pipe.ts";
import type { HttpRequest } from "./request_reader.ts";
import { closing, isTerminal, untilLeaving, untilTerminal } from "./stream_writer.ts";
import { WebSocketChannel, type WebSocketMessage } from "./ws_channel.ts";
import { SocketWriter } from "./ws_writer.ts";

/** Capabilities whose client may send chunks. */
const UPLOADS: readonly string[] = ["file.put", "file.put.resume"];

/** The writer of the connection opened last, by node; only for the rule `ownSendQueue`. */
const lastWriter = new WeakMap<Transport, SocketWriter>();

/** Serves the call of an upgraded connection until the connection ends. */
export function runSocketCall(
  transport: Transport,
  pipe: SocketPipe,
  request: HttpRequest,
  upgrade: CallHead,
): Promise<void> {
  return new SocketCall(transport, pipe, request, upgrade).run();
}

class SocketCall {
  readonly #channel: WebSocketChannel;
  readonly #ownWriter: SocketWriter;
  readonly #inbox = new Mailbox();
  readonly #abort = new AbortController();
  #capability: string;
  #running: Promise<unknown> | undefined;
  #acked: number;
  #cancelled = false;
  #ended = false;
  #refused = false;
  #accepted = false;
  /** Who waits for the window, a cancel or the end. */
  readonly #waiting = new Set<() => void>();

  constructor(
    private readonly transport: Transport,
    private readonly pipe: SocketPipe,
    private readonly request: HttpRequest,
    private readonly upgrade: CallHead,
  ) {
    this.#capability = upgrade.envelope.capability;
    this.#channel = new WebSocketChannel(transport.core, pipe);
    this.#ownWriter = new SocketWriter(transport.core, this.#channel, this.#capability);
    lastWriter.set(transport, this.#ownWriter);
    this.#acked = this.#writer.lastSeq;
  }

  get #writer(): SocketWriter {
    return this.#rules.ownSendQueue ? this.#ownWriter : lastWriter.get(this.transport) ?? this.#ownWriter;
  }

  get #rules() {
    return this.transport.core.rules;
  }

  async run(): Promise<void> {
    for (const frame of this.#rules.greeting) await this.#writer.frame(frame);
    for (let reading = true; reading;) {
      const message = await this.#channel.receive();
      if (message === null) break;
      reading = await this.#receive(message);
      if (!reading) await closing(this.pipe);
    }
    this.#ended = true;
    this.#inbox.close();
    if (this.#rules.abortOnDrop) this.#abort.abort();
    this.#wake();
    this.#channel.dispose();
    await this.#running;
  }

  /** Handles a message; false if no more are to be read. */
  async #receive(message: WebSocketMessage): Promise<boolean> {
    if (message.text.length > this.#rules.fatalMessageLength) {
      this.transport.crash();
      return false;
    }
    if (message.binary && !this.#rules.acceptBinary) return true;
    const value = tryParseJson(message.text);
    const first = this.#running === undefined;
    if (value === undefined) return await this.#bad("not-json", first);
    if (!isObject(value)) return await this.#bad("not-object", first);
    if (!first) return await this.#during(value);
    const { envelope } = this.upgrade;
    const call = this.#rules.readCallMessage(value, { ...envelope, body: {} });
    if (call === undefined) return await this.#bad("not-call", true);
    this.#running = this.#call(call.envelope, call.signature);
    return true;
  }

  async #during(message: JsonObject): Promise<boolean> {
    switch (message.type ?? message.event) {
      case "ack":
        this.#acked = this.#rules.acknowledged(message.upto ?? null, this.#acked, this.#writer.lastSeq);
        this.#wake();
        return true;
      case "cancel":
        this.#cancelled = true;
        this.#wake();
        return true;
      case "tool_result":
        this.#inbox.push(message);
        return true;
      case "chunk":
        if (!UPLOADS.includes(this.#capability)) return await this.#bad("unknown-type", false);
        this.#inbox.push(message);
        return true;
      case "call":
        return await this.#second(message);
      default:
        return await this.#bad("unknown-type", false);
    }
  }

  async #second(message: JsonObject): Promise<boolean> {
    if (this.#rules.badMessage("second-call") !== "run") return await this.#bad("second-call", false);
    const { envelope } = this.upgrade;
    const call = this.#rules.readCallMessage(message, { ...envelope, body: {} });
    if (call !== undefined) this.#running = Promise.all([this.#running, this.#call(call.envelope, call.signature)]);
    return true;
  }

  async #bad(kind: BadMessage, first: boolean): Promise<boolean> {
    const action: BadMessageAction = first ? this.#rules.badFirstMessage(kind) : this.#rules.badMessage(kind);
    if (action === "refuse") {
      await this.#refuse(new NodeError("bad_request", `Cannot accept the message: it is ${kind}`), kind);
    }
    if (action === "close") {
      this.#refused = true;
      this.#channel.close(CLOSE.protocol);
    }
    if (action === "crash") this.transport.crash();
    return action !== "stop-reading";
  }

  /** One error frame unless the call has ended already, then the close. */
  async #refuse(error: NodeError, why: BadMessage | "call-refused" | "call-failed"): Promise<void> {
    this.#refused = true;
    if (!this.#ended) await this.#end({ event: "error", data: errorBody(error) });
    this.#channel.close(this.#rules.closeCodeOf(error.code, why));
  }

  /** Sends the terminal frame; nothing follows it. */
  async #end(frame: Frame): Promise<void> {
    this.#ended = true;
    this.#abort.abort();
    this.#wake();
    await this.#writer.frame(frame);
  }

  async #call(envelope: JsonObject, signature: string | undefined): Promise<void> {
    let account: CallAccount | undefined;
    try {
      const { core, streams } = this.transport;
      const head = readCallHead(core, headersOfEnvelope(envelope));
      account = new CallAccount(core, streams, head.envelope, canonicalBytes(envelope).length);
      const answer = await this.#dispatch(head, envelope, signature);
      account.streamOpened();
      if (answer.kind === "unary") await this.#end({ event: "done", data: answer.body });
      else account.finish(await this.#stream(answer.frames));
      if (this.#rules.closesAfterTerminal(this.#capability) && !this.#refused) {
        this.#channel.close(this.#rules.normalClose);
      }
      account.finish("ok");
    } catch (error) {
      if (error instanceof DroppedCall) {
        account?.finish("rate_limited");
        return this.pipe.destroy();
      }
      const refusal = asNodeError(error);
      account?.finish(refusal.code);
      await this.#refuse(refusal, this.#accepted ? "call-failed" : "call-refused");
    }
  }

  async #dispatch(head: CallHead, envelope: JsonObject, signature: string | undefined): Promise<BusAnswer> {
    const { core, limiter } = this.transport;
    const body: Json = core.rules.checkBody(envelope.body ?? null);
    const { capability, version, request_id: requestId } = head.envelope;
    this.#capability = capability;
    const signed = {
      core,
      // Members the node does not know are signed as well.
      envelope: { ...envelope, ...head.envelope, body },
      signature,
      raw: canonicalBytes(body),
      filled: head.filled,
      channel: "websocket" as const,
      headers: this.request.headers.map,
    };
    const execute = () => Promise.reject(new NodeError("bad_request", "Cannot execute before the checks"));
    const token = this.upgrade.token;
    const { caller, level, token: decoded } = await admit(
      { signed, token, limiter, execute },
      core.rules.messageChecks,
    );
    this.#compareWithUpgrade(head);
    this.#accepted = true;
    return await core.bus.dispatch({
      capability,
      version,
      requestId,
      caller,
      level: core.rules.messageLevel(level),
      body,
      depth: 0,
      signal: this.#abort.signal,
      inbox: this.#inbox,
      transport: "websocket",
      acceptsStream: true,
      via: head.envelope.from,
      ...(decoded === undefined ? {} : { token: decoded }),
    });
  }

  #compareWithUpgrade({ envelope }: CallHead): void {
    if (!this.#rules.envelopeMustMatchUpgrade) return;
    for (const name of ["capability", "version", "from", "community"] as const) {
      if (envelope[name] === this.upgrade.envelope[name]) continue;
      throw new NodeError("bad_request", `Cannot call: ${name} differs from the header of the upgrade`);
    }
  }

  /** Sends frames under the window; the result is `ok` or the code of the terminal error frame. */
  async #stream(answer: AsyncGenerator<Frame, void, void>): Promise<string> {
    const startedAt = this.transport.core.clock.mono();
    const frames = untilTerminal(untilLeaving(this.transport.core, answer));
    let next = frames.next();
    for (;;) {
      const step = await this.#whileNotCancelled(next);
      if (this.#ended) break;
      if (step === "cancelled") return await this.#cancel(frames, next, startedAt);
      if (step.done === true) break;
      if (!await this.#window()) continue;
      if (this.#ended) break;
      if (isTerminal(step.value.event)) {
        await this.#end(step.value);
        return step.value.event === "error" ? String(step.value.data.error) : "ok";
      }
      await this.#writer.frame(step.value);
      next = frames.next();
    }
    if (this.#rules.abortOnDrop) answer.return();
    return ABANDONED;
  }

  /** Waits for room in the window; false when the call was cancelled meanwhile. */
  async #window(): Promise<boolean> {
    while (this.#writer.lastSeq - this.#acked >= this.#rules.streamWindow && !this.#ended) {
      if (this.#cancelled && this.#rules.cancelAtOnce) return false;
      await this.#signalled();
    }
    return true;
  }

  #signalled(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const waiter of this.#waiting) waiter();
    this.#waiting.clear();
  }

  async #whileNotCancelled<T>(work: Promise<T>): Promise<T | "cancelled"> {
    const stopped = () => this.#ended || (this.#cancelled && this.#rules.cancelAtOnce);
    const pending = Symbol();
    const settled = work.then(() => {});
    while (!stopped()) {
      const woken = this.#signalled().then(() => pending);
      if (await Promise.race([settled, woken]) !== pending) return await work;
    }
    return "cancelled";
  }

  /** Ends a cancelled call: with the handler's own terminal frame if it comes soon, else with ours. */
  async #cancel(
    frames: AsyncGenerator<Frame, void, void>,
    pending: Promise<IteratorResult<Frame, void>>,
    startedAt: number,
  ): Promise<string> {
    const { core } = this.transport;
    const sent = this.#writer.sent;
    if (!this.#rules.stopsAfterCancel) {
      await this.#writer.frame(this.#rules.cancelledFrame(this.#capability, sent, 0));
      for await (const frame of frames) await this.#writer.frame(frame);
      return ABANDONED;
    }
    this.#abort.abort();
    const done = new AbortController();
    const late = core.clock.sleep(this.#rules.cancelGraceMs, done.signal).then(() => undefined, () => undefined);
    const last = await Promise.race([pending.catch(() => undefined), late]);
    done.abort();
    const own = last !== undefined && last.done !== true && last.value.event === "done" ? last.value : undefined;
    if (!this.#ended) {
      const ms = Math.round(core.clock.mono() - startedAt);
      await this.#end(own ?? this.#rules.cancelledFrame(this.#capability, sent, ms));
    }
    return ABANDONED;
  }
}
