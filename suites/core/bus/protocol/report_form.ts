/** The document: members, sections, counters, failures, versions, times, signature (PRO-040..043, 049..051). */

import {
  hasMembers,
  holds,
  isArray,
  isInteger,
  isRecord,
  isString,
  isText,
  matches,
  oneOf,
} from "../../../../src/check/mod.ts";
import {
  isObject,
  type Json,
  type JsonObject,
  parseTimestamp,
  verifyDocument,
  verifyText,
} from "../../../../src/protocol/mod.ts";
import { utf8 } from "../../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import type { Must } from "../../../../src/runner/verdict.ts";
import { claims, readReport, VERSION_LIST, versionList } from "./helpers.ts";
import { mixedCases, withCases } from "./invented_runs.ts";
import { benchRun } from "./runner_runs.ts";

const MEMBERS = ["implementation", "protocol_version", "suite_version", "ran_at", "sections", "overall", "signature"];
const OVERALLS = ["pass", "partial", "fail", "skipped"];
const SECTION_PATH = /^(core|services|experimental|operability)\/[a-z0-9_]+$|^(federation|operability)$/;
const SEMANTIC_VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const FAILURE_PARTS = ["spec_ref", "expected", "observed", "reproduction"];
/** A clock of the tester and of the node may differ by so much, in milliseconds. */
const CLOCK_SLACK_MS = 5 * 60_000;

/** A report and who signed it. */
interface Judged {
  readonly what: string;
  readonly report: JsonObject;
  /** NodeID of the node that published it; undefined for the report of the runner. */
  readonly publisher?: string;
}

/** Reports the node has published and can still give out. */
async function published(context: CaseContext): Promise<readonly Judged[]> {
  const { target } = context;
  const readable = target.advertised("file.read") !== undefined && target.profile.identities.member > 0;
  if (target.advertised(VERSION_LIST) === undefined || !readable) return [];
  const found: Judged[] = [];
  for (const { report_cid: cid } of claims(await versionList(context))) {
    const { report } = await readReport(context, cid);
    if (report !== undefined) found.push({ what: cid, report, publisher: target.nodeId });
  }
  return found;
}

/** What the node published, and a report of the runner about a run with every outcome. */
async function reports(context: CaseContext): Promise<readonly Judged[]> {
  const run = await benchRun(context);
  const report = context.reporter.build(withCases(run, mixedCases()));
  return [...await published(context), { what: "the report of the runner", report }];
}

function sectionsOf(report: JsonObject): readonly (readonly [key: string, section: JsonObject])[] {
  const { sections } = report;
  return Object.entries(isObject(sections) ? sections : {}).map(([key, value]) => [key, isObject(value) ? value : {}]);
}

function failuresOf(section: JsonObject): readonly Json[] {
  return Array.isArray(section.failures) ? section.failures : [];
}

/** One counter more in some section: what a signature must notice. */
function tampered(report: JsonObject): JsonObject {
  const [first] = sectionsOf(report);
  const sections = isObject(report.sections) ? report.sections : {};
  if (first === undefined) return { ...report, sections: { "core/bus": { passed: 1 } } };
  const [key, section] = first;
  return { ...report, sections: { ...sections, [key]: { ...section, passed: Number(section.passed) + 1 } } };
}

function judgeTester(must: Must, { report, what }: Judged): void {
  must(isText(report.signature_reason, `signature_reason of ${what}`));
  const { tester } = report;
  must(isRecord(tester, `tester of ${what}`));
  const { node_id: id, transcript_digest: digest, signature } = isObject(tester) ? tester : {};
  const valid = typeof id === "string" && typeof digest === "string" && verifyText(id, utf8(digest), signature);
  must.hold(valid, `the tester's signature over transcript_digest of ${what} verifies`, "it does not");
}

/** Declares a case that judges every report. */
function reportCase(
  fields: Pick<ConformanceCase, "id" | "requirement" | "brokenBy">,
  judge: (context: CaseContext, judged: Judged) => void,
): ConformanceCase {
  return defineCase({
    ...fields,
    effects: "none",
    async run(context) {
      for (const judged of await reports(context)) judge(context, judged);
    },
  });
}

