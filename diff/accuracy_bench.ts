/**
 * How often the comparison is right, in slices that add up:
 *
 *     deno run -A diff/accuracy_bench.ts WHAT [--from N] [--to N] [--steps N] [--seeds N] [--children] [--append FILE]
 *     deno run -A diff/accuracy_bench.ts sum FILE
 *
 * WHAT is self (a node against itself, one seed each), variants (each against itself with `--seeds` seeds), faults (each against the sound
 * node, up to `--seeds` seeds) or shrink (planted differences). One JSON line for each; without WHAT nothing runs, so
 * that `deno task bench` passes by.
 */

import { systemClock } from "../src/wire/clock.ts";
import { VARIANTS } from "../src/node/variants/mod.ts";
import { type Measure, measureFault, measureSelf, measureShrink, memberFaults, needsOfCatalogue } from "./accuracy.ts";
import { lineOf, type Measured, summaryOf } from "./accuracy_sum.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;
const DEFAULTS = { self: 300, variants: 300, faults: 500, shrink: 300 } as const;
const SEEDS = 3;
const VARIANT_SEEDS = 2;
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

async function itemsOf(kind: Kind): Promise<readonly string[] | undefined> {
  if (kind === "variants") return Object.keys(VARIANTS);
  return kind === "faults" ? memberFaults(await needsOfCatalogue(MAIN)) : undefined;
}

async function* measuredOf(
  kind: Kind,
  index: number,
  name: string,
  seeds: readonly number[],
  measure: Measure,
): AsyncIterable<Measured> {
  switch (kind) {
    case "self":
      return yield { kind, ...await measureSelf(index, [], measure) };
    case "variants":
      // Other seeds for every variant, so that together they meet more.
      for (const seed of seeds) {
        yield { kind, variant: name, ...await measureSelf(index * seeds.length + seed, [name], measure) };
      }
      return;
    case "faults":
      return yield { kind, ...await measureFault(name, seeds, measure) };
    case "shrink":
      return yield { kind, ...await measureShrink(index, index + 1, measure) };
  }
}

async function run(kind: Kind, args: readonly string[]): Promise<void> {
  const each = count(args, "seeds", kind === "variants" ? VARIANT_SEEDS : SEEDS);
  const names = option(args, "only")?.split(",") ?? await itemsOf(kind);
  const from = count(args, "from", 0);
  const to = Math.min(count(args, "to", names?.length ?? from + DEFAULT_COUNT), names?.length ?? Infinity);
  const seeds = Array.from({ length: each }, (_, i) => i + 1);
  const append = option(args, "append");
  const directory = await Deno.makeTempDir({ prefix: "hearthproof-accuracy-" });
  const measure: Measure = {
    clock: systemClock(),
    steps: count(args, "steps", DEFAULTS[kind]),
    signal: new AbortController().signal,
    ...(args.includes("--children") ? { children: { program: MAIN, directory } } : {}),
  };
  const all: Measured[] = [];
  try {
    for (let index = from; index < to; index++) {
      const name = names?.[index] ?? "";
      for await (const measured of measuredOf(kind, index, name, seeds, measure)) {
        all.push(measured);
        const line = JSON.stringify(measured);
        if (append !== undefined) await Deno.writeTextFile(append, line + "\n", { append: true });
        print(lineOf(measured));
      }
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
