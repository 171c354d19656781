import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { countsAsFailed, type Overall, overallOf, REQUIRED_CORE } from "./overall.ts";
import type { CaseResult, RunResult } from "./results.ts";
import { caseResult, corePassed, failed, OUTCOMES, runOf } from "./testing.ts";

function verdict(cases: CaseResult[], over: Partial<RunResult> = {}): Overall {
  return overallOf(runOf(cases, over)).overall;
}

const withoutLlm = () => corePassed().filter(({ section }) => section !== "core/llm");
const advertisesChat = { sectionsAdvertised: [...REQUIRED_CORE, "services/chat"] };

Deno.test("overall follows the table", () => {
  const gated = { outcome: "skipped", skip: "gated", reason: "not advertised" } as const;
  const table: [why: string, cases: CaseResult[], over: Partial<RunResult>, expected: Overall][] = [
    ["no case at all", [], {}, "skipped"],
    ["only skips", [caseResult("core/bus/a", gated)], {}, "skipped"],
    [
      "only errors and inconclusive ones",
      [
        caseResult("core/bus/a", { outcome: "error" }),
        caseResult("core/bus/b", { outcome: "inconclusive" }),
      ],
      {},
      "skipped",
    ],
    ["all core sections passed", corePassed(), {}, "pass"],
    ["one failed core case", [...corePassed(), failed("core/kb/x")], {}, "fail"],
    ["a failed core case among failed services", [failed("services/chat/x"), failed("core/kb/x")], {}, "fail"],
    ["a failed service", [...corePassed(), failed("services/chat/x")], advertisesChat, "partial"],
    ["a failed service that is not advertised", [...corePassed(), failed("services/chat/x")], {}, "partial"],
    ["a failed federation", [...corePassed(), failed("federation/x", { section: "federation" })], {}, "partial"],
    ["a failed experimental case", [...corePassed(), failed("experimental/moe/x")], {}, "pass"],
    ["a failed operability case", [...corePassed(), failed("operability/shutdown_clean/x")], {}, "pass"],
    ["a failed SHOULD in core", [...corePassed(), failed("core/kb/x", { level: "SHOULD" })], {}, "pass"],
    ["the same under strict", [...corePassed(), failed("core/kb/x", { level: "SHOULD" })], { strict: true }, "fail"],
    ["a core section with skips only", [...withoutLlm(), caseResult("core/llm/x", gated)], {}, "partial"],
    ["a core section that is missing", withoutLlm(), {}, "partial"],
    [
      "a core section with a failed SHOULD only",
      [...withoutLlm(), failed("core/llm/x", { level: "SHOULD" })],
      {},
      "partial",
    ],
    ["skips beside passes", [...corePassed(), caseResult("core/llm/x", gated)], {}, "pass"],
    [
      "an inconclusive MUST of core",
      [...corePassed(), caseResult("core/kb/x", { outcome: "inconclusive" })],
      {},
      "partial",
    ],
    [
      "an error in a MUST of an advertised service",
      [
        ...corePassed(),
        caseResult("services/chat/x", { outcome: "error" }),
      ],
      advertisesChat,
      "partial",
    ],
    [
      "an error in a service that is not advertised",
      [
        ...corePassed(),
        caseResult("services/chat/x", { outcome: "error" }),
      ],
      {},
      "pass",
    ],
    [
      "an inconclusive SHOULD",
      [
        ...corePassed(),
        caseResult("core/kb/x", { outcome: "inconclusive", level: "SHOULD" }),
      ],
      {},
      "pass",
    ],
    [
      "an advertised service taken out",
      corePassed(),
      { ...advertisesChat, sectionsDeselected: ["services/chat"] },
      "partial",
    ],
    ["an experimental section taken out", corePassed(), {
      sectionsAdvertised: [...REQUIRED_CORE, "experimental/moe"],
      sectionsDeselected: ["experimental/moe"],
    }, "pass"],
    ["an advertised service without a suite", corePassed(), { sectionsAdvertised: ["services/ocr"] }, "partial"],
    ["an advertised service that passed", [...corePassed(), caseResult("services/chat/x")], advertisesChat, "pass"],
  ];
  for (const [why, cases, over, expected] of table) assertEquals(verdict(cases, over), expected, why);
});

Deno.test("overall names what led to it", () => {
  const run = runOf([...withoutLlm(), failed("services/chat/x"), failed("services/chat/y")], {
    sectionsAdvertised: ["services/ocr", "services/market", "services/chat"],
    sectionsDeselected: ["services/market"],
  });
  assertEquals(overallOf(run).reasons, [
    "services/chat: 2 failed",
    "core/llm: no case passed",
    "services/ocr: advertised, but this version has no suite for it",
    "services/market: advertised, but taken out of this run",
  ]);
  assertEquals(overallOf(runOf([failed("core/kb/x")])).reasons, ["core/kb: 1 failed"]);
  assertEquals(overallOf(runOf([])).reasons, ["no case ran to a verdict"]);
});

const sections = [...REQUIRED_CORE, "services/chat", "federation", "experimental/moe", "operability/observability"];
const anyCase = fc.record({
  section: fc.constantFrom(...sections),
  outcome: fc.constantFrom(...OUTCOMES),
  level: fc.constantFrom("MUST" as const, "SHOULD" as const, "MAY" as const),
}).map((over) => caseResult(`${over.section}/x`, over));
const anyRun = fc.record({
  cases: fc.array(anyCase, { maxLength: 30 }).chain((cases) =>
    fc.boolean().map((whole) => (whole ? [...corePassed(), ...cases] : cases))
  ),
  strict: fc.boolean(),
}).map(({ cases, strict }) => runOf(cases, { strict }));

Deno.test("skips never change the verdict", () => {
  fc.assert(fc.property(anyRun, (run) => {
    const judged = { ...run, cases: run.cases.filter(({ outcome }) => outcome !== "skipped") };
    assertEquals(overallOf(judged), overallOf(run));
  }));
});

Deno.test("experimental and operability change nothing but whether anything ran", () => {
  fc.assert(fc.property(anyRun, (run) => {
    const required = run.cases.filter(({ section }) => !/^(experimental|operability)\//.test(section));
    const without = overallOf({ ...run, cases: required }).overall;
    if (without !== "skipped") assertEquals(overallOf(run).overall, without);
  }));
});

Deno.test("fail exactly if something ran and a core case counts as failed, pass never with a failure that counts", () => {
  fc.assert(fc.property(anyRun, (run) => {
    const bad = run.cases.filter((result) => countsAsFailed(result, run.strict));
    const { overall, reasons } = overallOf(run);
    assertEquals(overall === "fail", bad.some(({ section }) => section.startsWith("core/")));
    if (overall === "pass") assertEquals(bad.some(({ section }) => /^(services\/|federation)/.test(section)), false);
    assertEquals(overall === "pass", reasons.length === 0);
  }));
});

Deno.test("a further failure never improves the verdict", () => {
  const order: Overall[] = ["pass", "partial", "fail"];
  fc.assert(fc.property(anyRun, fc.constantFrom(...sections), (run, section) => {
    const before = overallOf(run).overall;
    if (before === "skipped") return;
    const after = overallOf({ ...run, cases: [...run.cases, failed(`${section}/y`, { section })] }).overall;
    assertEquals(order.indexOf(after) >= order.indexOf(before), true);
  }));
});
