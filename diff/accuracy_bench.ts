/**
 * How often the comparison is right, in slices that add up:
 *
 *     deno run -A diff/accuracy_bench.ts WHAT [--from N] [--to N] [--steps N] [--seeds N] [--children] [--append FILE]
 *     deno run -A diff/accuracy_bench.ts sum FILE
 *
 * WHAT is self (a node against itself, one seed each), variants (each against itself), faults (each against the sound
 * node, up to `--seeds` seeds) or shrink (planted differences). One JSON line for each; without WHAT nothing runs, so
 * that `deno task bench` passes by.
 */

import { systemClock } from "../src/wire/clock.ts";
import { VARIANTS } from "../src/node/variants/mod.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import { measureFault, measureSelf, measureShrink, memberFaults } from "./accuracy.ts";
import { lineOf, type Measured, summaryOf } from "./accuracy_sum.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;
const DEFAULTS = { self: 300, variants: 300, faults: 500, shrink: 300 } as const;
const SEEDS = 3;
/** Planted differences, and seeds of the self-comparison, unless told otherwise. */
const DEFAULT_COUNT = 20;

type Kind = keyof typeof DEFAULTS;

const print = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));

function option(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : args[at + 1];
}

function count(args: readonly string[], name: string, standard: number): number {
  const value = Number(option(args, name) ?? standard);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`Cannot measure: --${name} must be a count`);
  return value;
}

/** Words of `needs` by requirement, asked of the program itself. */
async function needsOfCatalogue(): Promise<Map<string, string[]>> {
  const { program, args } = selfCommand(MAIN, ["requirements", "--json"]);
  const { stdout, success } = await new Deno.Command(program, { args: [...args], stderr: "inherit" }).output();
  if (!success) throw new Error("Cannot measure: the program does not list its requirements");
  const { requirements } = JSON.parse(new TextDecoder().decode(stdout)) as {
    requirements: { id: string; needs: string[] }[];
  };
  return new Map(requirements.map(({ id, needs }) => [id, needs]));
}

async function itemsOf(kind: Kind): Promise<readonly string[] | undefined> {
  if (kind === "variants") return Object.keys(VARIANTS);
  return kind === "faults" ? memberFaults(await needsOfCatalogue()) : undefined;
}

async function run(kind: Kind, args: readonly string[]): Promise<void> {
  const names = option(args, "only")?.split(",") ?? await itemsOf(kind);
  const from = count(args, "from", 0);
  const to = Math.min(count(args, "to", names?.length ?? from + DEFAULT_COUNT), names?.length ?? Infinity);
  const seeds = Array.from({ length: count(args, "seeds", SEEDS) }, (_, i) => i + 1);
  const append = option(args, "append");
  const directory = await Deno.makeTempDir({ prefix: "hearthproof-accuracy-" });
  const measure = {
    clock: systemClock(),
    steps: count(args, "steps", DEFAULTS[kind]),
    signal: new AbortController().signal,
    ...(args.includes("--children") ? { children: { program: MAIN, directory } } : {}),
  };
  const all: Measured[] = [];
  try {
    for (let index = from; index < to; index++) {
      const name = names?.[index] ?? "";
      const measured: Measured = kind === "self"
        ? { kind, ...await measureSelf(index, [], measure) }
        : kind === "variants"
        ? { kind, variant: name, ...await measureSelf(index + 1, [name], measure) }
        : kind === "faults"
        ? { kind, ...await measureFault(name, seeds, measure) }
        : { kind, ...await measureShrink(index, index + 1, measure) };
      all.push(measured);
      const line = JSON.stringify(measured);
      if (append !== undefined) await Deno.writeTextFile(append, line + "\n", { append: true });
      print(lineOf(measured));
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  for (const line of summaryOf(all)) print(line);
}

const [what = "", ...rest] = Deno.args;
if (what === "sum") {
  const lines = (await Deno.readTextFile(rest[0] ?? "")).split("\n").filter((line) => line !== "");
  for (const line of summaryOf(lines.map((text) => JSON.parse(text) as Measured))) print(line);
} else if (Object.hasOwn(DEFAULTS, what)) await run(what as Kind, rest);
