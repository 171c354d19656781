/** The log of one community: own events, received events, Lamport time. CONTRACT §7; wire-format.md sections 11 and 12. */

import {
  canonicalize,
  type EventEnvelope,
  type Identity,
  type Json,
  type JsonObject,
  signDocument,
  type UnsignedEvent,
} from "../../protocol/mod.ts";
import type { EventLog, NodeCore, SyncResult } from "../core.ts";
import { judge, type ReceptionContext, type Verdict } from "./reception.ts";
import { SetDigest } from "./set_digest.ts";
import { EventStore } from "./store.ts";
import { LogViews } from "./views.ts";

/** Parts of the node the log needs while it is opened; everything else is read later. */
export type LogCore = Pick<NodeCore, "options" | "identity" | "communityId" | "rules" | "seams" | "clock" | "ids">;

/** Rolls a push back as a whole; only a faulty node does so. */
class BatchRefused extends Error {
  override readonly name = "BatchRefused";
}

/** What the log does with an event after it is on disk. */
export type Announce = (event: EventEnvelope) => void;

export class CommunityLog implements EventLog {
  readonly #store: EventStore;
  readonly #listeners = new Set<Announce>();
  #views: LogViews;
  #counter = 0;
  #head = 0;
  #count = 0;
  #byType: Record<string, number> = {};
  #digest = new SetDigest();
  /** Stored in the running transaction; announced once it is on disk. */
  #pending: EventEnvelope[] = [];
  #announcing = false;
  #sealed = false;

  /**
   * Opens the log of the options' data directory, or one in memory.
   *
   * @throws {RangeError} If the directory holds the log of another community.
   */
  constructor(private readonly core: LogCore) {
    const { rules } = core;
    this.#store = new EventStore(core.options.dataDirectory, rules.commits);
    this.#store.dropLatest(rules.eventsLostOnOpen);
    if (rules.reopened !== undefined) this.#revise(rules.reopened);
    if (!rules.requestsKnownOnOpen) this.#store.forget("requests");
    if (!rules.idsKnownOnOpen) this.#store.forget("ids");
    this.#views = this.#load();
  }

  get views(): LogViews {
    return this.#views;
  }

  head(): number {
    return this.#head;
  }

  headsByType(): Readonly<Record<string, number>> {
    return this.#byType;
  }

  count(): number {
    return this.#count;
  }

  /** Digest of the set of stored event ids. */
  digest(): string {
    return this.#digest.toString();
  }

  get(eventId: string): EventEnvelope | undefined {
    return this.#store.get(eventId);
  }

  since(after: number, limit?: number): readonly EventEnvelope[] {
    return this.#store.since(after, limit);
  }

  /** The event an owner's earlier request made, by type and `client_id`. */
  byRequest(eventType: string, owner: string, clientId: string): EventEnvelope | undefined {
    return this.#store.byRequest(requestKey(eventType, owner, clientId));
  }

