/** Node and community manifests. CONTRACT §6; wire-format.md sections 9 and 10. */

import type { JsonObject } from "./json.ts";

/** Life of a node manifest. GLOSSARY Defaults. */
export const MANIFEST_TTL_SECONDS = 30;
/** Interval at which a node renews it. */
export const MANIFEST_REPUBLISH_SECONDS = 20;

export const PROFILES: readonly string[] = ["anchor", "hearth", "spark", "bridge"];
export const STABILITIES: readonly string[] = ["experimental", "beta", "stable", "deprecated"];

/** Trust levels in ascending order; `self` is the node's own identity and stands outside the order. */
export const LEVELS = ["unknown", "member", "trusted", "anchor"] as const;
export type Level = (typeof LEVELS)[number];

/** Whether `level` is at least `required`. */
export function atLeast(level: Level, required: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(required);
}

/** One advertised capability. */
export interface CapabilityEntry {
  readonly name: string;
  readonly version: string;
  readonly stability: string;
  readonly schema_hash: string;
  readonly params: JsonObject;
  readonly max_concurrent: number;
}

export interface NodeManifest {
  readonly version: 1;
  readonly contract_version: string;
  readonly node_id: string;
  readonly display_name: string;
  readonly community_id: string;
  readonly profile: string;
  readonly endpoints: readonly { readonly transport: string; readonly host: string; readonly port: number }[];
  readonly hardware: {
    readonly gpu: string | null;
    readonly vram_gb: number;
    readonly ram_gb: number;
    readonly cpu_cores: number;
    readonly disk_free_gb: number;
  };
  readonly capabilities: readonly CapabilityEntry[];
  readonly uptime_seconds: number;
  readonly load: { readonly cpu: number; readonly vram_used_gb: number; readonly in_flight_total: number };
  readonly issued_at: string;
  readonly expires_at: string;
  readonly signature: string;
}

export interface CommunityPolicy {
  readonly min_signatures_to_invite: number;
  readonly min_signatures_to_demote: number;
  readonly min_signatures_to_revoke: number;
  readonly capability_token_ttl_seconds: number;
  readonly federation_enabled: boolean;
  readonly default_member_can_invite: boolean;
  readonly [more: string]: unknown;
}

/** Onboarding defaults (wire-format.md section 10). */
export const DEFAULT_POLICY = {
  min_signatures_to_invite: 1,
  min_signatures_to_demote: 3,
  min_signatures_to_revoke: 3,
  min_signatures_to_federate: 3,
  capability_token_ttl_seconds: 86_400,
  federation_enabled: true,
  default_member_can_invite: true,
} as const satisfies CommunityPolicy;

export interface MemberEntry {
  readonly node_id: string;
  readonly level: Level;
  readonly added_at: string;
  readonly added_by: string;
}

export interface CommunityManifest {
  readonly version: 1;
  readonly community_id: string;
  readonly name: string;
  readonly root_key: string;
  readonly created_at: string;
  readonly lamport_at_creation: 0;
  readonly policy: CommunityPolicy;
  readonly members: readonly MemberEntry[];
  readonly revoked: readonly { readonly node_id: string; readonly revoked_at: string }[];
  readonly head_lamport: number;
  readonly signature: string;
}

/** Members every node manifest has (wire-format.md section 9; IDN-002). */
export const NODE_MANIFEST_MEMBERS: readonly string[] = [
  "version",
  "contract_version",
  "node_id",
  "display_name",
  "community_id",
  "profile",
  "endpoints",
  "hardware",
  "capabilities",
  "uptime_seconds",
  "load",
  "issued_at",
  "expires_at",
  "signature",
];

/** Members every community manifest has (IDN-025). */
export const COMMUNITY_MANIFEST_MEMBERS: readonly string[] = [
  "version",
  "community_id",
  "name",
  "root_key",
  "created_at",
  "lamport_at_creation",
  "policy",
  "members",
  "revoked",
  "head_lamport",
  "signature",
];

/** Members of a community policy that are counts (IDN-029). */
export const COMMUNITY_POLICY_COUNTS: readonly string[] = [
  "min_signatures_to_invite",
  "min_signatures_to_demote",
  "min_signatures_to_revoke",
  "capability_token_ttl_seconds",
];
