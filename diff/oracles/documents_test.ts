import type { JsonObject } from "../../src/protocol/mod.ts";
import { documentOracles } from "./documents.ts";
import { assertTable, type Row, type Told } from "./testing.ts";

const ID = `ed25519:${"A".repeat(43)}`;
const OTHER = `ed25519:${"B".repeat(43)}`;
const SIGNATURE = `ed25519:${"C".repeat(86)}`;
const AT = "2027-03-14T00:00:00Z";
const HASH = `blake3:${"0".repeat(64)}`;

const CAPABILITY = {
  name: "llm.chat",
  version: "1.0",
  stability: "stable",
  schema_hash: HASH,
  params: { model: "a", models: ["a", "b"] },
  max_concurrent: 2,
};
const NODE: JsonObject = {
  version: 1,
  contract_version: "3.0",
  node_id: ID,
  display_name: "node",
  community_id: OTHER,
  profile: "hearth",
  endpoints: [{ transport: "https", host: "127.0.0.1", port: 7901 }],
  hardware: { gpu: null, vram_gb: 0, ram_gb: 8, disk_free_gb: 10, cpu_cores: 2 },
  capabilities: [CAPABILITY],
  uptime_seconds: 3,
  load: { cpu: 0, vram_used_gb: 0, in_flight_total: 0 },
  issued_at: AT,
  expires_at: "2027-03-14T00:00:30Z",
  signature: SIGNATURE,
};
const COMMUNITY: JsonObject = {
  version: 1,
  community_id: OTHER,
  name: "hearth",
  root_key: OTHER,
  created_at: AT,
  lamport_at_creation: 0,
  policy: {
    min_signatures_to_invite: 1,
    min_signatures_to_demote: 3,
    min_signatures_to_revoke: 3,
    capability_token_ttl_seconds: 86400,
    federation_enabled: true,
    default_member_can_invite: true,
  },
  members: [{ node_id: ID, added_by: OTHER, added_at: AT, level: "member" }],
  revoked: [],
  head_lamport: 7,
  signature: SIGNATURE,
};

const get = (path: string, value: JsonObject, signature: "valid" | "invalid" = "valid"): Told => ({
  step: { do: "http", method: "GET", path },
  value,
  more: { signatures: new Map([["", signature]]) },
});
const node = (change: JsonObject) => get("/manifest", { ...NODE, ...change });
const community = (change: JsonObject) => get("/community/manifest", { ...COMMUNITY, ...change });
const heads = (value: JsonObject) => get("/sync/v1/heads", value);
const of = (requirement: string, change: JsonObject): Row => [requirement, node({}), node(change)];
const offers = (requirement: string, change: JsonObject) =>
  of(requirement, { capabilities: [{ ...CAPABILITY, ...change }] });
const inside = (requirement: string, change: JsonObject): Row => [requirement, community({}), community(change)];

Deno.test("each rule of the manifests and heads is kept by a legal document and broken by a changed one", () => {
  const { load: _, ...noLoad } = NODE;
  const { name: __, ...nameless } = COMMUNITY;
  assertTable(documentOracles, [
    ["IDN-023", node({}), { ...node({}), value: undefined as unknown as JsonObject }],
    of("IDN-003", { version: "1.0" }),
    of("IDN-004", { contract_version: "3.0.0" }),
    of("IDN-005", { node_id: "ed25519:AAAA-BBBB" }),
    ["IDN-021", [node({}), node({})], [node({}), node({ node_id: OTHER })]],
    of("IDN-006", { community_id: "ed25519:AAAA-BBBB" }),
    of("IDN-007", { profile: "Anchor" }),
    of("IDN-008", { endpoints: [{ transport: "https", host: "127.0.0.1", port: "7901" }] }),
    of("IDN-009", { endpoints: [{ transport: "https", host: "0.0.0.0", port: 7901 }] }),
    of("IDN-010", { hardware: { gpu: null, vram_gb: 0, ram_gb: "16GB", disk_free_gb: 1, cpu_cores: 1 } }),
    of("IDN-012", { uptime_seconds: 1.79e18 }),
    of("IDN-013", { load: 0 }),
    of("IDN-014", { issued_at: "2027-03-14T00:00:00+00:00" }),
    of("IDN-015", { issued_at: "2027-03-14T00:00:00.000Z" }),
    of("IDN-016", { expires_at: "2027-03-14T00:05:00Z" }),
    of("IDN-019", { signature: "ed25519:ab" }),
    ["IDN-020", node({}), get("/manifest", NODE, "invalid")],
    offers("BUS-001", { name: "LlmChat" }),
    offers("BUS-003", { version: "1" }),
    offers("BUS-004", { stability: "ga" }),
    offers("BUS-005", { stability: "experimental" }),
    offers("BUS-006", { schema_hash: "blake3:00" }),
    of("BUS-008", { capabilities: [CAPABILITY, { ...CAPABILITY, name: "embed.text" }] }),
    ["BUS-007", [node({}), node({})], [
      node({}),
      node({ capabilities: [{ ...CAPABILITY, schema_hash: `blake3:${"1".repeat(64)}` }] }),
    ]],
    offers("BUS-009", { max_concurrent: 0 }),
    offers("LLM-038", { params: { models: ["b"] } }),
    offers("KBS-045", { params: { corpus: "personal" } }),
    offers("IDN-011", { params: 1 }),
    ["IDN-002", node({}), get("/manifest", noLoad)],
    of("IDN-022", { display_name: null }),
    ["IDN-025", community({}), get("/community/manifest", nameless)],
    inside("IDN-026", { root_key: ID }),
    ["IDN-028", community({}), get("/community/manifest", COMMUNITY, "invalid")],
    inside("IDN-029", { policy: { federation_enabled: 1 } }),
    inside("IDN-033", { revoked: [{ node_id: ID, revoked_at: AT }] }),
    inside("IDN-030", { members: [{ node_id: ID, added_by: OTHER, added_at: AT, level: "unknown" }] }),
    inside("IDN-036", { created_at: 1_790_000_000 }),
    inside("IDN-034", { head_lamport: -1 }),
    ["IDN-035", [heads({ head: 7, community_id: OTHER }), community({})], [
      heads({ head: 7, community_id: OTHER }),
      community({ head_lamport: 8 }),
    ]],
    ["EVT-001", heads({ [OTHER]: 7 }), heads({ events: [] })],
    ["EVT-002", heads({ head: 7, heads_by_type: { a: 7 } }), heads({ head: 7, heads_by_type: { a: 2 } })],
    ["EVT-003", [node({}), heads({ head: 7, community_id: OTHER })], [node({}), heads({ head: 7, community_id: ID })]],
  ]);
});
