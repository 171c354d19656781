/** What of an event in the log is remembered: enough to judge it, little enough to be written down for each. */

import { createHash } from "node:crypto";
import { canonicalBytes, type EventEnvelope, verifyEvent } from "../src/protocol/mod.ts";
import type { EventText, OwnEvent } from "./event_text.ts";

/** Hex digits of SHA-256 that are kept: chance of a collision 2^-64. */
const DIGEST_DIGITS = 16;

/** See the module comment. */
export interface SeenEvent {
  readonly event_id: string;
  readonly lamport: number;
  readonly type: string;
  /** Of the canonical bytes with the signature. */
  readonly digest: string;
  /** The signature is one of the author's. */
  readonly valid: boolean;
  /** Length of the canonical form. */
  readonly bytes: number;
  /** The write of ours that caused it. */
  readonly own?: OwnEvent;
}

export function seenEvent(event: EventEnvelope, text: EventText): SeenEvent {
  const bytes = canonicalBytes(event as unknown as Record<string, never>);
  const own = text.of(event);
  return {
    event_id: event.event_id,
    lamport: event.lamport,
    type: event.event_type,
    digest: createHash("sha256").update(bytes).digest("hex").slice(0, DIGEST_DIGITS),
    valid: verifyEvent(event),
    bytes: bytes.length,
    ...(own === undefined ? {} : { own }),
  };
}
