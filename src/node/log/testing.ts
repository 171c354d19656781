/** A node core for tests of the log: real rules and seams, a clock that stands still, no network. */

import {
  type Clock,
  deriveBytes,
  type EventEnvelope,
  type Identity,
  identityFromSeed,
  type JsonObject,
  Random,
  signEvent,
  ulid,
  UlidSource,
} from "../../protocol/mod.ts";
import { canonicalBytes, signText } from "../../protocol/mod.ts";
import type { NodeCore, NodeOptions } from "../core.ts";
import { type Overrides, Seams } from "../fault.ts";
import { type Rules, soundRules } from "../rules.ts";
import { coSignedPayloads } from "./co_signers.ts";
import { openEventLog } from "./mod.ts";

/** 2027-03-14T09:26:53Z, the time of the worked vector. */
export const TEST_TIME = Date.UTC(2027, 2, 14, 9, 26, 53);

/** A clock moved by hand. */
export class HandClock implements Clock {
  constructor(private ms = TEST_TIME) {}
  wall(): number {
    return this.ms;
  }
  mono(): number {
    return this.ms;
  }
  sleep(): Promise<void> {
    return Promise.resolve();
  }
  forward(ms: number): void {
    this.ms += ms;
  }
}

/** An identity by name. */
export function actor(name: string): Identity {
  return identityFromSeed(deriveBytes("log-tests", name));
}

/** What a test may choose about its node. */
export interface TestNode {
  readonly node?: string;
  readonly dataDirectory?: string;
  readonly root?: Identity;
  readonly overrides?: Overrides;
  readonly clock?: HandClock;
  readonly capabilities?: Partial<NodeCore>;
}

export const ROOT = actor("root");

/** Opens a log in a core that is otherwise empty; published messages are collected. */
export function openTestLog(choice: TestNode = {}) {
  const clock = choice.clock ?? new HandClock();
  const rules: Rules = { ...soundRules, ...choice.overrides?.rules };
  const identity = actor(choice.node ?? "node");
  const random = new Random("log-tests", choice.node ?? "node", choice.dataDirectory ?? "");
  const published: { topic: string; payload: JsonObject }[] = [];
  const options = {
    identity,
    root: choice.root ?? ROOT,
    communityName: "valley",
    peers: [],
    ...(choice.dataDirectory === undefined ? {} : { dataDirectory: choice.dataDirectory }),
  } as unknown as NodeOptions;
  const core = {
    options,
    identity,
    communityId: (choice.root ?? ROOT).id,
    rules,
    seams: new Seams(choice.overrides === undefined ? [] : [choice.overrides]),
    clock,
    random,
    ids: new UlidSource(() => clock.wall(), random),
    topics: {
      publish: (topic: string, payload: JsonObject) => void published.push({ topic, payload }),
      next: () => Promise.resolve(undefined),
      seq: () => 0,
    },
    ...choice.capabilities,
  };
  const opened = openEventLog(core as unknown as NodeCore);
  const complete = Object.assign(core, { log: opened.log, community: opened.community }) as unknown as NodeCore;
  return { ...opened, core: complete, clock, published };
}

const idRandom = new Random("log-tests", "ids");

/** An event that is also JSON for the type checker. */
export type TestEvent = EventEnvelope & JsonObject;

/** Signs an event of the community. */
export function eventBy(
  author: Identity,
  lamport: number,
  eventType: string,
  data: JsonObject,
  more: { event_id?: string; wall_clock?: string; community_id?: string } = {},
): TestEvent {
  return signEvent(author, {
    event_id: ulid(TEST_TIME, idRandom),
    lamport,
    wall_clock: "2027-03-14T09:26:53Z",
    community_id: ROOT.id,
    event_type: eventType,
    data,
    ...more,
  }) as TestEvent;
}

/** Invitation by root and joining: what makes a member. */
export function admission(member: Identity, lamport: number, level = "member"): [TestEvent, TestEvent] {
  const invited = eventBy(ROOT, lamport, "community.member.invited", {
    invitee_node_id: member.id,
    display_name: "guest",
    initial_level: level,
    expires_at: "2027-03-15T09:26:53Z",
  });
  const joined = eventBy(member, lamport + 1, "community.member.joined", {
    invite_event_id: invited.event_id,
    node_manifest: {},
  });
  return [invited, joined];
}

/** Data of a co-signed decision. */
export function coSigned(
  kind: "promoted" | "demoted" | "revoked",
  data: JsonObject,
  signers: readonly Identity[],
): JsonObject {
  const payload = canonicalBytes(coSignedPayloads(kind, data)[0] ?? {});
  return {
    ...data,
    co_signers: signers.map((signer) => ({ node_id: signer.id, signature: signText(signer, payload) })),
  };
}
