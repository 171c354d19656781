/** Shapes of the compiled requirement catalogue. */

import type { Requirement } from "../../src/runner/requirement.ts";

export type { Requirement, RequirementLevel } from "../../src/runner/requirement.ts";

/** A requirement that no case can judge over the wire. */
export interface NotJudged {
  readonly id: string;
  readonly reason: string;
}

/** Content of catalogue.json. Requirements stand in the order of the files by name, then as in the file. */
export interface Catalogue {
  readonly requirements: readonly Requirement[];
  readonly not_judged: readonly NotJudged[];
}
