/** How a case ends: by returning (pass) or by raising one of these. Everything else raised is an `error`. */

import type { Checked, Difference, Verdict } from "../check/mod.ts";

/** Raised by `must` and `should`: the target differs from the rule. The only way to a `fail`. */
export class Violation extends Error {
  override readonly name = "Violation";
  constructor(readonly difference: Difference) {
    super(`expected ${difference.expected}; observed ${difference.observed}`);
  }
}

/** Raised by `skip`: a condition found out at run time does not hold. */
export class Skip extends Error {
  override readonly name = "Skip";
}

/** Raised by `inconclusive`: the case ran and cannot tell. */
export class Inconclusive extends Error {
  override readonly name = "Inconclusive";
}

/** Raises differences. */
export interface Must {
  /** Raises the difference, if there is one. */
  (verdict: Verdict): void;
  /** The value of an extractor; raises the difference that kept it from being there. */
  get<T>(checked: Checked<T>): T;
  /** Raises the first difference of several. */
  all(...verdicts: readonly Verdict[]): void;
  /** Raises unless the condition holds. */
  hold(condition: boolean, expected: string, observed: unknown, exchange?: number): void;
}

/** Makes the two raising functions of a case; `should` is the same rule in the words of a recommendation. */
export function makeMust(): Must {
  const raise = (verdict: Verdict): void => {
    if (verdict !== undefined) throw new Violation(verdict);
  };
  return Object.assign(raise, {
    get<T>(checked: Checked<T>): T {
      if ("difference" in checked) throw new Violation(checked.difference);
      return checked.value;
    },
    all(...verdicts: readonly Verdict[]): void {
      for (const verdict of verdicts) raise(verdict);
    },
    hold(condition: boolean, expected: string, observed: unknown, exchange?: number): void {
      if (condition) return;
      const text = typeof observed === "string" ? observed : JSON.stringify(observed) ?? "nothing";
      throw new Violation({ expected, observed: text, ...(exchange === undefined ? {} : { exchange }) });
    },
  });
}
