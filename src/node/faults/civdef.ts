/** Faults of the civil-defence profile: mistakes in keeping and showing the audit chain. */

import { auditBodySha, type AuditRecord, type Identity, signDocument, without } from "../../protocol/mod.ts";
import { faults } from "../fault.ts";

/** Number of the record whose link is wrong, and of the first one that readers after the first get differently. */
const BROKEN_SEQ = 20;
const FORKED_SEQ = 20;
/** `prev_sha` of a node that hashes nothing. */
const NO_SHA = "f".repeat(64);

/** The first reader sees the stored chain, every other one another chain that holds just as well by itself. */
function forking() {
  let first: string | undefined;
  const heads = new Map<number, string>();
  return (record: AuditRecord, reader: string, keeper: Identity): AuditRecord => {
    first ??= reader;
    if (reader === first || record.seq < FORKED_SEQ) return record;
    const before = heads.get(record.seq - 1);
    const body = without(record, "signature") as unknown as Omit<AuditRecord, "signature">;
    const changed = record.seq === FORKED_SEQ ? { ...body, actor: keeper.id } : body;
    const forked = signDocument(keeper, before === undefined ? changed : { ...changed, prev_sha: before });
    heads.set(record.seq, auditBodySha(forked));
    return forked;
  };
}

export const civdefFaults = faults({
  "breaks-audit-link": {
    breaks: ["CIV-054", "CIV-058"],
    rules: { auditPrevSha: (sha, seq) => seq === BROKEN_SEQ ? NO_SHA : sha },
  },
  "forks-audit-chain": {
    breaks: ["CIV-058", "CIV-064"],
    rules: { exportedRecord: forking() },
  },
});
