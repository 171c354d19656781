/** The result of a run as text for people. Reads the report only, so that an old report is shown the same way. */

import type { ConformanceReport, Counts, ReportedCase, ReportedFailure, SkippedParts } from "./build.ts";
import { bounded, visible } from "./escape.ts";
import { columns, cut, pad, wrap } from "./text.ts";

/**
 * ANSI codes to switch an effect on and off. Whether to use them is the printer's decision alone; @std/fmt/colors looks
 * at NO_COLOR a second time, and then the printed text would depend on more than the printer.
 */
const effect = (on: number, off: number) => (text: string) => `\x1b[${on}m${text}\x1b[${off}m`;
const bold = effect(1, 22);
const dim = effect(2, 22);
const red = effect(31, 39);
const green = effect(32, 39);
const yellow = effect(33, 39);

/** Where the lines go; a `Printer` of the command line is one. */
export interface LineSink {
  readonly width: number;
  readonly colour: boolean;
  out(line: string): void;
}

/** Wording of a requirement, from the catalogue. */
export type Wording = (requirement: string) => string | undefined;

/** First and last line when the target is our own node. */
export const EMBEDDED_REMARK = "judged is the built-in reference node, not yours";

const LABEL = 11;
const INDENT = 2;
const MAX_WORDING = 280;
const MAX_REASON = 200;
const MAX_VALUE = 600;
/** Reasons of skips that are listed; the report has them all. */
const MAX_SKIP_REASONS = 12;
const MS_PER_SECOND = 1000;
const S_PER_MINUTE = 60;

/**
 * Prints failing requirements, the sections, warnings, skips by reason, and the verdict.
 *
 * @param footer Lines below the verdict; with an embedded target the remark on it stays the last line.
 */
export function printReport(
  report: ConformanceReport,
  sink: LineSink,
  wording: Wording,
  footer: readonly string[] = [],
): void {
  const text = new Layout(sink);
  const embedded = report.target.kind === "embedded";
  if (embedded) sink.out(EMBEDDED_REMARK);
  const sections = Object.values(report.sections);
  for (const failure of sections.flatMap(({ failures }) => failures)) printFailure(text, "FAILED", failure, wording);
  printErrors(text, report.cases);
  printSections(text, report);
  for (const warning of sections.flatMap(({ warnings }) => warnings)) printFailure(text, "WARNING", warning, wording);
  printSkips(text, report.cases);
  for (const remark of report.remarks) text.paragraph(`Note: ${remark}`);
  printSubstitutions(text, report);
  printHeadline(text, report);
  for (const line of footer) text.line(visible(line));
  if (embedded) sink.out(EMBEDDED_REMARK);
}

/** One line: verdict, counts, time and calls. */
export function headline(report: ConformanceReport): string {
  const { totals, overall, duration_ms, calls } = report;
  const warned = totals.warned === 0 ? "" : ` (${totals.warned} with a warning)`;
  const skipped = totals.skipped === 0 ? "" : ` (${partsText(totals.of_skipped)})`;
  return `overall ${overall}: ${totals.failed} failed, ${totals.passed} passed${warned}, ` +
    `${totals.skipped} skipped${skipped} in ${durationText(duration_ms)}, ${calls} calls`;
}

