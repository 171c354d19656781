/** Steps of a vector, and taking them towards one target. Judging is the caller's. */

import {
  type EventEnvelope,
  type Identity,
  isObject,
  type Json,
  type JsonObject,
  shortId,
  signDocument,
  signText,
  timestamp as instant,
  tryParseJson,
  utf8,
} from "../protocol/mod.ts";
import type { Actor, Actors } from "../target/actors.ts";
import type { CallOptions, EnvelopeHeader } from "../target/call.ts";
import type { Session } from "../target/session.ts";
import { type HttpAnswer, type ReadLimits, readSse, WireError, type WsClose, type WsMessage } from "../wire/mod.ts";
import { RecordedSteps } from "./recorded/perform.ts";
import type { RecordedStep } from "./recorded/step.ts";
import { type GossipRules, proxyRules } from "./vector_gossip.ts";
import { polled } from "./vector_polls.ts";
import { lowered, rendered, type Rendering, withGroupOrder, withHeaders } from "./vector_rendering.ts";
import { type MintedToken, mintedToken } from "./vector_tokens.ts";
import { substitute, valueAt } from "./vector_values.ts";

export { substitute, valueAt } from "./vector_values.ts";
export type { Rendering } from "./vector_rendering.ts";
export type { MintedToken } from "./vector_tokens.ts";

/** Levels an actor of a vector may have. */
export const LEVELS = ["member", "trusted", "anchor", "revoked", "stranger", "root", "self"] as const;
export type ActorLevel = (typeof LEVELS)[number];
/** Values of `do`. */
export const STEP_KINDS = ["call", "http", "push", "poll", "raw", "ws", "gossip", "recorded"] as const;

/** An event of a push step. */
export type PushedEvent =
  /** The event that an earlier push named, byte for byte. */
  | { readonly repeat: string; readonly tamper?: JsonObject }
  | {
    readonly author: string;
    readonly type: string;
    readonly data: JsonObject;
    /** Above the head by so much; default 1 above everything seen. */
    readonly lamport_offset?: number;
    /** Members replaced after signing; null values stay null. */
    readonly tamper?: JsonObject;
    /** Added to the Lamport value after signing. */
    readonly shift_lamport?: number;
    /** Seconds by which its wall clock lies after now. */
    readonly shift_seconds?: number;
    /** The actor whose key signs; the author stays who it is. */
    readonly signed_by?: string;
    /** Members replaced before signing. */
    readonly alter?: JsonObject;
    /** Members in the opposite order, as another implementation may write them. */
    readonly reversed?: boolean;
    /** Remembers the event under this name; `${NAME}` is its id, `${NAME.lamport}` its lamport. */
    readonly name?: string;
  };

