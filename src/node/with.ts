/** Rules and seams of a node with faults and variants, by name. */

import { type Fault, type Overrides, Seams, type Variant } from "./fault.ts";
import { FAULTS } from "./faults/mod.ts";
import { type Rules, soundRules } from "./rules.ts";
import { VARIANTS } from "./variants/mod.ts";

/** What of {@linkcode NodeOptions} faults and variants decide. */
export interface Behaviour {
  readonly rules: Rules;
  readonly seams: Seams;
}

/**
 * The behaviour of the sound node with the named variants and faults over it, in the order given, faults after
 * variants, and whatever else is given last.
 *
 * @throws {RangeError} If a name is unknown.
 */
export function nodeWith(
  faultNames: readonly string[],
  variantNames: readonly string[] = [],
  more: readonly Overrides[] = [],
): Behaviour {
  return behaviourOf([
    ...variantNames.map((name) => find<Variant>("variant", VARIANTS, name)),
    ...faultNames.map((name) => find<Fault>("fault", FAULTS, name)),
    ...more,
  ]);
}

/** The behaviour of the sound node with overrides over it. */
export function behaviourOf(overrides: readonly Overrides[]): Behaviour {
  if (overrides.length === 0) return SOUND;
  const rules = overrides.reduce<Rules>((merged, { rules: changed }) => ({ ...merged, ...changed }), soundRules);
  return { rules, seams: new Seams(overrides) };
}

const SOUND: Behaviour = { rules: soundRules, seams: new Seams() };

function find<T>(kind: string, table: Readonly<Record<string, T>>, name: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined) throw new RangeError(`Cannot use the ${kind}: there is none named ${name}`);
  return found;
}
