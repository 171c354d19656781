/** diff-report.html: one self-contained page with both sides next to each other. Every text passes `escapeHtml`. */

import { createHash } from "node:crypto";
import { fromUtf8Lossy } from "../src/protocol/mod.ts";
import { bounded, escapeHtml, escapeHtmlLines } from "../src/report/escape.ts";
import { STYLE } from "../src/report/html_assets.ts";
import { changedMarkup } from "./changed_html.ts";
import type { Observation } from "./observation.ts";
import { CLASSES } from "./finding.ts";
import { SENT_WHY } from "./report_json.ts";
import { namedText, sideText } from "./report_terminal.ts";
import type { Difference, DiffResult, Minimal } from "./result.ts";

/** Additions to the style of all reports: two columns and marks. */
const OWN_STYLE = `
.sides{display:grid;grid-template-columns:minmax(0,1fr);gap:.5rem}
@media(min-width:48rem){.sides{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}}
mark{background:var(--failbg);color:var(--fail);border-radius:.15rem;font-weight:600}
.gap{display:inline-block;color:var(--soft);font-style:italic;border:1px dashed var(--line);border-radius:.3rem;
padding:0 .4rem;margin:.1rem .2rem;white-space:normal}
pre.lines{white-space:pre;overflow-x:auto}
.scroll+article{margin-top:.9rem}
@media(max-width:34rem){.top{flex-direction:column-reverse}.overview td.id{min-width:0}.overview .num{display:none}}
.sides h4{margin:.4rem 0 .2rem;font-size:.85rem;color:var(--soft);font-weight:600}
.sides pre{max-height:26rem;overflow:auto}.sides pre.hex{white-space:pre;font-size:.74rem}
.equal{color:var(--pass);background:var(--passbg)}.different{color:var(--fail);background:var(--failbg)}
`;
/** Bytes of a request that are shown. */
const MAX_SHOWN_BYTES = 3072;
const MAX_TEXT = 2000;
/** Renamed pairs in the table. */
const MAX_PAIRS = 100;

const text = (value: string) => escapeHtml(bounded(value, MAX_TEXT));

/** The page. */
export function diffHtml(result: DiffResult): string {
  const style = STYLE + OWN_STYLE;
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const worst = [...result.differences].sort((a, b) => CLASSES.indexOf(a.class) - CLASSES.indexOf(b.class));
  const title = `${result.verdict} - ${result.left.target} against ${result.right.target}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${text(title)}</title>
<style>${style}</style>
</head>
<body>
${header(result)}
<main>
${overview(worst)}${worst.map(difference).join("")}${calibration(result)}${renaming(result)}${notes(result)}
</main>
<footer>Written by hearthproof diff. Everything on this page was recorded from outside the nodes.</footer>
</body>
</html>
`;
}

function header(result: DiffResult): string {
  const facts: [string, string][] = [
    ["left", `${result.left.target} (${result.left.implementation})`],
    ["right", `${result.right.target} (${result.right.implementation})`],
    ["seed", `${result.seed}, time origin ${result.timeOrigin}`],
    ["steps", `${result.steps} of ${result.planned}`],
    [
      "sent",
      `${result.sent.bytes} bytes, ${result.sent.differing} of them differed in ${result.sent.requests} requests: ${SENT_WHY}`,
    ],
    ["names", `${result.names}, ${result.renamed} of them differ between the sides`],
  ];
  const reason = result.reason === undefined ? "" : `<p class="banner">${text(result.reason)}</p>`;
  const embedded = [result.left, result.right].some(({ kind }) => kind === "embedded")
    ? '<p class="banner">An embedded target is the built-in reference node, not yours.</p>'
    : "";
  return `<header><div>${embedded}<div class="top"><div><h1>${text(result.left.target)} against ${
    text(result.right.target)
  }</h1><p class="soft">HearthNet comparison</p></div><span class="verdict ${result.verdict}">${result.verdict}</span></div>
${reason}<dl class="facts">${
    facts.map(([name, value]) => `<dt>${name}</dt><dd>${text(value)}</dd>`).join("")
  }</dl></div></header>`;
}

function overview(differences: readonly Difference[]): string {
  if (differences.length === 0) return "<h2>Differences</h2><p>None.</p>";
  const rows = differences.map(({ id, class: kind, path, requirement, supports, count }) =>
    `<tr><td><a href="#${id}">${id}</a></td><td>${kind}</td><td class="id">${text(path)}</td><td>${
      text(requirement ?? "")
    }</td><td class="wide">${supports}</td><td class="num">${count}</td></tr>`
  );
  return `<h2>Differences</h2><div class="scroll"><table class="overview"><thead><tr><th></th><th>class</th><th>place</th>
<th>requirement</th><th class="wide">supported</th><th class="num">times</th></tr></thead><tbody>${
    rows.join("")
  }</tbody></table></div>`;
}