/** One step. Strings of the form `${name}` are replaced by values learned from earlier answers. */
export type VectorStep =
  & {
    /** Learned values: name -> path into the JSON answer, as in `output.event_id`. */
    readonly learn?: { readonly [name: string]: string };
    /** Address the second node of the community instead; the first step that does makes it join. */
    readonly on?: "second";
  }
  & (
    | {
      readonly do: "call";
      readonly as: string;
      readonly capability: string;
      readonly version?: string;
      readonly params?: JsonObject;
      readonly input?: JsonObject;
      /** The complete body instead of `params` and `input`. */
      readonly body?: Json;
      readonly signature?: "valid" | "none" | "broken" | "malleable" | { readonly text: string };
      /** Sign this rendering instead of the canonical envelope. */
      readonly rendering?: Rendering;
      /** Prefix and suffix put around the valid signature. */
      readonly wrap?: readonly [string, string];
      /** Name another actor (by its id) as the caller; the key of `as` signs. */
      readonly from?: string;
      readonly community?: string;
      readonly timestamp?: string;
      readonly request_id?: string;
      readonly accept?: string;
      readonly omit?: readonly string[];
      /** Envelope members that are signed with another value than the one sent. */
      readonly signed_as?: { readonly [member: string]: Json };
      /** Seconds by which the signed timestamp lies after the one sent. */
      readonly signed_shift_seconds?: number;
      /** Names of headers in lower case, as HTTP allows. */
      readonly lower_headers?: boolean;
      /** Headers besides those of a call, or in place of one with the same name. */
      readonly extra_headers?: readonly (readonly [string, string])[];
      readonly token?: string;
      readonly mint?: MintedToken;
      /** Bytes transmitted instead of the canonical body. */
      readonly transmit?: string;
      /** The same for bytes that are no text, in base64. */
      readonly transmit_base64?: string;
      /** Close the connection after so many frames of an event stream. */
      readonly cancel_after?: number;
      /** Make the call so many times in a row; the last one refused or else the last counts, `outcomes` has the statuses. */
      readonly repeat?: number;
      /** Make the call so many times at once; the last one refused or else the last counts, `outcomes` as above. */
      readonly parallel?: number;
      /** Seconds to wait for the answer instead of ten. */
      readonly within_seconds?: number;
      /** With `parallel`: so many names in turn, which are the capability with `_0`, `_1`… behind it. */
      readonly names?: number;
    }
    | {
      readonly do: "http";
      readonly method: string;
      readonly path: string;
      readonly headers?: readonly (readonly [string, string])[];
      readonly body?: string;
      /** A body of so many spaces instead. */
      readonly spaces?: number;
    }
    | {
      readonly do: "push";
      readonly events: readonly PushedEvent[];
      /** Send them in the opposite order. */
      readonly backwards?: boolean;
      /** Ask for everything above this head too. */
      readonly our_head?: number;
    }
    | {
      readonly do: "poll";
      readonly topic: string;
      readonly last_seq?: number;
      readonly timeout?: number;
      /** A call that is made while the poll waits; its answer counts for nothing. */
      readonly meanwhile?: { readonly as: string; readonly capability: string; readonly input: JsonObject };
      /** Poll so many times at once; the answer that came last counts. */
      readonly subscribers?: number;
    }
    /** Let both nodes sync, the second first; the answer is what the node tells of its log then. */
    | { readonly do: "gossip"; readonly rules?: GossipRules }
    /** Bytes that need not be HTTP; only text. */
    | { readonly do: "raw"; readonly bytes: string }
    /** What a transcript holds, for another node. */
    | RecordedStep
    | {
      readonly do: "ws";
      readonly as: string;
      readonly capability: string;
      readonly params?: JsonObject;
      readonly input?: JsonObject;
      /** Subprotocols offered instead of the contract's. */
      readonly protocols?: readonly string[];
      /** Sent instead of the call message. */
      readonly first?: string;
      /** Send `cancel` after so many messages. */
      readonly cancel_after?: number;
    }
  );

/** What came back for a step. */
export interface StepAnswer {
  /** The last HTTP answer; for a WebSocket that of the upgrade. */
  readonly answer: HttpAnswer;
  readonly messages?: readonly WsMessage[];
  readonly close?: WsClose;
  /** Statuses of a repeated call in order; 0 where no answer came. */
  readonly outcomes?: readonly number[];
  /** How long the repeated calls took together, in milliseconds: budgets refill meanwhile. */
  readonly spanMs?: number;
}

/** Time for one step: far above what a sound node takes, far below what a user waits. */
const STEP_DEADLINE_S = 10;
const STEP_DEADLINE_MS = 10_000;
/** How slowly a body may go out: long ones take seconds on a busy machine. */
const SLOWEST_BYTES_PER_MS = 500;
/** How long a call made together with others may wait for each of them, on such a machine. */
const SLOWEST_MS_PER_CALL = 50;
const STEP_LIMITS: Partial<ReadLimits> = { deadlineMs: STEP_DEADLINE_MS, idleMs: STEP_DEADLINE_MS };
const MS_PER_SECOND = 1000;
/** Statuses from here on are refusals. */
const REFUSED = 400;
/** Every so many messages a WebSocket client acknowledges (wire-format.md section 16). */
const ACK_EVERY = 8;

/** Where steps are taken. */
export interface StepContext {
  readonly session: Session;
  readonly actors: Actors;
  readonly levels: { readonly [name: string]: ActorLevel };
  /** Makes ids of recorded steps new on a node that was sent the same before. */
  readonly salt?: string;
}

/**
 * Takes steps one after the other and remembers what was learned. Besides learned values these are known: `node_id`,
 * `community_id`, and for every actor `id.NAME`, its short form `short.NAME`, and `bare.NAME` without the tag.
 */
export class StepPerformer {
  readonly learned: Map<string, Json>;
  readonly #events: Map<string, EventEnvelope>;
  readonly #ids: Set<string>;

