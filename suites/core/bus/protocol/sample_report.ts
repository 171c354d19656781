/** A report of an invented suite, and giving it to a node that can keep one. */

import { type JsonObject, parseVersion, timestamp } from "../../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../../src/runner/case.ts";
import type { Session } from "../../../../src/target/session.ts";
import { REPORT } from "./helpers.ts";

/** Suite version of the invented report; its major is one that suites have. */
export const SAMPLE_SUITE = "3.0";

const PASSED = 4;
const SKIPPED = 2;
const SECTIONS = ["core/files", "core/kb"];

/** A report in the form of wire-format-experimental.md section 4. */
export function sampleReport(target: Session, overall: "partial" | "fail"): JsonObject {
  const failures = overall === "fail"
    ? [{ test: "FIL-018", spec_ref: "CONTRACT §4.7", expected: "404", observed: "200", reproduction: "file.read@1.0" }]
    : [];
  const sections = Object.fromEntries(SECTIONS.map((name, i) => {
    const failed = i === 0 ? failures : [];
    const total = PASSED + SKIPPED + i + failed.length;
    return [name, { name, total, passed: PASSED + i, failed: failed.length, skipped: SKIPPED, failures: failed }];
  }));
  const major = parseVersion(target.profile.contractVersion)?.major ?? 1;
  const version = `${major}.0.0`;
  return {
    implementation: {
      name: "sample",
      vendor: "hearthproof",
      version: "1.0.0",
      protocol_versions: [version],
      homepage_url: null,
      contact: null,
    },
    protocol_version: version,
    suite_version: SAMPLE_SUITE,
    ran_at: timestamp(target.wall()),
    sections,
    overall,
  };
}

/** Gives the node a suite that ends with this report; false where the tester cannot. */
export async function provideReport({ target }: CaseContext, report: JsonObject): Promise<boolean> {
  const { profile } = target;
  const able = profile.kind === "embedded" && profile.self && target.advertised(REPORT) !== undefined;
  if (able) await target.provision({ conformanceReport: report });
  return able;
}
