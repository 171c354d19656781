/**
 * How short the sequences get, and which requirement they are put down to, fault by fault, in slices that add up:
 *
 *     deno run -A diff/shrink_bench.ts faults [--every N] [--from N] [--to N] [--seed N] [--steps N] [--append FILE] [--keep DIR] [--budget SECONDS]
 *     deno run -A diff/shrink_bench.ts sum FILE
 *
 * With `--keep`, the vectors stay as DIR/FAULT.vector.json, and each line says whether `diff --replay` and `run --vector`
 * show them again.
 *
 * One JSON line for each fault, for its first difference; without the word nothing runs, so that `deno task bench`
 * passes by. The nodes live in this process.
 */

import { join } from "node:path";
import { selfCommand } from "../src/cli/self_command.ts";
import { FAULTS } from "../src/node/faults/mod.ts";
import { EmbeddedTarget } from "../src/target/embedded.ts";
import { systemClock } from "../src/wire/clock.ts";
import { causesOf } from "./causes.ts";
import { commonCast, commonOffer } from "./contest.ts";
import { freshRun, investigate } from "./investigate.ts";
import { type KnownRequirement, LawFinder } from "./law_finder.ts";
import { Mask, STANDING_MASK } from "./mask.ts";
import { meet, type RunFrame } from "./side.ts";
import { makePlan } from "./traffic/mod.ts";

const DEFAULT_EVERY = 7;
const DEFAULT_STEPS = 300;
/** Seconds for one fault; attempts of embedded nodes take some hundredths of a second each on an idle machine. */
const DEFAULT_BUDGET_S = 60;
const MS_PER_SECOND = 1000;
/** Longest sequence that counts as short. */
const SHORT = 3;
/** Midnight of a day ahead of every clock of the machines used. */
const MAIN = new URL("../main.ts", import.meta.url).href;
const TIME_ORIGIN = Date.UTC(2027, 2, 14);

interface Shrunk {
  readonly fault: string;
  readonly causes: number;
  readonly steps?: number;
  readonly attempts?: number;
  readonly confidence?: string;
  readonly requirement?: string;
  readonly supports?: string;
  /** Whether the fault says itself that it breaks that requirement. */
  readonly own?: boolean;
  readonly at?: string;
  readonly left?: string;
  readonly right?: string;
  readonly origin?: string;
  readonly breaks: readonly string[];
  readonly error?: string;
  /** Exit codes with the vector: the comparison with the fault, the run on the faulty and on the sound node. */
  readonly replayed?: number;
  readonly failed?: number;
  readonly passed?: number;
}

const print = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));

function option(name: string): string | undefined {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? undefined : Deno.args[at + 1];
}

function count(name: string, standard: number): number {
  const value = Number(option(name) ?? standard);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`Cannot measure: --${name} must be a count`);
  return value;
}

/** The catalogue as the program itself prints it. */
async function requirementsOfProgram(): Promise<KnownRequirement[]> {
  const { program, args } = selfCommand(MAIN, ["requirements", "--json"]);
  const { stdout } = await new Deno.Command(program, { args: [...args], stderr: "inherit" }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { requirements: KnownRequirement[] }).requirements;
}

