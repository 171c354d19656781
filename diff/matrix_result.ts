/** What a comparison of more than two targets found, in the words of diff-matrix.json. */

import type { DifferenceClass } from "./finding.ts";
import type { Stop } from "./pair.ts";
import type { Verdict } from "./result.ts";

/** One cause between two targets. */
export interface PairDifference {
  readonly class: DifferenceClass;
  /** Where it was seen first. */
  readonly capability: string;
  /** Everything that showed it: a header may be wrong in all answers. */
  readonly capabilities: readonly string[];
  readonly path: string;
  readonly first_step: number;
  readonly count: number;
  readonly left: string;
  readonly right: string;
  readonly requirement?: string;
  /** Name of the target the contract is with, or `undecided`. */
  readonly supports: string;
}

/** One pair. */
export interface PairResult {
  readonly left: string;
  readonly right: string;
  readonly differences: readonly PairDifference[];
  readonly stopped?: Stop;
}

/** Who agrees with whom about one capability or endpoint. */
export interface Agreement {
  readonly capability: string;
  /** Targets that agree stand in one group; the largest group comes first. */
  readonly groups: readonly (readonly string[])[];
}

/** The whole matrix. */
export interface MatrixResult {
  readonly schema: "hearthproof.diff-matrix/1";
  readonly verdict: Verdict;
  readonly seed: number;
  readonly steps: number;
  readonly targets: readonly {
    readonly name: string;
    readonly target: string;
    readonly implementation: string;
    /** Entries its calibration added to the mask. */
    readonly masked: number;
  }[];
  readonly capabilities: readonly Agreement[];
  readonly pairs: readonly PairResult[];
  readonly one_sided: readonly { readonly capability: string; readonly who: readonly string[] }[];
  readonly notes: readonly string[];
}

/** Groups the targets: a target joins a group if it agrees with every member, since agreement need not be transitive. */
export function agreementsOf(capability: string, names: readonly string[], pairs: readonly PairResult[]): Agreement {
  const differs = (a: string, b: string) =>
    pairs.some(({ left, right, differences }) =>
      ((left === a && right === b) || (left === b && right === a)) &&
      differences.some((one) => one.capabilities.includes(capability))
    );
  const groups: string[][] = [];
  for (const name of names) {
    const group = groups.find((members) => members.every((member) => !differs(member, name)));
    if (group === undefined) groups.push([name]);
    else group.push(name);
  }
  return { capability, groups: groups.sort((a, b) => b.length - a.length) };
}
