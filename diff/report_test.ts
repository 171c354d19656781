import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { utf8 } from "../src/protocol/mod.ts";
import { diffHtml } from "./report_html.ts";
import { diffReport } from "./report_json.ts";
import { diffJunit } from "./report_junit.ts";
import { summaryLines } from "./report_terminal.ts";
import type { Difference, DiffResult } from "./result.ts";
import { answered } from "./testing.ts";

const EVIL = '<script>alert(1)</script>\u001b[31m\u202e"&';

function difference(id: string, kind: Difference["class"], path: string): Difference {
  const [left, right] = ['{"a":1}', '{"a":2}'].map((body) => answered(body, { sent: utf8(`GET /x HTTP/1.1\r\n\r\n`) }));
  if (left === undefined || right === undefined) throw new Error("no answers");
  return {
    id,
    class: kind,
    path,
    requirement: "IDN-016",
    supports: "left",
    first_step: 3,
    origin: EVIL,
    count: 2,
    left: EVIL,
    right: "2",
    also: [EVIL],
    minimal: {
      steps: 1,
      file: `${id}.vector.json`,
      confidence: "3 of 3 on fresh nodes",
      attempts: 4,
      complete: true,
      shown: [{ origin: EVIL, left, right: { ...right, received: utf8(EVIL) } }],
      curl: [`# ${EVIL}`],
    },
  };
}

function result(differences: readonly Difference[]): DiffResult {
  const target = { target: EVIL, kind: "endpoint", implementation: EVIL, skew_ms: 0 };
  return {
    verdict: differences.length > 0 ? "different" : "equal",
    reason: undefined,
    seed: 1,
    timeOrigin: 2,
    steps: 3,
    planned: 3,
    left: target,
    right: target,
    runs: 4,
    masked: [{ address: "*", path: EVIL, why: EVIL, evidence: EVIL, hidden: 0 }],
    notes: [EVIL],
    differences,
    sent: { bytes: 10, differing: 1, requests: 1 },
    names: 2,
    renamed: 1,
    pairs: [{ left: EVIL, right: "b" }],
    stop: undefined,
  };
}

const TWO = [difference("D1", "byte-only", "GET /x layout"), difference("D2", "semantic", EVIL)];

Deno.test("what a target says stays text in every report", () => {
  const page = diffHtml(result(TWO));
  for (const bad of ["<script>", "\u202e", "\u001b"]) assert(!page.includes(bad), JSON.stringify(bad));
  assertStringIncludes(page, "default-src &#39;none&#39;".replaceAll("&#39;", "'"));
  const xml = diffJunit(result(TWO));
  assert(!xml.includes("<script>") && !xml.includes("\u001b"));
  const terminal = summaryLines(result(TWO), 100).join("\n");
  assert(!terminal.includes("\u001b") && !terminal.includes("\u202e"));
});

Deno.test("the page holds both answers, the mask, the renaming and lines for a shell", () => {
  const page = diffHtml(result([difference("D1", "semantic", "GET /x a")]));
  for (
    const words of ["left answered", "right answered", "in hexadecimal", "as curl", "Renaming", "Mask", "--replay"]
  ) {
    assertStringIncludes(page, words);
  }
});

Deno.test("the page begins with the worst class, says why sent bytes differed, and labels the renaming", () => {
  const page = diffHtml(result(TWO));
  assert(page.indexOf('id="D2"') < page.indexOf('id="D1"') && page.indexOf('href="#D2"') < page.indexOf('href="#D1"'));
  assertStringIncludes(page, "learned values");
  assertStringIncludes(page, "<th>on the left</th><th>is on the right</th>");
});

Deno.test("JUnit has one case per difference, one that passed, or one that was skipped", () => {
  const count = (xml: string) => [...xml.matchAll(/<testcase /g)].length;
  assertEquals([count(diffJunit(result(TWO))), count(diffJunit(result([])))], [2, 1]);
  assertStringIncludes(diffJunit(result(TWO)), 'tests="2" failures="2"');
  const open = diffJunit({ ...result([]), verdict: "inconclusive", reason: "both died" });
  assertStringIncludes(open, '<skipped message="both died"/>');
});

Deno.test("the summary names the worst class first and fits the width", () => {
  const lines = summaryLines(result(TWO), 80);
  assert(
    lines.findIndex((line) => line.startsWith("semantic")) < lines.findIndex((line) => line.startsWith("byte-only")),
  );
  assert(lines.every((line) => line.length <= 80), lines.filter((line) => line.length > 80).join("\n"));
});

Deno.test("the JSON report says whether shrinking came to its end", () => {
  const report = diffReport(result([difference("D1", "semantic", "GET /x a")]));
  assert(Array.isArray(report.differences));
  assertEquals(JSON.parse(JSON.stringify(report.differences[0])).minimal, {
    steps: 1,
    file: "D1.vector.json",
    confidence: "3 of 3 on fresh nodes",
    attempts: 4,
    complete: true,
    curl: [`# ${EVIL}`],
  });
});
