/** Faults of the reference node: own events on topics, and gossip. */

import { type JsonObject, parseTimestamp, timestamp } from "../../protocol/mod.ts";
import { faults } from "../fault.ts";
import { eventsRules } from "../rules/events.ts";
import { servicesRules } from "../rules/services.ts";
import { transportRules } from "../rules/transport.ts";

const POST = "market.post.created";
/** Longer than any run. */
const NEVER_MS = 1_000_000_000;
/** Below every Lamport value. */
const BEFORE_ALL = -1;
/** A time part of ULIDs that somebody wrote down once. */
const FIXED_TIME = "01J0000000";

/** Another id than the one given, in the form of a ULID. */
const otherId = (id: string) => id.slice(0, -1) + (id.endsWith("0") ? "1" : "0");

export const eventsPublicationFaults = faults({
  "topic-carries-data-only": {
    breaks: [
      "EVT-063",
      "EVT-064",
      "EVT-065",
      "EVT-067",
      "EVT-068",
      "EVT-069",
      "EVT-070",
      "TRN-070",
      "WSK-042",
      "WSK-043",
      "WSK-044",
      "MKT-051",
      "CHT-040",
    ],
    rules: {
      topicsOf: (event) => eventsRules.topicsOf(event).map(({ topic }) => ({ topic, payload: event.data })),
    },
  },
  "event-signed-before-wall-clock": {
    breaks: ["EVT-064", "WSK-043", "MKT-051"],
    log: (event) =>
      event.event_type === POST && event.data["on_behalf_of"] !== undefined
        ? { ...event, wall_clock: timestamp((parseTimestamp(event.wall_clock) ?? 0) + 1000) }
        : event,
  },
  "answer-with-request-local-id": {
    breaks: [
      "EVT-065",
      "TRN-070",
      "WSK-042",
      "WSK-043",
      "WSK-044",
      "MKT-003",
      "MKT-004",
      "MKT-006",
      "MKT-008",
      "MKT-009",
      "MKT-011",
      "MKT-013",
      "MKT-014",
      "MKT-017",
      "MKT-018",
      "MKT-019",
      "MKT-020",
      "MKT-021",
      "MKT-029",
      "MKT-044",
      "MKT-048",
      "MKT-051",
      "CHT-005",
      "CHT-006",
      "CHT-017",
      "CHT-018",
      "CHT-024",
      "CHT-025",
      "CHT-026",
      "CHT-027",
      "CHT-036",
      "CHT-037",
      "CHT-038",
      "CHT-040",
      "CHT-041",
      "CHT-042",
    ],
    rules: { eventAnswer: ({ event_id, lamport }) => ({ event_id: otherId(event_id), lamport }) },
  },
  "event-id-constant-time": {
    breaks: ["EVT-066"],
    rules: { ownEventId: (next) => FIXED_TIME + next().slice(FIXED_TIME.length) },
  },
  "event-id-random-uuid": {
    breaks: ["EVT-066", "KBS-023", "MKT-001", "MKT-017", "MKT-028", "CHT-001", "CHT-024"],
    rules: {
      ownEventId: (next) => `${next().toLowerCase()}00000`.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
    },
  },
  "event-wall-clock-without-zone": {
    breaks: [
      "EVT-067",
      "BUS-041",
      "MKT-003",
      "MKT-004",
      "MKT-006",
      "MKT-008",
      "MKT-009",
      "MKT-011",
      "MKT-013",
      "MKT-014",
      "MKT-017",
      "MKT-018",
      "MKT-019",
      "MKT-020",
      "MKT-021",
      "MKT-044",
      "MKT-048",
    ],
    document: (kind, value) =>
      kind === "event" ? { ...value, wall_clock: String(value.wall_clock).replace("Z", "") } : value,
  },
  "topic-name-as-event-type": {
    breaks: ["EVT-064", "EVT-068", "WSK-043", "MKT-051", "CHT-040"],
    rules: {
      topicsOf: (event) =>
        eventsRules.topicsOf(event).map(({ topic, payload }) => ({
          topic,
          payload: { ...(payload as JsonObject), event_type: topic },
        })),
    },
  },
  "post-event-with-expires-at": {
    breaks: ["EVT-069", "MKT-009", "MKT-011", "MKT-025"],
    rules: {
      postData: (input, defaultTtl) => {
        const { ttl_seconds: ttl, ...data } = servicesRules.postData(input, defaultTtl);
        return { ...data, expires_at: timestamp(Number(ttl) * 1000) };
      },
    },
  },
  "revocations-not-announced": {
    breaks: ["EVT-070"],
    rules: {
      topicsOf: (event) => event.event_type === "community.member.revoked" ? [] : eventsRules.topicsOf(event),
    },
  },
  "manifests-not-announced": {
    breaks: ["EVT-071"],
    rules: { localTopics: [...transportRules.localTopics, "node.manifest.updated"] },
  },
  "local-topics-bridged": {
    breaks: ["EVT-072"],
    rules: { localTopics: [] },
  },
  "gossip-only-at-first-contact": {
    breaks: ["EVT-073"],
    rules: { gossipIntervalMs: NEVER_MS },
  },
  "gossip-whole-log": {
    breaks: ["EVT-074"],
    rules: { pushesAbove: () => BEFORE_ALL, eventsToPush: (events) => events },
  },
  "gossip-own-events-only": {
    breaks: ["EVT-074", "EVT-075"],
    rules: {
      eventsToPush: (events, peerHead) =>
        eventsRules.eventsToPush(events, peerHead).filter(({ data }) => data["on_behalf_of"] !== undefined),
    },
  },
  "gossip-renumbers": {
    breaks: ["EVT-075", "EVT-076", "EVT-077"],
    request: (request) => {
      const events = request.body?.events;
      if (request.purpose !== "events" || !Array.isArray(events)) return request;
      const renumbered = events.map((event) => {
        const known = event as JsonObject;
        return { ...known, lamport: Number(known.lamport) + 1 };
      });
      return { ...request, body: { ...request.body, events: renumbered } };
    },
  },
  "gossip-in-one-direction": {
    breaks: ["EVT-076", "EVT-077"],
    rules: { gossipPulls: false, gossipRepairs: false },
  },
});
