/** Small stand-ins for the parts of the node, for tests of the transport alone. */

import {
  type CommunityManifest,
  DEFAULT_POLICY,
  type Identity,
  identityFromSeed,
  isObject,
  type JsonObject,
  type Level,
  signDocument,
} from "../../protocol/mod.ts";
import {
  type BlobStore,
  type BusAnswer,
  type CapabilityDescriptor,
  type Frame,
  type IncomingCall,
  type NodeCore,
  NodeError,
} from "../core.ts";
import type { NodeParts } from "../node.ts";

/** Identity with a seed of 32 equal bytes. */
export function fakeIdentity(byte: number): Identity {
  return identityFromSeed(new Uint8Array(32).fill(byte));
}

export const MEMBER = fakeIdentity(1);
export const OTHER_MEMBER = fakeIdentity(2);
export const REVOKED = fakeIdentity(3);
export const STRANGER = fakeIdentity(4);

const LEVELS_OF: Readonly<Record<string, Level>> = { [MEMBER.id]: "member", [OTHER_MEMBER.id]: "member" };

/** What a fake capability does with a call. */
export type FakeHandler = (call: IncomingCall) => BusAnswer | Promise<BusAnswer>;

function descriptor(
  name: string,
  trust: CapabilityDescriptor["trust"],
  streaming: CapabilityDescriptor["streaming"],
): CapabilityDescriptor {
  return {
    name,
    version: "1.0",
    stability: "stable",
    params: {},
    max_concurrent: 8,
    trust,
    request_schema: {},
    response_schema: null,
    stream_schema: null,
    streaming,
  };
}

/** What a test can see and set. */
export interface FakeNode {
  readonly parts: NodeParts;
  readonly calls: IncomingCall[];
  peers: number;
  head: number;
  /** Additional capabilities by name; an object is a streaming one. */
  readonly handlers: Record<string, FakeHandler>;
}

async function* frames(list: readonly Frame[]): AsyncGenerator<Frame, void, void> {
  for (const frame of list) yield await Promise.resolve(frame);
}

/** A stream answer with these frames. */
export function framesAnswer(...list: readonly Frame[]): BusAnswer {
  return { kind: "stream", frames: frames(list) };
}

/** Parts that keep nothing: a member, a revoked identity, `test.echo`, `test.open` and whatever `handlers` holds. */
export function fakeNode(handlers: Record<string, FakeHandler> = {}): FakeNode {
  const calls: IncomingCall[] = [];
  const all: Record<string, FakeHandler> = {
    "test.echo": (call) => ({ kind: "unary", body: { output: call.body.input ?? null, meta: { ms: 0 } } }),
    "test.open": () => ({ kind: "unary", body: { output: {}, meta: { ms: 0 } } }),
    ...handlers,
  };
  const descriptors = Object.keys(all).map((name) =>
    descriptor(name, name === "test.open" ? "unknown" : "member", name.includes(".stream") ? "always" : "never")
  );
  const node: FakeNode = { calls, peers: 0, head: 0, handlers: all, parts: { ...partsOf(() => node, descriptors) } };
  return node;
}

function partsOf(node: () => FakeNode, descriptors: readonly CapabilityDescriptor[]): NodeParts {
  return {
    openEventLog: (core) => ({
      log: {
        head: () => node().head,
        headsByType: () => ({}),
        count: () => node().head,
        get: () => undefined,
        since: () => [],
        append: () => {
          throw new NodeError("not_implemented", "Cannot append to a fake log");
        },
        receive: (events) => ({
          accepted: events.length,
          rejected: 0,
          rejected_reasons: [],
          new_head: node().head,
          new_head_lamport: node().head,
        }),
        subscribe: () => () => {},
        close: () => {},
      },
      community: {
        level: (id) => LEVELS_OF[id] ?? "unknown",
        isRevoked: (id) => id === REVOKED.id,
        isMember: (id) => id in LEVELS_OF,
        policy: () => DEFAULT_POLICY,
        manifest: () => communityManifest(core),
        members: () => [{ node_id: MEMBER.id, level: "member" }],
      },
    }),
    createBus: () => ({
      register: () => {},
      descriptors: () => descriptors,
      entries: () => [],
      inFlight: () => 0,
      dispatch: async (call) => {
        node().calls.push(call);
        const handler = node().handlers[call.capability];
        if (handler === undefined) throw new NodeError("not_found", `Cannot call: there is no ${call.capability}`);
        if (!isObject(call.body.input)) throw new NodeError("bad_request", "Cannot call: input is missing");
        return await handler(call);
      },
    }),
    createPeers: () => ({
      add: () => Promise.resolve(false),
      offers: () => false,
      route: () => Promise.reject(new NodeError("not_found", "Cannot route: a fake knows no peers")),
      gossip: () => Promise.resolve(),
      count: () => node().peers,
      stop: () => Promise.resolve(),
    }),
    createTokens: () => ({
      authorize: () => {
        throw new NodeError("token_invalid", "Cannot accept a token in a fake");
      },
      covers: () => false,
    }),
    // The transport reads nothing else of the blobs.
    createBlobs: () => ({ usedBytes: () => 0 }) as unknown as BlobStore,
    registerAll: () => {},
  };
}

function communityManifest(core: NodeCore): CommunityManifest {
  const unsigned: JsonObject = {
    version: 1,
    community_id: core.communityId,
    members: [],
    revoked: [],
    head_lamport: 0,
  };
  return signDocument(core.options.root, unsigned) as unknown as CommunityManifest;
}
