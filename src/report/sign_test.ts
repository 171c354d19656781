import { assertEquals } from "@std/assert";
import { type Json, verifyText } from "../protocol/mod.ts";
import { buildReport, type ConformanceReport } from "./build.ts";
import { NO_TARGET_KEY, signReport, verifyReport } from "./sign.ts";
import { corePassed, DIGEST, failed, hostileRun, runOf, TARGET, TESTER } from "./testing.ts";

const unsigned = buildReport(runOf([...corePassed(), failed("core/kb/x")]));
const byBoth = signReport(unsigned, { tester: TESTER, target: TARGET, transcriptDigest: DIGEST });
const byTester = signReport(unsigned, { tester: TESTER, transcriptDigest: DIGEST });

function read(report: ConformanceReport): Json {
  return JSON.parse(JSON.stringify(report));
}

function reasons(report: Json, digest = DIGEST, nodeId = TARGET.id): string[] {
  const { target, tester } = verifyReport(report, digest, nodeId);
  return [`${target.verdict}: ${target.reason}`, `${tester.verdict}: ${tester.reason}`];
}

Deno.test("a report signed by target and tester verifies after a round trip through text", () => {
  assertEquals(verifyReport(read(byBoth), DIGEST, TARGET.id).ok, true);
  assertEquals(Object.hasOwn(byBoth, "signature_reason"), false);
  assertEquals(reasons(read(byBoth)), [
    `valid: signed by the target ${TARGET.id}`,
    `valid: transcript signed by the tester ${TESTER.id}`,
  ]);
});

Deno.test("hostile text in the report does not keep it from being signed", () => {
  const report = signReport(buildReport(hostileRun()), { tester: TESTER, target: TARGET, transcriptDigest: DIGEST });
  assertEquals(verifyReport(read(report), DIGEST, TARGET.id).ok, true);
});

Deno.test("without the key of the target signature is null with the reason", () => {
  assertEquals([byTester.signature, byTester.signature_reason], [null, NO_TARGET_KEY]);
  assertEquals(verifyReport(read(byTester), DIGEST, TARGET.id).ok, true);
  assertEquals(reasons(read(byTester))[0], `absent: ${NO_TARGET_KEY}`);
});

Deno.test("a key of somebody else signs nothing", () => {
  const report = signReport(unsigned, { tester: TESTER, target: TESTER, transcriptDigest: DIGEST });
  assertEquals(report.signature, null);
  assertEquals(report.signature_reason, `the key given is the one of ${TESTER.id}, the target is ${TARGET.id}`);
});

Deno.test("the tester signs the text of the digest", () => {
  assertEquals(verifyText(TESTER.id, new TextEncoder().encode(DIGEST), byTester.tester.signature), true);
});

Deno.test("one changed counter breaks the signature of the target", () => {
  const changed = { ...byBoth, totals: { ...byBoth.totals, failed: 0 } };
  assertEquals(
    reasons(read(changed))[0],
    `invalid: the signature does not cover this report under the key of ${TARGET.id}`,
  );
  assertEquals(verifyReport(read(changed), DIGEST, TARGET.id).ok, false);
});

Deno.test("another transcript, tester or node is told apart", () => {
  const other = `blake3:${"00".repeat(32)}`;
  assertEquals(
    reasons(read(byBoth), other)[1],
    `invalid: the report is about transcript ${DIGEST}, the transcript here has ${other}`,
  );
  assertEquals(
    reasons(read({ ...byTester, tester: { ...byTester.tester, node_id: TARGET.id } }))[1],
    `invalid: the tester's signature does not cover ${DIGEST} under the key of ${TARGET.id}`,
  );
  assertEquals(
    reasons(read(byBoth), DIGEST, TESTER.id)[0],
    `invalid: the report is about ${TARGET.id}, the transcript about ${TESTER.id}`,
  );
  assertEquals(
    reasons(read(byBoth), DIGEST, "")[0],
    "invalid: there is a signature, but the transcript shows no NodeID to verify it with",
  );
});

Deno.test("documents that are no report are refused with a reason", () => {
  const table: [document: Json, target: string, tester: string][] = [
    [null, "invalid: the report is no JSON object", "invalid: the report is no JSON object"],
    [{}, "invalid: the report has no member signature", "absent: the report has no signature of a tester"],
    [
      { signature: null, tester: {} },
      "invalid: signature is null and no signature_reason says why",
      "invalid: tester lacks node_id or transcript_digest",
    ],
  ];
  for (const [document, target, tester] of table) assertEquals(reasons(document), [target, tester]);
});
