/** report.html: one self-contained page, failing requirements first. Every text passes `escapeHtml`. */

import { createHash } from "node:crypto";
import type { ConformanceReport, ReportedCase, ReportedFailure, ReportedSection } from "./build.ts";
import { bounded, escapeHtml, escapeHtmlLines } from "./escape.ts";
import { SCRIPT, STYLE } from "./html_assets.ts";
import { showBytes } from "./hexdump.ts";
import type { ShownExchange } from "./results.ts";
import { durationText, EMBEDDED_REMARK, type Wording } from "./terminal.ts";

/** Bytes of each direction of an exchange that are shown; the transcript has all. */
export const MAX_SHOWN_BYTES = 2048;
/** Exchanges that are shown; a page with more is too heavy for a phone. */
export const MAX_SHOWN_EXCHANGES = 100;
/** Failures whose exchange is open when the page opens. */
const OPEN_EXCHANGES = 2;
const MAX_VALUE = 2000;

/** The page of a report. The exchanges are those of its failures; others are ignored. */
export function htmlReport(
  report: ConformanceReport,
  exchanges: readonly ShownExchange[],
  wording: Wording,
): string {
  const title =
    `${report.overall} - ${report.implementation.name} ${report.implementation.version} - conformance report`;
  const policy = `default-src 'none'; style-src ${sourceHash(STYLE)}; script-src ${sourceHash(SCRIPT)}; ` +
    "base-uri 'none'; form-action 'none'";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(bounded(title, MAX_VALUE))}</title>
<style>${STYLE}</style>
</head>
<body>
${header(report)}
<main>
${failures(report, exchanges, wording)}${errors(report)}${sections(report)}${warnings(report, exchanges, wording)}${
    notJudged(report)
  }${remarks(report)}${allCases(report)}${evidence(report)}</main>
<footer>Written by hearthproof ${
    text(report.suite_version)
  }. Everything on this page was recorded from outside the node;
the bytes are in transcript.jsonl.zst beside it.</footer>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function header(report: ConformanceReport): string {
  const { implementation, target, totals } = report;
  const facts: [name: string, value: string][] = [
    ["target", target.url.startsWith(target.kind) ? target.url : `${target.kind} ${target.url}`],
    ["node", report.node_id === "" ? "did not tell its NodeID" : report.node_id],
    ["vendor", implementation.vendor],
    ["protocol", `${report.protocol_version} (dialect ${target.dialect})`],
    ["suite", `${report.suite_version}, commit ${report.suite_commit}`],
    ["ran", `${report.ran_at}, ${durationText(report.duration_ms)}, ${report.calls} calls`],
    ["seed", `0x${report.seed.toString(16).toUpperCase()}, time origin ${report.time_origin}`],
    ["selection", `${report.filtered ? "filtered" : "everything that applies"}${report.strict ? ", strict" : ""}`],
  ];
  const count = (kind: string, number: number, label: string) =>
    `<div class="n-${number > 0 ? kind : "none"}"><b>${number}</b><span>${label}</span></div>`;
  const banner = target.kind === "embedded" ? `<p class="banner">${EMBEDDED_REMARK}</p>` : "";
  const reasons = report.overall_reasons.length === 0
    ? ""
    : `<ul>${report.overall_reasons.map((reason) => `<li>${text(reason)}</li>`).join("")}</ul>`;
  return `<header><div>
${banner}<div class="top"><div><h1>${text(implementation.name)} ${text(implementation.version)}</h1>
<p class="soft">HearthNet conformance report</p></div>
<span class="verdict ${report.overall}">${report.overall}</span></div>
<div class="counts">${count("fail", totals.failed, "failed")}${count("pass", totals.passed - totals.warned, "passed")}${
    count("warn", totals.warned, "passed with a warning")
  }${count("skip", totals.skipped, "not judged")}</div>
${reasons}
<dl class="facts">${facts.map(([name, value]) => `<dt>${name}</dt><dd>${text(value)}</dd>`).join("")}</dl>
</div></header>`;
}

function failures(report: ConformanceReport, exchanges: readonly ShownExchange[], wording: Wording): string {
  const all = Object.values(report.sections).flatMap((section) => section.failures);
  if (all.length === 0) return `<h2>No failures</h2>\n`;
  const shown = all.map((failure, index) =>
    failureArticle(failure, "failure", index < MAX_SHOWN_EXCHANGES ? exchanges : [], wording, index < OPEN_EXCHANGES)
  );
  return `<h2 id="failures">Failing requirements <small>${all.length}</small></h2>\n${shown.join("")}`;
}

