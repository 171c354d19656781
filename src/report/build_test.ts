import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { buildReport, MAX_REPORT_TEXT, reportText } from "./build.ts";
import { caseResult, corePassed, failed, hostileRun, OUTCOMES, runOf, signedReport } from "./testing.ts";

Deno.test("a section counts every outcome once and tells what skipped means", () => {
  const section = buildReport(runOf([
    caseResult("core/bus/a"),
    failed("core/bus/b"),
    failed("core/bus/c", { level: "SHOULD", requirement: "BUS-005" }),
    caseResult("core/bus/d", { outcome: "skipped", skip: "gated" }),
    caseResult("core/bus/e", { outcome: "skipped", skip: "slow" }),
    caseResult("core/bus/f", { outcome: "inconclusive" }),
    caseResult("core/bus/g", { outcome: "error" }),
  ])).sections["core/bus"];
  assertEquals(section, {
    name: "core/bus",
    total: 7,
    passed: 2,
    failed: 1,
    skipped: 4,
    warned: 1,
    of_skipped: { gated: 1, slow: 1, inconclusive: 1, error: 1 },
    failures: [{
      test: "core/bus/b",
      requirement: "IDN-021",
      level: "MUST",
      spec_ref: "CONTRACT §6.1",
      expected: "404 not_found",
      observed: "200 with empty data_b64",
      reproduction: "hearthproof run --seed 0xC0FFEE --suite-filter core/bus/b",
      exchange: 17,
    }],
    warnings: [{
      test: "core/bus/c",
      requirement: "BUS-005",
      level: "SHOULD",
      spec_ref: "CONTRACT §6.1",
      expected: "404 not_found",
      observed: "200 with empty data_b64",
      reproduction: "hearthproof run --seed 0xC0FFEE --suite-filter core/bus/c",
      exchange: 17,
    }],
  });
});

Deno.test("strict turns warnings into failures", () => {
  const report = buildReport(runOf([failed("core/bus/c", { level: "SHOULD" })], { strict: true }));
  assertEquals([report.totals.failed, report.totals.warned, report.warnings_counted_as], [1, 0, "failed"]);
  assertEquals(report.sections["core/bus"]?.failures.length, 1);
  assertEquals(report.overall, "fail");
});

Deno.test("total is the sum, failures match failed, and parts match skipped, whatever happened", () => {
  const anyCase = fc.record({
    section: fc.constantFrom("core/bus", "core/kb", "federation"),
    outcome: fc.constantFrom(...OUTCOMES),
    level: fc.constantFrom("MUST" as const, "SHOULD" as const),
    skip: fc.constantFrom("gated" as const, "slow" as const),
  }).map((over) => caseResult(`${over.section}/x`, over));
  fc.assert(fc.property(fc.array(anyCase), fc.boolean(), (cases, strict) => {
    const report = buildReport(runOf(cases, { strict }));
    for (const section of [...Object.values(report.sections), { ...report.totals, failures: null, warnings: null }]) {
      const parts = section.of_skipped;
      assertEquals(section.total, section.passed + section.failed + section.skipped);
      assertEquals(section.skipped, parts.gated + parts.slow + parts.inconclusive + parts.error);
      if (section.failures !== null) assertEquals(section.failures.length, section.failed);
      if (section.warnings !== null) assertEquals(section.warnings.length, section.warned);
    }
    assertEquals(report.totals.total, cases.length);
  }));
});

Deno.test("a failure has four parts that are not empty", () => {
  const empty = { expected: "", observed: " ", reproduction: "", exchange: -1 };
  const report = buildReport(runOf([failed("core/bus/a", { failure: empty, specRef: "" })]));
  assertEquals(report.sections["core/bus"]?.failures[0], {
    test: "core/bus/a",
    requirement: "IDN-021",
    level: "MUST",
    spec_ref: "not stated",
    expected: "the requirement holds",
    observed: "(empty)",
    reproduction: "hearthproof run --suite-filter core/bus/a",
    exchange: -1,
  });
});

Deno.test("the order of the cases in the run changes nothing", () => {
  const run = hostileRun();
  assertEquals(
    reportText(signedReport({ ...run, cases: [...run.cases].reverse() })),
    reportText(signedReport(run)),
  );
});

Deno.test("texts of the target are bounded and made well-formed", () => {
  const failure = { expected: "x", observed: "\ud800" + "y".repeat(9000), reproduction: "z", exchange: 1 };
  const observed = buildReport(runOf([failed("core/bus/a", { failure })])).sections["core/bus"]?.failures[0]?.observed;
  assertStringIncludes(observed ?? "", "\ufffdyyy");
  assertStringIncludes(observed ?? "", `… (${9001 - MAX_REPORT_TEXT} more characters)`);
});

Deno.test("the report names advertised sections without a suite", () => {
  const report = buildReport(runOf(corePassed(), { sectionsAdvertised: ["services/ocr", "services/chat"] }));
  assertEquals(report.sections_without_suite, ["services/ocr"]);
  assertEquals(report.overall, "partial");
});

Deno.test("the text keeps the order of members and ends with a line feed", () => {
  const text = reportText(signedReport(runOf(corePassed())));
  const names = Object.keys(JSON.parse(text));
  assertEquals(names.slice(0, 5), ["schema", "implementation", "protocol_version", "suite_version", "suite_commit"]);
  assertEquals(names.slice(-3), ["tester", "signature_reason", "signature"]);
  assertEquals(text.endsWith("}\n"), true);
});
