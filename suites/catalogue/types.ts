/** Shapes of the compiled requirement catalogue. */

export type RequirementLevel = "MUST" | "SHOULD" | "MAY";

/** One requirement as its YAML file states it; the meaning of the members is in the catalogue's README of the spec. */
export interface Requirement {
  /** Three letters and three digits, `IDN-021`. */
  readonly id: string;
  /** Section path, `core/identity`. */
  readonly section: string;
  /** Where the documents say it, `DOC §a, §b; DOC §c`. */
  readonly ref: string;
  readonly level: RequirementLevel;
  /** What has to be at hand; a missing need is a skip. */
  readonly needs: readonly string[];
  /** The rule. */
  readonly says: string;
  /** How a tester sees it. */
  readonly observe: string;
  /** A plausible broken node that has to fail. */
  readonly fault: string;
  /** A condition found out at run time, or how far the judgement goes. */
  readonly control?: string;
}

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
