/** junit.xml of a comparison: one case per difference, or one that passed. */

import { bounded, escapeXml } from "../src/report/escape.ts";
import type { Difference, DiffResult } from "./result.ts";

const MAX_TEXT = 2000;

/** The result as JUnit XML. */
export function diffJunit(result: DiffResult): string {
  const { differences, verdict } = result;
  const cases = differences.map(failure);
  if (verdict === "equal") cases.push('    <testcase classname="diff" name="equal"/>\n');
  if (verdict === "inconclusive") {
    const reason = attribute(result.reason ?? "too little was compared");
    cases.push(`    <testcase classname="diff" name="comparison"><skipped message="${reason}"/></testcase>\n`);
  }
  const skipped = verdict === "inconclusive" ? 1 : 0;
  const counts = `tests="${cases.length}" failures="${differences.length}" errors="0" skipped="${skipped}"`;
  const name = attribute(`hearthproof diff: ${result.left.target} against ${result.right.target}`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${name}" ${counts}>\n` +
    `  <testsuite name="diff" ${counts}>\n${cases.join("")}  </testsuite>\n</testsuites>\n`;
}

function failure(difference: Difference): string {
  const { id, class: kind, path, requirement, supports, left, right, minimal } = difference;
  const text = [
    `requirement: ${requirement ?? "none known"}, supported: ${supports}`,
    `left: ${bounded(left, MAX_TEXT)}`,
    `right: ${bounded(right, MAX_TEXT)}`,
    ...(minimal === undefined ? [] : [`reproduction: hearthproof diff --replay ${minimal.file}`, ...minimal.curl]),
  ].join("\n");
  return `    <testcase classname="diff.${kind}" name="${attribute(`${id} ${path}`)}">\n` +
    `      <failure type="${kind}" message="${attribute(path)}">${escapeXml(text)}</failure>\n    </testcase>\n`;
}

function attribute(text: string): string {
  return escapeXml(bounded(text, MAX_TEXT)).replaceAll("\n", "&#10;");
}
