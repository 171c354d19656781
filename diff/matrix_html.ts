/** diff-matrix.html: one self-contained page. Every text passes `escapeHtml`. */

import { createHash } from "node:crypto";
import { bounded, escapeHtml } from "../src/report/escape.ts";
import { STYLE } from "../src/report/html_assets.ts";
import type { Agreement, MatrixResult, PairDifference, PairResult } from "./matrix_result.ts";

const OWN_STYLE = `
.equal{color:var(--pass);background:var(--passbg)}.different{color:var(--fail);background:var(--failbg)}
td.g0{color:var(--pass)}td.g1,td.g2,td.g3,td.g4,td.g5,td.g6,td.g7{color:var(--fail);font-weight:700}
td.group{text-align:center}th.group{text-align:center;white-space:normal;overflow-wrap:anywhere;min-width:5rem}
@media(max-width:34rem){.top{flex-direction:column-reverse}td.id{min-width:5.5rem}th.group{min-width:3.2rem}}
article .scroll{margin-top:.5rem}
article.agree{border-left-color:var(--pass)}
`;
const MAX_TEXT = 400;

const text = (value: string) => escapeHtml(bounded(value, MAX_TEXT));

/** The page. */
export function matrixHtml(result: MatrixResult): string {
  const style = STYLE + OWN_STYLE;
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const facts = result.targets.map(({ name, target, implementation, masked }) =>
    `<dt>${text(name)}</dt><dd>${text(target)} (${
      text(implementation)
    }), ${masked} places masked by its calibration</dd>`
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${result.verdict} - ${result.targets.length} targets</title>
<style>${style}</style>
</head>
<body>
<header><div><div class="top"><div><h1>${result.targets.length} targets side by side</h1><p class="soft">HearthNet
comparison, seed ${result.seed}, ${result.steps} steps</p></div><span class="verdict ${result.verdict}">${result.verdict}</span></div>
<dl class="facts">${facts.join("")}</dl></div></header>
<main>
${agreements(result)}${oneSided(result)}<h2>Pairs</h2>${result.pairs.map(pair).join("")}${notes(result)}
</main>
<footer>Written by hearthproof diff. Everything on this page was recorded from outside the nodes.</footer>
</body>
</html>
`;
}

function agreements({ capabilities, targets }: MatrixResult): string {
  const head = targets.map(({ name }) => `<th class="group">${text(name)}</th>`).join("");
  const split = capabilities.filter(({ groups }) => groups.length > 1);
  const agreed = capabilities.filter(({ groups }) => groups.length === 1);
  const table = (list: readonly Agreement[]) =>
    `<div class="scroll"><table><thead><tr><th>capability or endpoint</th>${head}</tr></thead><tbody>${
      list.map((one) => row(one, targets.map(({ name }) => name))).join("")
    }</tbody></table></div>`;
  return `<h2>Who agrees with whom <small>same letter: same behaviour</small></h2>${
    split.length === 0 ? "<p>All targets agree about everything that was sent.</p>" : table(split)
  }${
    agreed.length === 0
      ? ""
      : `<details><summary>${agreed.length} capabilities and endpoints about which all agree</summary>${
        table(agreed)
      }</details>`
  }`;
}

function row({ capability, groups }: Agreement, names: readonly string[]): string {
  const cells = names.map((name) => {
    const at = Math.max(0, groups.findIndex((group) => group.includes(name)));
    return `<td class="group g${at}">${String.fromCharCode("a".charCodeAt(0) + at)}</td>`;
  });
  return `<tr><td class="id">${text(capability)}</td>${cells.join("")}</tr>`;
}

function oneSided({ one_sided: list }: MatrixResult): string {
  if (list.length === 0) return "";
  const items = list.map(({ capability, who }) => `<li>${text(capability)}: only ${text(who.join(", "))}</li>`);
  return `<h2>One-sided</h2><ul>${items.join("")}</ul>`;
}

function pair({ left, right, differences, stopped }: PairResult): string {
  const title = `${text(left)} against ${text(right)}`;
  const end = stopped === undefined
    ? ""
    : `<p class="banner">stopped at step ${stopped.step}: ${stopped.who}: ${text(stopped.why)}</p>`;
  if (differences.length === 0) {
    return `<article class="agree"><h3>${title} <span class="tag pass">agree</span></h3>${end}</article>`;
  }
  return `<article><h3>${title} <span class="tag fail">${differences.length} different</span></h3>${end}
<div class="scroll"><table><thead><tr><th>class</th><th>place</th><th>${text(left)}</th><th>${
    text(right)
  }</th><th>requirement</th><th>supported</th><th>times</th></tr></thead><tbody>${
    differences.map(difference).join("")
  }</tbody></table></div></article>`;
}

function difference(one: PairDifference): string {
  return `<tr><td>${one.class}</td><td class="id">${text(`${one.capability} ${one.path}`)}</td><td class="id">${
    text(one.left)
  }</td><td class="id">${text(one.right)}</td><td>${text(one.requirement ?? "")}</td><td>${
    text(one.supports)
  }</td><td class="num">${one.count}</td></tr>`;
}

function notes({ notes: list }: MatrixResult): string {
  return list.length === 0 ? "" : `<h2>Notes</h2><ul>${list.map((note) => `<li>${text(note)}</li>`).join("")}</ul>`;
}
