/** Events and Lamport time. CONTRACT §7; wire-format.md section 11. */

import { compareCodePoints } from "./canonical.ts";
import { type Identity, signDocument, verifyDocument } from "./keys.ts";
import type { JsonObject } from "./json.ts";

/** A signed entry of the community log. */
export interface EventEnvelope {
  readonly schema_version: 1;
  readonly event_id: string;
  readonly lamport: number;
  readonly wall_clock: string;
  readonly community_id: string;
  readonly author: string;
  readonly event_type: string;
  readonly data: JsonObject;
  readonly signature: string;
}

/** An event before it is signed; `schema_version` and `author` are filled in. */
export type UnsignedEvent = Omit<EventEnvelope, "schema_version" | "author" | "signature">;

/** Event types of contract 1.0. */
export const BASE_EVENT_TYPES: readonly string[] = [
  "community.created",
  "community.member.invited",
  "community.member.joined",
  "community.member.revoked",
  "community.member.promoted",
  "community.member.demoted",
  "community.policy.updated",
  "node.manifest.updated",
  "market.post.created",
  "market.post.updated",
  "market.post.expired",
  "chat.message.sent",
  "chat.message.delivered",
  "chat.message.read",
  "file.cid.advertised",
  "file.cid.unpinned",
  "rag.document.ingested",
  "federation.peer.added",
  "federation.peer.removed",
];

/** Event types added by contract 2.0. */
export const CONTRACT2_EVENT_TYPES: readonly string[] = [
  "federation.heartbeat",
  "auth.token.issued",
  "auth.token.revoked",
  "chat.thread.created",
  "chat.thread.member.added",
  "chat.thread.member.removed",
  "chat.thread.message.sent",
  "chat.thread.message.delivered",
  "chat.thread.archived",
  "e2e.prekeys.published",
  "e2e.session.established",
  "e2e.session.broken",
  "file.replication.scheduled",
  "file.replication.completed",
  "ocr.document.indexed",
];

/** Type prefixes of contract 3.0, and the one type it names in full. */
export const CONTRACT3_EVENT_PREFIXES: readonly string[] = ["experimental.", "evidence.claim.", "civdef."];
export const CONFORMANCE_EVENT_TYPE = "protocol.conformance.reported";

/** Signs an event as its author. */
export function signEvent(author: Identity, event: UnsignedEvent): EventEnvelope {
  return signDocument(author, { schema_version: 1, ...event, author: author.id });
}

/** Whether the author's signature covers all other members. Never raises. */
export function verifyEvent(event: { readonly author?: unknown }): boolean {
  return typeof event.author === "string" && verifyDocument(event.author, event);
}

/** Log order: `(lamport, event_id)` ascending. */
export function compareEvents(
  a: { readonly lamport: number; readonly event_id: string },
  b: { readonly lamport: number; readonly event_id: string },
): number {
  return a.lamport - b.lamport || compareCodePoints(a.event_id, b.event_id);
}

/** Lamport time of one community. */
export class LamportClock {
  constructor(private value = 0) {}

  /** The highest value sent or derived from what was received. */
  get now(): number {
    return this.value;
  }

  /** Before an event of our own: `lamport += 1`. */
  tick(): number {
    return ++this.value;
  }

  /** On reception of an accepted event: `max(lamport, received) + 1`. */
  observe(received: number): number {
    return this.value = Math.max(this.value, received) + 1;
  }
}
