/** junit.xml for build servers: one suite per section, one testcase per case. */

import { bounded, escapeXml } from "./escape.ts";
import { countsAsFailed, isWarning } from "./overall.ts";
import type { CaseResult, RunResult } from "./results.ts";

const MAX_TEXT = 2000;
const MS_PER_SECOND = 1000;

/**
 * The run as JUnit XML. A failed SHOULD passes here unless the run is strict, with the warning in `system-out`, so that
 * a build breaks exactly when the exit code does for a case. Inconclusive cases are skipped ones with that reason.
 */
export function junitXml(run: RunResult): string {
  const cases = [...run.cases].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const sections = [...new Set(cases.map(({ section }) => section))].sort();
  const suites = sections.map((name) => {
    const inside = cases.filter(({ section }) => section === name);
    return `  <testsuite name="${attribute(name)}" ${numbers(inside, run)} timestamp="${attribute(run.ranAt)}">\n` +
      `${inside.map((result) => testcase(result, run)).join("")}  </testsuite>\n`;
  });
  const title = `hearthproof ${run.suiteVersion}: ${run.implementation.name} ${run.implementation.version}`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<testsuites name="${attribute(title)}" ${numbers(cases, run)}>\n${suites.join("")}</testsuites>\n`;
}

function numbers(cases: readonly CaseResult[], run: RunResult): string {
  const count = (wanted: (result: CaseResult) => boolean) => cases.filter(wanted).length;
  const failures = count((result) => countsAsFailed(result, run.strict));
  const errors = count(({ outcome }) => outcome === "error");
  const skipped = count(({ outcome }) => outcome === "skipped" || outcome === "inconclusive");
  const time = seconds(cases.reduce((sum, { durationMs }) => sum + durationMs, 0));
  return `tests="${cases.length}" failures="${failures}" errors="${errors}" skipped="${skipped}" time="${time}"`;
}

function testcase(result: CaseResult, run: RunResult): string {
  const name = result.id.startsWith(`${result.section}/`) ? result.id.slice(result.section.length + 1) : result.id;
  const open = `    <testcase classname="${attribute(result.section)}" name="${attribute(name)}" ` +
    `time="${seconds(result.durationMs)}"`;
  const body = outcomeOf(result, run) + output(result, run);
  return body === "" ? `${open}/>\n` : `${open}>\n${body}    </testcase>\n`;
}

function outcomeOf(result: CaseResult, run: RunResult): string {
  const reason = attribute(result.reason ?? "no reason recorded");
  switch (result.outcome) {
    case "pass":
      return "";
    case "skipped":
      return `      <skipped message="${reason}"/>\n`;
    case "inconclusive":
      return `      <skipped message="inconclusive: ${reason}"/>\n`;
    case "error":
      return `      <error type="tester" message="${reason}"/>\n`;
    case "fail": {
      if (!countsAsFailed(result, run.strict)) return "";
      const message = attribute(`${result.requirement}: expected ${result.failure?.expected ?? "the requirement"}`);
      return `      <failure type="${result.level}" message="${message}">${escapeXml(details(result))}</failure>\n`;
    }
  }
}

function output(result: CaseResult, run: RunResult): string {
  const lines = result.notes.map((note) => `note: ${bounded(note, MAX_TEXT)}`);
  if (isWarning(result, run.strict)) lines.unshift(`warning (${result.level}):`, details(result));
  return lines.length === 0 ? "" : `      <system-out>${escapeXml(lines.join("\n"))}</system-out>\n`;
}

function details(result: CaseResult): string {
  const { failure } = result;
  return [
    `requirement: ${result.requirement} (${result.specRef})`,
    `expected: ${bounded(failure?.expected ?? "the requirement holds", MAX_TEXT)}`,
    `observed: ${bounded(failure?.observed ?? result.reason ?? "not recorded", MAX_TEXT)}`,
    `reproduction: ${bounded(failure?.reproduction ?? `hearthproof run --suite-filter ${result.id}`, MAX_TEXT)}`,
  ].join("\n");
}

function attribute(text: string): string {
  return escapeXml(bounded(text, MAX_TEXT)).replaceAll("\n", "&#10;");
}

function seconds(ms: number): string {
  return (ms / MS_PER_SECOND).toFixed(3);
}
