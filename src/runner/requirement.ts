/** One requirement of the catalogue, as its YAML file states it and the runner needs it. */

export type RequirementLevel = "MUST" | "SHOULD" | "MAY";

/** See the module comment; the README of the catalogue in `spec/` explains the members. */
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
