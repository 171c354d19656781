/** Adding up what slices of a measurement found. */

import type { FaultMeasured, SelfMeasured, ShrinkMeasured } from "./accuracy.ts";
import { MISSES } from "./accuracy_misses.ts";

/** One measured item, as a line of the file that slices append to. */
export type Measured =
  | ({ readonly kind: "self" } & SelfMeasured)
  | ({ readonly kind: "variants"; readonly variant: string } & SelfMeasured)
  | ({ readonly kind: "faults" } & FaultMeasured)
  | ({ readonly kind: "shrink" } & ShrinkMeasured);

/** Steps a planted difference may need (issue 3). */
const SHORT = 3;

/** One item for a reader. */
export function lineOf(measured: Measured): string {
  switch (measured.kind) {
    case "self":
    case "variants": {
      const seed = `seed ${measured.seed}`;
      const name = measured.kind === "self" ? seed : `${measured.variant}, ${seed}`;
      const { differences, steps } = measured;
      return `${name}: ${differences.length === 0 ? `equal, ${steps} steps` : `different: ${differences.join("; ")}`}`;
    }
    case "faults": {
      const { fault, found } = measured;
      return `${fault}: ${found === undefined ? "missed" : `seed ${found.seed}, ${found.at}`}`;
    }
    case "shrink": {
      const { planted, seed, seen, shrunk } = measured;
      return `${planted} (seed ${seed}): ${seen ? `${shrunk ?? "not shrunk"}` : "not met"}`;
    }
  }
}

/** What all items say together; the last one counts where a thing was measured twice. */
export function summaryOf(all: readonly Measured[]): string[] {
  const latest = new Map(all.map((one) => [keyOf(one), one]));
  const of = <K extends Measured["kind"]>(kind: K) =>
    [...latest.values()].filter((one): one is Extract<Measured, { kind: K }> => one.kind === kind);
  return [
    ...equalLines("a node against itself", of("self")),
    ...equalLines("variants against themselves", of("variants")),
    ...faultLines(of("faults")),
    ...shrinkLines(of("shrink")),
  ];
}

function keyOf(one: Measured): string {
  switch (one.kind) {
    case "self":
      return `self ${one.seed}`;
    case "variants":
      return `variant ${one.variant} ${one.seed}`;
    case "faults":
      return `fault ${one.fault}`;
    case "shrink":
      return `shrink ${one.seed} ${one.planted}`;
  }
}

function equalLines(what: string, all: readonly SelfMeasured[]): string[] {
  if (all.length === 0) return [];
  const equal = all.filter(({ differences }) => differences.length === 0).length;
  return [`${what}: ${equal} of ${all.length} equal`];
}

function faultLines(all: readonly FaultMeasured[]): string[] {
  if (all.length === 0) return [];
  const missed = all.filter(({ found }) => found === undefined).map(({ fault }) => fault);
  const share = ((all.length - missed.length) / all.length * 100).toFixed(1);
  return [
    `faults found: ${all.length - missed.length} of ${all.length} (${share} %)`,
    ...missed.map((fault) => `missed: ${fault}: ${MISSES[fault] ?? "no reason is known"}`),
  ];
}

function shrinkLines(all: readonly ShrinkMeasured[]): string[] {
  const seen = all.filter(({ seen }) => seen);
  if (seen.length === 0) return [];
  const short = seen.filter(({ shrunk }) => shrunk !== undefined && shrunk <= SHORT).length;
  const lengths = new Map<string, number>();
  for (const { shrunk } of seen) {
    const name = shrunk === undefined ? "not shrunk" : String(shrunk);
    lengths.set(name, (lengths.get(name) ?? 0) + 1);
  }
  const distribution = [...lengths].sort(([a], [b]) => a < b ? -1 : 1).map(([name, n]) => `${name}: ${n}`).join(", ");
  return [
    `planted differences shrunk to at most ${SHORT} steps: ${short} of ${seen.length} ` +
    `(${(short / seen.length * 100).toFixed(1)} %; steps: ${distribution})`,
  ];
}
