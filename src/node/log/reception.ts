/** Checks on a received event, in the documented order. wire-format.md section 11, reasons of section 12. */

import { type EventEnvelope, isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import type { EventsRules } from "../rules/events.ts";
import type { Membership } from "./membership.ts";

/** What reception decides about one event. */
export type Verdict =
  | { readonly kind: "new"; readonly event: EventEnvelope }
  | { readonly kind: "duplicate"; readonly event: EventEnvelope }
  | { readonly kind: "rejected"; readonly eventId: string; readonly reason: string; readonly lamport?: number };

/** What reception is checked against. */
export interface ReceptionContext {
  readonly rules: EventsRules;
  readonly communityId: string;
  readonly membership: Membership;
  readonly head: number;
  /** The stored event of an id. */
  readonly stored: (eventId: string) => EventEnvelope | undefined;
}

/** Longest text taken over into an answer as the id of a malformed event. */
const MAX_ECHOED_ID = 64;

/** Judges one event against the log as it is. */
export function judge(context: ReceptionContext, value: Json): Verdict {
  const reason = reasonAgainst(context, value);
  if (reason === undefined) {
    const event = value as unknown as EventEnvelope;
    return { kind: context.stored(event.event_id) === undefined ? "new" : "duplicate", event };
  }
  const { event_id: id, lamport } = isObject(value) ? value : {};
  const eventId = typeof id === "string" ? id.slice(0, MAX_ECHOED_ID) : "";
  return { kind: "rejected", eventId, reason, ...(typeof lamport === "number" ? { lamport } : {}) };
}

function reasonAgainst(context: ReceptionContext, value: Json): string | undefined {
  const { rules, membership } = context;
  if (!isObject(value)) return rules.shapeReason;
  const shape = shapeReason(rules, value);
  if (shape !== undefined) return shape;
  if (!rules.eventSignatureValid(value, () => membership.members().map(({ node_id }) => node_id))) {
    return "invalid_signature";
  }
  if (!rules.ownCommunity(value["community_id"], context.communityId)) return rules.foreignCommunityReason;

  const event = value as unknown as EventEnvelope;
  const { author, lamport, data } = event;
  // What is in the log already is no news, whatever became of its author since.
  if (context.stored(event.event_id)?.signature === event.signature) return undefined;
  const revoked = membership.isRevoked(author);
  const allowed = rules.mayWriteEvent(event, {
    member: revoked || membership.isMember(author),
    invited: rules.invitationAdmits(membership.invitation(data["invite_event_id"]), event),
    root: author === context.communityId,
  });
  if (!allowed) return "unknown_author";
  if (membership.revokedBy(author, lamport)) return "revoked_author";
  if (!rules.knownEventType(event.event_type) && rules.unknownTypes === "reject") return "schema_unknown";
  return rules.acceptsLate(lamport, context.head) ? undefined : "out_of_order";
}

function shapeReason(rules: EventsRules, event: JsonObject): string | undefined {
  const sound = rules.requiredEventMembers.every((name) => event[name] !== undefined) &&
    rules.validSchemaVersion(event["schema_version"]) && rules.validEventId(event["event_id"]) &&
    rules.validLamport(event["lamport"]) && rules.validWallClock(event["wall_clock"]) &&
    rules.validEventData(event["data"]) && typeof event["author"] === "string" &&
    typeof event["event_type"] === "string" && typeof event["community_id"] === "string";
  return sound ? undefined : rules.shapeReason;
}