export const reportFormCases: readonly ConformanceCase[] = [
  reportCase(
    { id: "core/bus/document-members", requirement: "PRO-040", brokenBy: ["report-drops-suite-version"] },
    ({ must }, { what, report }) => {
      const { implementation, protocol_version: protocol, suite_version: suite, ran_at, sections, overall, signature } =
        report;
      must.all(
        hasMembers(report, MEMBERS, what),
        isRecord(implementation, `implementation of ${what}`),
        isText(protocol, `protocol_version of ${what}`),
        isText(suite, `suite_version of ${what}`),
        isText(ran_at, `ran_at of ${what}`),
        isRecord(sections, `sections of ${what}`),
        oneOf(overall, OVERALLS, `overall of ${what}`),
        signature === null ? undefined : isString(signature, `signature of ${what}`),
      );
    },
  ),
  reportCase(
    { id: "core/bus/document-sections", requirement: "PRO-041", brokenBy: ["report-invents-a-section"] },
    ({ must }, { what, report }) => {
      for (const [key, section] of sectionsOf(report)) {
        must.all(
          matches(key, SECTION_PATH, `a section of ${what}`),
          holds(section.name === key, `the name of section ${key} is its key`, section.name),
        );
      }
    },
  ),
  reportCase(
    { id: "core/bus/document-counters", requirement: "PRO-042", brokenBy: ["report-total-without-skipped"] },
    ({ must }, { report }) => {
      for (const [key, { total, passed, failed, skipped }] of sectionsOf(report)) {
        for (const [name, value] of Object.entries({ total, passed, failed, skipped })) {
          must(isInteger(value, `${name} of ${key}`, 0));
        }
        const sum = Number(passed) + Number(failed) + Number(skipped);
        must(holds(total === sum, `total of ${key} is passed + failed + skipped = ${sum}`, total));
      }
    },
  ),
  reportCase(
    {
      id: "core/bus/document-failures",
      requirement: "PRO-043",
      brokenBy: ["report-without-failures", "report-failures-without-recipe"],
    },
    ({ must }, { report }) => {
      for (const [key, section] of sectionsOf(report)) {
        const failures = failuresOf(section);
        must(isArray(section.failures, `failures of ${key}`));
        must(
          holds(
            failures.length === section.failed,
            `failures of ${key} has ${section.failed} entries`,
            failures.length,
          ),
        );
        for (const [i, failure] of failures.entries()) {
          for (const part of FAILURE_PARTS) {
            must(isText(isObject(failure) ? failure[part] : undefined, `${part} of failures[${i}] of ${key}`));
          }
        }
      }
    },
  ),
  reportCase(
    { id: "core/bus/document-signature", requirement: "PRO-049", brokenBy: ["report-changed-after-signing"] },
    ({ must, reporter }, judged) => {
      const { report, what, publisher } = judged;
      if (report.signature === null && publisher === undefined) return judgeTester(must, judged);
      const verifies = (document: JsonObject) =>
        publisher === undefined ? reporter.verify(document) : verifyDocument(publisher, document);
      must.hold(verifies(report), `the signature of ${what} verifies`, "it does not");
      must.hold(!verifies(tampered(report)), `the signature of ${what} covers its counters`, "a changed one verifies");
    },
  ),
  reportCase(
    { id: "core/bus/document-protocol-version", requirement: "PRO-050", brokenBy: ["report-of-another-protocol"] },
    ({ must }, { what, report }) => {
      const { implementation, protocol_version: version } = report;
      const versions = isObject(implementation) ? implementation.protocol_versions : undefined;
      must(oneOf(version, Array.isArray(versions) ? versions : [], `protocol_version of ${what}`));
    },
  ),
  reportCase(
    {
      id: "core/bus/document-times-and-versions",
      requirement: "PRO-051",
      brokenBy: ["report-time-with-offset", "report-suite-version-of-two-parts"],
    },
    ({ must, target }, { what, report }) => {
      const at = parseTimestamp(report.ran_at);
      must.hold(at !== undefined, `ran_at of ${what} is an RFC 3339 time ending in Z`, report.ran_at ?? "nothing");
      const future = at !== undefined && at > target.wall() + CLOCK_SLACK_MS;
      must.hold(!future, `ran_at of ${what} is not in the future`, report.ran_at ?? "nothing");
      must(matches(report.suite_version, SEMANTIC_VERSION, `suite_version of ${what}`));
    },
  ),
];
