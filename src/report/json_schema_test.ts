import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Json } from "../protocol/mod.ts";
import { buildReport, reportText } from "./build.ts";
import { asReport, asRunManifest, REPORT_JSON_SCHEMA, RUN_MANIFEST_JSON_SCHEMA, SchemaError } from "./json_schema.ts";
import { buildRunManifest, runManifestText } from "./run_manifest.ts";
import { signReport } from "./sign.ts";
import {
  caseResult,
  corePassed,
  DIGEST,
  hostileRun,
  OUTCOMES,
  runOf,
  signedReport,
  TARGET,
  TESTER,
} from "./testing.ts";

type Changed = { [member: string]: Json };

const written = (): Changed => JSON.parse(reportText(signedReport(hostileRun())));

Deno.test("reports of runs fit the schema after a round trip through text", () => {
  for (const run of [hostileRun(), runOf([]), runOf(corePassed(), { nodeId: "", more: { anything: [1] } })]) {
    assertEquals(asReport(JSON.parse(reportText(signedReport(run)))).seed, run.seed);
  }
  const signed = signReport(buildReport(runOf([])), { tester: TESTER, target: TARGET, transcriptDigest: DIGEST });
  asReport(JSON.parse(reportText(signed)));
});

Deno.test("whatever the outcomes are, the report fits the schema", () => {
  const anyCase = fc.record({
    section: fc.constantFrom("core/bus", "federation", "operability/shutdown_clean"),
    outcome: fc.constantFrom(...OUTCOMES),
    level: fc.constantFrom("MUST" as const, "SHOULD" as const, "MAY" as const),
    reason: fc.string({ unit: "binary" }),
    durationMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  }).map((over) => caseResult(`${over.section}/x`, over));
  fc.assert(fc.property(fc.array(anyCase), fc.boolean(), (cases, strict) => {
    asReport(JSON.parse(reportText(signedReport(runOf(cases, { strict })))));
  }));
});

Deno.test("a report that lacks a member, or whose sums are wrong, is refused with the place", () => {
  const table: [change: (report: Changed) => void, message: string][] = [
    [(report) => delete report.suite_version, "report.json: the document must have required property 'suite_version'"],
    [
      (report) => delete report.signature_reason,
      "report.json: the document must have required property 'signature_reason'",
    ],
    [(report) => report.overall = "good", "report.json: /overall must be equal to one of the allowed values"],
    [(report) => report.of_a_later_version = 1, ""],
    [(report) => report.ran_at = "2026-07-02T09:15:00+02:00", "report.json: /ran_at must match pattern"],
    [(report) => bus(report).passed = 40, "report.json: the counters of core/bus do not add up"],
    [(report) => bus(report).name = "core/kb", "report.json: section core/bus is named core/kb"],
  ];
  for (const [change, message] of table) {
    const report = written();
    change(report);
    if (message === "") asReport(report);
    else assertThrows(() => asReport(report), SchemaError, message);
  }
  const files = written();
  ((files.sections as Changed)["core/files"] as Changed).failures = [];
  assertThrows(() => asReport(files), SchemaError, "report.json: core/files has 1 failed and 0 failures");
  assertThrows(() => asReport([]), SchemaError, "report.json: it is no JSON object");
});

Deno.test("every member that is written is in the schema", () => {
  const properties = (schema: Json) => Object.keys((schema as { properties: Changed }).properties);
  const { definitions } = REPORT_JSON_SCHEMA as { definitions: Changed };
  const report = signedReport(runOf([...hostileRun().cases], { more: {} }));
  const known = (value: object, schema: Json | undefined) => {
    for (const name of Object.keys(value)) assertEquals(properties(schema ?? null).includes(name), true, name);
  };
  known(report, REPORT_JSON_SCHEMA);
  known(buildRunManifest(hostileRun(), { options: [], texts: [] }), RUN_MANIFEST_JSON_SCHEMA);
  for (const section of Object.values(report.sections)) {
    known(section, definitions.section);
    for (const failure of [...section.failures, ...section.warnings]) known(failure, definitions.failure);
  }
  for (const entry of report.cases) known(entry, definitions.case);
});

Deno.test("run manifests fit their schema", () => {
  const manifest = () => JSON.parse(runManifestText(buildRunManifest(hostileRun(), { options: [], texts: [] })));
  assertEquals(asRunManifest(manifest()).seed, 0xC0FFEE);
  assertThrows(
    () => asRunManifest({ ...manifest(), seed: -1 }),
    SchemaError,
    "run_manifest.json: /seed must be >= 0",
  );
});

function bus(report: Changed): Changed {
  return (report.sections as Changed)["core/bus"] as Changed;
}
