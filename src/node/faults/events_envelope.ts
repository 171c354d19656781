/** Faults of the reference node: event envelopes, authors, duplicates. */

import { BASE_EVENT_TYPES, type Json, verifyDocument, verifyEvent } from "../../protocol/mod.ts";
import { faults } from "../fault.ts";

export const eventsEnvelopeFaults = faults({
  "event-signature-not-checked": {
    breaks: [
      "EVT-009",
      "EVT-010",
      "EVT-013",
      "EVT-014",
      "EVT-015",
      "EVT-016",
      "EVT-017",
      "EVT-018",
      "EVT-019",
      "EVT-046",
    ],
    rules: { eventSignatureValid: () => true },
  },
  "event-lamport-renumbered-before-check": {
    breaks: ["EVT-014"],
    rules: {
      eventSignatureValid: (event) =>
        verifyEvent(event) || verifyEvent({ ...event, lamport: Number(event.lamport) - 1 } as { author?: unknown }),
    },
  },
  "event-type-outside-signature": {
    breaks: ["EVT-016"],
    rules: {
      eventSignatureValid: (event) =>
        verifyEvent(event) ||
        BASE_EVENT_TYPES.some((type) => verifyEvent({ ...event, event_type: type } as { author?: unknown })),
    },
  },
  "event-signature-of-any-member": {
    breaks: ["EVT-017"],
    rules: {
      eventSignatureValid: (event, members) =>
        verifyEvent(event) || members().some((nodeId) => verifyDocument(nodeId, event)),
    },
  },
  "event-schema-version-outside-signature": {
    breaks: ["EVT-018"],
    rules: {
      validSchemaVersion: (value) => typeof value === "number",
      eventSignatureValid: (event) =>
        verifyEvent(event) || verifyEvent({ ...event, schema_version: 1 } as { author?: unknown }),
    },
  },
  "event-signature-optional": {
    breaks: ["EVT-019"],
    rules: {
      eventSignatureValid: (event) => event.signature === undefined || event.signature === "" || verifyEvent(event),
    },
  },
  "event-verified-as-received": {
    breaks: ["EVT-020"],
    rules: {
      // Cuts the signature off the end of the text it came in.
      eventSignatureValid: (event) => Object.keys(event).at(-1) === "signature" && verifyEvent(event),
    },
  },
  "events-from-anyone": {
    breaks: ["EVT-021"],
    rules: { mayWriteEvent: () => true },
  },
  "events-of-revoked-accepted": {
    breaks: ["EVT-022"],
    rules: { revocationCovers: () => false },
  },
  "revoked-history-refused": {
    breaks: ["EVT-023"],
    rules: { revocationCovers: () => true },
  },
  "foreign-community-filed": {
    breaks: ["EVT-025", "CHT-025"],
    rules: { ownCommunity: () => true },
  },
  "event-members-unchecked": {
    breaks: ["EVT-032"],
    rules: {
      requiredEventMembers: [],
      validWallClock: (value) => (value as string).endsWith("Z"),
    },
  },
  "event-lamport-any-number": {
    breaks: ["EVT-033", "EVT-034"],
    rules: { validLamport: (value: Json | undefined) => Number(value) >= 0 },
  },
  "event-lamport-beyond-53-bits": {
    breaks: ["EVT-034"],
    rules: { validLamport: (value: Json | undefined) => Number.isInteger(value) && Number(value) >= 0 },
  },
  "event-id-any-string": {
    breaks: ["EVT-035"],
    rules: { validEventId: (value) => typeof value === "string" },
  },
  "event-data-any-value": {
    breaks: ["EVT-036"],
    rules: { validEventData: (value) => value !== undefined },
  },
  "duplicate-raises-conflict": {
    breaks: ["EVT-037", "EVT-038", "EVT-039", "EVT-045"],
    rules: { onDuplicate: "conflict" },
  },
  "duplicate-replaces-first": {
    breaks: ["EVT-039"],
    rules: { onDuplicate: "replace" },
  },
});