  /** Takes the steps for the second node; what is learned is shared. */
  #second: StepPerformer | undefined;
  #recorded: RecordedSteps | undefined;

  constructor(private readonly context: StepContext, shared?: StepPerformer) {
    this.learned = shared === undefined ? new Map() : shared.learned;
    this.#events = shared === undefined ? new Map() : shared.#events;
    this.#ids = shared === undefined ? new Set() : shared.#ids;
    if (shared !== undefined) return;
    this.learned.set("node_id", context.session.nodeId);
    this.learned.set("community_id", context.session.communityId);
  }

  /**
   * Takes one step.
   *
   * @throws {NoSuchActor | EnrolmentError} If an actor cannot be had.
   */
  async take(step: VectorStep): Promise<StepAnswer> {
    if (step.on === "second") {
      const { on: _, ...alike } = step;
      return await (await this.#secondPerformer()).take(alike as VectorStep);
    }
    if (step.do === "recorded") {
      const { session, actors, salt } = this.context;
      return await (this.#recorded ??= new RecordedSteps(session, actors, salt)).take(step);
    }
    await this.#knowActors(step);
    const ready = substitute(step as unknown as Json, this.learned) as unknown as VectorStep;
    const answer = await this.#perform(ready as Exclude<VectorStep, RecordedStep>);
    for (const [name, path] of Object.entries(step.learn ?? {})) {
      const value = valueAt(tryParseJson(answer.answer.body), path);
      if (value !== undefined) this.learned.set(name, value);
    }
    return answer;
  }

  /** Keys of the actors of these names, and of those a recording was repeated with. */
  async identities(names: readonly string[]): Promise<Identity[]> {
    const actors = await Promise.all(names.map((name) => this.actor(name)));
    return [...actors.map(({ identity }) => identity), ...this.#recorded?.signers ?? []];
  }

  /** The actor of a name, enrolled on first use. */
  actor(name: string): Promise<Actor> {
    const { actors, levels } = this.context;
    switch (levels[name]) {
      case "trusted":
        return actors.trusted(name);
      case "anchor":
        return actors.anchor(name);
      case "revoked":
        return actors.revoked(name);
      case "stranger":
        return Promise.resolve(actors.stranger(name));
      case "root":
        return Promise.resolve(actors.root());
      case "self":
        return Promise.resolve(actors.self());
      default:
        return actors.member(name);
    }
  }

  async #secondPerformer(): Promise<StepPerformer> {
    if (this.#second === undefined) {
      const session = await this.context.session.secondNode();
      this.#second = new StepPerformer({ ...this.context, session }, this);
    }
    return this.#second;
  }

  async #gossip(rules: GossipRules): Promise<StepAnswer> {
    const { session } = this.context;
    const second = (await this.#secondPerformer()).context.session;
    session.shape(proxyRules(rules));
    await second.gossip();
    await session.gossip();
    session.shape([]);
    return { answer: await session.httpGet("/sync/v1/heads", [], STEP_LIMITS) };
  }

  async #knowActors(step: VectorStep): Promise<void> {
    for (const [, name = ""] of JSON.stringify(step).matchAll(/\$\{(?:id|short|bare)\.(\w+)\}/g)) {
      if (this.#ids.has(name)) continue;
      this.#ids.add(name);
      const { id } = await this.actor(name);
      this.learned.set(`id.${name}`, id);
      this.learned.set(`short.${name}`, shortId(id));
      this.learned.set(`bare.${name}`, id.slice("ed25519:".length));
    }
  }

  async #perform(step: Exclude<VectorStep, RecordedStep>): Promise<StepAnswer> {
    const { session } = this.context;
    switch (step.do) {
      case "call":
        return await this.#call(step);
      case "http": {
        const { method, path, headers = [], spaces } = step;
        const body = spaces === undefined ? step.body : " ".repeat(spaces);
        const request = { method, path, headers, ...(body === undefined ? {} : { body: utf8(body) }) };
        const deadlineMs = STEP_DEADLINE_MS + (body ?? "").length / SLOWEST_BYTES_PER_MS;
        return { answer: await session.http(request, { deadlineMs, idleMs: deadlineMs }) };
      }
      case "push":
        return { answer: await this.#push(step) };
      case "poll":
        return { answer: await polled(this.context.session, step, (name) => this.actor(name)) };
      case "raw":
        return { answer: await session.raw(utf8(step.bytes), { limits: STEP_LIMITS }) };
      case "gossip":
        return await this.#gossip(step.rules ?? {});
      case "ws":
        return await this.#webSocket(step);
    }
  }

  async #call(step: Extract<VectorStep, { do: "call" }>): Promise<StepAnswer> {
    const { session } = this.context;
    const actor = await this.actor(step.as);
    const { version, from, community, timestamp, accept, transmit } = step;
    // What is signed by hand must be known before the envelope is made.
    const byHand = step.rendering !== undefined || step.wrap !== undefined || step.signature === "malleable";
    const requestId = step.request_id ?? (byHand ? session.id() : undefined);
    const token = step.mint === undefined ? step.token : await this.#mint(step.mint);
    const body: Json = step.body ?? { params: step.params ?? {}, input: step.input ?? {} };
    const bytes = step.transmit_base64 === undefined ? transmit : Uint8Array.fromBase64(step.transmit_base64);
    const given = { version, from, community, timestamp, accept, transmit: bytes, requestId, token };
    const shift = step.signed_shift_seconds;
    const signedAs = shift === undefined
      ? step.signed_as
      : { ...step.signed_as, timestamp: instant(session.wall() + shift * MS_PER_SECOND) };
    const options: CallOptions = {
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      body,
      omit: (step.omit ?? []) as readonly EnvelopeHeader[],
      signature: this.#signature(actor, step, body, requestId),
      deadlineMs: (step.within_seconds ?? STEP_DEADLINE_S) * MS_PER_SECOND +
        (step.parallel ?? 0) * SLOWEST_MS_PER_CALL,
      ...(signedAs === undefined ? {} : { signedAs }),
      headers: (list) => withHeaders(step.lower_headers === true ? lowered(list) : list, step.extra_headers ?? []),
    };
    if (step.cancel_after !== undefined) {
      return await this.#cancelled(actor, step.capability, options, step.cancel_after);
    }
    const outcomes: number[] = [];
    const startedAt = session.network.clock.mono();
    const spanMs = () => session.network.clock.mono() - startedAt;
    if (step.parallel !== undefined) {
      const { capability, names } = step;
      const call = (_: unknown, index: number) =>
        session.busCall(actor, names === undefined ? capability : `${capability}_${index % names}`, options);
      const all = await Promise.all(Array.from({ length: step.parallel }, call));
      const last = all.find(({ status }) => status >= REFUSED) ?? all.at(-1);
      if (last !== undefined) {
        return { answer: last, outcomes: all.map(({ status }) => status), spanMs: spanMs() };
      }
    }
    let answer = await session.busCall(actor, step.capability, options);
    outcomes.push(answer.status);
    for (let i = 1; i < (step.repeat ?? 1); i++) {
      const next = await session.busCall(actor, step.capability, options);
      outcomes.push(next.status);
      if (next.status >= REFUSED || answer.status < REFUSED) answer = next;
    }
    return step.repeat === undefined ? { answer } : { answer, outcomes, spanMs: spanMs() };
  }

  #signature(
    actor: Actor,
    step: Extract<VectorStep, { do: "call" }>,
    body: Json,
    requestId: string | undefined,
  ): NonNullable<CallOptions["signature"]> {
    const plain = step.signature === "malleable" ? "valid" : step.signature ?? "valid";
    if (step.rendering === undefined && step.wrap === undefined && step.signature !== "malleable") return plain;
    const { session } = this.context;
    const envelope = session.envelope(actor, step.capability, {
      body,
      ...(requestId === undefined ? {} : { requestId }),
      ...(step.version === undefined ? {} : { version: step.version }),
      ...(step.timestamp === undefined ? {} : { timestamp: step.timestamp }),
    });
    const text = rendered(step.rendering, { ...envelope }, body);
    const [before, after] = step.wrap ?? ["ed25519:", ""];
    const signed = signText(actor.identity, text);
    const own = step.signature === "malleable" ? withGroupOrder(signed) : signed;
    return { text: before + own.slice("ed25519:".length) + after };
  }

