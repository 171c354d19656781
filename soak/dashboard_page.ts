/** The page of the dashboard and its parts. Fixed texts: what is shown of a run comes later, as events. */

import uplotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import { STYLE } from "../src/report/html_assets.ts";
import ownScript from "./dashboard_client.js" with { type: "text" };

const OWN_STYLE = `
.stable,.sound,.kept{color:var(--pass);background:var(--passbg)}
.drifting,.violated,.broken{color:var(--fail);background:var(--failbg)}
.invalid{color:var(--warn);background:var(--warnbg)}.idle,.shown,.waiting{color:var(--skip);background:var(--skipbg)}
article.is-stable{border-left-color:var(--pass)}
article.is-inconclusive,article.is-shown,article.is-waiting{border-left-color:var(--skip)}
article{min-width:0}.chart{min-height:190px;overflow:hidden}
#counts{grid-template-columns:repeat(6,1fr)}#counts b{font-size:1.2rem;overflow-wrap:anywhere}
#series{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:.9rem}#series article{margin:0}
.says{font-size:.82rem;color:var(--soft)}
progress{width:100%;height:.5rem;accent-color:var(--link)}
td{overflow-wrap:anywhere}td:first-child{white-space:nowrap}
main.asks{padding-top:2rem}
form{display:flex;flex-wrap:wrap;gap:.5rem;margin:1rem 0}
input,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.45rem .6rem}
input{flex:1 1 12rem;min-width:0}
@media(max-width:56rem){#series{grid-template-columns:minmax(0,1fr)}#counts{grid-template-columns:repeat(3,1fr)}}
@media(max-width:34rem){.top{flex-direction:column-reverse}#counts{grid-template-columns:repeat(2,1fr)}
.rows thead{display:none}.rows tr{display:flex;flex-wrap:wrap;border-bottom:1px solid var(--line);padding:.2rem 0}
.rows td{border:0;padding:.1rem .6rem}.rows td:last-child{flex-basis:100%}}
`;

/** Nothing but our own files runs; uPlot places its parts through the style object, which the policy allows. */
export const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Files beside the page, by path. */
export const ASSETS: Readonly<Record<string, { readonly type: string; readonly text: string }>> = {
  "/page.css": { type: "text/css; charset=utf-8", text: uplotStyle + STYLE + OWN_STYLE },
  "/uplot.js": { type: "text/javascript; charset=utf-8", text: uplotScript },
  "/page.js": { type: "text/javascript; charset=utf-8", text: ownScript },
};

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="/page.css">
</head>
<body>
${body}
</body>
</html>
`;
}

/** Where the last column is long, rows of a narrow screen have it on a line of its own. */
function section(id: string, title: string, head: readonly string[]): string {
  const long = head.at(-1) === "why" || head.at(-1) === "what";
  return `<section hidden><h2>${title}</h2><div class="scroll"><table${long ? ' class="rows"' : ""}>${
    head.length === 0 ? "" : `<thead><tr>${head.map((name) => `<th>${name}</th>`).join("")}</tr></thead>`
  }<tbody id="${id}"></tbody></table></div></section>`;
}

export const PAGE = page(
  "soak",
  `<header><div><div class="top"><div><h1 id="target">the target is being made ready</h1>
<p class="soft">HearthNet soak, <span id="time">not begun</span>; <span id="link">connecting</span></p></div>
<div class="verdict waiting" id="verdict">waiting</div></div>
<p id="reason"></p><progress id="done" max="1" value="0"></progress>
<div class="counts" id="counts"></div>
<noscript><p class="banner">This page needs its script. <a href="/metrics">/metrics</a> has the numbers as text.</p></noscript>
</div></header>
<main>
${section("offences", "Last offences", ["at", "monitor", "what"])}
<h2>Series <small>blue: values; dashed: the line fitted so far; shaded: not judged</small></h2><div id="series"></div>
${section("monitors", "Monitors", ["monitor", "outcome", "offences", "why"])}
${section("thresholds", "Thresholds", ["expression", "verdict", "windows broken"])}
${section("errors", "Errors", ["code", "count"])}
${section("facts", "Run", [])}
</main>
<footer>Served by hearthproof soak while it runs. Verdicts are those so far, each series judged by itself; the report at the
end judges all together. <a href="/metrics">/metrics</a> is for Prometheus.</footer>
<script src="/uplot.js"></script>
<script src="/page.js"></script>`,
);

/** Asks for the token. @param wrong A token was given and is not it. */
export function tokenPage(wrong: boolean): string {
  return page(
    "soak: token",
    `<main class="asks"><h1>HearthNet soak</h1><p>${
      wrong ? "That is not the token." : "This dashboard asks for the token it was started with."
    }</p>
<form method="post" action="/token"><input type="password" name="token" autocomplete="current-password"
aria-label="token" autofocus required> <button>Look</button></form></main>`,
  );
}
