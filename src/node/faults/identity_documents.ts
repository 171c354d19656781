/** Faults of the reference node: the node manifest and the community manifest as documents. */

import {
  base64url,
  canonicalBytes,
  deriveBytes,
  hex,
  type Identity,
  identityFromSeed,
  isObject,
  type Json,
  type JsonObject,
  shortId,
  signBytes,
  signDocument,
  without,
} from "../../protocol/mod.ts";
import { type DocumentKind, faults, type OutboundAnswer } from "../fault.ts";

const NANOSECONDS_PER_MS = 1_000_000;
const MS_PER_SECOND = 1000;
/** A start in 2026 as nanoseconds since the epoch. */
const START_NANOSECONDS = 1.79e18;
/** Whole seconds of the same start. */
const START_SECONDS = 1_790_000_000;
/** An identity that is neither of the node nor of its community. */
const ELSEWHERE = identityFromSeed(deriveBytes("elsewhere", "identity"));

/** Cases that read the node manifest, and fail with it. */
const NODE_MANIFEST_READERS = [
  "IDN-001",
  "IDN-002",
  "IDN-003",
  "IDN-004",
  "IDN-005",
  "IDN-006",
  "IDN-007",
  "IDN-008",
  "IDN-009",
  "IDN-010",
  "IDN-011",
  "IDN-012",
  "IDN-013",
  "IDN-014",
  "IDN-015",
  "IDN-016",
  "IDN-017",
  "IDN-018",
  "IDN-019",
  "IDN-020",
  "IDN-021",
  "IDN-022",
  "IDN-023",
  "IDN-027",
  "IDN-031",
  "TRN-013",
  "BUS-001",
  "BUS-002",
  "BUS-003",
  "BUS-004",
  "BUS-005",
  "BUS-006",
  "BUS-008",
  "BUS-009",
  "BUS-010",
  "BUS-011",
  "BUS-012",
  "BUS-020",
  "PRO-001",
  "PRO-003",
  "PRO-014",
  "PRO-028",
  "PRO-029",
  "PRO-030",
  "PRO-031",
  "PRO-032",
  "PRO-033",
  "KBS-047",
  "LLM-038",
] as const;

/** Cases that read the community manifest, and fail with it. */
const COMMUNITY_MANIFEST_READERS = [
  "IDN-023",
  "IDN-024",
  "IDN-025",
  "IDN-026",
  "IDN-027",
  "IDN-028",
  "IDN-029",
  "IDN-030",
  "IDN-031",
  "IDN-032",
  "IDN-033",
  "IDN-034",
  "IDN-035",
  "IDN-036",
  "IDN-071",
  "IDN-073",
  "IDN-074",
  "IDN-075",
  "IDN-076",
  "EVT-024",
  "EVT-026",
  "EVT-027",
  "EVT-028",
  "EVT-029",
  "EVT-030",
  "EVT-057",
  "EVT-058",
  "EVT-059",
  "EVT-060",
  "EVT-055",
  "EVT-056",
  "EVT-061",
  "EVT-062",
] as const;

type Change = (document: JsonObject) => JsonObject;

const changing = (kind: DocumentKind) => (change: Change) => ({
  document: (which: DocumentKind, value: JsonObject) => which === kind ? change(value) : value,
});
const nodeManifest = changing("node-manifest");
const communityManifest = changing("community-manifest");

const timestamps = (change: (text: string) => string) =>
  nodeManifest((m) => ({
    ...m,
    issued_at: change(String(m.issued_at)),
    expires_at: change(String(m.expires_at)),
  }));

const objects = (list: Json | undefined): JsonObject[] => Array.isArray(list) ? list.filter(isObject) : [];

/** Refuses a route to callers that sign nothing. */
const behindAuthentication = (route: string) => (answer: OutboundAnswer): OutboundAnswer =>
  answer.route === route && !answer.request.headers.has("x-hearthnet-signature")
    ? { ...answer, status: 401, body: { error: "unauthorized", message: "sign your request" } }
    : answer;

/** Changes the text of a route's body. */
const rewriting = (route: string, change: (text: string) => string) => (answer: OutboundAnswer): OutboundAnswer =>
  answer.route === route && isObject(answer.body) ? { ...answer, body: change(JSON.stringify(answer.body)) } : answer;

function signatureAs(encode: (bytes: Uint8Array) => string) {
  return (identity: Identity, document: JsonObject): JsonObject => ({
    ...document,
    signature: `ed25519:${encode(signBytes(identity, canonicalBytes(document)))}`,
  });
}

