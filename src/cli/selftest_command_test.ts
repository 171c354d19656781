import { assertEquals } from "@std/assert";
import { defineCase } from "../runner/case.ts";
import type { CollateralResult } from "../runner/collateral.ts";
import { plan } from "../runner/select.ts";
import { lifetime, requirementOf } from "../runner/testing.ts";
import { usefulThreads } from "./case_threads.ts";
import { collateralJson, faultsOf, printCollateral } from "./collateral_command.ts";
import { bufferPrinter } from "./printer.ts";
import { sampleCases } from "./selftest_command.ts";

const SECTIONS = ["core/identity", "core/bus"];
const FAULT_NAMES = ["manifest-ttl-300", "post-ttl-negative"] as const;
const planned = plan(
  SECTIONS.map((section) => ({
    section,
    cases: [0, 1, 2].map((i) =>
      defineCase({ ...lifetime, id: `${section}/${i}`, requirement: "IDN-001", brokenBy: [...FAULT_NAMES] })
    ),
  })),
  requirementOf,
);

Deno.test("a sample takes so many cases of each section, always the same ones for one seed", () => {
  const sample = sampleCases(planned, 2, 5);
  assertEquals(sample.map(({ section }) => section), ["core/identity", "core/identity", "core/bus", "core/bus"]);
  assertEquals(new Set(sample).size, 4);
  assertEquals(sampleCases(planned, 2, 5), sample);
  assertEquals(sampleCases(planned, 9, 5).length, planned.length);
});

Deno.test("faults are named once, in the order of the cases; a sample of them depends on the seed alone", () => {
  assertEquals(faultsOf(planned, undefined, 5), [...FAULT_NAMES]);
  assertEquals(faultsOf(planned, 1, 5).length, 1);
  assertEquals(faultsOf(planned, 1, 5), faultsOf(planned, 1, 5));
});

Deno.test("there is one thread for each processor, but not more than cases at a time", () => {
  assertEquals([usefulThreads(8, 2), usefulThreads(1, 4), usefulThreads(2, 4), usefulThreads(64, 64)], [1, 0, 1, 7]);
});

Deno.test("collateral is printed fault by fault, with control characters of the target escaped", () => {
  const result: CollateralResult = {
    faults: ["manifest-ttl-300"],
    cases: 6,
    runs: 4,
    untouched: 2,
    repeated: 1,
    collateral: [{
      fault: "manifest-ttl-300",
      case: "core/bus/1",
      requirement: "BUS-001",
      expected: "30",
      observed: "\u001b[31m300",
    }],
  };
  const printer = bufferPrinter();
  printCollateral(result, printer, 1500);
  const out = printer.outLines;
  assertEquals(out[0], "manifest-ttl-300 also fails BUS-001");
  assertEquals(out.slice(1, 3), ["  BUS-001 core/bus/1", "    expected 30"]);
  assertEquals(out.join("\n").includes("\u001b"), false);
  assertEquals(out.at(-1)?.endsWith("1 failures that no fault names, in 1.5 s"), true);
  assertEquals(collateralJson(result).collateral, result.collateral);
});