function warnings(report: ConformanceReport, exchanges: readonly ShownExchange[], wording: Wording): string {
  const all = Object.values(report.sections).flatMap((section) => section.warnings);
  if (all.length === 0) return "";
  const shown = all.map((warning, index) =>
    failureArticle(warning, "warning", index < MAX_SHOWN_EXCHANGES ? exchanges : [], wording, false)
  );
  return `<h2>Warnings <small>${all.length}, recommendations that do not change the verdict</small></h2>\n${
    shown.join("")
  }`;
}

function failureArticle(
  failure: ReportedFailure,
  kind: "failure" | "warning",
  exchanges: readonly ShownExchange[],
  wording: Wording,
  open: boolean,
): string {
  const says = wording(failure.requirement);
  // Exchanges are numbered within their case.
  const exchange = exchanges.find(({ exchange, caseId }) => exchange === failure.exchange && caseId === failure.test);
  return `<article class="${kind}" data-outcome="${kind === "failure" ? "fail" : "warn"}">
<h3><span class="tag ${kind === "failure" ? "fail" : "warn"}">${failure.level}</span><span>${
    text(failure.requirement)
  }</span><code>${text(failure.test)}</code></h3>
${says === undefined ? "" : `<p class="says">${text(says)}</p>\n`}<p class="soft">${text(failure.spec_ref)}</p>
<dl><dt>expected</dt><dd><pre>${lines(failure.expected)}</pre></dd>
<dt>observed</dt><dd><pre>${lines(failure.observed)}</pre></dd>
<dt>see it again</dt><dd><pre>${lines(failure.reproduction)}</pre></dd></dl>
${exchangeDetails(failure, exchange, open)}</article>
`;
}

function exchangeDetails(failure: ReportedFailure, exchange: ShownExchange | undefined, open: boolean): string {
  if (failure.exchange < 0) return "";
  if (exchange === undefined) return `<p class="soft">Exchange ${failure.exchange} of the transcript.</p>\n`;
  return `<details class="exchange"${
    open ? " open" : ""
  }><summary>Exchange ${failure.exchange} as text and bytes</summary>
${direction("sent", exchange.sent, exchange.sentLength)}${
    direction("received", exchange.received, exchange.receivedLength)
  }</details>
`;
}

function direction(name: string, bytes: Uint8Array, length = bytes.length): string {
  if (bytes.length === 0) return `<h4>${name}: nothing</h4>\n`;
  const { text: shown, rows } = showBytes(bytes, MAX_SHOWN_BYTES);
  const more = length - Math.min(bytes.length, MAX_SHOWN_BYTES);
  const rest = more === 0 ? "" : `<p class="soft">${more} more bytes are in the transcript.</p>`;
  return `<h4>${name}, ${length} bytes</h4>
<div class="pair"><pre dir="ltr">\n${escapeHtmlLines(shown)}</pre><pre class="hex" dir="ltr">${
    escapeHtmlLines(rows.join("\n"))
  }</pre></div>${rest}
`;
}

function errors(report: ConformanceReport): string {
  const broken = report.cases.filter(({ outcome }) => outcome === "error");
  if (broken.length === 0) return "";
  const shown = broken.map(({ id, requirement, reason }) =>
    `<article class="broken" data-outcome="error"><h3><span class="tag error">error</span><span>${
      text(requirement)
    }</span>` +
    `<code>${text(id)}</code></h3><p>${text(reason ?? "not recorded")}</p></article>\n`
  );
  return `<h2>Errors of the tester <small>${broken.length}, no verdict on the node</small></h2>\n${shown.join("")}`;
}

function sections(report: ConformanceReport): string {
  const all = Object.values(report.sections);
  if (all.length === 0) return "";
  return `<h2 id="sections">Sections</h2>
<div class="scroll"><table><thead><tr><th>section</th><th class="wide"></th><th class="num">passed</th><th class="num">failed</th>` +
    `<th class="num">warned</th><th class="num">not judged</th><th class="num wide">total</th></tr></thead><tbody>
${all.map(sectionRow).join("")}</tbody></table></div>
`;
}

const BAR_WIDTH = 100;

function sectionRow(section: ReportedSection): string {
  const { name, total, passed, failed, warned, skipped } = section;
  const share = (count: number) => (total === 0 ? 0 : (count / total) * BAR_WIDTH);
  let at = 0;
  const rect = (kind: string, count: number) => {
    const x = at;
    at += share(count);
    return count === 0
      ? ""
      : `<rect class="${kind}" x="${x.toFixed(2)}" y="0" width="${share(count).toFixed(2)}" height="10"/>`;
  };
  const bar = rect("f", failed) + rect("w", warned) + rect("p", passed - warned);
  const cell = (count: number, kind = "") =>
    `<td class="num${count > 0 ? kind : ""}">${count === 0 ? "-" : count}</td>`;
  return `<tr><td>${text(name)}</td><td class="wide"><svg class="bar" viewBox="0 0 ${BAR_WIDTH} 10" ` +
    `preserveAspectRatio="none" aria-hidden="true">${bar}</svg></td>${cell(passed)}${cell(failed, " bad")}${
      cell(warned, " meh")
    }${cell(skipped)}<td class="num wide">${total}</td></tr>\n`;
}