  async #cancelled(actor: Actor, capability: string, options: CallOptions, frames: number): Promise<StepAnswer> {
    const { session } = this.context;
    const stream = await session.open(actor, capability, {}, options);
    await readSse(stream, { maxFrames: frames, deadlineMs: STEP_DEADLINE_MS });
    return { answer: stream.finish() };
  }

  async #mint(mint: MintedToken): Promise<string> {
    const { session } = this.context;
    const issuer = await this.actor(mint.issuer);
    const signer = mint.signed_by === undefined ? issuer : await this.actor(mint.signed_by);
    const token = mintedToken(mint, { issuer, signer, wall: session.wall(), id: session.id() });
    if (mint.name !== undefined) this.learned.set(mint.name, token);
    return token;
  }

  async #push(step: Extract<VectorStep, { do: "push" }>): Promise<HttpAnswer> {
    const { session } = this.context;
    const events: Json[] = [];
    for (const spec of step.events) {
      if ("repeat" in spec) {
        events.push({ ...this.#events.get(spec.repeat), ...spec.tamper } as unknown as Json);
        continue;
      }
      const { author, type, data, lamport_offset: offset, tamper, alter, name, reversed } = spec;
      const { shift_lamport: shift = 0, shift_seconds: seconds } = spec;
      const lamport = offset === undefined ? undefined : Math.max(0, (await session.head() ?? 0) + offset);
      const actor = await this.actor(author);
      const event = await session.event(actor, type, data, {
        ...(lamport === undefined ? {} : { lamport }),
        ...(seconds === undefined ? {} : { wallClock: instant(session.wall() + seconds * MS_PER_SECOND) }),
        ...eventOptions(alter),
      });
      if (name !== undefined) {
        this.#events.set(name, event);
        this.learned.set(name, event.event_id);
        this.learned.set(`${name}.lamport`, event.lamport);
      }
      const sent = { ...await this.#resigned(event, spec.signed_by), lamport: event.lamport + shift, ...tamper };
      const members = Object.entries(sent);
      events.push((reversed === true ? Object.fromEntries(members.reverse()) : sent) as unknown as Json);
    }
    if (step.backwards === true) events.reverse();
    const ourHead = step.our_head === undefined ? {} : { ourHead: step.our_head };
    return await session.push(events, { ...ourHead, deadlineMs: STEP_DEADLINE_MS });
  }

  /** The event with the signature of another actor, where one is named. */
  async #resigned(event: EventEnvelope, signer: string | undefined): Promise<EventEnvelope> {
    return signer === undefined ? event : signDocument((await this.actor(signer)).identity, event);
  }

  async #webSocket(step: Extract<VectorStep, { do: "ws" }>): Promise<StepAnswer> {
    const { session } = this.context;
    const actor = await this.actor(step.as);
    const options = { params: step.params ?? {}, limits: STEP_LIMITS };
    const socket = step.first === undefined && step.protocols === undefined
      ? await session.wsCall(actor, step.capability, step.input ?? {}, options)
      : await session.wsConnect("/bus/v1/call", {
        headers: session.upgradeHeaders(actor, step.capability),
        limits: STEP_LIMITS,
        ...(step.protocols === undefined ? {} : { protocols: step.protocols }),
      });
    const messages: WsMessage[] = [];
    const answer = socket.handshake.answer;
    if (!socket.handshake.upgraded) return { answer, messages };
    try {
      if (step.first !== undefined) await socket.send(step.first);
      for (let next = await socket.next(); next !== null; next = await socket.next()) {
        messages.push(next);
        if (messages.length === step.cancel_after) await socket.send(JSON.stringify({ type: "cancel" }));
        else if (messages.length % ACK_EVERY === 0) {
          await socket.send(JSON.stringify({ type: "ack", upto: sequenceOf(next) ?? messages.length }));
        }
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
    const close = socket.closed;
    socket.abort();
    return { answer, messages, ...(close === undefined ? {} : { close }) };
  }
}

function eventOptions(alter: JsonObject = {}): JsonObject {
  const { lamport, event_id: eventId, wall_clock: wallClock, community_id: communityId } = alter;
  return Object.fromEntries(
    Object.entries({ lamport, eventId, wallClock, communityId }).filter(([, value]) => value !== undefined),
  ) as JsonObject;
}

function sequenceOf(message: WsMessage): number | undefined {
  const value = tryParseJson(message.payload);
  return isObject(value) && typeof value.seq === "number" ? value.seq : undefined;
}