export const identityDocumentFaults = faults({
  "manifest-behind-authentication": {
    breaks: NODE_MANIFEST_READERS,
    outbound: behindAuthentication("/manifest"),
  },
  "manifest-without-load": {
    breaks: ["IDN-002", "IDN-013"],
    ...nodeManifest((m) => without(m, "load")),
  },
  "manifest-version-is-contract": {
    breaks: ["IDN-003"],
    ...nodeManifest((m) => ({ ...m, version: "1.0" })),
  },
  "manifest-contract-version-number": {
    breaks: ["IDN-004", "BUS-002", "BUS-011", "PRO-003"],
    ...nodeManifest((m) => ({ ...m, contract_version: Number(m.contract_version) })),
  },
  "manifest-contract-version-patch": {
    breaks: ["IDN-004", "BUS-002", "BUS-011", "PRO-003"],
    ...nodeManifest((m) => ({ ...m, contract_version: `${m.contract_version}.0` })),
  },
  "manifest-node-id-short": {
    breaks: ["IDN-005", "IDN-020", "IDN-031", "TRN-003"],
    ...nodeManifest((m) => ({ ...m, node_id: shortId(String(m.node_id)) })),
  },
  "manifest-community-id-short": {
    breaks: ["IDN-006", "IDN-027"],
    ...nodeManifest((m) => ({ ...m, community_id: shortId(String(m.community_id)) })),
  },
  "manifest-profile-capitalised": {
    breaks: ["IDN-007"],
    rules: { profile: "Anchor" },
  },
  "manifest-port-as-text": {
    breaks: ["IDN-008"],
    ...nodeManifest((m) => ({ ...m, endpoints: objects(m.endpoints).map((e) => ({ ...e, port: String(e.port) })) })),
  },
  "manifest-without-endpoints": {
    breaks: ["IDN-008", "IDN-009"],
    ...nodeManifest((m) => ({ ...m, endpoints: [] })),
  },
  "manifest-advertises-bind-address": {
    breaks: ["IDN-009"],
    rules: { advertisedHost: () => "0.0.0.0" },
  },
  "manifest-hardware-with-units": {
    breaks: ["IDN-010"],
    ...nodeManifest((m) => ({ ...m, hardware: { ...m.hardware as JsonObject, ram_gb: "16GB" } })),
  },
  "manifest-capabilities-as-names": {
    breaks: [
      "IDN-011",
      "BUS-001",
      "BUS-002",
      "BUS-003",
      "BUS-004",
      "BUS-005",
      "BUS-006",
      "BUS-008",
      "BUS-009",
      "BUS-010",
      "BUS-011",
      "BUS-012",
      "BUS-020",
      "PRO-001",
      "PRO-003",
      "PRO-014",
      "PRO-028",
      "PRO-029",
      "PRO-030",
      "PRO-031",
      "PRO-032",
      "PRO-033",
      "KBS-047",
      "LLM-038",
    ],
    ...nodeManifest((m) => ({ ...m, capabilities: objects(m.capabilities).map((c) => `${c.name}@${c.version}`) })),
  },
  "manifest-uptime-zero": {
    breaks: ["IDN-012"],
    rules: { uptimeSeconds: () => 0 },
  },
  "manifest-uptime-fraction": {
    breaks: ["IDN-012"],
    rules: { uptimeSeconds: (ms) => ms / MS_PER_SECOND + 1 / 3 },
  },
  "manifest-uptime-nanoseconds": {
    breaks: ["IDN-012", "IDN-023"],
    rules: { uptimeSeconds: (ms) => START_NANOSECONDS + Math.floor(ms) * NANOSECONDS_PER_MS },
  },
  "manifest-load-as-number": {
    breaks: ["IDN-013"],
    ...nodeManifest((m) => ({ ...m, load: 0 })),
  },
  "manifest-timestamps-with-offset": {
    breaks: ["IDN-014"],
    ...timestamps((text) => text.replace("Z", "+00:00")),
  },
  "manifest-timestamps-without-zone": {
    breaks: ["IDN-014"],
    ...timestamps((text) => text.replace("Z", "")),
  },
  "manifest-timestamps-with-fraction": {
    breaks: ["IDN-015"],
    ...timestamps((text) => text.replace("Z", ".000Z")),
  },
  "manifest-ttl-300": {
    breaks: ["IDN-016"],
    rules: { manifestTtlSeconds: 300 },
  },
  "manifest-signed-once": {
    breaks: ["IDN-012", "IDN-017", "IDN-018", "IDN-020"],
    rules: { manifestRenewSeconds: Infinity },
  },
  "manifest-renewed-at-expiry": {
    breaks: ["IDN-018"],
    rules: { manifestRenewSeconds: 30 },
  },
  "manifest-signature-hex": {
    breaks: ["IDN-019", "IDN-020"],
    rules: { signManifest: signatureAs(hex) },
  },
  "manifest-signature-padded": {
    breaks: ["IDN-019", "IDN-020"],
    rules: { signManifest: signatureAs((bytes) => `${base64url(bytes)}==`) },
  },
  "manifest-signed-with-empty-signature": {
    breaks: ["IDN-020"],
    rules: { signManifest: (identity, m) => signatureAs(base64url)(identity, { ...m, signature: "" }) },
  },
  "manifest-signed-before-load": {
    breaks: ["IDN-020"],
    rules: { signManifest: (identity, m) => ({ ...signDocument(identity, without(m, "load")), load: m.load ?? 0 }) },
  },
  "manifest-key-per-issue": {
    breaks: ["IDN-021", "IDN-031", "TRN-003"],
    rules: {
      signManifest: (identity, m) => {
        const fresh = identityFromSeed(deriveBytes(identity.id, String(m.issued_at)));
        return signDocument(fresh, { ...m, node_id: fresh.id });
      },
    },
  },
  "manifest-display-name-null": {
    breaks: ["IDN-022"],
    ...nodeManifest((m) => ({ ...m, display_name: null })),
  },
  "manifest-load-nan": {
    breaks: NODE_MANIFEST_READERS,
    outbound: rewriting("/manifest", (text) => text.replace('"cpu":0', '"cpu":NaN')),
  },
  "manifest-community-stale": {
    breaks: ["IDN-027"],
    ...nodeManifest((m) => ({ ...m, community_id: ELSEWHERE.id })),
  },
  "community-manifest-behind-authentication": {
    breaks: COMMUNITY_MANIFEST_READERS,
    outbound: behindAuthentication("/community/manifest"),
  },
  "community-manifest-with-bom": {
    breaks: COMMUNITY_MANIFEST_READERS,
    outbound: rewriting("/community/manifest", (text) => `\ufeff${text}`),
  },
  "community-without-revoked": {
    breaks: ["IDN-025"],
    ...communityManifest((m) => objects(m.revoked).length === 0 ? without(m, "revoked") : m),
  },
  "community-version-text": {
    breaks: ["IDN-025"],
    ...communityManifest((m) => ({ ...m, version: "1" })),
  },
  "community-id-random": {
    breaks: ["IDN-026", "IDN-027"],
    ...communityManifest((m) => ({ ...m, community_id: ELSEWHERE.id })),
  },
  "community-signed-by-plain-member": {
    breaks: ["IDN-028", "EVT-062"],
    // The sound node is an anchor; listed as a plain member it still signs.
    ...communityManifest((m) => ({
      ...m,
      members: objects(m.members).map((entry) =>
        entry.level === "anchor" && entry.node_id !== m.root_key ? { ...entry, level: "member" } : entry
      ),
    })),
  },
  "community-policy-booleans-as-numbers": {
    breaks: ["IDN-029"],
    ...communityManifest((m) => ({
      ...m,
      policy: Object.fromEntries(
        Object.entries(m.policy as JsonObject).map(([name, v]) => [name, typeof v === "boolean" ? Number(v) : v]),
      ),
    })),
  },
  "community-lists-unknown-devices": {
    breaks: ["IDN-030"],
    ...communityManifest((m) => ({
      ...m,
      members: [
        ...objects(m.members),
        { node_id: ELSEWHERE.id, level: "unknown", added_at: m.created_at ?? "", added_by: m.root_key ?? "" },
      ],
    })),
  },
  "community-forgets-own-node": {
    breaks: ["IDN-028", "IDN-031", "EVT-062", "KBS-026"],
    rules: { listedMembers: (members, ownId) => members.filter(({ node_id }) => node_id !== ownId) },
  },
  "community-root-plain-member": {
    breaks: ["IDN-032"],
    ...communityManifest((m) => ({
      ...m,
      members: objects(m.members).map((entry) => entry.node_id === m.root_key ? { ...entry, level: "member" } : entry),
    })),
  },
  "community-keeps-revoked-members": {
    breaks: ["IDN-033", "EVT-060"],
    ...communityManifest((m) => ({
      ...m,
      members: [
        ...objects(m.members),
        ...objects(m.revoked).map(({ node_id: id = "", revoked_at: at = "" }) => ({
          node_id: id,
          level: "member",
          added_at: at,
          added_by: m.root_key ?? "",
        })),
      ],
    })),
  },
  "community-lists-member-twice": {
    breaks: ["IDN-033"],
    rules: { listedMembers: (members) => [...members, ...members.slice(0, 1)] },
  },
  "community-created-at-wall-clock": {
    breaks: ["IDN-034"],
    ...communityManifest((m) => ({ ...m, lamport_at_creation: START_SECONDS })),
  },
  "community-head-below-creation": {
    breaks: ["IDN-034", "EVT-062"],
    rules: { manifestHead: () => -1 },
  },
  "community-head-one-ahead": {
    breaks: ["IDN-035"],
    rules: { manifestHead: (head) => head + 1 },
  },
  "community-head-is-wall-clock": {
    breaks: ["IDN-035"],
    rules: { manifestHead: (head) => START_SECONDS + head },
  },
  "community-created-at-unix-time": {
    breaks: ["IDN-036"],
    ...communityManifest((m) => ({ ...m, created_at: START_SECONDS })),
  },
});
