import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { AUDIT_GENESIS, auditBreak, auditPayloadSha, type AuditRecord, nextAuditRecord } from "./audit.ts";
import { identityFromSeed } from "./keys.ts";

const keeper = identityFromSeed(new Uint8Array(32).fill(8));
const other = identityFromSeed(new Uint8Array(32).fill(9));

function chain(length: number, by = keeper): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (let n = 0; n < length; n++) {
    records.push(nextAuditRecord(by, records.at(-1), {
      alert_id: `A${n}`,
      event: "published",
      actor: keeper.id,
      at: "2026-07-02T06:30:00Z",
      payload_sha: auditPayloadSha({ n }),
    }));
  }
  return records;
}

Deno.test("a chain holds in any order of its records, also an empty one", () => {
  assertEquals(chain(1)[0]?.prev_sha, AUDIT_GENESIS);
  assertEquals(auditBreak([], keeper.id), undefined);
  assertEquals(auditBreak(chain(5).reverse(), keeper.id), undefined);
});

Deno.test("a change at any place is found there", () => {
  fc.assert(fc.property(fc.nat(4), fc.constantFrom("actor", "at", "payload_sha", "prev_sha"), (at, member) => {
    const changed = chain(5).map((record) => record.seq === at ? { ...record, [member]: "x" } : record);
    assertEquals(auditBreak(changed, keeper.id), { seq: at, why: "signature" });
  }));
});

Deno.test("missing, foreign and re-linked records are found", () => {
  const records = chain(4);
  assertEquals(auditBreak(records.filter(({ seq }) => seq !== 2), keeper.id), { seq: 3, why: "gap" });
  assertEquals(auditBreak(records.slice(1), keeper.id), { seq: 1, why: "gap" });
  assertEquals(auditBreak(chain(2, other), keeper.id), { seq: 0, why: "signature" });
  const [first, second] = records as [AuditRecord, AuditRecord];
  const { seq: _, prev_sha: __, signature: ___, ...entry } = second;
  const rewritten = nextAuditRecord(keeper, { ...first, actor: other.id }, entry);
  assertEquals(auditBreak([first, rewritten], keeper.id), { seq: 1, why: "link" });
});
