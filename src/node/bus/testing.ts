/** A core of small stand-ins for tests of bus, peers and tokens. */

import {
  atLeast,
  type Clock,
  DEFAULT_POLICY,
  type EventEnvelope,
  type Identity,
  identityFromSeed,
  type JsonObject,
  type Level,
  Random,
  signEvent,
  timestamp,
  UlidSource,
} from "../../protocol/mod.ts";
import type { CapabilityDescriptor, EventLog, IncomingCall, NodeCore } from "../core.ts";
import { Seams } from "../fault.ts";
import { SILENT } from "../observability/logger.ts";
import { type Rules, soundRules } from "../rules.ts";
import { createBus } from "./mod.ts";

/** Identity of a seed of 32 equal bytes. */
export function testIdentity(byte: number): Identity {
  return identityFromSeed(new Uint8Array(32).fill(byte));
}

export const NODE = testIdentity(1);
export const ROOT = testIdentity(2);
export const MEM1 = testIdentity(3);
export const MEM2 = testIdentity(4);
export const MEM3 = testIdentity(5);
export const TRUST1 = testIdentity(6);
export const REVOKED1 = testIdentity(7);
export const STRANGER = testIdentity(8);
/** A member that stands for another node. */
export const PEER = testIdentity(9);
export const PEER2 = testIdentity(10);

const LEVELS: readonly (readonly [Identity, Level])[] = [
  [NODE, "anchor"],
  [ROOT, "anchor"],
  [MEM1, "member"],
  [MEM2, "member"],
  [MEM3, "member"],
  [TRUST1, "trusted"],
  [PEER, "member"],
  [PEER2, "member"],
];

/** What a test can set and see beside the core. */
export interface TestCore {
  readonly core: NodeCore;
  readonly levels: Map<string, Level>;
  readonly events: EventEnvelope[];
  /** Stores an event of somebody else. */
  receive(author: Identity, eventType: string, data: JsonObject): void;
  /** Metric counters by name and labels. */
  readonly counters: Map<string, number>;
  readonly blobs: Map<string, Uint8Array>;
}

/** A core with a real bus unless `parts` brings another. */
export function testCore(
  clock: Clock,
  parts: (core: NodeCore) => Partial<NodeCore> = () => ({}),
  rules: Partial<Rules> = {},
): TestCore {
  const levels = new Map(LEVELS.map(([{ id }, level]) => [id, level]));
  const events: EventEnvelope[] = [];
  const listeners = new Set<(event: EventEnvelope) => void>();
  const counters = new Map<string, number>();
  const blobs = new Map<string, Uint8Array>();
  const random = new Random(1);
  const ids = new UlidSource(() => clock.wall(), random);
  const store = (author: Identity, event_type: string, data: JsonObject) => {
    const event = signEvent(author, {
      event_id: ids.next(),
      lamport: events.length + 1,
      wall_clock: timestamp(clock.wall()),
      community_id: ROOT.id,
      event_type,
      data,
    });
    events.push(event);
    for (const listener of listeners) listener(event);
    return event;
  };
  const log = {
    head: () => events.length,
    headsByType: () => Object.fromEntries(events.map(({ event_type, lamport }) => [event_type, lamport])),
    since: (after: number, limit = Infinity) => events.filter(({ lamport }) => lamport > after).slice(0, limit),
    append: (type: string, data: JsonObject, caller?: string) =>
      store(NODE, type, caller === undefined ? data : { ...data, on_behalf_of: caller }),
    subscribe: (listener: (event: EventEnvelope) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as EventLog;
  const level = (id: string): Level => levels.get(id) ?? "unknown";
  const core = {
    options: { identity: NODE, root: ROOT, peers: [], host: "127.0.0.1", tls: false },
    identity: NODE,
    communityId: ROOT.id,
    rules: { ...soundRules, ...rules },
    seams: new Seams(),
    clock,
    random,
    ids,
    log,
    community: {
      level,
      isMember: (id: string) => atLeast(level(id), "member"),
      isRevoked: (id: string) => id === REVOKED1.id,
      policy: () => DEFAULT_POLICY,
      members: () => [...levels].map(([node_id, level]) => ({ node_id, level })),
    },
    metrics: {
      count: (name: string, labels: JsonObject) => {
        const key = `${name} ${JSON.stringify(labels)}`;
        counters.set(key, (counters.get(key) ?? 0) + 1);
      },
      gauge: () => {},
    },
    peers: { offers: () => false },
    blobs: {
      putBlob: (bytes: Uint8Array) => {
        const cid = `blake3:${blobs.size}`;
        blobs.set(cid, bytes);
        return cid;
      },
    },
    emergency: { mode: "online" },
    logger: SILENT,
    leaving: new AbortController().signal,
    stopping: new AbortController().signal,
  } as unknown as NodeCore;
  Object.assign(core, { bus: createBus(core) });
  Object.assign(core, parts(core));
  return { core, levels, events, counters, blobs, receive: store };
}

/** A capability that takes any body. */
export function anyCapability(more: Partial<CapabilityDescriptor> = {}): CapabilityDescriptor {
  return {
    name: "file.list",
    version: "1.0",
    stability: "stable",
    params: {},
    max_concurrent: 4,
    trust: "member",
    request_schema: { type: "object" },
    response_schema: null,
    stream_schema: null,
    streaming: "never",
    ...more,
  };
}

/** A call of MEM1. */
export function callOf(capability: string, more: Partial<IncomingCall> = {}): IncomingCall {
  return {
    capability,
    version: "1.0",
    requestId: "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B",
    caller: MEM1.id,
    level: "member",
    body: { params: {}, input: {} },
    depth: 0,
    signal: new AbortController().signal,
    inbox: { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) },
    transport: "http",
    acceptsStream: true,
    ...more,
  };
}

/** The code a promise is refused with; `ok` if it is not. */
export async function codeOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return "ok";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
