/** `hearthproof selftest --collateral`: which cases fail under faults that do not say so. */

import { FAULTS } from "../node/faults/mod.ts";
import { Random } from "../protocol/mod.ts";
import { bounded, visible } from "../report/escape.ts";
import { collateral, type CollateralOptions, type CollateralResult } from "../runner/collateral.ts";
import type { ProvableCase } from "../runner/select.ts";
import { EXIT } from "./exit_code.ts";
import type { Options } from "./parse.ts";
import type { Printer } from "./printer.ts";

/** Longest text of an expectation or observation that is printed, in characters. */
const MAX_TEXT = 160;

/** Faults of the cases in the order of the suites, each once; with `sample` so many of them, chosen by the seed. */
export function faultsOf(planned: readonly ProvableCase[], sample: number | undefined, seed: number): string[] {
  const names = [...new Set<string>(planned.flatMap(({ definition }) => definition.brokenBy))];
  if (sample === undefined || sample >= names.length) return names;
  const random = new Random(seed, "sample", "faults");
  const chosen = new Set<string>();
  while (chosen.size < sample) chosen.add(random.pick(names));
  return names.filter((name) => chosen.has(name));
}

/** The object `--json` prints. */
export function collateralJson(result: CollateralResult) {
  return {
    faults: result.faults,
    cases: result.cases,
    runs: result.runs,
    untouched: result.untouched,
    repeated: result.repeated,
    collateral: result.collateral.map((one) => ({ ...one })),
  };
}

/** Prints what was found, fault by fault. */
export function printCollateral(result: CollateralResult, printer: Printer, elapsedMs: number): void {
  for (const [fault, found] of Map.groupBy(result.collateral, (one) => one.fault)) {
    printer.out(`${fault} also fails ${[...new Set(found.map(({ requirement }) => requirement))].join(", ")}`);
    for (const { requirement, case: id, expected, observed } of found) {
      printer.out(`  ${requirement} ${id}`);
      printer.out(`    expected ${visible(bounded(expected, MAX_TEXT))}`);
      printer.out(`    observed ${visible(bounded(observed, MAX_TEXT))}`);
    }
  }
  printer.out(
    `${result.faults.length} faults, ${result.cases} cases: ${result.runs} runs, ${result.untouched} pairs that cannot ` +
      `meet, ${result.repeated} runs repeated alone; ${result.collateral.length} failures that no fault names, ` +
      `in ${(elapsedMs / 1000).toFixed(1)} s`,
  );
}

/** Runs the command for the faults of the chosen cases; returns the exit code. */
export async function collateralCommand(
  options: Options,
  printer: Printer,
  choice: Omit<CollateralOptions, "progress" | "tried" | "nodeFaults"> & { readonly planned: readonly ProvableCase[] },
): Promise<number> {
  const { clock, seed } = choice;
  const startedAt = clock.mono();
  const result = await collateral({
    ...choice,
    tried: faultsOf(choice.planned, options.number("sample"), seed),
    nodeFaults: FAULTS,
    progress: (what, done, total, doubtful) =>
      printer.progress(`${what} ${done}/${total}${doubtful === 0 ? "" : `, ${doubtful} to repeat`}`),
  });
  printer.progress("");
  if (options.flag("json")) printer.out(JSON.stringify(collateralJson(result)));
  else printCollateral(result, printer, clock.mono() - startedAt);
  return result.collateral.length === 0 ? EXIT.clean : EXIT.violations;
}
