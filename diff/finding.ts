/** Differences as the comparison raises them, before causes are told apart. */

/** Kinds of difference, worst first; the order is that of every report. */
export const CLASSES = [
  "crash",
  "semantic",
  "canonical",
  "illegal-reorder",
  "one-sided",
  "timing",
  "legal-reorder",
  "byte-only",
] as const;
export type DifferenceClass = (typeof CLASSES)[number];

/** One observed difference at one step. */
export interface Finding {
  readonly step: number;
  readonly class: DifferenceClass;
  /** Place inside the answer with list positions left out, `output.posts[].title`. */
  readonly path: string;
  /** What the step was addressed to, empty where every answer has the place: headers, errors, `meta`. */
  readonly address: string;
  readonly left: string;
  readonly right: string;
  /** JSON types are equal and only a value differs: what a mask may hide. */
  readonly maskable: boolean;
}

/** What makes two findings one cause. */
export function keyOf({ class: kind, path, address }: Pick<Finding, "class" | "path" | "address">): string {
  return `${kind} ${address} ${path}`;
}
