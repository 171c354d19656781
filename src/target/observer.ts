/** Seeing what a target logged, in the first way that it allows (design.md "Observing events"). */

import {
  compareEvents,
  type EventEnvelope,
  isObject,
  type Json,
  type JsonObject,
  tryParseJson,
} from "../protocol/mod.ts";
import { NoSuchActor } from "./actors.ts";
import type { PeerHost } from "./peer_host.ts";
import type { TargetProfile } from "./profile.ts";
import type { Session } from "./session.ts";

/** How events are seen. */
export type ObservationWay = "sync-answer" | "peer" | "topics" | "none";

/** Raised when no way shows the wanted events; the runner turns it into a skip. */
export class CannotObserve extends NoSuchActor {}

/** Whether a peer of the tester sees what is logged: only where it can ask for a sync, a round by itself takes 300 s. */
function peerSees({ features, identities }: TargetProfile): boolean {
  return features.has("peers") && features.has("gossip") && identities.member > 0;
}

/** Whether some logged events can be seen; which ones depends on their types. */
export function mayObserve(profile: TargetProfile): boolean {
  return profile.observe || peerSees(profile) || profile.pubsub;
}

/** Topic that carries an event type (wire-format.md section 13, wire-format-services.md section 10). */
const TOPIC_OF: Readonly<Record<string, string>> = {
  "market.post.created": "marketplace.post.created",
  "market.post.expired": "marketplace.post.expired",
  "community.member.joined": "community.member.added",
  "community.member.revoked": "community.member.revoked",
  "auth.token.issued": "auth.token.issued",
  "federation.peer.added": "federation.peer.added",
};

/** Time between two looks, in milliseconds. */
const LOOK_EVERY_MS = 50;

/** Whether a value has the members of an event envelope; signatures are not checked. */
export function looksLikeEvent(value: unknown): value is EventEnvelope {
  return isObject(value) && typeof value.event_id === "string" && typeof value.event_type === "string" &&
    typeof value.lamport === "number" && isObject(value.data);
}

/** The payload of a long-poll answer, wherever the target put it (core-transport conflict "Shape of the long-poll answer"). */
export function topicPayload(answer: Json | undefined): Json | undefined {
  if (!isObject(answer) || answer.timeout === true) return undefined;
  for (const name of ["payload", "message", "data", "event"]) {
    const value = answer[name];
    if (isObject(value)) return value;
  }
  return answer;
}

/** The sequence number of a long-poll answer, undefined where it has none. */
export function topicSeq(answer: Json | undefined): number | undefined {
  if (!isObject(answer)) return undefined;
  for (const name of ["seq", "last_seq"]) {
    const value = answer[name];
    if (typeof value === "number") return value;
  }
  return undefined;
}

/** Most answers that are asked for in one look at a long log. */
const MAX_PAGES = 200;

/** Everything above a Lamport value, however many answers it takes. */
async function pullAll(session: Session, after: number): Promise<EventEnvelope[]> {
  const all = new Map<string, EventEnvelope>();
  for (let page = 0, from = after; page < MAX_PAGES; page++) {
    const events = await pull(session, from) ?? [];
    const fresh = events.filter(({ event_id }) => !all.has(event_id));
    for (const event of fresh) all.set(event.event_id, event);
    // Events of one Lamport value may be cut by the end of a page: the last value is asked for again.
    const last = Math.max(from, ...events.map(({ lamport }) => lamport - 1));
    if (fresh.length === 0) break;
    from = last > from ? last : from + 1;
  }
  return [...all.values()];
}

/**
 * See the module comment. One observer sees what is logged after it was opened, with Lamport values above the head of
 * that moment: everything the target writes itself.
 */
export class EventObserver {
  readonly #seen = new Map<string, EventEnvelope>();

  private constructor(
    private readonly session: Session,
    private readonly types: readonly string[],
    readonly way: ObservationWay,
    private readonly startHead: number,
    private readonly seqs: Map<string, number>,
    private readonly peer?: PeerHost,
  ) {}

