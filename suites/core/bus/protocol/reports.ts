/** protocol.conformance.report: for the node itself, complete, honest, logged. */

import {
  describe,
  equals,
  isInteger,
  isRecord,
  matches,
  of,
  output,
  refusedWith,
  succeeded,
} from "../../../../src/check/mod.ts";
import { errorCode } from "../../../../src/check/mod.ts";
import { CID_PATTERN, isCid, isObject, type JsonObject, tryParseJson } from "../../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import type { HttpAnswer } from "../../../../src/wire/mod.ts";
import { readReport, REPORT, sumsOf } from "./helpers.ts";
import { provideReport, SAMPLE_SUITE, sampleReport } from "./sample_report.ts";

const REPORTED = "protocol.conformance.reported";
/** The same event in the implementation reference (see conflicts). */
const RAN = "protocol.conformance.ran";
/** A suite runs for minutes on a node that really has one. */
const SUITE_MS = 50_000;
/** Time within which the event of a finished report is seen. */
const SEEN_MS = 5000;
const NOT_INSTALLED = "protocol_suite_not_installed";

interface Reported {
  readonly answer: HttpAnswer;
  readonly output: JsonObject;
}

/** Asks as the node itself; the node is given a suite where the tester can. */
async function reported(
  context: CaseContext,
  prepare: () => Promise<void> = () => Promise.resolve(),
): Promise<Reported> {
  const { target, actors, must, skip, inconclusive } = context;
  const provided = await provideReport(context, sampleReport(target, "partial"));
  await prepare();
  const input = provided ? { suite_version: SAMPLE_SUITE } : {};
  const answer = await target.call(actors.self(), REPORT, input, { deadlineMs: SUITE_MS });
  if (answer.status === 0) inconclusive(`the report call did not end: ${describe(answer)}`);
  if (!provided && errorCode(answer) === NOT_INSTALLED) skip("the node has no suite");
  must(succeeded(answer));
  const value = must.get(output(answer));
  if (!provided && value.overall === "skipped") skip("the node has no suite");
  return { answer, output: value };
}

/** The whole report in place of its CID (M32 §4.2, see conflicts). */
function inline(value: JsonObject): JsonObject | undefined {
  const report = isObject(value.report) ? value.report : value;
  return value.report_cid === undefined && isObject(report.sections) ? report : undefined;
}

export const reportCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/report-for-the-node-only",
    requirement: "PRO-015",
    brokenBy: ["report-for-members", "report-for-trusted-members"],
    effects: "none",
    async run({ target, actors, must }) {
      must(refusedWith(await target.call(await actors.member(), REPORT), "unauthorized"));
      if (target.profile.identities.trusted === 0) return;
      must(refusedWith(await target.call(await actors.trusted(), REPORT), "unauthorized"));
    },
  }),
  defineCase({
    id: "core/bus/report-answer",
    requirement: "PRO-016",
    brokenBy: ["report-answers-ok-only", "report-counts-as-text"],
    effects: "writes",
    async run(context) {
      const { must, note } = context;
      const { answer, output: value } = await reported(context);
      if (inline(value) !== undefined) return note("the answer is the whole report, not report_cid and counters");
      must(of(answer, matches(value.report_cid, CID_PATTERN, "report_cid")));
      for (const name of ["passed", "failed", "skipped"]) must(of(answer, isInteger(value[name], name, 0)));
      const body = tryParseJson(answer.body);
      must(of(answer, isRecord(isObject(body) ? body.meta : undefined, "meta")));
    },
  }),
  defineCase({
    id: "core/bus/report-counters",
    requirement: "PRO-017",
    brokenBy: ["report-counts-skipped-as-passed"],
    effects: "writes",
    async run(context) {
      const { must, note } = context;
      const { answer, output: value } = await reported(context);
      if (inline(value) !== undefined) return note("the answer is the whole report, not report_cid and counters");
      const cid = String(value.report_cid);
      must.hold(isCid(cid), "a CID under report_cid", describe(answer), answer.exchange);
      const read = await readReport(context, cid);
      if (read.report === undefined) {
        return must.hold(false, `the report ${cid} can be read`, describe(read.answer), read.answer.exchange);
      }
      const { passed = null, failed = null, skipped = null } = value;
      must(of(answer, equals({ passed, failed, skipped }, { ...sumsOf(read.report) }, "the counters of the answer")));
    },
  }),
  defineCase({
    id: "core/bus/report-without-a-suite",
    requirement: "PRO-018",
    brokenBy: ["report-canned"],
    effects: "writes",
    async run({ target, actors, must, skip }) {
      if (target.profile.kind !== "embedded") skip("it is not known whether the node has the suite installed");
      const answer = await target.call(actors.self(), REPORT);
      if (answer.status !== 200) return must(refusedWith(answer, NOT_INSTALLED));
      const value = must.get(output(answer));
      const positive = typeof value.passed === "number" && value.passed > 0;
      must.hold(!positive, "no passed tests from a node without the suite", describe(answer), answer.exchange);
      must.hold(
        value.overall === "skipped" && value.reason === "suite_not_installed",
        "overall skipped with reason suite_not_installed, or protocol_suite_not_installed",
        describe(answer),
        answer.exchange,
      );
    },
  }),
  defineCase({
    id: "core/bus/report-of-an-unknown-suite",
    requirement: "PRO-019",
    brokenBy: ["report-of-any-suite-version"],
    effects: "writes",
    async run(context) {
      const { target, actors, should, skip } = context;
      const provided = await provideReport(context, sampleReport(target, "partial"));
      const answer = await target.call(actors.self(), REPORT, { suite_version: "99.0" });
      if (!provided && errorCode(answer) === NOT_INSTALLED) skip("the node has no suite");
      should(refusedWith(answer, "protocol_version_unknown", "bad_request", "not_found"));
    },
  }),
  defineCase({
    id: "core/bus/report-event",
    requirement: "PRO-020",
    brokenBy: ["report-not-logged"],
    effects: "writes",
    async run(context) {
      const { target, must, note } = context;
      let observer: Awaited<ReturnType<typeof target.eventSubscribe>> | undefined;
      const { output: value } = await reported(context, async () => {
        observer = await target.eventSubscribe([REPORTED, RAN]);
      });
      const event = await observer?.find(({ data }) => data.report_cid === value.report_cid, SEEN_MS);
      must.hold(event !== undefined, `a ${REPORTED} event that names report_cid`, `none within ${SEEN_MS} ms`);
      if (event?.event_type === RAN) note(`the event is called ${RAN}; CONTRACT3 §7 has ${REPORTED}`);
    },
  }),
];
