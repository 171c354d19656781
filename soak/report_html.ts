/** soak-report.html: one self-contained page without a script. Every text passes `escapeHtml`. */

import { createHash } from "node:crypto";
import { bounded, escapeHtml } from "../src/report/escape.ts";
import { STYLE } from "../src/report/html_assets.ts";
import type { LatencySummary } from "../src/stats/latency_histogram.ts";
import type { MonitorVerdict } from "./observation.ts";
import { plotSvg } from "./plot_svg.ts";
import type { Plot } from "./plots.ts";
import type { SeriesReport, SoakReport } from "./soak_report.ts";
import { clockText } from "./soak_text.ts";
import { valueText } from "./value_text.ts";

/** Additions to the style of all reports: plots and the colours of verdicts. */
const OWN_STYLE = `
.stable,.sound,.kept{color:var(--pass);background:var(--passbg)}
.drifting,.violated,.broken{color:var(--fail);background:var(--failbg)}
.invalid{color:var(--warn);background:var(--warnbg)}.idle,.shown{color:var(--skip);background:var(--skipbg)}
article.is-stable{border-left-color:var(--pass)}article.is-inconclusive,article.is-shown{border-left-color:var(--skip)}
svg.plot{display:block;width:100%;height:auto;margin-top:.5rem;font:11px system-ui,sans-serif;font-variant-numeric:tabular-nums}
.plot text{fill:var(--soft)}.plot .grid{stroke:var(--line);stroke-width:1}
.plot .band{fill:var(--link);opacity:.22}.plot .middle{fill:none;stroke:var(--link);stroke-width:1.3}
.plot .floor{fill:var(--ink)}.plot .fit{stroke:var(--fail);stroke-width:2}
.plot .curve{fill:none;stroke:var(--fail);stroke-width:1.2;stroke-dasharray:5 3}
.plot .wedge{fill:var(--fail);opacity:.14}.plot .excluded{fill:var(--warn);opacity:.2}
.legend{font-size:.8rem;color:var(--soft);margin:.3rem 0 0}
@media(max-width:34rem){.top{flex-direction:column-reverse}svg.plot{font-size:19px}}
`;
const MAX_TEXT = 2000;
/** Rows of a table; a hostile target may invent names without end. */
const MAX_ROWS = 200;

const text = (value: string) => escapeHtml(bounded(value, MAX_TEXT));
const ms = (value: number | null) => value === null ? "-" : value.toFixed(value < 10 ? 2 : 1);
const tag = (word: string) => `<span class="tag ${/^[a-z-]+$/.test(word) ? word : ""}">${text(word)}</span>`;

/** A table of texts; columns named in `numbers` are aligned to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[], numbers: readonly number[] = []): string {
  const cell = (name: "td" | "th", value: string, at: number) =>
    `<${name}${numbers.includes(at) ? ' class="num"' : ""}>${value}</${name}>`;
  const line = (name: "td" | "th", values: readonly string[]) =>
    `<tr>${values.map((value, at) => cell(name, value, at)).join("")}</tr>`;
  return `<div class="scroll"><table><thead>${line("th", head)}</thead><tbody>${
    rows.slice(0, MAX_ROWS).map((row) => line("td", row)).join("")
  }</tbody></table></div>`;
}

/** @param embedded Whether the target is the built-in node, which is said first. */
export function soakHtml(report: SoakReport, plots: readonly Plot[], embedded: boolean): string {
  const style = STYLE + OWN_STYLE;
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${text(`${report.verdict} - soak of ${report.target.url}`)}</title>
<style>${style}</style>
</head>
<body>
${header(report, embedded)}
<main>
${offences(report)}${series(report, plots)}${latency(report)}${monitors(report)}${thresholds(report)}${
    accounting(report)
  }${gaps(report)}${instrument(report)}
</main>
<footer>Written by hearthproof soak. Everything on this page was seen from outside the node. Times are hours, minutes and
seconds since the start of the run; latency counts from the moment a call was due.</footer>
</body>
</html>
`;
}

function header(report: SoakReport, embedded: boolean): string {
  const { events, latency: { p99 }, errors, audit_chain: audit, target } = report;
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
  const wrong = events.lost + events.duplicated + events.reordered + events.changed;
  const facts: [string, string][] = [
    ["target", `${target.url} (${target.kind}, dialect ${target.dialect})`],
    ["ran", `${report.started_at}, ${clockText(report.duration_s)} of ${clockText(report.planned_s)}`],
    ...(report.ended_early === null ? [] : [["ended early", report.ended_early] as [string, string]]),
    ["load", `${report.load.rate}, ${report.load.callers} callers, ${report.load.calls} calls`],
    ["seed", String(report.seed)],
    [
      "audit chain",
      audit.judged
        ? `${audit.verified} of ${audit.entries} entries verified, ${audit.breaks} breaks, ${audit.rewrites} rewrites, ` +
          `${audit.equivocations} equivocations`
        : `not judged: ${audit.reason ?? ""}`,
    ],
  ];
  return `<header><div>${embedded ? '<p class="banner">judged is the built-in reference node, not yours</p>' : ""}
<div class="top"><div><h1>${text(target.url)}</h1><p class="soft">HearthNet soak report</p></div>
<div class="verdict ${report.verdict}">${text(report.verdict)}</div></div>
<p>${text(report.reason)}</p>
<div class="counts"><div class="${
    wrong > 0 ? "n-fail" : "n-pass"
  }"><b>${wrong}</b><span>events lost, duplicated, reordered or changed</span></div>
