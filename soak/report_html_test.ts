import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { columnsOf, MAX_COLUMNS, type Plot } from "./plots.ts";
import { plotSvg } from "./plot_svg.ts";
import { soakHtml } from "./report_html.ts";
import { soakInProcess } from "./testing_run.ts";

const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e`;

function plot(changes: Partial<Plot> = {}): Plot {
  const columns = Array.from({ length: 50 }, (_, i) => ({ t_s: i, low: i, middle: i + 1, high: i + 2 }));
  const [from, to] = [{ t_s: 5, value: 6 }, { t_s: 49, value: 50 }];
  const fit = { from, to, curve: [from, { t_s: 20, value: 40 }, to], low: 0.9, high: 1.1 };
  const excluded = [{ from: 0, to: 5, why: "warm-up" }];
  return {
    name: "memory.rss",
    unit: "bytes",
    verdict: "drifting",
    reason: "",
    columns,
    floors: [],
    fit,
    excluded,
    ...changes,
  };
}

Deno.test("a plot shades what is not judged and draws the fitted line with its interval", () => {
  const svg = plotSvg(plot());
  assertStringIncludes(svg, "<title>warm-up</title>");
  assertStringIncludes(svg, 'class="fit"');
  assertStringIncludes(svg, 'class="wedge"');
  assertStringIncludes(svg, 'class="curve"');
  assert(!plotSvg(plot({ fit: undefined })).includes('class="fit"'));
});

Deno.test("plots of constant, negative and single-moment series are finite", () => {
  for (const values of [[5, 5, 5], [-3, -2, -1], [0, 0, 0], [1e15, 2e15, 1e-9]]) {
    const columns = values.map((value, t_s) => ({ t_s, low: value, middle: value, high: value }));
    assert(!/NaN|Infinity/.test(plotSvg(plot({ columns, fit: undefined }))), `${values}`);
  }
  const still = [{ t_s: 3, low: 1, middle: 1, high: 1 }, { t_s: 3, low: 2, middle: 2, high: 2 }];
  assert(!/NaN|Infinity/.test(plotSvg(plot({ columns: still, fit: undefined }))));
});

Deno.test("many samples become as many columns as a screen can show, and a spike stays", () => {
  const samples = Array.from({ length: 17_280 }, (_, i) => ({ t_s: i * 5, value: i === 9000 ? 1000 : 1 }));
  const columns = columnsOf(samples);
  assertEquals(columns.length, MAX_COLUMNS);
  assertEquals(Math.max(...columns.map(({ high }) => high)), 1000);
  assertEquals(Math.max(...columns.map(({ middle }) => middle)), 1);
});

Deno.test("a run leaves a page without scripts that shows every judged series and is safe against a target's strings", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-soak-page-" });
  try {
    const { report, out } = await soakInProcess(["--duration", "4s", "--rate", "10/s", "--output-dir", folder]);
    const page = await Deno.readTextFile(`${folder}/soak-report.html`);
    assertStringIncludes(out, "soak-report.html");
    assert(!/<script|javascript:|https?:\/\/(?!127\.0\.0\.1)/i.test(page), "no script and nothing from elsewhere");
    assertStringIncludes(page, "default-src 'none'");
    assertStringIncludes(page, report.verdict);
    for (const { name, samples } of report.series) if (samples > 1) assertStringIncludes(page, name);
    const hostile = soakHtml(
      {
        ...report,
        reason: HOSTILE,
        target: { ...report.target, url: HOSTILE },
        errors: { [HOSTILE]: 1 },
        gaps: [{ from: 0, to: 1, why: HOSTILE }],
        monitors: [{
          name: "events",
          outcome: "violated",
          reason: HOSTILE,
          offences: 1,
          first_offence: { at_s: 1, what: HOSTILE },
        }],
      },
      [plot({ name: HOSTILE, reason: HOSTILE, excluded: [{ from: 0, to: 1, why: HOSTILE }] })],
      false,
    );
    assert(!/<script|<img|\u202e/.test(hostile));
    assertStringIncludes(hostile, "&lt;script&gt;");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