/** `12.3 s`, `4 min 05 s`. */
export function durationText(ms: number): string {
  const seconds = ms / MS_PER_SECOND;
  if (seconds < S_PER_MINUTE) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / S_PER_MINUTE)} min ${String(whole % S_PER_MINUTE).padStart(2, "0")} s`;
}

class Layout {
  constructor(readonly sink: LineSink) {}

  line(text = ""): void {
    this.sink.out(text);
  }

  paint(colour: (text: string) => string, text: string): string {
    return this.sink.colour ? colour(text) : text;
  }

  paragraph(text: string): void {
    for (const line of wrap(visible(text), this.sink.width)) this.line(line);
  }

  labelled(label: string, text: string): void {
    wrap(visible(text), this.sink.width - LABEL).forEach((line, index) => {
      const head = pad(index === 0 ? `  ${label}` : "", LABEL);
      this.line(this.paint(dim, head) + line);
    });
  }
}

function printFailure(text: Layout, word: "FAILED" | "WARNING", failure: ReportedFailure, wording: Wording): void {
  const colour = word === "FAILED" ? red : yellow;
  text.line(`${text.paint(colour, word)} ${text.paint(bold, visible(failure.requirement))} ${visible(failure.test)}`);
  const says = wording(failure.requirement);
  if (says !== undefined) text.labelled("rule", `${shortened(says)} (${failure.level})`);
  text.labelled("spec", failure.spec_ref);
  text.labelled("expected", bounded(failure.expected, MAX_VALUE));
  text.labelled("observed", bounded(failure.observed, MAX_VALUE));
  // A recipe is copied into a shell: it is never broken into lines.
  text.line(text.paint(dim, pad("  repeat", LABEL)) + visible(failure.reproduction));
  if (failure.exchange >= 0) text.labelled("exchange", `${failure.exchange} of the transcript`);
  text.line();
}

/** The wording up to the last word that fits; the catalogue has it whole. */
function shortened(says: string): string {
  if (says.length <= MAX_WORDING) return says;
  const room = says.slice(0, MAX_WORDING);
  return `${room.slice(0, Math.max(room.lastIndexOf(" "), 1))} …`;
}

function printErrors(text: Layout, cases: readonly ReportedCase[]): void {
  for (const { id, requirement, reason } of cases.filter(({ outcome }) => outcome === "error")) {
    text.line(`${text.paint(yellow, "ERROR")} ${text.paint(bold, visible(requirement))} ${visible(id)}`);
    text.labelled("reason", bounded(reason ?? "not recorded", MAX_VALUE));
    text.line();
  }
}

const COLUMNS = ["TOTAL", "PASSED", "FAILED", "WARNED", "SKIPPED"] as const;
const NUMBER_WIDTH = 8;

function printSections(text: Layout, report: ConformanceReport): void {
  const sections = Object.values(report.sections);
  if (sections.length === 0) return;
  const room = text.sink.width - COLUMNS.length * NUMBER_WIDTH;
  const left = Math.min(room, Math.max("SECTION".length, ...sections.map(({ name }) => columns(visible(name)))) + 1);
  const head = COLUMNS.map((name) => pad(name, NUMBER_WIDTH, "left")).join("");
  text.line(text.paint(bold, pad("SECTION", left) + head));
  for (const section of sections) text.line(sectionRow(text, section.name, section, left));
  if (sections.length > 1) text.line(sectionRow(text, "all", report.totals, left));
  text.line();
}

function sectionRow(text: Layout, name: string, counts: Counts, left: number): string {
  const number = (value: number) => pad(value === 0 ? "-" : String(value), NUMBER_WIDTH, "left");
  const { total, passed, failed, warned, skipped } = counts;
  return pad(cut(visible(name), left - 1), left) + number(total) +
    (passed > 0 ? text.paint(green, number(passed)) : number(passed)) +
    (failed > 0 ? text.paint(red, number(failed)) : number(failed)) +
    (warned > 0 ? text.paint(yellow, number(warned)) : number(warned)) + number(skipped);
}

function printSkips(text: Layout, cases: readonly ReportedCase[]): void {
  const reasons = new Map<string, number>();
  for (const { outcome, skip, reason } of cases) {
    if (outcome !== "skipped" && outcome !== "inconclusive") continue;
    const kind = outcome === "inconclusive" ? "inconclusive" : skip === "slow" ? "slow" : "gated";
    const key = `${kind}: ${reason ?? "no reason recorded"}`;
    reasons.set(key, (reasons.get(key) ?? 0) + 1);
  }
  if (reasons.size === 0) return;
  text.line(text.paint(bold, "NOT JUDGED"));
  const sorted = [...reasons].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  for (const [reason, count] of sorted.slice(0, MAX_SKIP_REASONS)) {
    wrap(visible(bounded(reason, MAX_REASON)), text.sink.width - LABEL).forEach((line, index) =>
      text.line(pad(index === 0 ? pad(String(count), LABEL - INDENT, "left") : "", LABEL) + line)
    );
  }
  const rest = sorted.slice(MAX_SKIP_REASONS);
  if (rest.length > 0) {
    const left = rest.reduce((sum, [, count]) => sum + count, 0);
    text.line(`${pad(String(left), LABEL - INDENT, "left")}  for ${rest.length} other reasons, see report.html`);
  }
  text.line();
}

function printSubstitutions(text: Layout, { substitutions }: ConformanceReport): void {
  if (substitutions.length === 0) return;
  const listed = substitutions.map(({ path, count }) => `${path} (${count})`).join(", ");
  text.paragraph(`Learned from the target and put into the traffic: ${bounded(listed, MAX_VALUE)}`);
}

function printHeadline(text: Layout, report: ConformanceReport): void {
  const colour = { pass: green, partial: yellow, fail: red, skipped: yellow }[report.overall];
  wrap(headline(report), text.sink.width).forEach((line, index) => {
    const word = `overall ${report.overall}`;
    text.line(index === 0 ? text.paint(colour, text.paint(bold, word)) + line.slice(word.length) : line);
  });
  for (const reason of report.overall_reasons) {
    for (const line of wrap(visible(reason), text.sink.width - INDENT)) text.line(" ".repeat(INDENT) + line);
  }
}

function partsText(parts: SkippedParts): string {
  return (["gated", "slow", "inconclusive", "error"] as const)
    .filter((name) => parts[name] > 0)
    .map((name) => `${parts[name]} ${name}`)
    .join(", ");
}
