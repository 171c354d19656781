/** A node core for tests of capabilities: real blobs and rules, everything else as small as the tests allow. */

import {
  type Clock,
  type EventEnvelope,
  identityFromSeed,
  type JsonObject,
  Random,
  UlidSource,
} from "../../protocol/mod.ts";
import { createBlobs } from "../blobs/mod.ts";
import {
  type BusAnswer,
  type Call,
  type CapabilityDescriptor,
  type Frame,
  type Handler,
  type IncomingCall,
  type NodeCore,
  NodeError,
  type NodeOptions,
  type UnaryResult,
} from "../core.ts";
import { Seams } from "../fault.ts";
import { SILENT } from "../observability/logger.ts";
import { type Rules, soundRules } from "../rules.ts";

const SEED_BYTES = 32;
const START_MS = Date.UTC(2027, 2, 14, 9, 26, 53);

/** A clock that stands still until it is moved or slept on. */
export class SteppedClock implements Clock {
  #now = 0;
  wall(): number {
    return START_MS + this.#now;
  }
  mono(): number {
    return this.#now;
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#now += ms;
    return Promise.resolve();
  }
  advance(ms: number): void {
    this.#now += ms;
  }
}

/** Choices of a test. */
export interface BenchOptions extends Partial<Pick<NodeOptions, "backendFault" | "diskBudgetBytes" | "tokenDelayMs">> {
  readonly rules?: Partial<Rules>;
  readonly dataDirectory?: string;
  /** Events already in the log. */
  readonly events?: EventEnvelope[];
}

/** How a call of a test differs from a plain one of a trusted member. */
export type CallOptions = Partial<
  Pick<Call, "version" | "caller" | "level" | "transport" | "inbox" | "signal" | "depth" | "token">
>;

async function* silence(): AsyncGenerator<JsonObject, void, void> {}

/** A core with the given families registered, and ways to call them. */
export class Bench {
  readonly core: NodeCore;
  readonly clock = new SteppedClock();
  readonly events: EventEnvelope[];
  readonly descriptors: CapabilityDescriptor[] = [];
  readonly #handlers = new Map<string, Handler>();

  constructor(register: (core: NodeCore) => void, options: BenchOptions = {}) {
    this.events = options.events ?? [];
    const { rules, events: _, ...nodeOptions } = options;
    const identity = identityFromSeed(new Uint8Array(SEED_BYTES).fill(1));
    const random = new Random("bench");
    const core = {
      options: { tokenDelayMs: 0, ...nodeOptions },
      identity,
      rules: { ...soundRules, ...rules },
      seams: new Seams(),
      clock: this.clock,
      random,
      ids: new UlidSource(() => this.clock.wall(), random),
      metrics: { count() {}, gauge() {}, observe() {}, render: () => "" },
      manifest: { renew() {} },
      emergency: { mode: "online" },
      logger: SILENT,
      leaving: new AbortController().signal,
      stopping: new AbortController().signal,
      tokens: { covers: () => true },
      log: {
        append: (eventType: string, data: JsonObject, onBehalfOf?: string) => this.#append(eventType, data, onBehalfOf),
        since: () => this.events,
        headsByType: () => Object.fromEntries(this.events.map((event) => [event.event_type, event.lamport])),
      },
      bus: {
        register: (descriptor: CapabilityDescriptor, handler: Handler) => {
          this.descriptors.push(descriptor);
          this.#handlers.set(`${descriptor.name}@${descriptor.version}`, handler);
        },
        dispatch: (call: IncomingCall) => this.#dispatch(call),
      },
    };
    // The members left out are ones these families never read.
    this.core = { ...core, blobs: createBlobs(core as unknown as NodeCore) } as unknown as NodeCore;
    register(this.core);
  }

  /** Calls a capability; what the handler raises comes out as a rejection. */
  async call(
    capability: string,
    params: JsonObject,
    input: JsonObject,
    options: CallOptions = {},
  ): Promise<UnaryResult> {
    const result = await this.#run(capability, { params, input }, { transport: "unary", ...options });
    if (Symbol.asyncIterator in result) throw new TypeError(`Cannot take ${capability} as unary: it streams`);
    return result;
  }

  /** Calls a streaming capability and collects its frames; an exception after the first becomes an `error` frame. */
  async stream(capability: string, params: JsonObject, input: JsonObject, options: CallOptions = {}): Promise<Frame[]> {
    const frames: Frame[] = [];
    const result = await this.#run(capability, { params, input }, { transport: "sse", ...options });
    if (!(Symbol.asyncIterator in result)) throw new TypeError(`Cannot take ${capability} as a stream: it is unary`);
    try {
      for await (const frame of result) frames.push(frame);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      frames.push({ event: "error", data: { error: error.code } });
    }
    return frames;
  }

  /** The frames as they come, for tests that act in between. */
  async open(capability: string, params: JsonObject, input: JsonObject, options: CallOptions = {}) {
    const result = await this.#run(capability, { params, input }, { transport: "websocket", ...options });
    if (!(Symbol.asyncIterator in result)) throw new TypeError(`Cannot take ${capability} as a stream: it is unary`);
    return result;
  }

  /** The error code a call is refused with. */
  async refusal(capability: string, params: JsonObject, input: JsonObject, options: CallOptions = {}): Promise<string> {
    try {
      await this.#run(capability, { params, input }, { transport: "unary", ...options });
    } catch (error) {
      if (error instanceof NodeError) return error.code;
      throw error;
    }
    return "none";
  }

  async #run(capability: string, body: JsonObject, options: CallOptions & Pick<Call, "transport">) {
    const { version = "1.0" } = options;
    const handler = this.#handlers.get(`${capability}@${version}`);
    if (handler === undefined) throw new NodeError("not_found", `Cannot call ${capability}: it is not registered`);
    const call: Call = {
      capability,
      requestId: this.core.ids.next(),
      caller: "ed25519:caller",
      level: "trusted",
      params: body.params as JsonObject,
      input: body.input as JsonObject,
      body,
      depth: 0,
      signal: new AbortController().signal,
      inbox: silence(),
      ...options,
      version,
    };
    return await handler(call);
  }

  async #dispatch(call: IncomingCall): Promise<BusAnswer> {
    const { body, transport: _, acceptsStream: __, ...rest } = call;
    const result = await this.#run(call.capability, body, { ...rest, transport: "unary" });
    if (Symbol.asyncIterator in result) return { kind: "stream", frames: result };
    return { kind: "unary", body: { output: result.output, meta: { ...result.meta, ms: 0 } } };
  }

  #append(eventType: string, data: JsonObject, onBehalfOf?: string): EventEnvelope {
    const event = {
      event_id: this.core.ids.next(),
      lamport: this.events.length + 1,
      author: this.core.identity.id,
      event_type: eventType,
      data: onBehalfOf === undefined ? data : { ...data, on_behalf_of: onBehalfOf },
    } as EventEnvelope;
    this.events.push(event);
    return event;
  }
}