  static async open(session: Session, types: readonly string[]): Promise<EventObserver> {
    const { profile } = session;
    if (profile.observe) return new EventObserver(session, types, "sync-answer", await session.head() ?? 0, new Map());
    if (peerSees(profile)) {
      const identity = await session.memberIdentity("observer");
      const head = await session.head() ?? 0;
      // Always the same head: every round brings everything since, so that nothing a round cut off is missed.
      const heads = () => ({ community_id: session.communityId, head, heads_by_type: {} });
      const peer = await session.hostPeer({ name: "observer", identity, capabilities: [], heads });
      await session.introduce(peer);
      return new EventObserver(session, types, "peer", head, new Map(), peer);
    }
    const head = await session.head() ?? 0;
    const topics = types.map((type) => TOPIC_OF[type]).filter((topic) => topic !== undefined);
    const usable = session.profile.pubsub && topics.length === types.length && topics.length > 0;
    const seqs = new Map<string, number>();
    if (usable) {
      for (const topic of topics) {
        const answer = tryParseJson((await session.poll(topic, { lastSeq: 0, timeout: 0 })).body);
        seqs.set(topic, topicSeq(answer) ?? 0);
      }
    }
    return new EventObserver(session, types, usable ? "topics" : "none", head, seqs);
  }

  /** The head when the observer was opened. */
  get head(): number {
    return this.startHead;
  }

  /** Whether everything that is logged is seen, so that an event which is not seen is not there. */
  get complete(): boolean {
    return this.way === "sync-answer" || this.way === "peer";
  }

  /**
   * Everything of the wanted types logged since the observer was opened, in log order.
   *
   * @throws {CannotObserve} If the target shows these events in no way.
   */
  async events(): Promise<readonly EventEnvelope[]> {
    const found = await this.#look();
    for (const event of found) {
      if (this.types.length === 0 || this.types.includes(event.event_type)) this.#seen.set(event.event_id, event);
    }
    return [...this.#seen.values()].sort(compareEvents);
  }

  /** The first event that satisfies the predicate; undefined if none is seen within the deadline. */
  async find(predicate: (event: EventEnvelope) => boolean, deadlineMs: number): Promise<EventEnvelope | undefined> {
    const { clock } = this.session.network;
    const end = clock.mono() + deadlineMs;
    for (;;) {
      const found = (await this.events()).find(predicate);
      if (found !== undefined) return found;
      if (clock.mono() >= end) return undefined;
      await clock.sleep(LOOK_EVERY_MS);
    }
  }

  #look(): Promise<EventEnvelope[]> {
    switch (this.way) {
      case "sync-answer":
        return pullAll(this.session, this.startHead);
      case "peer":
        return this.#pushed();
      case "topics":
        return this.#polled();
      case "none":
        return Promise.reject(new CannotObserve(`logged events of type ${this.types.join(", ")} cannot be seen`));
    }
  }

  async #pushed(): Promise<EventEnvelope[]> {
    await this.session.gossip();
    return (this.peer?.pushed ?? []).flatMap((body) =>
      isObject(body) && Array.isArray(body.events) ? (body.events as unknown[]).filter(looksLikeEvent) : []
    );
  }

  async #polled(): Promise<EventEnvelope[]> {
    const found: EventEnvelope[] = [];
    for (const [topic, seq] of this.seqs) {
      const answer = tryParseJson((await this.session.poll(topic, { lastSeq: seq, timeout: 0 })).body);
      const payload = topicPayload(answer);
      const next = topicSeq(answer);
      if (looksLikeEvent(payload)) found.push(payload);
      if (next !== undefined && payload !== undefined) this.seqs.set(topic, next);
    }
    return found;
  }
}

/** Asks for events above a Lamport value through the sync answer; undefined if the target does not give any. */
export async function pull(session: Session, ourHead: number): Promise<EventEnvelope[] | undefined> {
  const body = tryParseJson((await session.push([], { ourHead })).body);
  const events = isObject(body) ? (body as JsonObject).events : undefined;
  return Array.isArray(events) ? (events as unknown[]).filter(looksLikeEvent) : undefined;
}
