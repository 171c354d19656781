/**
 * A gossip round. What the documents define is the push: everything above the peer's head (wire-format.md section 12).
 * Between nodes that also tell a digest of their log, the round goes on until both hold the same set: it fetches what is
 * missing here with `our_head`, and sends what is missing there although its Lamport value is low.
 */

import { type EventEnvelope, isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";
import { CommunityLog } from "../log/event_log.ts";
import { enter } from "../log/genesis.ts";
import { inPages } from "../log/pages.ts";
import { headsDocument } from "../log/sync.ts";

const HEADS_PATH = "/sync/v1/heads";
const EVENTS_PATH = "/sync/v1/events";
/** Below every Lamport value; 0 is one. */
const BEFORE_ALL = -1;
/** Pages fetched in one round at most; a peer that always has more is not believed for ever. */
const MAX_PULLED_PAGES = 10_000;

/** How a round reaches the peer. Both return the parsed body of a 200 answer and reject otherwise. */
export interface PeerTransport {
  get(path: string): Promise<Json>;
  post(path: string, body: JsonObject): Promise<Json>;
}

type GossipCore = Pick<NodeCore, "rules" | "log" | "communityId" | "identity" | "options" | "seams" | "clock" | "ids">;

interface PeerHeads {
  readonly head: number;
  readonly digest: string | undefined;
}

export class Gossip {
  /** By peer: Lamport value up to which both logs held the same set when they were last compared. */
  readonly #settled = new Map<string, number>();
  /**
   * By peer: both digests after a round that could not make them equal. A revocation that reached one side first keeps
   * events out there for good, so without news on either side there is nothing to do.
   */
  readonly #differing = new Map<string, string>();

  constructor(private readonly core: GossipCore) {}

  /**
   * One round with a peer.
   *
   * @throws {Error} What the transport raises.
   */
  async round(peerId: string, peer: PeerTransport): Promise<void> {
    const heads = await this.#heads(peer);
    if (this.#equal(heads)) return this.#settle(peerId);
    if (heads.digest !== undefined && this.#differing.get(peerId) === this.#pair(heads)) return;
    const refused = await this.#push(peer, this.#toPush(heads.head));
    if (refused) await this.#enterAgain(peer, heads.head);
    if (!this.core.rules.gossipPulls) return;
    if (heads.digest === undefined) {
      if (heads.head > this.core.log.head()) await this.#pull(peer, this.core.log.head());
      return;
    }
    for (const after of new Set([this.#settled.get(peerId) ?? BEFORE_ALL, BEFORE_ALL])) {
      const theirs = await this.#pull(peer, after);
      const missing = this.#upTo(heads.head, after).filter(({ event_id }) => !theirs.has(event_id));
      if (this.core.rules.gossipRepairs) await this.#push(peer, missing);
      const now = await this.#heads(peer);
      if (this.#equal(now)) return this.#settle(peerId);
      this.#differing.set(peerId, this.#pair(now));
    }
    this.#settled.delete(peerId);
  }

  #pair({ digest }: PeerHeads): string {
    return `${headsDocument(this.core)["event_digest"]} ${digest}`;
  }

  /**
   * Fetches what a node of the same root key tells, before anything is known of it: it may turn out to be a member.
   *
   * @throws {Error} What the transport raises.
   */
  async meet(peer: PeerTransport): Promise<void> {
    await this.#pull(peer, BEFORE_ALL);
  }

  #settle(peerId: string): void {
    this.#differing.delete(peerId);
    this.#settled.set(peerId, this.core.log.head());
  }

  #equal({ digest }: PeerHeads): boolean {
    return digest !== undefined && headsDocument(this.core)["event_digest"] === digest;
  }

  async #heads(peer: PeerTransport): Promise<PeerHeads> {
    const document = await peer.get(HEADS_PATH);
    if (!isObject(document)) return { head: 0, digest: undefined };
    const head = document["head"] ?? document[this.core.communityId];
    const digest = document["event_digest"];
    return {
      head: Number.isSafeInteger(head) ? Number(head) : 0,
      digest: typeof digest === "string" && digest !== "" ? digest : undefined,
    };
  }

  #toPush(peerHead: number): readonly EventEnvelope[] {
    const { rules } = this.core;
    return rules.eventsToPush(this.#above(rules.pushesAbove(peerHead)), peerHead);
  }

  #above(lamport: number): readonly EventEnvelope[] {
    return this.core.log.since(lamport);
  }

  #upTo(head: number, after: number): EventEnvelope[] {
    return this.core.log.since(after).filter(({ lamport }) => lamport <= head);
  }

  /** Sends events in pages; true if the peer does not know us as an author. */
  async #push(peer: PeerTransport, events: readonly EventEnvelope[]): Promise<boolean> {
    const { rules, communityId, identity } = this.core;
    const own = new Set(events.filter(({ author }) => author === identity.id).map(({ event_id }) => event_id));
    let refused = false;
    for (const page of inPages(events, rules.gossipPushEvents)) {
      const answer = await peer.post(EVENTS_PATH, { community_id: communityId, events: page as unknown as Json[] });
      const reasons = isObject(answer) ? answer["rejected_reasons"] : undefined;
      if (!Array.isArray(reasons)) continue;
      refused ||= reasons.some((entry) =>
        isObject(entry) && entry["reason"] === "unknown_author" && own.has(String(entry["event_id"]))
      );
    }
    return refused;
  }

  /** A node that holds the root key admits itself once more, above everything the peer has. */
  async #enterAgain(peer: PeerTransport, peerHead: number): Promise<void> {
    const { core } = this;
    if (!(core.log instanceof CommunityLog)) return;
    const before = core.log.head();
    enter(core, core.log);
    const after = this.#above(Math.max(peerHead, before));
    await this.#push(peer, [...after, ...this.#above(peerHead).filter(({ lamport }) => lamport <= before)]);
  }

  /** Stores what the peer has above a Lamport value; returns the ids it told. */
  async #pull(peer: PeerTransport, from: number): Promise<Set<string>> {
    const { log, communityId } = this.core;
    const told = new Set<string>();
    let after = from;
    for (let page = 0; page < MAX_PULLED_PAGES; page++) {
      const answer = await peer.post(EVENTS_PATH, { community_id: communityId, events: [], our_head: after });
      const events = isObject(answer) ? answer["events"] : undefined;
      if (!Array.isArray(events) || events.length === 0) break;
      log.receive(events);
      const last = events.reduce<number>((highest, event) => Math.max(highest, noteEvent(event, told)), after);
      if (last <= after) break;
      after = last;
    }
    return told;
  }
}

function noteEvent(event: Json, told: Set<string>): number {
  if (!isObject(event)) return 0;
  if (typeof event["event_id"] === "string") told.add(event["event_id"]);
  return Number.isSafeInteger(event["lamport"]) ? Number(event["lamport"]) : 0;
}
