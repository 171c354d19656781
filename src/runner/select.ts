/** Which cases run: filters, options, and sections the target asks for. */

import type { ConformanceCase, RunnableCase, SuiteOf } from "./case.ts";
import type { Requirement } from "./requirement.ts";

/** A case with its catalogue entry and section. */
export interface PlannedCase<C extends RunnableCase = RunnableCase> {
  readonly definition: C;
  readonly requirement: Requirement;
  readonly section: string;
  /** All needs: of the catalogue and of the case. */
  readonly needs: readonly string[];
  readonly slow: boolean;
}

/** A planned case whose faults are known. */
export type ProvableCase = PlannedCase<ConformanceCase>;

/** Raised when a case list does not fit the catalogue; a defect of the suite. */
export class SuiteDefect extends Error {
  override readonly name = "SuiteDefect";
}

/** A glob of `--suite-filter` as a pattern: `*` within a path part, `**` across parts, `?` one character. */
export function globPattern(glob: string): RegExp {
  let source = "";
  for (let i = 0; i < glob.length; i++) {
    const character = glob[i] as string;
    if (character === "*" && glob[i + 1] === "*") {
      source += ".*";
      i++;
    } else if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else source += character.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  }
  return new RegExp(`^${source}$`);
}

/**
 * Whether a filter selects a case: by its id, its section (`core/events`, also as `core/events/*`), a folder above the
 * section, or its requirement id.
 */
export function selects(glob: string, planned: { readonly id: string; readonly requirement: string }): boolean {
  const pattern = globPattern(glob);
  const parts = planned.id.split("/");
  if (pattern.test(planned.requirement)) return true;
  return parts.some((_, i) => pattern.test(parts.slice(0, i + 1).join("/")));
}

/** Joins suites with the catalogue. Ids and requirements must be known and unique. */
export function plan<C extends RunnableCase>(
  suites: readonly SuiteOf<C>[],
  requirementOf: (id: string) => Requirement,
): PlannedCase<C>[] {
  const ids = new Set<string>();
  return suites.flatMap(({ section, cases }) =>
    cases.map((definition) => {
      if (ids.has(definition.id)) throw new SuiteDefect(`Cannot plan: the case id ${definition.id} occurs twice`);
      if (!definition.id.startsWith(`${section}/`)) {
        throw new SuiteDefect(`Cannot plan: the case id ${definition.id} does not start with ${section}/`);
      }
      ids.add(definition.id);
      const requirement = requirementOf(definition.requirement);
      const needs = [...requirement.needs, ...definition.alsoNeeds ?? []];
      return { definition, requirement, section, needs, slow: needs.includes("slow") };
    })
  );
}

/** Cases that satisfy any of the filters; all of them without filters. */
export function filterCases<P extends PlannedCase>(planned: readonly P[], filters: readonly string[]): P[] {
  if (filters.length === 0) return [...planned];
  return planned.filter(({ definition }) => filters.some((glob) => selects(glob, definition)));
}
