/** The overall verdict, recomputed from invented section tables (PRO-044..048, 052). */

import { equals, oneOf } from "../../../../src/check/mod.ts";
import { isObject, type Json } from "../../../../src/protocol/mod.ts";
import { REQUIRED_CORE } from "../../../../src/report/overall.ts";
import type { CaseResult } from "../../../../src/report/results.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import { corePassed, mixedCases, result, withCases } from "./invented_runs.ts";
import { benchRun } from "./runner_runs.ts";

/** Overall of a report about these cases. */
async function overallOf(context: CaseContext, cases: readonly CaseResult[]): Promise<Json | undefined> {
  return context.reporter.build(withCases(await benchRun(context), cases)).overall;
}

function without(section: string): CaseResult[] {
  return corePassed().filter((one) => one.section !== section);
}

export const reportOverallCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/overall-fails-with-core",
    requirement: "PRO-044",
    brokenBy: ["report-hides-core-failures"],
    effects: "none",
    async run(context) {
      const { must } = context;
      for (const section of REQUIRED_CORE) {
        const cases = [...corePassed(), result(section, "broken", "fail")];
        must(equals(await overallOf(context, cases), "fail", `overall with one failure in ${section}`));
      }
      must(equals(await overallOf(context, mixedCases()), "fail", "overall with failures everywhere"));
    },
  }),
  defineCase({
    id: "core/bus/overall-passes",
    requirement: "PRO-045",
    brokenBy: ["report-fails-on-experimental"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const sound = [...corePassed(), result("services/market", "sound")];
      must(equals(await overallOf(context, sound), "pass", "overall without a failure"));
      for (const section of ["experimental/moe", "operability"]) {
        const cases = [...sound, result(section, "broken", "fail")];
        must(equals(await overallOf(context, cases), "pass", `overall with a failure in ${section} only`));
      }
      const broken = [...sound, result("services/market", "broken", "fail")];
      must(oneOf(await overallOf(context, broken), ["partial", "fail"], "overall with a failure in a service"));
    },
  }),
  defineCase({
    id: "core/bus/overall-is-partial",
    requirement: "PRO-046",
    brokenBy: ["report-passes-with-broken-services"],
    effects: "none",
    async run(context) {
      for (const section of ["services/market", "services/chat", "federation"]) {
        const cases = [...corePassed(), result(section, "broken", "fail")];
        context.must(equals(await overallOf(context, cases), "partial", `overall with a failure in ${section} only`));
      }
    },
  }),
  defineCase({
    id: "core/bus/overall-is-skipped",
    requirement: "PRO-047",
    brokenBy: ["report-passes-empty-runs"],
    effects: "none",
    async run(context) {
      const { must } = context;
      must(equals(await overallOf(context, []), "skipped", "overall of a run without cases"));
      const skipped = REQUIRED_CORE.map((section) => result(section, "gated", "skipped"));
      must(equals(await overallOf(context, skipped), "skipped", "overall of a run that skipped everything"));
    },
  }),
  defineCase({
    id: "core/bus/skips-do-not-fail",
    requirement: "PRO-048",
    brokenBy: ["report-counts-skips-as-failures"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const beside = [...corePassed(), result("core/kb", "gated", "skipped")];
      must(oneOf(await overallOf(context, beside), ["pass", "partial"], "overall with a skip in core"));
      const only = [...without("core/kb"), result("core/kb", "gated", "skipped")];
      must(oneOf(await overallOf(context, only), ["pass", "partial"], "overall with a core section of skips only"));
    },
  }),
  defineCase({
    id: "core/bus/pass-covers-all-of-core",
    requirement: "PRO-052",
    brokenBy: ["report-passes-filtered-runs"],
    effects: "none",
    async run(context) {
      const { must, reporter } = context;
      const filtered = await benchRun(context, { filter: "core/transport/*" });
      must.hold(filtered.report.overall !== "pass", "no pass for a run of one section", "overall is pass");
      for (const section of REQUIRED_CORE) {
        must(oneOf(await overallOf(context, without(section)), ["partial"], `overall of a run without ${section}`));
      }
      const { overall, sections } = reporter.build(withCases(filtered, corePassed()));
      must(equals(overall, "pass", "overall of a complete run"));
      for (const section of REQUIRED_CORE) {
        const counted = isObject(sections) ? sections[section] : undefined;
        const passed = isObject(counted) ? Number(counted.passed) : 0;
        must.hold(passed > 0, `a report that claims pass has a passed test in ${section}`, String(passed));
      }
    },
  }),
];