function notJudged(report: ConformanceReport): string {
  const reasons = new Map<string, ReportedCase[]>();
  for (const entry of report.cases) {
    if (entry.outcome !== "skipped" && entry.outcome !== "inconclusive") continue;
    const key = `${entry.outcome === "inconclusive" ? "inconclusive" : entry.skip ?? "gated"}: ${entry.reason ?? ""}`;
    reasons.set(key, [...reasons.get(key) ?? [], entry]);
  }
  if (reasons.size === 0) return "";
  const sorted = [...reasons].sort(([a, left], [b, right]) => right.length - left.length || (a < b ? -1 : 1));
  const shown = sorted.map(([reason, cases]) =>
    `<details><summary>${cases.length} &times; ${text(reason)}</summary><ul class="ids">${
      cases.map(({ id }) => `<li>${text(id)}</li>`).join("")
    }</ul></details>\n`
  );
  const number = sorted.reduce((sum, [, cases]) => sum + cases.length, 0);
  return `<h2 id="not-judged">Not judged <small>${number}, by reason</small></h2>\n${shown.join("")}`;
}

function remarks(report: ConformanceReport): string {
  const all = [
    ...report.remarks,
    ...report.substitutions.map(({ path, count }) =>
      `Learned from the target and put into the traffic: ${path}, ${count} times`
    ),
  ];
  return all.length === 0 ? "" : `<h2>Remarks</h2>\n<ul>${all.map((one) => `<li>${text(one)}</li>`).join("")}</ul>\n`;
}

function allCases(report: ConformanceReport): string {
  const kinds = ["fail", "warn", "error", "inconclusive", "skipped", "pass"];
  return `<h2>All cases <small id="count">${report.cases.length} cases</small></h2>
<div class="find" id="find" hidden><input id="words" type="search" placeholder="Search case, requirement, section, reason" ` +
    `aria-label="Search"><select id="kind" aria-label="Outcome"><option value="">every outcome</option>${
      kinds.map((kind) => `<option value="${kind}">${kind}</option>`).join("")
    }</select></div>
<div class="scroll"><table class="stack"><thead><tr><th>outcome</th><th>requirement</th><th>case</th><th>remark</th>` +
    `<th class="num">ms</th></tr></thead><tbody>
${report.cases.map((entry) => caseRow(entry, report.strict)).join("")}</tbody></table></div>
`;
}

function caseRow(entry: ReportedCase, strict: boolean): string {
  const outcome = entry.outcome === "fail" && !strict && entry.level !== "MUST" ? "warn" : entry.outcome;
  const attempts = entry.attempts === undefined ? [] : [`attempts: ${entry.attempts.join(", ")}`];
  const remark = [entry.reason, ...attempts, ...entry.notes ?? []].filter((part) => part !== undefined).join("; ");
  return `<tr data-outcome="${outcome}"><td><span class="tag ${outcome}">${outcome}</span></td><td>${
    text(entry.requirement)
  } <span class="soft">${entry.level}</span></td><td class="id">${text(entry.id)}</td><td>${
    text(remark)
  }</td><td class="num">${entry.duration_ms}</td></tr>\n`;
}

function evidence(report: ConformanceReport): string {
  const signature = report.signature === null
    ? `none: ${report.signature_reason ?? "no reason given"}`
    : `made with the key of the target, ${report.signature}`;
  const facts: [name: string, value: string][] = [
    ["transcript", report.tester.transcript_digest],
    ["tester", report.tester.node_id],
    ["tester's signature", report.tester.signature],
    ["target's signature", signature],
  ];
  return `<h2 id="evidence">Evidence</h2>
<dl class="facts">${facts.map(([name, value]) => `<dt>${name}</dt><dd class="mono">${text(value)}</dd>`).join("")}</dl>
<p class="soft">hearthproof report verify checks the signatures; hearthproof report recheck judges the transcript again.</p>
`;
}

function text(value: string): string {
  return escapeHtml(bounded(value, MAX_VALUE));
}

/** Content of a `<pre>`, whose first line feed a browser drops. */
function lines(value: string): string {
  return `\n${escapeHtmlLines(bounded(value, MAX_VALUE))}`;
}

function sourceHash(source: string): string {
  return `'sha256-${createHash("sha256").update(source).digest("base64")}'`;
}