<div><b>${events.observed}</b><span>events observed of ${events.acknowledged} acknowledged</span></div>
<div><b>${ms(p99)}</b><span>ms latency p99</span></div>
<div class="${failed > 0 ? "n-warn" : ""}"><b>${failed}</b><span>failed calls</span></div></div>
<dl class="facts">${
    facts.map(([name, value]) => `<dt>${name}</dt><dd>${text(value)}</dd>`).join("")
  }</dl></div></header>`;
}

function offences({ monitors }: SoakReport): string {
  const found = monitors.flatMap(({ name, offences: count, first_offence: first, outcome }) =>
    first === undefined ? [] : [
      `<article class="${outcome === "violated" ? "" : "warning"}"><h3>${text(name)} ${
        tag(outcome)
      }</h3><dl><dt>first at</dt><dd>${clockText(first.at_s)} (${first.at_s.toFixed(1)} s)</dd><dt>what</dt><dd>${
        text(first.what)
      }</dd><dt>in all</dt><dd>${count}</dd></dl></article>`,
    ]
  );
  return found.length === 0 ? "" : `<h2>First offences</h2>${found.join("")}`;
}

/** What stands beside the reason, which has the slope, its interval and the limit. */
function numbers(one: SeriesReport): string {
  const { minimum_detectable_slope_per_hour: detectable, slope_per_1000_events: perEvents } = one;
  const parts = [
    ...(detectable === null ? [] : [`slopes from ${valueText(detectable, one.unit)}/h are detectable`]),
    ...(perEvents === null ? [] : [`${valueText(perEvents, one.unit)} per 1,000 events`]),
    `${one.samples} samples`,
    one.method,
  ];
  return `<p class="legend">${text(parts.join("; "))}</p>`;
}

function series(report: SoakReport, plots: readonly Plot[]): string {
  if (plots.length === 0) return "";
  const shown = plots.map((plot) => {
    const judged = report.series.find(({ name }) => name === plot.name);
    const verdict = plot.verdict ?? "shown";
    return `<article class="is-${verdict}"><h3>${text(plot.name)} ${tag(verdict)}</h3><p class="says">${
      text(plot.reason)
    }</p>${plotSvg(plot)}${judged === undefined ? "" : numbers(judged)}</article>`;
  });
  return `<h2>Series <small>blue: middle and range of the samples; dots: what collections leave; red: the fitted line and
the interval of its slope, dashed with the steps and curves fitted beside it; shaded: not judged</small></h2>${
    shown.join("")
  }`;
}

function latency({ latency: all }: SoakReport): string {
  const row = (name: string, one: LatencySummary) => [
    text(name),
    ...[one.p50, one.p90, one.p99, one.p999, one.max].map(ms),
  ];
  const rows = [
    row("all", all),
    ...Object.entries(all.by_capability).map(([name, one]) => row(name, one)),
  ];
  return `<h2>Latency <small>milliseconds from the moment a call was due</small></h2>${
    table(["capability", "p50", "p90", "p99", "p99.9", "max"], rows, [1, 2, 3, 4, 5])
  }`;
}

function monitors({ monitors: all }: SoakReport): string {
  const row = ({ name, outcome, offences: count, reason }: MonitorVerdict) => [
    text(name),
    tag(outcome),
    String(count),
    text(reason),
  ];
  return `<h2>Monitors</h2>${table(["monitor", "outcome", "offences", "why"], all.map(row), [2])}`;
}

function thresholds({ thresholds: all }: SoakReport): string {
  if (all.length === 0) return "";
  const rows = all.map(({ expression, verdict, offences: count, windows, worst }) => [
    `<code>${text(expression)}</code>`,
    tag(verdict),
    `${count} of ${windows}`,
    worst === null ? "-" : ms(worst),
  ]);
  return `<h2>Thresholds</h2>${table(["expression", "verdict", "windows broken", "worst"], rows, [2, 3])}`;
}

function accounting({ events, errors, load }: SoakReport): string {
  const counts = Object.entries(events).flatMap(([name, value]) =>
    typeof value === "number" ? [[text(name), String(value)]] : []
  );
  const codes = Object.entries(errors).map(([code, count]) => [text(code), String(count)]);
  const calls = Object.entries(load.operations).map(([name, count]) => [text(name), String(count)]);
  return `<h2>Events</h2>${table(["events", "count"], counts, [1])}` +
    (codes.length === 0 ? "" : `<h2>Errors</h2>${table(["code", "count"], codes, [1])}`) +
    `<h2>Calls</h2>${table(["operation", "count"], calls, [1])}`;
}

function gaps({ gaps: all }: SoakReport): string {
  if (all.length === 0) return "";
  const rows = all.map(({ from, to, why }) => [clockText(from), clockText(to), text(why)]);
  return `<h2>Gaps</h2>${table(["from", "to", "why"], rows)}`;
}

function instrument({ instrument: one }: SoakReport): string {
  const rows = [
    ["saturated", text(one.saturated ?? "no")],
    ["send lag p99", `${ms(one.send_lag_p99_ms)} ms`],
    ["event loop lag p99", `${ms(one.loop_lag_p99_ms)} ms`],
    ["resident memory", valueText(one.rss_bytes, "bytes")],
    [
      "heap",
      `${one.heap_verdict ?? "-"}${
        one.heap_slope_per_hour === null ? "" : `, slope ${valueText(one.heap_slope_per_hour, "bytes")}/h`
      }`,
    ],
  ];
  return `<h2>The tester itself</h2>${table(["what", "value"], rows)}`;
}
