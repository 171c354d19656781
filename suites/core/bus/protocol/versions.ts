/** protocol.version.list: open to everybody, complete, in agreement with the manifest, its claims provable. */

import {
  describe,
  differs,
  equals,
  isArray,
  isRecord,
  isString,
  isText,
  matches,
  oneOf,
  succeeded,
} from "../../../../src/check/mod.ts";
import { CID_PATTERN, isObject, VERSION_PATTERN } from "../../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import { advertisedEntries, contractMajor } from "../helpers.ts";
import { claims, readReport, REPORT, VERSION_LIST, versionList } from "./helpers.ts";
import { provideReport, sampleReport } from "./sample_report.ts";

/** The contract that makes protocol.version.list open to unknown callers. */
const OPEN_FROM_CONTRACT = 3;

export const versionCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/version-list-is-open",
    requirement: "PRO-001",
    brokenBy: ["version-list-for-members"],
    effects: "none",
    async run(context) {
      const { target, actors, must, note } = context;
      const { manifest } = await advertisedEntries(context);
      const answer = await target.call(actors.stranger(), VERSION_LIST);
      if (answer.status !== 200 && contractMajor(manifest) < OPEN_FROM_CONTRACT) {
        return note(`a stranger is refused, which only contract 3 forbids: ${describe(answer)}`);
      }
      must(succeeded(answer));
    },
  }),
  defineCase({
    id: "core/bus/version-list-contract-versions",
    requirement: "PRO-002",
    brokenBy: ["contract-versions-as-numbers", "contract-versions-twice"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const { contract_versions: versions } = await versionList(context);
      must(isArray(versions, "contract_versions"));
      const list = Array.isArray(versions) ? versions : [];
      must.hold(list.length > 0, "contract_versions names a version", "an empty array");
      list.forEach((version, i) => must(matches(version, VERSION_PATTERN, `contract_versions[${i}]`)));
      must.hold(new Set(list).size === list.length, "contract_versions without duplicates", list);
    },
  }),
  defineCase({
    id: "core/bus/version-list-and-manifest",
    requirement: "PRO-003",
    brokenBy: ["version-list-without-own-contract"],
    effects: "none",
    async run(context) {
      const { manifest } = await advertisedEntries(context);
      const { contract_versions: versions } = await versionList(context);
      const list = Array.isArray(versions) ? versions : [];
      context.must(oneOf(manifest.contract_version, list, "contract_version of the manifest"));
    },
  }),
  defineCase({
    id: "core/bus/version-list-conformance",
    requirement: "PRO-004",
    brokenBy: ["conformance-passed-is-boolean", "conformance-passed-with-short-cid"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const { conformance_passed: passed } = await versionList(context);
      must(isArray(passed, "conformance_passed"));
      (Array.isArray(passed) ? passed : []).forEach((entry, i) => {
        const what = `conformance_passed[${i}]`;
        must(isRecord(entry, what));
        const { suite, report_cid: cid } = isObject(entry) ? entry : {};
        must.all(isString(suite, `${what}.suite`), matches(cid, CID_PATTERN, `${what}.report_cid`));
      });
    },
  }),
  defineCase({
    id: "core/bus/version-list-implementation",
    requirement: "PRO-005",
    brokenBy: ["version-list-without-implementation", "implementation-version-empty"],
    effects: "none",
    async run(context) {
      const { implementation } = await versionList(context);
      context.must(isRecord(implementation, "implementation"));
      const { name, version, commit } = isObject(implementation) ? implementation : {};
      context.must.all(
        isText(name, "implementation.name"),
        isText(version, "implementation.version"),
        isString(commit, "implementation.commit"),
      );
    },
  }),
  defineCase({
    id: "core/bus/claimed-reports-can-be-read",
    requirement: "PRO-006",
    brokenBy: ["claims-report-nobody-holds"],
    effects: "none",
    async run(context) {
      const { should, note } = context;
      const claimed = claims(await versionList(context));
      if (claimed.length === 0) note("the node claims no report");
      for (const { suite, report_cid: cid } of claimed) {
        const { answer, report } = await readReport(context, cid);
        should.hold(report !== undefined, `${cid} is a report that can be read`, describe(answer), answer.exchange);
        should(isText(report?.suite_version, `suite_version of ${cid}`));
        should(equals(report?.overall, "pass", `overall of the report for suite ${String(suite)}`));
      }
    },
  }),
  defineCase({
    id: "core/bus/failed-reports-are-not-claimed",
    requirement: "PRO-007",
    brokenBy: ["claims-every-report"],
    effects: "none",
    async run(context) {
      const { target, actors, must, note } = context;
      const provided = await provideReport(context, sampleReport(target, "fail"));
      if (provided) await target.call(actors.self(), REPORT);
      const claimed = claims(await versionList(context));
      if (claimed.length === 0) note("the node claims no report");
      for (const { report_cid: cid } of claimed) {
        const { report } = await readReport(context, cid);
        if (report === undefined) note(`${cid} cannot be read, see PRO-006`);
        else must(differs(report.overall, "fail", `overall of ${cid}`));
      }
    },
  }),
];
