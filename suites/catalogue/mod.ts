/** The requirement catalogue: what a HearthNet node must do, as far as it can be seen over the wire. */

import compiled from "./catalogue.json" with { type: "json" };
import type { Catalogue, NotJudged, Requirement } from "./types.ts";

export type { Catalogue, NotJudged, Requirement, RequirementLevel } from "./types.ts";

/** Every requirement, and those that cannot be judged over the wire with the reason. */
export const CATALOGUE: Catalogue = compiled as unknown as Catalogue;

const byId: ReadonlyMap<string, Requirement> = new Map(CATALOGUE.requirements.map((entry) => [entry.id, entry]));
const notJudgedById: ReadonlyMap<string, NotJudged> = new Map(CATALOGUE.not_judged.map((entry) => [entry.id, entry]));

/**
 * The requirement of an id.
 *
 * @throws {RangeError} If the catalogue has none of this id.
 */
export function requirement(id: string): Requirement {
  const found = byId.get(id);
  if (found === undefined) throw new RangeError(`Cannot find a requirement: current id is ${id}`);
  return found;
}

/** Whether the catalogue has a requirement of this id. */
export function isRequirement(id: string): boolean {
  return byId.has(id);
}

/** Why a requirement cannot be judged over the wire; undefined if it can. */
export function notJudgedReason(id: string): string | undefined {
  return notJudgedById.get(id)?.reason;
}
