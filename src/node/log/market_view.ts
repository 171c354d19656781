/** The notice board as the log tells it. CONTRACT §4.11-4.14, §7.2; wire-format-services.md section 8. */

import { isObject, type Json, type JsonObject, parseTimestamp, timestamp } from "../../protocol/mod.ts";
import type { Rules } from "../rules.ts";
import { type Authority, effective } from "./authority.ts";
import { KeyedView } from "./keyed_view.ts";
import { type LoggedEvent, subjectOf } from "./logged_event.ts";

/** A post that was created; `ended` once someone entitled said so. */
export interface Post {
  readonly event_id: string;
  readonly lamport: number;
  /** The owner: author of the event, or whom that author posted for. */
  readonly author: string;
  readonly category: string;
  readonly title: string;
  readonly body: string;
  readonly location: JsonObject | undefined;
  readonly tags: readonly string[];
  readonly created_at: string;
  readonly expires_at: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
  readonly ended: boolean;
}

export class MarketView {
  readonly #posts: KeyedView<Post>;
  #highest = 0;
  #now = 0;

  constructor(
    private readonly rules: Rules,
    private readonly authority: Authority,
    reload: (postId: string) => LoggedEvent[],
  ) {
    this.#posts = new KeyedView({
      keyOf: ({ event }) => subjectOf(event),
      fold: (events, key) => this.#fold(events, key),
      order: rules.viewOrder,
      acceptsLate: rules.viewsAcceptLate,
      reload,
    });
  }

  add(logged: LoggedEvent): void {
    if (!logged.event.event_type.startsWith("market.")) return;
    this.#highest = Math.max(this.#highest, logged.event.lamport);
    this.#posts.add(logged);
  }

  invalidate(): void {
    this.#posts.invalidate();
  }

  /** A post by the id of the event that created it, whether live or not. */
  get(eventId: string): Post | undefined {
    return this.#posts.get(eventId);
  }

  /** All posts ever made. */
  all(): Post[] {
    return [...this.#posts.values()];
  }

  /** Posts that are neither ended nor past their lifetime. */
  live(nowMs: number): Post[] {
    if (nowMs < this.#now) this.#posts.wake();
    this.#now = nowMs;
    return this.#posts.live((post) => !post.ended && this.rules.postAlive(nowMs, post.expiresAtMs));
  }

  /** Highest Lamport value of any market event (wire-format-services.md section 8). */
  maxLamport(): number {
    return this.#highest;
  }

  #fold(events: readonly LoggedEvent[], key: string): Post | undefined {
    let created: LoggedEvent | undefined;
    let data: JsonObject = {};
    let ended = false;
    for (const logged of events) {
      const { event } = logged;
      if (!effective(this.authority, logged)) continue;
      if (event.event_type === "market.post.created") {
        if (event.event_id !== key || created !== undefined) continue;
        if (!this.rules.postSound(event.data)) continue;
        created = logged;
        data = event.data;
      } else if (created !== undefined) {
        const actor = this.authority.owner(logged);
        const who = {
          actor,
          owner: this.authority.owner(created),
          level: this.authority.levelAt(actor, logged),
        };
        if (event.event_type === "market.post.expired") {
          const { reason } = event.data;
          ended ||= typeof reason === "string" && this.rules.expireReasonKnown(reason) &&
            this.rules.mayExpirePost(who, reason);
        } else if (event.event_type === "market.post.updated" && this.rules.postUpdateCounts(who)) {
          data = this.#updated(data, event.data["fields"]);
        }
      }
    }
    return created === undefined ? undefined : this.#post(created, data, ended);
  }

  #updated(data: JsonObject, fields: Json | undefined): JsonObject {
    if (!isObject(fields)) return data;
    const known = Object.entries(fields).filter(([name]) => this.rules.postUpdatableFields.includes(name));
    const changed = { ...data, ...Object.fromEntries(known) };
    return this.rules.postSound(changed) ? changed : data;
  }

  #post(created: LoggedEvent, data: JsonObject, ended: boolean): Post {
    const { event } = created;
    const createdMs = parseTimestamp(event.wall_clock) ?? 0;
    const ttl = Math.min(Number(data["ttl_seconds"] ?? this.rules.postDefaultTtlSeconds), this.rules.postMaxTtlSeconds);
    const expiresAtMs = this.rules.postExpiresAt(createdMs, ttl);
    const { location, tags } = data;
    return {
      event_id: event.event_id,
      lamport: event.lamport,
      author: this.authority.owner(created),
      category: String(data["category"]),
      title: String(data["title"]),
      body: String(data["body"]),
      location: isObject(location) ? location : undefined,
      tags: Array.isArray(tags) ? tags.map(String) : [],
      created_at: timestamp(createdMs),
      expires_at: timestamp(expiresAtMs),
      expiresAtMs,
      ended,
    };
  }
}
