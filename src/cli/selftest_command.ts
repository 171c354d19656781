/** `hearthproof selftest`: the kill matrix. */

import { FAULTS_BY_AREA } from "../node/faults/mod.ts";
import { VARIANTS_BY_AREA } from "../node/variants/mod.ts";
import { Random } from "../protocol/mod.ts";
import { visible } from "../report/escape.ts";
import { REPORTER_FAULTS } from "../report/faults.ts";
import type { LabBasis } from "../runner/lab.ts";
import { filterCases, plan, type PlannedCase, type ProvableCase } from "../runner/select.ts";
import { selftest, type SelftestResult } from "../runner/selftest.ts";
import { caseThreads } from "./case_threads.ts";
import { collateralCommand } from "./collateral_command.ts";
import { DEFAULT_SEED } from "./commands.ts";
import { EXIT } from "./exit_code.ts";
import { type Options, UsageError } from "./parse.ts";
import type { CommandContext } from "./run_command.ts";
import { selfCommand } from "./self_command.ts";

/** Survivors and unproven cases that are printed; `--json` has them all. */
const MAX_LISTED = 200;
/** Areas whose faults show over hours: soak judges these, no case does. */
const JUDGED_BY_SOAK: readonly string[] = ["soak", "civdef"];

/** `count` cases per section, chosen by the seed. */
export function sampleCases<P extends PlannedCase>(planned: readonly P[], count: number, seed: number): P[] {
  const sections = Map.groupBy(planned, ({ section }) => section);
  return [...sections].flatMap(([section, cases]) => {
    const random = new Random(seed, "sample", section);
    const left = [...cases];
    const chosen: P[] = [];
    while (left.length > 0 && chosen.length < count) chosen.push(...left.splice(random.below(left.length), 1));
    return chosen;
  });
}

function filtered(all: readonly ProvableCase[], options: Options): ProvableCase[] {
  const filters = options.list("suite-filter");
  for (const filter of filters) {
    if (filterCases(all, [filter]).length === 0) {
      throw new UsageError(
        `selftest: --suite-filter ${filter}: matches no case, section or requirement; hearthproof requirements lists them`,
      );
    }
  }
  return filterCases(all, filters);
}

/** The object `--json` prints. */
export function selftestJson(result: SelftestResult) {
  return {
    cases: result.cases,
    killed: result.killed,
    slow: result.slow,
    unproven: result.unproven,
    survivors: result.survivors.map(({ case: id, fault, outcome }) => ({ case: id, fault, outcome })),
    variant_skips: result.variantSkips.map(({ case: id, fault, reason }) => ({ case: id, variant: fault, reason })),
    repeated: result.repeated,
    idle_faults: result.idleFaults,
  };
}

/** Names of all faults that a case has to see. */
function faultNames(): readonly string[] {
  const areas = Object.entries(FAULTS_BY_AREA).filter(([area]) => !JUDGED_BY_SOAK.includes(area));
  return [...areas.flatMap(([, table]) => Object.keys(table)), ...Object.keys(REPORTER_FAULTS)];
}

function variantNames(): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(VARIANTS_BY_AREA).map(([area, table]) => [area, Object.keys(table)]));
}

/** A word of a command line as an `exec:` target splits it. */
function quoted(word: string): string {
  return /["\s]/.test(word) ? `'${word}'` : word;
}

/** How this program starts a child node of its own. */
function childCommand(programUrl: string | undefined, seed: number): Pick<LabBasis, "childCommand"> {
  if (programUrl === undefined) return {};
  return {
    childCommand: (faults, variants) => {
      const named = [...faults.map((name) => `--fault=${name}`), ...variants.map((name) => `--variant=${name}`)];
      const node = ["node", "--port", "{port}", "--data", "{data}", "--seed", String(seed), ...named];
      const { program, args } = selfCommand(programUrl, node);
      return [program, ...args].map(quoted).join(" ");
    },
  };
}

/** Runs the command; returns the exit code. */
export async function selftestCommand(options: Options, context: CommandContext): Promise<number> {
  const { printer, clock, programUrl, requirementOf, suiteVersion, signal } = context;
  const seed = options.number("seed") ?? DEFAULT_SEED;
  const timeOrigin = Math.floor(clock.wall() / 1000) * 1000;
  const parallel = options.number("parallel") ?? 1;
  const all = plan(context.suites, requirementOf);
  const planned = filtered(all, options);
  const crew = {
    ...{ all, planned, requirementOf, clock, seed, timeOrigin, suiteVersion, parallel, signal },
    threads: caseThreads(programUrl, { seed, timeOrigin, parallel }),
    ...childCommand(programUrl, seed),
  };
  if (options.flag("collateral")) return await collateralCommand(options, printer, crew);
  const startedAt = clock.mono();
  const sample = options.number("sample");
  const result = await selftest({
    ...crew,
    planned: sample === undefined ? planned : sampleCases(planned, sample, seed),
    slow: options.flag("slow"),
    faultNames: faultNames(),
    variants: variantNames(),
    progress: (done, total, doubtful) =>
      printer.progress(`${done}/${total} runs${doubtful === 0 ? "" : `, ${doubtful} to repeat`}`),
  });
  printer.progress("");
  if (options.flag("json")) printer.out(JSON.stringify(selftestJson(result)));
  else printMatrix(result, options.flag("matrix"), context, clock.mono() - startedAt);
  return result.survivors.length === 0 ? EXIT.clean : EXIT.violations;
}

function printMatrix(result: SelftestResult, every: boolean, { printer }: CommandContext, elapsedMs: number): void {
  if (every) {
    for (const cell of result.matrix) {
      printer.out(`${cell.killed ? "killed  " : "SURVIVED"} ${cell.requirement} ${cell.case} < ${cell.fault}`);
    }
  }
  for (const { case: id, fault, outcome } of result.survivors.slice(0, MAX_LISTED)) {
    printer.out(`SURVIVOR ${id} < ${fault}: ${visible(outcome)}`);
  }
  for (const { case: id, reason } of result.unproven.slice(0, MAX_LISTED)) {
    printer.out(`unproven ${id}: ${visible(reason)}`);
  }
  for (const { case: id, fault, reason } of every ? result.variantSkips : []) {
    printer.out(`skipped  ${id} < ${fault}: ${visible(reason)}`);
  }
  if (result.idleFaults.length > 0) printer.out(`idle faults: ${result.idleFaults.join(", ")}`);
  const sections = Map.groupBy(result.matrix, ({ section }) => section);
  for (const [section, cells] of sections) {
    printer.out(`${section}: ${cells.filter((c) => c.killed).length} of ${cells.length} faults killed`);
  }
  printer.out(
    `${result.cases} cases: ${result.killed} proven, ${result.unproven.length} unproven, ` +
      (result.slow === 0 ? "" : `${result.slow} left out as slow (--slow), `) +
      `${result.survivors.length} survivors (${result.repeated} runs repeated alone), ` +
      `${result.idleFaults.length} idle faults in ${(elapsedMs / 1000).toFixed(1)} s`,
  );
}
