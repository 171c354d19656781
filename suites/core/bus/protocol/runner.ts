/** The runner itself: repetition, versions it does not know, gates, what it leaves behind (PRO-053..056). */

import { equals, hasMembers, isRecord, isText } from "../../../../src/check/mod.ts";
import { canonicalize, isObject, type Json, type JsonObject } from "../../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import { benchRun } from "./runner_runs.ts";

const UNKNOWN_CONTRACT = "99.0";
const UNSUPPORTED = "protocol_version_unsupported";
/** Members that may differ between two runs of one seed. */
const TIMES = ["ran_at", "duration_ms", "started_at", "finished_at"];
const MANIFEST_MEMBERS = [
  "suite_version",
  "suite_commit",
  "target",
  "configuration",
  "seed",
  "selection",
  "started_at",
  "finished_at",
];

/** A value without times, at every level. */
function timeless(value: Json): Json {
  if (Array.isArray(value)) return value.map(timeless);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !TIMES.includes(name));
  return Object.fromEntries(kept.map(([name, member]) => [name, timeless(member)]));
}

/** Sections and overall, which two runs share. */
function verdictsOf({ sections = null, overall = null, cases = null }: JsonObject): string {
  return canonicalize(timeless({ sections, overall, cases }));
}

export const runnerCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/runs-repeat",
    requirement: "PRO-053",
    brokenBy: ["report-differs-between-runs"],
    effects: "none",
    async run(context) {
      const first = await benchRun(context, { round: 1 });
      const second = await benchRun(context, { round: 2 });
      const same = verdictsOf(first.report) === verdictsOf(second.report);
      context.should.hold(same, "equal sections and overall from two runs with one seed", "they differ");
    },
  }),
  defineCase({
    id: "core/bus/unsupported-version-stops-the-run",
    requirement: "PRO-054",
    brokenBy: ["runner-ignores-the-version"],
    effects: "none",
    async run({ reporter, must }) {
      const run = await reporter.run({ contractVersion: UNKNOWN_CONTRACT });
      const told = "refused" in run ? run.refused : `${run.result.cases.length} cases were run`;
      const expected = `${UNSUPPORTED} instead of a run against contract ${UNKNOWN_CONTRACT}`;
      must.hold("refused" in run && run.refused.includes(UNSUPPORTED), expected, told);
    },
  }),
  defineCase({
    id: "core/bus/unadvertised-is-skipped",
    requirement: "PRO-055",
    brokenBy: ["runner-fails-the-unadvertised"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const { result } = await benchRun(context, { bare: true });
      const gated = result.cases.filter(({ id }) => /^core\/(files|kb|llm)\//.test(id));
      must.hold(gated.length > 0, "cases of capabilities that the stub does not advertise", "none in the report");
      for (const { id, outcome, reason } of gated) {
        must.hold(outcome === "skipped", `${id} is skipped against a node that does not advertise it`, outcome);
        must(isText(reason, `the reason of ${id}`));
      }
    },
  }),
  defineCase({
    id: "core/bus/run-manifest",
    requirement: "PRO-056",
    brokenBy: ["run-manifest-leaks-the-token", "run-manifest-without-seed"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const { manifest, secrets } = await benchRun(context);
      must(hasMembers(manifest, MANIFEST_MEMBERS, "the run manifest"));
      const { suite_version, suite_commit, target, configuration, selection, seed } = manifest;
      must.all(
        isText(suite_version, "suite_version"),
        isText(suite_commit, "suite_commit"),
        isRecord(target, "target"),
        isText(isObject(target) ? target.kind : undefined, "target.kind"),
        isRecord(configuration, "configuration"),
        isRecord(selection, "selection"),
        equals(typeof seed, "number", "the type of seed"),
      );
      const text = JSON.stringify(manifest);
      const leaked = secrets.filter((secret) => text.includes(secret)).length;
      must.hold(leaked === 0, "no key and no token in the run manifest", `${leaked} of ${secrets.length} occur in it`);
    },
  }),
];
