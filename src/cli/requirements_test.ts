import { assertEquals } from "@std/assert";
import { COMMANDS } from "./commands.ts";
import { parseCommandLine } from "./parse.ts";
import { bufferPrinter } from "./printer.ts";
import {
  coverage,
  printRequirements,
  requirementsCommand,
  requirementsJson,
  type RequirementSources,
} from "./requirements.ts";

const one = (id: string, section: string, level = "MUST") => ({
  id,
  section,
  level,
  ref: "CONTRACT §1",
  says: "A rule.",
  needs: ["member"],
});

const SOURCES: RequirementSources = {
  requirements: [
    one("BUS-001", "core/bus"),
    one("BUS-002", "core/bus", "SHOULD"),
    one("BUS-003", "core/bus"),
    one("DIS-001", "experimental/distributed_inference"),
  ],
  notJudged: [{ id: "BUS-003", reason: "nothing on the wire tells" }],
  cases: [{ id: "core/bus/b", requirement: "BUS-001" }, { id: "core/bus/a", requirement: "BUS-001" }, {
    id: "core/bus/c",
    requirement: "BUS-002",
  }],
};

Deno.test("every requirement is listed with its cases, its reason or nothing, and the totals come last", () => {
  const printer = bufferPrinter();
  printRequirements(coverage(SOURCES, []), printer);
  assertEquals(printer.outLines, [
    "BUS-001  MUST    core/bus                            core/bus/a",
    "                                                     core/bus/b",
    "BUS-002  SHOULD  core/bus                            core/bus/c",
    "BUS-003  MUST    core/bus                            not judged: nothing on the wire tells",
    "DIS-001  MUST    experimental/distributed_inference  no suite in this version",
    "4 requirements: 2 with a case, 1 not judged over the wire, 1 with no suite in this version",
  ]);
});

Deno.test("sections are chosen by pattern", () => {
  const printer = bufferPrinter();
  printRequirements(coverage(SOURCES, ["experimental/*"]), printer);
  assertEquals(
    printer.outLines.at(-1),
    "1 requirement: 0 with a case, 0 not judged over the wire, 1 with no suite in this version",
  );
});

Deno.test("the JSON form tells the same", () => {
  assertEquals(requirementsJson(coverage(SOURCES, ["core/bus"])), {
    schema: "hearthproof.requirements/1",
    requirements: [
      { ...one("BUS-001", "core/bus"), cases: ["core/bus/a", "core/bus/b"], reason: null },
      { ...one("BUS-002", "core/bus", "SHOULD"), cases: ["core/bus/c"], reason: null },
      { ...one("BUS-003", "core/bus"), cases: [], reason: "nothing on the wire tells" },
    ],
    totals: { total: 3, with_case: 2, not_judged: 1, no_suite: 0 },
  });
});

Deno.test("the command prints lines or one JSON object, for the sections asked for", () => {
  const run = (...argv: string[]) => {
    const printer = bufferPrinter();
    const { options } = parseCommandLine(["requirements", ...argv], COMMANDS);
    assertEquals(requirementsCommand(options, printer, SOURCES), 0);
    return printer.outLines;
  };
  assertEquals(run().length, 6);
  assertEquals(run("--section", "core/*").length, 5);
  assertEquals(run("--section", "BUS-001,experimental").length, 4);
  const [json = "", ...rest] = run("--json");
  assertEquals([JSON.parse(json).totals.total, rest.length], [4, 0]);
});
