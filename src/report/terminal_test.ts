import { assertEquals } from "@std/assert";
import { bufferPrinter } from "../cli/printer.ts";
import { durationText, EMBEDDED_REMARK, headline, printReport } from "./terminal.ts";
import { columns } from "./text.ts";
import { caseResult, corePassed, failed, hostileRun, runOf, signedReport } from "./testing.ts";
import type { RunResult } from "./results.ts";

const SAYS = "A manifest lives for one day at most, and a node renews it before it expires.";

function printed(run: RunResult, width = 80): readonly string[] {
  const printer = bufferPrinter(width);
  printReport(signedReport(run), printer, (id) => (id === "IDN-021" ? SAYS : undefined));
  return printer.outLines;
}

Deno.test("a run is printed with failing requirements first and the verdict last", () => {
  const run = runOf([
    ...corePassed(),
    failed("core/bus/b"),
    failed("core/bus/c", { level: "SHOULD", requirement: "BUS-005" }),
    caseResult("core/kb/d", { outcome: "skipped", skip: "gated", reason: "no corpus is known" }),
    caseResult("core/kb/e", { outcome: "skipped", skip: "gated", reason: "no corpus is known" }),
    caseResult("core/llm/f", { outcome: "skipped", skip: "slow", reason: "needs --slow" }),
    caseResult("core/events/g", { outcome: "inconclusive", reason: "no event was seen" }),
    caseResult("core/tokens/h", { outcome: "error", reason: "the adapter gave no token" }),
  ], { remarks: ["What was in the log before was left out."], substitutions: [{ path: "token.id", count: 3 }] });
  assertEquals(printed(run), [
    "FAILED IDN-021 core/bus/b",
    "  rule     A manifest lives for one day at most, and a node renews it before it",
    "           expires. (MUST)",
    "  spec     CONTRACT §6.1",
    "  expected 404 not_found",
    "  observed 200 with empty data_b64",
    "  repeat   hearthproof run --seed 0xC0FFEE --suite-filter core/bus/b",
    "  exchange 17 of the transcript",
    "",
    "ERROR IDN-021 core/tokens/h",
    "  reason   the adapter gave no token",
    "",
    "SECTION           TOTAL  PASSED  FAILED  WARNED SKIPPED",
    "core/bus              3       2       1       1       -",
    "core/events           2       1       -       -       1",
    "core/files            1       1       -       -       -",
    "core/identity         1       1       -       -       -",
    "core/kb               3       1       -       -       2",
    "core/llm              2       1       -       -       1",
    "core/tokens           2       1       -       -       1",
    "core/transport        1       1       -       -       -",
    "all                  15       9       1       1       5",
    "",
    "WARNING BUS-005 core/bus/c",
    "  spec     CONTRACT §6.1",
    "  expected 404 not_found",
    "  observed 200 with empty data_b64",
    "  repeat   hearthproof run --seed 0xC0FFEE --suite-filter core/bus/c",
    "  exchange 17 of the transcript",
    "",
    "NOT JUDGED",
    "        2  gated: no corpus is known",
    "        1  inconclusive: no event was seen",
    "        1  slow: needs --slow",
    "",
    "Note: What was in the log before was left out.",
    "Learned from the target and put into the traffic: token.id (3)",
    "overall fail: 1 failed, 9 passed (1 with a warning), 5 skipped (2 gated, 1 slow,",
    "1 inconclusive, 1 error) in 12.3 s, 4321 calls",
    "  core/bus: 1 failed",
  ]);
});

Deno.test("an embedded target is named in the first and in the last line", () => {
  const lines = printed(runOf(corePassed(), { target: { kind: "embedded", url: "embedded", dialect: "contract" } }));
  assertEquals([lines[0], lines.at(-1)], [EMBEDDED_REMARK, EMBEDDED_REMARK]);
});

Deno.test("a footer stands between the verdict and the remark on an embedded target", () => {
  const printer = bufferPrinter();
  const run = runOf(corePassed(), { target: { kind: "embedded", url: "embedded", dialect: "contract" } });
  printReport(signedReport(run), printer, () => undefined, ["report: out/report.html"]);
  assertEquals(printer.outLines.slice(-3), [
    "overall pass: 0 failed, 8 passed, 0 skipped in 12.3 s, 4321 calls",
    "report: out/report.html",
    EMBEDDED_REMARK,
  ]);
});

Deno.test("no text of the target reaches the terminal as a command", () => {
  for (const line of printed(hostileRun())) {
    // deno-lint-ignore no-control-regex -- control characters are what must be gone
    assertEquals(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(line), false, line);
  }
});

Deno.test("a long wording ends at a word", () => {
  const lines: string[] = [];
  const sink = { width: 400, colour: false, out: (line: string) => void lines.push(line) };
  printReport(signedReport(runOf([failed("core/bus/b")])), sink, () => "word ".repeat(100));
  assertEquals(lines[1], `  rule     ${"word ".repeat(56)}… (MUST)`);
});

Deno.test("only recipes are wider than the terminal", () => {
  for (const line of printed(hostileRun(), 60)) {
    if (!line.startsWith("  repeat")) assertEquals(columns(line) <= 60, true, line);
  }
});

Deno.test("many reasons are cut with a count of the rest", () => {
  const cases = Array.from({ length: 20 }, (_, i) =>
    caseResult(`core/kb/${String(i).padStart(2, "0")}`, {
      outcome: "skipped",
      skip: "gated",
      reason: `reason ${String(i).padStart(2, "0")}`,
    }));
  assertEquals(printed(runOf(cases)).includes("        8  for 8 other reasons, see report.html"), true);
});

Deno.test("colours appear only where the printer allows them", () => {
  const lines: string[] = [];
  printReport(
    signedReport(runOf([failed("core/bus/b")])),
    { width: 80, colour: true, out: (l) => void lines.push(l) },
    () => undefined,
  );
  assertEquals(lines[0], "\x1b[31mFAILED\x1b[39m \x1b[1mIDN-021\x1b[22m core/bus/b");
});

Deno.test("the headline of a clean run is short", () => {
  assertEquals(
    headline(signedReport(runOf(corePassed()))),
    "overall pass: 0 failed, 8 passed, 0 skipped in 12.3 s, 4321 calls",
  );
});

Deno.test("durations are readable", () => {
  assertEquals([durationText(950), durationText(59_940), durationText(245_000)], ["0.9 s", "59.9 s", "4 min 05 s"]);
});