/** What the program itself says of a vector. */
async function showsAgain(from: string, to: string, fault: string) {
  await Deno.copyFile(from, to);
  const out = await Deno.makeTempDir({ prefix: "hearthproof-shrink-" });
  const code = async (...args: string[]) => {
    const self = selfCommand(MAIN, [...args, "--output-dir", out]);
    const { code } = await new Deno.Command(self.program, { args: [...self.args], stdout: "null", stderr: "null" })
      .output();
    return code;
  };
  try {
    const faulty = `embedded:${fault}`;
    const quick = ["--calibrate", "0", "--shrink-budget", "0s"];
    return {
      replayed: await code("diff", "--replay", to, "--right", faulty, ...quick),
      failed: await code("run", "--vector", to, "--target", faulty),
      passed: await code("run", "--vector", to, "--target", "embedded"),
    };
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

async function measure(
  fault: string,
  frame: RunFrame,
  steps: number,
  directory: string,
  laws: LawFinder,
): Promise<Shrunk> {
  const breaks: readonly string[] = FAULTS[fault]?.breaks ?? [];
  const { seed, timeOrigin } = frame;
  const targets = [[], [fault]].map((faults) => new EmbeddedTarget({ seed, timeOrigin, faults }));
  const signal = new AbortController().signal;
  const [a, b] = targets;
  if (a === undefined || b === undefined) throw new Error("Cannot measure: two targets are needed");
  const [left, right] = await Promise.all([meet("left", a, frame), meet("right", b, frame)]);
  const both = [left, right];
  const plan = makePlan({ seed, steps, offer: commonOffer(both).offer, cast: commonCast(both) });
  const run = await freshRun({ left, right, frame, signal }, plan, "diff");
  const mask = new Mask(STANDING_MASK);
  const causes = causesOf(plan, run.findings.filter((finding) => !mask.hides(finding)));
  const [first] = [...causes].sort((x, y) => x.first.step - y.first.step);
  if (first === undefined) return { fault, causes: 0, breaks };
  const lab = {
    left,
    right,
    frame,
    mask,
    directory,
    budgetMs: count("budget", DEFAULT_BUDGET_S) * MS_PER_SECOND,
    signal,
    progress: () => {},
    laws,
  };
  const [difference] = await investigate(plan, run, [first], lab);
  const { minimal, requirement, supports, path } = difference ?? {};
  const keep = option("keep");
  const again = keep === undefined || minimal === undefined
    ? {}
    : await showsAgain(join(directory, minimal.file), join(keep, `${fault}.vector.json`), fault);
  return {
    fault,
    ...again,
    causes: causes.length,
    ...(minimal === undefined
      ? {}
      : { steps: minimal.steps, attempts: minimal.attempts, confidence: minimal.confidence }),
    ...(requirement === undefined ? {} : { requirement }),
    ...(supports === undefined ? {} : { supports }),
    ...(path === undefined ? {} : { at: path }),
    ...(difference === undefined ? {} : { left: difference.left, right: difference.right, origin: difference.origin }),
    own: requirement !== undefined && breaks.includes(requirement),
    breaks,
  };
}

async function measureAll(): Promise<void> {
  const every = count("every", DEFAULT_EVERY);
  const names = option("only")?.split(",") ?? Object.keys(FAULTS).filter((_, index) => index % every === 0);
  const append = option("append");
  const clock = systemClock();
  const frame: RunFrame = { seed: count("seed", 1), timeOrigin: TIME_ORIGIN, clock, scope: "diff" };
  const directory = await Deno.makeTempDir({ prefix: "hearthproof-shrink-" });
  const laws = new LawFinder(await requirementsOfProgram());
  try {
    for (const fault of names.slice(count("from", 0), count("to", names.length))) {
      const shrunk = await measure(fault, frame, count("steps", DEFAULT_STEPS), directory, laws).catch((
        error,
      ): Shrunk => ({
        fault,
        causes: 0,
        breaks: [],
        error: error instanceof Error ? error.message : String(error),
      }));
      const line = JSON.stringify(shrunk);
      print(line);
      if (append !== undefined) await Deno.writeTextFile(append, line + "\n", { append: true });
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function sum(path: string): Promise<void> {
  const lines = (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "");
  const all = lines.map((line) => JSON.parse(line) as Shrunk);
  const seen = all.filter(({ causes }) => causes > 0);
  const long = seen.filter(({ steps = Infinity }) => steps > SHORT);
  const foreign = seen.filter(({ own }) => own !== true);
  const kept = seen.filter(({ replayed }) => replayed !== undefined);
  if (kept.length > 0) {
    const stated = kept.filter(({ supports }) => supports === "left");
    const not = (list: readonly Shrunk[], good: (one: Shrunk) => boolean) =>
      list.filter((one) => !good(one)).map(({ fault }) => fault).join(", ") || "none";
    const shown = (one: Shrunk) => one.replayed === 1;
    const failed = (one: Shrunk) => one.failed === 1;
    const passed = (one: Shrunk) => one.passed === 0;
    print(`${kept.filter(shown).length} of ${kept.length} vectors show it again; not: ${not(kept, shown)}`);
    print(`${stated.filter(failed).length} of ${stated.length} where the contract supports the sound side fail on the`);
    print(`  faulty side; not: ${not(stated, failed)}`);
    print(`${kept.filter(passed).length} of ${kept.length} pass on the sound side; not: ${not(kept, passed)}`);
  }
  print(`${all.length} faults, ${seen.length} with a difference`);
  print(`${seen.length - long.length} of ${seen.length} shrunk to at most ${SHORT} steps`);
  for (const { fault, steps, at } of long) print(`  ${fault}: ${steps ?? "not shrunk"} at ${at}`);
  print(`${seen.length - foreign.length} of ${seen.length} name a requirement of the fault`);
  for (const { fault, requirement, supports, at, breaks } of foreign) {
    print(`  ${fault}: ${requirement ?? "none"} (${supports}) at ${at}; breaks ${breaks.slice(0, 4).join(", ")}`);
  }
  const wrong = seen.filter(({ supports }) => supports !== "left");
  print(`${seen.length - wrong.length} of ${seen.length} support the sound side`);
  for (const { fault, requirement, supports, at } of wrong) {
    print(`  ${fault}: ${supports} by ${requirement ?? "none"} at ${at}`);
  }
}

if (import.meta.main) {
  const [what, file] = Deno.args;
  if (what === "faults") await measureAll();
  if (what === "sum" && file !== undefined) await sum(file);
}
