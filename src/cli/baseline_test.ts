import { assertEquals, assertThrows } from "@std/assert";
import { caseResult, failed } from "../report/testing.ts";
import { judgeBaseline, type KnownFailure, parseBaseline, staleLines } from "./baseline.ts";
import { UsageError } from "./parse.ts";

const byCase = (id: string): KnownFailure => ({ by: "case", id, reason: "issue 12" });
const byRequirement = (id: string): KnownFailure => ({ by: "requirement", id, reason: "issue 12" });

Deno.test("a baseline lists cases and requirements with reasons", () => {
  const text = "- case: core/bus/a\n  reason: issue 12\n- requirement: IDN-021\n  reason: issue 13\n";
  assertEquals(parseBaseline(text, "known.yaml"), [
    { by: "case", id: "core/bus/a", reason: "issue 12" },
    { by: "requirement", id: "IDN-021", reason: "issue 13" },
  ]);
  assertEquals(parseBaseline("", "known.yaml"), []);
});

Deno.test("a wrong baseline is refused with one line", () => {
  const table: [text: string, message: string][] = [
    ["a: 1", "baseline k.yaml: it must be a list of {case, reason} or {requirement, reason}"],
    ["- core/bus/a", "baseline k.yaml: entry 1 is no mapping"],
    ["- {case: a}", "baseline k.yaml: entry 1 (a) gives no reason"],
    ["- {reason: x}", "baseline k.yaml: entry 1 must have case or requirement"],
    ["- {case: a, requirement: b, reason: x}", "baseline k.yaml: entry 1 must have case or requirement"],
    ["- {case: 7, reason: x}", "baseline k.yaml: entry 1 has a case that is no text"],
    ["- {case: a, reason: x, until: y}", "baseline k.yaml: entry 1 has the unknown member until"],
    ["- {case: a, reason: x}\n- {case: a, reason: y}", "baseline k.yaml: entry 2 lists a again"],
  ];
  for (const [text, message] of table) {
    assertEquals(assertThrows(() => parseBaseline(text, "k.yaml"), UsageError).message, message);
  }
  assertThrows(() => parseBaseline("- {", "k.yaml"), UsageError, "baseline k.yaml: it is no YAML: ");
});

Deno.test("failures are split into listed and unlisted ones", () => {
  const cases = [failed("core/bus/a"), failed("core/bus/b", { requirement: "BUS-005" }), caseResult("core/bus/c")];
  const judged = judgeBaseline([byCase("core/bus/a")], cases, cases);
  assertEquals(judged.known.map(({ id }) => id), ["core/bus/a"]);
  assertEquals(judged.unknown.map(({ id }) => id), ["core/bus/b"]);
  assertEquals(judged.stale, []);
});

Deno.test("a listed case that passes, is gone or fails in set-up is stale; one that was skipped is not", () => {
  const cases = [
    caseResult("core/bus/passes", { requirement: "BUS-001" }),
    caseResult("core/bus/breaks", { outcome: "error", reason: "no\x07 token", requirement: "BUS-002" }),
    caseResult("core/bus/skipped", { outcome: "skipped", requirement: "BUS-003" }),
  ];
  const existing = [...cases, { id: "core/bus/unselected", requirement: "BUS-004" }];
  const listed = ["passes", "gone", "breaks", "skipped", "unselected"].map((name) => byCase(`core/bus/${name}`));
  assertEquals(staleLines(judgeBaseline(listed, cases, existing).stale), [
    "baseline: case core/bus/passes passes (listed because: issue 12)",
    "baseline: case core/bus/gone no longer exists (listed because: issue 12)",
    "baseline: case core/bus/breaks failed in its set-up: no\\u{7} token (listed because: issue 12)",
  ]);
});

Deno.test("a requirement passes when one of its cases passes and none fails", () => {
  const [pass, fail] = [caseResult("core/bus/a"), failed("core/bus/b")];
  assertEquals(judgeBaseline([byRequirement("IDN-021")], [pass, fail], [pass, fail]).stale, []);
  assertEquals(judgeBaseline([byRequirement("IDN-021")], [pass], [pass, fail]).stale.map(({ why }) => why), ["passes"]);
  assertEquals(judgeBaseline([byRequirement("BUS-099")], [pass], [pass]).stale.map(({ why }) => why), [
    "no longer exists",
  ]);
});
