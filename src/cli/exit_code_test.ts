import { assertEquals } from "@std/assert";
import type { CaseResult } from "../report/results.ts";
import { caseResult, corePassed, failed, runOf } from "../report/testing.ts";
import { judgeBaseline, type KnownFailure } from "./baseline.ts";
import { exitCodeOf } from "./exit_code.ts";

Deno.test("the exit code follows the table", () => {
  const should = failed("core/bus/s", { level: "SHOULD" });
  const table: [why: string, cases: CaseResult[], strict: boolean, code: number][] = [
    ["clean", corePassed(), false, 0],
    ["a part of the suites only", [caseResult("core/bus/a")], false, 0],
    ["a failed core MUST", [...corePassed(), failed("core/bus/a")], false, 1],
    ["a failed service MUST", [...corePassed(), failed("services/chat/a")], false, 1],
    ["a failed federation MUST", [...corePassed(), failed("federation/a", { section: "federation" })], false, 1],
    ["a failed SHOULD", [...corePassed(), should], false, 0],
    ["a failed SHOULD, strict", [...corePassed(), should], true, 1],
    ["a failed experimental MUST", [...corePassed(), failed("experimental/moe/a")], false, 0],
    ["a failed experimental MUST, strict", [...corePassed(), failed("experimental/moe/a")], true, 1],
    ["an error of the tester", [...corePassed(), caseResult("core/bus/e", { outcome: "error" })], false, 2],
    ["a failure beside an error", [failed("core/bus/a"), caseResult("core/bus/e", { outcome: "error" })], false, 1],
    ["only skips", [caseResult("core/bus/a", { outcome: "skipped", skip: "gated" })], false, 3],
    ["only inconclusive ones", [caseResult("core/bus/a", { outcome: "inconclusive" })], false, 3],
    ["nothing", [], false, 3],
  ];
  for (const [why, cases, strict, code] of table) assertEquals(exitCodeOf(runOf(cases, { strict })), code, why);
});

Deno.test("a baseline excuses listed failures and nothing else", () => {
  const code = (listed: string[], cases: CaseResult[]) => {
    const baseline: KnownFailure[] = listed.map((id) => ({ by: "case", id, reason: "known" }));
    return exitCodeOf(runOf(cases), judgeBaseline(baseline, cases, cases));
  };
  const broken = caseResult("core/bus/e", { outcome: "error", reason: "set-up" });
  assertEquals(code(["core/bus/a"], [...corePassed(), failed("core/bus/a")]), 0);
  assertEquals(code([], [...corePassed(), failed("core/bus/a")]), 1);
  assertEquals(code(["core/bus/a"], [...corePassed(), failed("core/bus/a"), failed("core/bus/b")]), 1);
  assertEquals(code(["core/bus/sound"], corePassed()), 1);
  assertEquals(code(["core/bus/gone"], corePassed()), 1);
  assertEquals(code(["core/bus/e"], [...corePassed(), broken]), 1);
  assertEquals(code(["core/bus/a"], [failed("core/bus/a"), broken]), 2);
});
