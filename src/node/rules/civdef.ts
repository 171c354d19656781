/** Numbers and decisions of the civil-defence profile. wire-format-experimental.md section 6; CONTRACT3 §4.16 to §4.18. */

import type { AuditRecord, Identity } from "../../protocol/mod.ts";

export interface CivdefRules {
  /** `authority` of the manifest, and the region every certificate lies in (CIV-002, CIV-078). */
  readonly civdefAuthority: string;
  /** Severities in ascending rank (conflicts of experimental-civdef.yaml, "severities"). */
  readonly alertSeverities: readonly string[];
  readonly alertCategories: readonly string[];
  /** Characters (CIV-024, CIV-039). */
  readonly alertTitleMax: number;
  readonly alertBodyMax: number;
  readonly ackNoteMax: number;
  readonly ackStates: readonly string[];
  /** Acknowledgements per minute, node and alert (CIV-041). */
  readonly acksPerMinute: number;
  /** Highest severity a role may publish (CIV-018). */
  readonly severityCap: (role: string) => string;
  /** Rank of a role among those that may cancel each other's alerts (CIV-045). */
  readonly roleRank: (role: string) => number;
  /** Whether a region lies in another, by whole components (CIV-021, CIV-022). */
  readonly regionCovers: (outer: string, inner: string) => boolean;
  /** Records of an export between two signed batches (CIV-069), and of the chain between two checkpoints. */
  readonly auditBatch: number;
  readonly auditCheckpointEvery: number;
  /** `prev_sha` of a record about to be signed (CIV-054). */
  readonly auditPrevSha: (sha: string, seq: number) => string;
  /** A stored record as a reader gets it (CIV-058, CIV-064). */
  readonly exportedRecord: (record: AuditRecord, reader: string, keeper: Identity) => AuditRecord;
}

/** CONTRACT3 §4.17 names the roles; their caps and ranks are this node's own, as the documents leave them open. */
const ROLES: Readonly<Record<string, { readonly cap: string; readonly rank: number }>> = {
  drk_sanitaeter: { cap: "warning", rank: 1 },
  thw_helfer: { cap: "emergency", rank: 1 },
  feuerwehr: { cap: "emergency", rank: 2 },
  katastrophenschutzbeauftragter: { cap: "extreme", rank: 3 },
};
const OTHER_ROLE = { cap: "warning", rank: 0 };

export const civdefRules: CivdefRules = {
  civdefAuthority: "DE",
  alertSeverities: ["info", "advisory", "warning", "alert", "emergency", "extreme"],
  alertCategories: ["weather", "fire", "chemical", "flood", "infrastructure", "other"],
  alertTitleMax: 80,
  alertBodyMax: 1000,
  ackNoteMax: 280,
  ackStates: ["received", "acting", "need_help", "standing_down", "mistaken"],
  acksPerMinute: 5,
  severityCap: (role) => (Object.hasOwn(ROLES, role) ? ROLES[role] ?? OTHER_ROLE : OTHER_ROLE).cap,
  roleRank: (role) => (Object.hasOwn(ROLES, role) ? ROLES[role] ?? OTHER_ROLE : OTHER_ROLE).rank,
  regionCovers: (outer, inner) => inner === outer || inner.startsWith(`${outer}.`),
  auditBatch: 1000,
  auditCheckpointEvery: 1000,
  auditPrevSha: (sha) => sha,
  exportedRecord: (record) => record,
};
