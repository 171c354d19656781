/**
 * How often a first difference is put down to a requirement of its fault, and to the sound side, without shrinking:
 *
 *     deno run -A diff/judge_bench.ts faults [--only A,B] [--from N] [--to N] [--seeds N] [--steps N] [--append FILE]
 *     deno run -A diff/judge_bench.ts sound [--seeds N] [--steps N]
 *     deno run -A diff/judge_bench.ts sum FILE
 *
 * `faults` takes all faults whose cases need member identities only and writes one JSON line for each; `sound` holds
 * every oracle against every answer of the sound node and of every sound variant, where none may fail. Without a word
 * nothing runs, so that `deno task bench` passes by. The nodes live in this process.
 */

import { selfCommand } from "../src/cli/self_command.ts";
import { VARIANTS } from "../src/node/variants/mod.ts";
import { systemClock } from "../src/wire/clock.ts";
import { memberFaults } from "./accuracy.ts";
import { type Judged, judgeFault, soundFailures, summaryOfJudged } from "./judge_accuracy.ts";
import { type KnownRequirement, LawFinder } from "./law_finder.ts";

const DEFAULT_STEPS = 500;
const DEFAULT_SEEDS = 3;
/** Steps of a sound run unless told otherwise. */
const SOUND_STEPS = 300;

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

const seeds = () => Array.from({ length: count("seeds", DEFAULT_SEEDS) }, (_, index) => index + 1);

/** The catalogue as the program itself prints it. */
async function requirementsOfProgram(): Promise<KnownRequirement[]> {
  const { program, args } = selfCommand(new URL("../main.ts", import.meta.url).href, ["requirements", "--json"]);
  const { stdout } = await new Deno.Command(program, { args: [...args], stderr: "inherit" }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { requirements: KnownRequirement[] }).requirements;
}

async function measureFaults(): Promise<void> {
  const requirements = await requirementsOfProgram();
  const laws = new LawFinder(requirements);
  const names = option("only")?.split(",") ??
    memberFaults(new Map(requirements.map(({ id, needs }) => [id, needs])));
  const append = option("append");
  const measure = { clock: systemClock(), steps: count("steps", DEFAULT_STEPS), signal: new AbortController().signal };
  for (const fault of names.slice(count("from", 0), count("to", names.length))) {
    const judged = await judgeFault(fault, seeds(), measure, laws);
    const line = JSON.stringify(judged);
    print(line);
    if (append !== undefined) await Deno.writeTextFile(append, line + "\n", { append: true });
  }
}

async function measureSound(): Promise<void> {
  const measure = { clock: systemClock(), steps: count("steps", SOUND_STEPS), signal: new AbortController().signal };
  const kinds = option("only")?.split(",") ?? ["sound", ...Object.keys(VARIANTS)];
  for (const kind of kinds.slice(count("from", 0), count("to", kinds.length))) {
    for (const seed of seeds()) {
      const { verdicts, failures } = await soundFailures(seed, kind === "sound" ? [] : [kind], measure);
      print(`${kind}, seed ${seed}: ${verdicts} verdicts, ${failures.length} failed`);
      for (const failure of failures) print(`  ${failure}`);
    }
  }
}

if (import.meta.main) {
  const [what, file] = Deno.args;
  if (what === "faults") await measureFaults();
  if (what === "sound") await measureSound();
  if (what === "sum" && file !== undefined) {
    const lines = (await Deno.readTextFile(file)).split("\n").filter((line) => line !== "");
    for (const line of summaryOfJudged(lines.map((text) => JSON.parse(text) as Judged))) print(line);
  }
}