function difference(entry: Difference): string {
  const { id, class: kind, path, requirement, supports, left, right, also, minimal, first_step: step, origin, count } =
    entry;
  const others = also.length === 0 ? "" : `<dt>also</dt><dd>${text(also.join("; "))}</dd>`;
  return `<article id="${id}"><h3>${id} <span class="tag fail">${kind}</span> ${text(path)}</h3>
<dl><dt>requirement</dt><dd>${text(requirement ?? "none known")}${namedText(entry.named_by)}, ${sideText(supports)}${
    entry.says === undefined ? "" : `<br><q>${text(entry.says)}</q>`
  }</dd>
<dt>first seen</dt><dd>step ${step} (${text(origin)}), ${count} in all</dd>
<dt>left</dt><dd><code>${text(left)}</code></dd><dt>right</dt><dd><code>${text(right)}</code></dd>${others}</dl>
${minimal === undefined ? '<p class="soft">Not shrunk.</p>' : sequence(minimal)}</article>`;
}

function sequence({ steps, confidence, file, shown, curl, complete }: Minimal): string {
  const parts = shown.map(({ origin, left, right }, index) => {
    const open = index === shown.length - 1 ? " open" : "";
    const [a, b] = changedMarkup(left.received, right.received);
    return `<details${open}><summary>${index + 1}. ${text(origin)}${
      statusOf(left, right)
    }</summary><div class="exchange">
<h4>sent (left)</h4><pre>${escapeHtmlLines(shownBytes(left.sent))}</pre>
<div class="sides"><div><h4>left answered</h4><pre>${a.text}</pre></div><div><h4>right answered</h4><pre>${b.text}</pre></div>
<div><details><summary>left in hexadecimal</summary><pre class="hex">${a.hex}</pre></details></div>
<div><details><summary>right in hexadecimal</summary><pre class="hex">${b.hex}</pre></details></div></div></div></details>`;
  });
  const lines = curl.length === 0
    ? ""
    : `<details><summary>as curl</summary><pre class="lines">${escapeHtmlLines(curl.join("\n"))}</pre></details>`;
  const end = complete ? "" : " The budget ended before nothing shorter was left to try.";
  return `<p>Shown by ${steps} step${steps === 1 ? "" : "s"}, ${text(confidence)}: <code>hearthproof diff --replay ${
    text(file)
  }</code>${end}</p>${parts.join("")}${lines}`;
}

function statusOf(left: Observation, right: Observation): string {
  const of = ({ status, failure }: Observation) => status === 0 ? failure ?? "nothing" : String(status);
  return of(left) === of(right)
    ? ` <span class="soft">${text(of(left))}</span>`
    : ` <span class="soft">${text(`${of(left)} / ${of(right)}`)}</span>`;
}

function shownBytes(bytes: Uint8Array): string {
  return fromUtf8Lossy(bytes.subarray(0, MAX_SHOWN_BYTES)).replaceAll("\r\n", "\n");
}

function calibration({ masked, runs }: DiffResult): string {
  const rows = masked.map(({ address, path, why, evidence, hidden }) =>
    `<tr><td class="id">${text(`${address} ${path}`)}</td><td>${text(why)}</td><td class="id">${
      text(evidence ?? "")
    }</td><td class="num">${hidden}</td></tr>`
  );
  return `<h2>Mask <small>${runs} calibration runs</small></h2><div class="scroll"><table><thead><tr><th>place</th><th>why</th>
<th>evidence</th><th>hidden</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function renaming({ pairs, renamed }: DiffResult): string {
  if (renamed === 0) return "<h2>Renaming</h2><p>No name differs between the sides.</p>";
  const rows = pairs.slice(0, MAX_PAIRS).map(({ left, right }) =>
    `<tr><td class="id">${text(left)}</td><td class="id">${text(right)}</td></tr>`
  );
  return `<h2>Renaming <small>${
    Math.min(pairs.length, MAX_PAIRS)
  } of ${renamed}</small></h2><details><summary>table</summary>
<div class="scroll"><table><thead><tr><th>on the left</th><th>is on the right</th></tr></thead><tbody>${
    rows.join("")
  }</tbody></table></div></details>`;
}

function notes(result: DiffResult): string {
  if (result.notes.length === 0) return "";
  return `<h2>Notes</h2><ul>${result.notes.map((note) => `<li>${text(note)}</li>`).join("")}</ul>`;
}
