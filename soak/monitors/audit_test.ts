import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { AUDIT_GENESIS } from "../../src/protocol/mod.ts";
import type { AuditRead, SeenRecord } from "../audit_reader.ts";
import type { CallDone } from "../observation.ts";
import { AuditMonitor, MAX_DIGESTS } from "./audit.ts";

/** A chain with made-up digests; `fork` gives all records from there on other ones. */
function chain(length: number, fork = Infinity): SeenRecord[] {
  const name = (seq: number) => `${seq}${seq >= fork ? "x" : ""}`;
  return Array.from({ length }, (_, seq) => ({
    seq,
    body: `b${name(seq)}`,
    whole: `w${name(seq)}`,
    time: "2027-01-01T00:00:00Z",
    digest: `w${name(seq)}`,
    prev: seq === 0 ? AUDIT_GENESIS : `b${name(seq - 1)}`,
    signed: true,
    event: "published",
    alertId: `A${seq}`,
  }));
}

function read(records: readonly SeenRecord[], more: Partial<AuditRead> = {}): AuditRead {
  const full = more.full ?? false;
  return {
    kind: "audit",
    at: 50,
    asked: 40,
    reader: 0,
    full,
    again: full,
    first: true,
    last: true,
    records,
    ...more,
  };
}

const whole = (records: readonly SeenRecord[], reader = 0) => read(records, { full: true, reader });

function acknowledged(seq: number, alertId = `A${seq}`, ended = 30): CallDone {
  const capability = "civdef.alert.publish";
  return { kind: "call", capability, due: 0, started: 0, ended, code: "ok", audited: { seq, alertId } };
}

function fed(...observations: (AuditRead | CallDone)[]): AuditMonitor {
  const monitor = new AuditMonitor(0);
  for (const observation of observations) monitor.observe(observation);
  return monitor;
}

Deno.test("a chain that grows, is read again by two readers and holds what was acknowledged is sound", () => {
  const monitor = fed(
    acknowledged(1),
    read(chain(3)),
    acknowledged(2),
    read(chain(6).slice(2)),
    whole(chain(6)),
    whole(chain(6), 1),
  );
  assertEquals(monitor.verdict().outcome, "sound");
  assertEquals(monitor.counts, {
    judged: true,
    entries: 6,
    verified: 6,
    breaks: 0,
    rewrites: 0,
    equivocations: 0,
  });
});

Deno.test("a broken link, a wrong signature and a missing record are found where they are, and counted once", () => {
  const broken = (at: number, change: Partial<SeenRecord>) => {
    const records = chain(6).map((record) => record.seq === at ? { ...record, ...change } : record);
    return fed(read(records), whole(records), whole(records, 1));
  };
  const link = broken(4, { prev: "f" });
  assertEquals([link.counts.breaks, link.counts.verified], [1, 5]);
  assertStringIncludes(link.verdict().reason, "broken: record 4 (published) does not link");
  assertStringIncludes(broken(2, { signed: false }).verdict().reason, "record 2 (published) has no valid signature");
  const gap = fed(read(chain(6).filter(({ seq }) => seq !== 3)));
  assertStringIncludes(gap.verdict().reason, "record 4 (published) does not follow");
});

Deno.test("a record that changes later is a rewrite, another chain for another reader an equivocation", () => {
  const rewritten = fed(read(chain(6)), whole(chain(6, 3)));
  assertEquals([rewritten.counts.rewrites, rewritten.counts.equivocations], [1, 0]);
  assertStringIncludes(rewritten.verdict().reason, "rewritten: record 3");
  const forked = fed(read(chain(6)), whole(chain(6)), whole(chain(6, 3), 1), whole(chain(6, 3), 1));
  assertEquals([forked.counts.rewrites, forked.counts.equivocations], [0, 1]);
  assertStringIncludes(forked.verdict().reason, "equivocation: record 3");
});

Deno.test("a tail that was cut is a rewrite for the reader that saw it, whether it grew again or not", () => {
  const cut = fed(read(chain(6)), whole(chain(4)));
  assertStringIncludes(cut.verdict().reason, "the chain ends at record 3, though record 5 was read before");
  const grown = fed(read(chain(6)), read(chain(8, 5).slice(4)));
  assertStringIncludes(grown.verdict().reason, "rewritten: record 5");
});

Deno.test("what was acknowledged and is not there, or is of another alert, is a break", () => {
  assertStringIncludes(fed(read(chain(2)), acknowledged(5), read([])).verdict().reason, "record 5 was acknowledged");
  assertEquals(fed(read(chain(2)), acknowledged(5, "A5", 45), read([])).counts.breaks, 0);
  for (const order of [[acknowledged(1, "B"), read(chain(3))], [read(chain(3)), acknowledged(1, "B")]]) {
    assertStringIncludes(fed(...order).verdict().reason, "acknowledged for alert B and is of A1");
  }
});

Deno.test("an export that was not answered to its end proves nothing to be missing", () => {
  assertEquals(fed(acknowledged(5), read(chain(2), { last: false })).counts.breaks, 0);
});

Deno.test("a change anywhere in a long chain is found, though only some digests are remembered", () => {
  const length = MAX_DIGESTS * 2;
  const monitor = fed(read(chain(length)));
  const state = monitor.state();
  fc.assert(
    fc.property(fc.nat(length - 1), (fork) => {
      const again = new AuditMonitor(0);
      again.restore(state);
      again.observe(whole(chain(length, fork)));
      assertEquals(again.counts.rewrites, 1);
    }),
    { numRuns: 10 },
  );
});

Deno.test("a restored monitor goes on as if nothing had been", () => {
  const before = fed(acknowledged(4), read(chain(4)), whole(chain(4), 1));
  const after = new AuditMonitor(0);
  after.restore(JSON.parse(JSON.stringify(before.state())));
  assertEquals(after.state(), before.state());
  for (const monitor of [before, after]) monitor.observe(read(chain(7, 6).slice(3)));
  assertEquals(after.state(), before.state());
});

Deno.test("without access nothing is claimed, and the reason is named", () => {
  const monitor = new AuditMonitor(0, "no auditor key is at hand");
  assertEquals([monitor.verdict().outcome, monitor.counts.judged], ["idle", false]);
  assertEquals(monitor.reason, "no auditor key is at hand");
});
