/** What a comparison found, in the words of diff-report.json (design.md "Report fields"). */

import type { DifferenceClass } from "./finding.ts";
import type { NamedBy, Supported } from "./judge.ts";
import type { MaskEntry } from "./mask.ts";
import type { Observation } from "./observation.ts";
import type { SentCount, Stop } from "./pair.ts";
import type { ShownPair } from "./renaming.ts";

export type Verdict = "equal" | "different" | "inconclusive";

/** The shortest sequence found. */
export interface Minimal {
  readonly steps: number;
  /** Name of the vector in the output folder. */
  readonly file: string;
  /** `3 of 3 on fresh nodes`. */
  readonly confidence: string;
  readonly attempts: number;
  /** False where the budget ended before nothing shorter was left to try. */
  readonly complete: boolean;
  /** The steps and what both sides did, for the reports. */
  readonly shown: readonly { readonly origin: string; readonly left: Observation; readonly right: Observation }[];
  readonly curl: readonly string[];
}

/** One root cause. */
export interface Difference {
  readonly id: string;
  readonly class: DifferenceClass;
  /** `ADDRESS PATH`. */
  readonly path: string;
  readonly requirement: string | undefined;
  readonly supports: Supported;
  /** What named the requirement: an oracle that judged the answers, the law of the step, or its nearest wording. */
  readonly named_by?: NamedBy;
  /** The words of the requirement. */
  readonly says?: string;
  readonly first_step: number;
  readonly origin: string;
  readonly count: number;
  readonly left: string;
  readonly right: string;
  /** Places that differed for the same reason. */
  readonly also: readonly string[];
  readonly minimal: Minimal | undefined;
}

/** One compared target. */
export interface ComparedTarget {
  readonly target: string;
  readonly kind: string;
  readonly implementation: string;
  readonly skew_ms: number;
}

/** A whole comparison. */
export interface DiffResult {
  readonly verdict: Verdict;
  readonly reason: string | undefined;
  readonly seed: number;
  readonly timeOrigin: number;
  readonly steps: number;
  readonly planned: number;
  readonly left: ComparedTarget;
  readonly right: ComparedTarget;
  readonly runs: number;
  readonly masked: readonly (MaskEntry & { readonly hidden: number })[];
  readonly notes: readonly string[];
  readonly differences: readonly Difference[];
  readonly sent: SentCount;
  readonly names: number;
  readonly renamed: number;
  readonly pairs: readonly ShownPair[];
  readonly stop: Stop | undefined;
  /** Exchanges of a recording that were not made again. */
  readonly leftOut?: readonly { readonly case: string; readonly exchange: number; readonly why: string }[];
}
