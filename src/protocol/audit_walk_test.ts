import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { AUDIT_GENESIS } from "./audit.ts";
import { AuditWalk, type WalkedRecord, type WalkFault } from "./audit_walk.ts";

/** A chain whose digests are made up, linked over bodies or whole records. */
function chain(length: number, over: "body" | "whole" = "body", first = 0, genesis: string | null = AUDIT_GENESIS) {
  return Array.from({ length }, (_, i): WalkedRecord => ({
    seq: first + i,
    body: `b${i}`,
    whole: `w${i}`,
    prev: i === 0 ? genesis : over === "body" ? `b${i - 1}` : `w${i - 1}`,
    signed: true,
  }));
}

function faults(records: readonly WalkedRecord[], walk = new AuditWalk()): [seq: number, fault: WalkFault][] {
  return records.flatMap((record) => {
    const fault = walk.next(record);
    return fault === undefined ? [] : [[record.seq, fault]];
  });
}

Deno.test("a chain holds in every tolerated reading", () => {
  for (const over of ["body", "whole"] as const) {
    for (const first of [0, 1]) {
      for (const genesis of [AUDIT_GENESIS, "", null]) assertEquals(faults(chain(5, over, first, genesis)), []);
    }
  }
  assertEquals(faults(chain(4).map((r) => ({ ...r, prev: `sha256:${r.prev}` }))), []);
});

Deno.test("a reading that changes along the chain is a broken link", () => {
  const mixed = [...chain(3), ...chain(6, "whole").slice(3)];
  assertEquals(faults(mixed).map(([seq]) => seq), [3, 4, 5]);
});

Deno.test("a break at any place is found there, wherever the walk was interrupted before", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(9), fc.constantFrom("link", "signature"), (at, cut, why) => {
      const records = chain(10).map((r) =>
        r.seq !== at ? r : why === "link" ? { ...r, prev: "x" } : { ...r, signed: false }
      );
      const walk = new AuditWalk();
      const before = faults(records.slice(0, cut), walk);
      const after = faults(records.slice(cut), new AuditWalk(walk.position));
      assertEquals([...before, ...after], [[at, why as WalkFault]]);
    }),
  );
});

Deno.test("a missing record is a gap, and a chain without its start is one at its first record", () => {
  assertEquals(faults(chain(5).filter(({ seq }) => seq !== 2)), [[3, "gap"]]);
  assertEquals(faults(chain(5).slice(2)), [[2, "gap"]]);
});
