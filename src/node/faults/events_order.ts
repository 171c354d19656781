/** Faults of the reference node: Lamport time, order of views, authority over posts. */

import { compareEvents } from "../../protocol/mod.ts";
import { faults } from "../fault.ts";
import { eventsRules } from "../rules/events.ts";

export const eventsOrderFaults = faults({
  "lamport-from-wall-clock": {
    breaks: [
      "EVT-040",
      "EVT-041",
      "EVT-043",
      "EVT-044",
      "EVT-045",
      "EVT-046",
      "TOK-056",
      "MKT-020",
      "CHT-007",
      "CHT-027",
      "CHT-018",
      "CHT-025",
    ],
    rules: { lamportOnSend: (_counter, wallMs) => Math.floor(wallMs / 1000) },
  },
  "lamport-counts-own-events-only": {
    breaks: [
      "EVT-042",
      "EVT-043",
      "EVT-040",
      "IDN-070",
      "IDN-077",
      "TOK-020",
      "TOK-056",
      "MKT-028",
      "MKT-029",
      "MKT-031",
      "MKT-036",
      "MKT-047",
      "CHT-005",
      "CHT-006",
      "CHT-008",
      "CHT-009",
      "CHT-010",
      "CHT-011",
      "CHT-017",
      "CHT-018",
      "CHT-035",
      "CHT-041",
      "CHT-042",
      "CHT-025",
    ],
    rules: { lamportOnReceive: (counter) => counter },
  },
  "lamport-no-increment-on-reception": {
    breaks: ["EVT-043"],
    rules: { lamportOnReceive: (counter, received) => Math.max(counter, received) },
  },
  "lamport-set-to-received": {
    breaks: ["EVT-044"],
    rules: { lamportOnReceive: (_counter, received) => received + 1 },
  },
  "lamport-observes-duplicates": {
    breaks: ["EVT-045"],
    rules: { duplicatesAdvanceClock: true },
  },
  "lamport-observes-rejected": {
    breaks: ["EVT-034", "EVT-046"],
    rules: { rejectedAdvanceClock: true },
  },
  "late-events-refused": {
    breaks: ["EVT-023", "EVT-047", "EVT-049", "EVT-050", "EVT-052", "MKT-038"],
    rules: { acceptsLate: (lamport, head) => lamport > head },
  },
  "received-posts-reauthored": {
    breaks: [
      "EVT-048",
      "EVT-054",
      "MKT-028",
      "MKT-029",
      "MKT-035",
      "MKT-036",
      "MKT-039",
      "MKT-040",
      "MKT-047",
      "MKT-051",
      "MKT-038",
    ],
    rules: {
      eventOwner: (event, localNode, level) =>
        event.event_type.startsWith("market.") ? localNode : eventsRules.eventOwner(event, localNode, level),
    },
  },
  "views-in-order-of-arrival": {
    breaks: ["EVT-024", "EVT-049", "EVT-050", "EVT-052", "EVT-077", "MKT-038"],
    rules: { viewOrder: (a, b) => a.arrival - b.arrival },
  },
  "views-by-wall-clock": {
    breaks: ["EVT-024", "EVT-051"],
    rules: {
      viewOrder: (a, b) =>
        a.event.wall_clock < b.event.wall_clock
          ? -1
          : a.event.wall_clock > b.event.wall_clock
          ? 1
          : compareEvents(a.event, b.event),
    },
  },
  "views-equal-lamport-by-arrival": {
    breaks: ["EVT-024", "EVT-052", "EVT-077"],
    rules: { viewOrder: (a, b) => a.event.lamport - b.event.lamport || a.arrival - b.arrival },
  },
  "revocation-ordered-by-id": {
    breaks: ["EVT-024"],
    rules: {
      viewOrder: (a, b) => compareEvents(a.event, b.event),
      revocationCovers: (revokedAt, lamport) => lamport > revokedAt,
    },
  },
  "expiry-by-author-only": {
    breaks: ["EVT-053", "MKT-031", "MKT-038"],
    rules: { mayExpirePost: ({ actor, owner }) => actor === owner },
  },
  "expiry-reason-ignored": {
    breaks: ["EVT-054", "MKT-032"],
    rules: { mayExpirePost: ({ actor, owner, level }) => actor === owner || level === "trusted" || level === "anchor" },
  },
});
