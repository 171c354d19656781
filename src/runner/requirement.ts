/** One requirement of the catalogue, as the runner needs it. */

export interface Requirement {
  readonly id: string;
  /** `core/identity`, … */
  readonly section: string;
  readonly ref: string;
  readonly level: "MUST" | "SHOULD" | "MAY";
  readonly needs: readonly string[];
  readonly says: string;
  readonly observe: string;
  readonly fault: string;
  readonly control?: string;
}
