/** Rules and seams of a node with the named faults and variants in force. */

import { type Overrides, Seams } from "./fault.ts";
import { FAULTS } from "./faults/mod.ts";
import { type Rules, soundRules } from "./rules.ts";
import { VARIANTS } from "./variants/mod.ts";

/**
 * Applies faults, then variants, then further overrides, each over the ones before.
 *
 * @throws {RangeError} If a name is unknown.
 */
export function nodeWith(
  faultNames: readonly string[],
  variantNames: readonly string[] = [],
  more: readonly Overrides[] = [],
): { readonly rules: Rules; readonly seams: Seams } {
  const named = (table: Readonly<Record<string, Overrides>>, kind: string) => (name: string): Overrides => {
    const found = Object.hasOwn(table, name) ? table[name] : undefined;
    if (found === undefined) throw new RangeError(`Cannot make a node: the ${kind} ${name} is unknown`);
    return found;
  };
  const overrides = [
    ...faultNames.map(named(FAULTS, "fault")),
    ...variantNames.map(named(VARIANTS, "variant")),
    ...more,
  ];
  const rules = overrides.reduce<Rules>(
    (sum, { rules }) => rules === undefined ? sum : { ...sum, ...rules },
    soundRules,
  );
  return { rules, seams: new Seams(overrides) };
}