  append(eventType: string, data: JsonObject, onBehalfOf?: string): EventEnvelope {
    const { rules, seams, clock, identity } = this.core;
    const caller = onBehalfOf === undefined || onBehalfOf === identity.id ? {} : { on_behalf_of: onBehalfOf };
    const lamport = rules.lamportOnSend(this.#counter, clock.wall());
    this.#counter = Math.max(this.#counter, lamport);
    const unsigned = seams.document("event", {
      schema_version: 1,
      event_id: rules.ownEventId(() => this.#freshId(), lamport),
      lamport,
      wall_clock: rules.eventWallClock(clock.wall()),
      community_id: this.core.communityId,
      author: identity.id,
      event_type: eventType,
      data: { ...data, ...caller },
    });
    const event = signDocument(identity, unsigned) as unknown as EventEnvelope;
    this.#commit(() => this.#insert(event));
    return event;
  }

  /** Signs and stores an event of any identity the node holds the key of; no seam sees it. */
  appendAs(author: Identity, eventType: string, data: JsonObject): EventEnvelope {
    const unsigned: UnsignedEvent & { schema_version: 1; author: string } = {
      schema_version: 1,
      event_id: this.#freshId(),
      lamport: ++this.#counter,
      wall_clock: this.core.rules.eventWallClock(this.core.clock.wall()),
      community_id: this.core.communityId,
      author: author.id,
      event_type: eventType,
      data,
    };
    const event = signDocument(author, unsigned);
    this.#commit(() => this.#keep(event));
    return event;
  }

  receive(events: readonly Json[]): SyncResult {
    const before = this.#head;
    const reasons: { event_id: string; reason: string }[] = [];
    let accepted = 0;
    const { rules } = this.core;
    const take = () => {
      for (const value of events) {
        const verdict = judge(this.#context(), value);
        if (verdict.kind === "rejected") reasons.push({ event_id: verdict.eventId, reason: verdict.reason });
        const repeated = verdict.kind === "duplicate" && rules.countsDuplicates;
        if (this.#take(verdict) || repeated) accepted++;
        if (verdict.kind === "rejected" && rules.batchMode === "until-first-error") break;
      }
      if (rules.batchMode === "all-or-nothing" && reasons.length > 0) throw new BatchRefused();
    };
    try {
      this.#commit(take);
    } catch (error) {
      if (!(error instanceof BatchRefused)) throw error;
      accepted = 0;
    }
    const head = rules.reportedHead(before, this.#head);
    return {
      accepted,
      rejected: reasons.length,
      rejected_reasons: reasons,
      new_head: head,
      new_head_lamport: head,
    };
  }

  /** Runs several changes as one write to the disk. */
  batch<T>(work: () => T): T {
    return this.#commit(work);
  }

  subscribe(listener: Announce): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  seal(): void {
    this.#sealed = true;
  }

  close(): void {
    this.#listeners.clear();
    this.#store.close();
  }

  /** A seeded source repeats itself after a restart; what is stored already is passed over. */
  #freshId(): string {
    let id = this.core.ids.next();
    while (this.#store.has(id)) id = this.core.ids.next();
    return id;
  }

  /** Stores what a verdict lets in and moves the counter; true if the event is new. */
  #take(verdict: Verdict): boolean {
    const { rules } = this.core;
    if (verdict.kind === "rejected") {
      if (rules.rejectedAdvanceClock && verdict.lamport !== undefined) this.#observe(verdict.lamport);
      return false;
    }
    if (verdict.kind === "duplicate") {
      if (rules.duplicatesAdvanceClock) this.#observe(verdict.event.lamport);
      if (rules.onDuplicate === "replace") this.#replace(verdict.event);
      else if (rules.onDuplicate === "apply-again") this.#views.add({ event: verdict.event, arrival: this.#count });
      else if (rules.onDuplicate === "conflict") this.#insert(verdict.event);
      if (rules.announcesDuplicates) this.#pending.push(verdict.event);
      return false;
    }
    this.#observe(verdict.event.lamport);
    this.#insert(verdict.event);
    return true;
  }

  #observe(lamport: number): void {
    this.#counter = this.core.rules.lamportOnReceive(this.#counter, lamport);
  }

  #replace(event: EventEnvelope): void {
    this.#store.delete(event.event_id);
    this.#store.insert(event, undefined);
    this.#views = this.#load();
  }

  #context(): ReceptionContext {
    return {
      rules: this.core.rules,
      communityId: this.core.communityId,
      membership: this.#views.membership,
      head: this.#head,
      stored: (eventId) => this.#store.get(eventId),
    };
  }

  #insert(signed: EventEnvelope): void {
    const event = this.#sealed ? null : this.core.seams.log(signed);
    if (event !== null) this.#keep(event);
  }

  #keep(event: EventEnvelope): void {
    const clientId = event.data["client_id"];
    const owner = typeof event.data["on_behalf_of"] === "string" && event.author === this.core.identity.id
      ? event.data["on_behalf_of"]
      : event.author;
    const dedup = typeof clientId === "string" ? requestKey(event.event_type, owner, clientId) : undefined;
    const logged = this.#store.insert(event, dedup);
    this.#account(event);
    this.#views.add(logged);
    this.#pending.push(event);
  }

  #account(event: EventEnvelope): void {
    const { event_type: type, lamport } = event;
    this.#head = Math.max(this.#head, lamport);
    this.#byType[type] = Math.max(this.#byType[type] ?? 0, lamport);
    this.#count++;
    this.#digest.add(event.event_id);
  }

  /** Changes what an earlier run stored; a new log has nothing to change. */
  #revise(reopened: NonNullable<LogCore["rules"]["reopened"]>): void {
    const stored = [...this.#store.load()];
    this.#store.transaction(() => {
      for (const { event, arrival } of stored) {
        const revised = reopened(event, () => this.#freshId());
        if (revised !== event) this.#store.revise(arrival, revised);
      }
    });
  }

  /** Announces only what is on disk; a failed write takes everything back. */
  #commit<T>(work: () => T): T {
    let result: T;
    try {
      result = this.#store.transaction(work);
    } catch (error) {
      this.#pending = [];
      this.#views = this.#load();
      throw error;
    }
    if (!this.#store.inTransaction && !this.#announcing) this.#announce();
    return result;
  }

  /** In order of storage, also where a listener appends further events. */
  #announce(): void {
    this.#announcing = true;
    try {
      for (let event = this.#pending.shift(); event !== undefined; event = this.#pending.shift()) {
        for (const listener of this.#listeners) listener(event);
      }
    } finally {
      this.#announcing = false;
    }
  }

  /** Reads the log and starts the counter above everything stored. */
  #load(): LogViews {
    const { rules, communityId, identity, options } = this.core;
    this.#head = 0;
    this.#count = 0;
    this.#byType = {};
    this.#digest = new SetDigest();
    const views = new LogViews({
      rules,
      communityId,
      localNode: identity.id,
      communityName: options.communityName,
      reload: (postId) => this.#store.about(postId),
    });
    for (const logged of this.#store.load()) {
      const { community_id: community } = logged.event;
      if (this.#count === 0 && community !== communityId) {
        throw new RangeError(`Cannot open the log: current community is ${community}, not ${communityId}`);
      }
      this.#account(logged.event);
      if (rules.restoresEvent(logged.event)) views.add(logged);
    }
    this.#counter = Math.max(this.#counter, rules.lamportOnOpen(this.#head));
    return views;
  }
}

function requestKey(eventType: string, owner: string, clientId: string): string {
  return canonicalize([eventType, owner, clientId]);
}
