/** Sound variants of the reference node: events. */

import { atLeast, type JsonObject } from "../../protocol/mod.ts";
import { type OutboundAnswer, variants } from "../fault.ts";
import { eventsRules } from "../rules/events.ts";

/** Asks a node of the same make for more than the map. */
const DETAIL = "x-sync-detail";

/** CONTRACT §7.6: the map alone, one name for the new head, and no events in the answer to a push. */
function contractForm(answer: OutboundAnswer): OutboundAnswer {
  const { body } = answer;
  if (answer.status !== 200 || typeof body !== "object" || body instanceof Uint8Array) return answer;
  if (answer.route === "/sync/v1/heads" && !answer.request.headers.has(DETAIL)) {
    const map = Object.entries(body).filter(([name]) => name.startsWith("ed25519:"));
    return { ...answer, body: Object.fromEntries(map) };
  }
  if (answer.route !== "/sync/v1/events") return answer;
  const { new_head: _, events: _events, ...rest } = body;
  return { ...answer, body: rest };
}

/** X02 §6: the other name alone. */
function moduleForm(answer: OutboundAnswer): OutboundAnswer {
  const { body } = answer;
  if (answer.route !== "/sync/v1/events" || typeof body !== "object" || body instanceof Uint8Array) return answer;
  const { new_head_lamport: _, ...rest } = body;
  return { ...answer, body: rest };
}

/** A published manifest inside an event of type node.manifest.updated. */
function manifestInEvent(answer: OutboundAnswer): OutboundAnswer {
  const { body } = answer;
  if (answer.route !== "/pubsub/v1/subscribe" || typeof body !== "object" || body instanceof Uint8Array) return answer;
  if (body.topic !== "node.manifest.updated") return answer;
  return {
    ...answer,
    body: { ...body, payload: { event_type: "node.manifest.updated", data: { manifest: body.payload ?? null } } },
  };
}

export const eventsVariants = variants({
  "sync-in-contract-form": {
    reading: "heads as a map from community to lamport, new_head_lamport alone and no events in the answer to a push " +
      "(CONTRACT §7.6); bare shape errors are unknown " +
      "schemas; a manifest is published inside its event (core-events conflicts)",
    outbound: (answer) => manifestInEvent(contractForm(answer)),
    request: (request) =>
      request.purpose === "heads" ? { ...request, headers: [...request.headers, [DETAIL, "1"]] } : request,
    rules: { shapeReason: "schema_unknown", foreignCommunityReason: "schema_unknown" },
  },
  "sync-in-module-form": {
    reading:
      "heads as the object of X02 §6 without a map entry, new_head alone, a repeated event counted as accepted, events " +
      "of unknown type stored without effect (CONTRACT3 §10)",
    outbound: moduleForm,
    rules: {
      headsDocument: (state) => {
        const { [state.communityId]: _, event_count: _count, ...rest } = eventsRules.headsDocument(state);
        return rest as JsonObject;
      },
      unknownTypes: "store",
      countsDuplicates: true,
    },
  },
  "void-events-stored": {
    reading:
      "a joined event is stored whatever its invitation, and the view decides whether it has an effect (§7.2); " +
      "a lamport below the counter does not advance it (EVT-044)",
    rules: {
      lamportOnReceive: (counter, received) => received > counter ? received + 1 : counter,
      mayWriteEvent: (event, author) =>
        eventsRules.mayWriteEvent(event, author) || event.event_type === "community.member.joined",
    },
  },
  "void-events-rejected": {
    reading: "events that could have no effect are rejected: policy by others than root, a second founding (§7.2); " +
      "contract 3 types are not known to a node of contract 1 (X02 §5.2); moderators expire stale posts only (M06 §4.4)",
    rules: {
      mayExpirePost: ({ actor, owner, level }, reason) =>
        actor === owner || (atLeast(level, "trusted") && reason === "stale"),
      mayWriteEvent: (event, author) =>
        event.event_type === "community.policy.updated"
          ? author.root
          : event.event_type !== "community.created" && eventsRules.mayWriteEvent(event, author),
      knownEventType: (type) => !type.startsWith("experimental.") && eventsRules.knownEventType(type),
    },
  },
});
