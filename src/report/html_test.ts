import { assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { htmlReport, MAX_SHOWN_BYTES, MAX_SHOWN_EXCHANGES } from "./html.ts";
import { SCRIPT, STYLE } from "./html_assets.ts";
import type { RunResult, ShownExchange } from "./results.ts";
import { EMBEDDED_REMARK } from "./terminal.ts";
import { corePassed, failed, hostileExchanges, hostileRun, runOf, signedReport } from "./testing.ts";

const page = (run: RunResult, exchanges: ShownExchange[] = []) =>
  htmlReport(signedReport(run), exchanges, (id) => (id === "IDN-021" ? "A manifest lives for one day." : undefined));

Deno.test("no text of the target becomes markup, script or direction", () => {
  const html = page(hostileRun(), hostileExchanges());
  const outside = html.replace(STYLE, "").replace(SCRIPT, "");
  assertEquals(outside.match(/<script/g)?.length, 1);
  assertEquals(outside.includes("alert("), true);
  assertEquals(/<script>alert|]]>|-->/.test(outside), false);
  // deno-lint-ignore no-control-regex -- control characters are what must be gone
  assertEquals(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(html), false);
  assertStringIncludes(outside, "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&#96;&amp;amp; \\u{1B}[31mred");
  assertStringIncludes(outside, "\\u{202E}exe.txt\\u{0}");
});

Deno.test("every tag is one of the fixed ones, without handlers or style attributes", () => {
  const html = page(hostileRun(), hostileExchanges()).replace(STYLE, "").replace(SCRIPT, "");
  for (const [tag] of html.matchAll(/<[^>]*>/g)) assertEquals(/\s(on\w+|style|src|href)=/i.test(tag), false, tag);
});

Deno.test("the policy allows the fixed style and script and nothing from the network", () => {
  const html = page(hostileRun());
  const hash = (source: string) => `'sha256-${createHash("sha256").update(source).digest("base64")}'`;
  assertStringIncludes(html, `<style>${STYLE}</style>`);
  assertStringIncludes(html, `<script>${SCRIPT}</script>`);
  assertStringIncludes(
    html,
    `content="default-src 'none'; style-src ${hash(STYLE)}; script-src ${
      hash(SCRIPT)
    }; base-uri 'none'; form-action 'none'"`,
  );
  assertEquals(/@import|url\(|https?:\/\/(?!127\.0\.0\.1)/.test(html), false);
});

Deno.test("failures come before everything else and carry what is needed to see them again", () => {
  const html = page(hostileRun(), hostileExchanges());
  const places = [
    "Failing requirements",
    "Errors of the tester",
    ">Sections<",
    ">Warnings ",
    ">Not judged ",
    ">All cases ",
  ]
    .map((title) => html.indexOf(title));
  assertEquals(places.every((place) => place > 0), true);
  assertEquals([...places].sort((a, b) => a - b), places);
  for (
    const part of [
      "IDN-021",
      "A manifest lives for one day.",
      "CONTRACT §6.1",
      "a manifest with expires_at at most 86400 s after issued_at",
      "hearthproof run --target http://127.0.0.1:7900 --seed 0xC0FFEE --suite-filter core/identity/lifetime",
      "GET /manifest HTTP/1.1\\r",
      "0000  47 45 54 20 2f 6d 61 6e  GET /man",
    ]
  ) assertStringIncludes(html, part);
});

Deno.test("an exchange is cut at the limit and says so", () => {
  const received = new Uint8Array(MAX_SHOWN_BYTES + 5).fill(0x41);
  const exchange = { exchange: 17, caseId: "core/bus/a", sent: new Uint8Array(), received };
  const html = page(runOf([failed("core/bus/a")]), [exchange]);
  assertStringIncludes(html, "5 more bytes are in the transcript.");
  assertStringIncludes(html, "<h4>sent: nothing</h4>");
  assertEquals(html.includes("A".repeat(MAX_SHOWN_BYTES + 1)), false);
  const cut = { ...exchange, received: received.slice(0, 100), receivedLength: 9000 };
  const short = page(runOf([failed("core/bus/a")]), [cut]);
  assertStringIncludes(short, "<h4>received, 9000 bytes</h4>");
  assertStringIncludes(short, "8900 more bytes are in the transcript.");
});

Deno.test("an exchange with the same number of another case is not shown", () => {
  const exchange = { exchange: 17, caseId: "core/bus/b", sent: Uint8Array.of(1), received: Uint8Array.of(2) };
  const html = page(runOf([failed("core/bus/a")]), [exchange]);
  assertEquals(html.includes("<details"), false);
  assertStringIncludes(html, "Exchange 17 of the transcript.");
});

Deno.test("only so many exchanges are shown", () => {
  const cases = Array.from({ length: MAX_SHOWN_EXCHANGES + 3 }, (_, i) => failed(`core/bus/${i}`));
  const exchanges = cases.map(({ id }) => ({
    exchange: 17,
    caseId: id,
    sent: Uint8Array.of(1),
    received: Uint8Array.of(2),
  }));
  const html = page(runOf(cases), exchanges);
  assertEquals(html.split('<details class="exchange"').length - 1, MAX_SHOWN_EXCHANGES);
  assertEquals(html.split("Exchange 17 of the transcript.").length - 1, 3);
});

Deno.test("a clean run says so, and an embedded target is named", () => {
  const html = page(runOf(corePassed(), { target: { kind: "embedded", url: "embedded", dialect: "contract" } }));
  assertStringIncludes(html, "<h2>No failures</h2>");
  assertStringIncludes(html, `<p class="banner">${EMBEDDED_REMARK}</p>`);
  assertStringIncludes(html, '<span class="verdict pass">pass</span>');
});
