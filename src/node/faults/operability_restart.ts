/** Faults of the reference node: what a restart loses or changes. */

import { deriveBytes, type EventEnvelope, identityFromSeed, type JsonObject } from "../../protocol/mod.ts";
import { type DocumentKind, faults } from "../fault.ts";

/** Forgets the stored events that the condition names. */
function forgets(condition: (event: EventEnvelope) => boolean) {
  return { reopened: (event: EventEnvelope) => condition(event) ? null : event };
}

/** Members of a manifest that tell when it was made. */
const TIMES = ["issued_at", "expires_at", "uptime_seconds"] as const;

/** Serves the times of the first manifest a node ever issued. */
function storedManifest(): (kind: DocumentKind, value: JsonObject) => JsonObject {
  const first = new Map<unknown, JsonObject>();
  return (kind, value) => {
    if (kind !== "node-manifest") return value;
    const { node_id: node } = value;
    const stored = first.get(node) ?? value;
    first.set(node, stored);
    return { ...value, ...Object.fromEntries(TIMES.map((name) => [name, stored[name] ?? null])) };
  };
}

export const operabilityRestartFaults = faults({
  "new-device-key-at-start": {
    breaks: ["OPS-014", "OPS-015", "OPS-016", "OPS-025"],
    rules: {
      deviceIdentity: (kept, restarted) => restarted ? identityFromSeed(deriveBytes(kept.id, "again")) : kept,
    },
  },
  "new-certificate-at-start": {
    breaks: ["OPS-015"],
    rules: { certificateKept: false },
  },
  "community-rebuilt-at-start": {
    breaks: [
      "OPS-016",
      "OPS-005",
      "OPS-006",
      "OPS-011",
      "OPS-012",
      "OPS-018",
      "OPS-020",
      "OPS-022",
      "OPS-023",
      "OPS-024",
      "OPS-025",
    ],
    rules: forgets(({ event_type: type }) => type.startsWith("community.")),
  },
  "empty-log-at-start": {
    breaks: [
      "OPS-017",
      "OPS-005",
      "OPS-006",
      "OPS-007",
      "OPS-011",
      "OPS-012",
      "OPS-016",
      "OPS-018",
      "OPS-020",
      "OPS-021",
      "OPS-022",
      "OPS-023",
      "OPS-024",
      "OPS-025",
    ],
    rules: forgets(() => true),
  },
  "reimports-posts-at-start": {
    breaks: ["OPS-018", "OPS-005", "OPS-012", "OPS-020", "OPS-023"],
    rules: {
      reopened: (event, freshId) =>
        event.event_type === "market.post.created" ? { ...event, event_id: freshId() } : event,
    },
  },
  "lamport-restarts-at-1": {
    breaks: ["OPS-019"],
    rules: { lamportOnOpen: () => 0 },
  },
  "client-ids-in-memory": {
    breaks: ["OPS-020"],
    rules: { requestsKnownOnOpen: false },
  },
  "event-ids-in-memory": {
    breaks: ["OPS-021"],
    rules: { idsKnownOnOpen: false },
  },
  "revocations-lost-at-start": {
    breaks: ["OPS-022"],
    rules: forgets(({ event_type: type }) => type === "community.member.revoked"),
  },
  "replays-only-created-posts": {
    breaks: ["OPS-023"],
    rules: forgets(({ event_type: type }) => type === "market.post.expired"),
  },
  "blobs-in-temporary-directory": {
    breaks: ["OPS-024", "OPS-025"],
    rules: { blobsOnDisk: false },
  },
  "corpora-in-memory": {
    breaks: ["OPS-025"],
    rules: { corporaKept: false },
  },
  "schema-hashes-vary": {
    breaks: ["OPS-026", "BUS-007", "BUS-020"],
    rules: { advertisedSchemaHash: () => `blake3:${crypto.randomUUID().replaceAll("-", "").repeat(2)}` },
  },
  "stored-manifest-served": {
    breaks: ["OPS-027", "IDN-017", "IDN-018"],
    document: storedManifest(),
  },
  "peer-pins-in-memory": {
    breaks: ["OPS-028"],
    rules: { pinsOnDisk: false },
  },
});
