/** What a matcher returns: nothing, or what was expected and what was seen. */

/** A difference between the rule and the observation, in words for a report. */
export interface Difference {
  readonly expected: string;
  readonly observed: string;
  /** Number of the exchange that shows it. */
  readonly exchange?: number;
}

/** Result of a matcher. */
export type Verdict = Difference | undefined;

/** Result of an extractor: the value, or the difference that kept it from being there. */
export type Checked<T> = { readonly value: T } | { readonly difference: Difference };

/** Longest rendering of an observed value, in characters. */
const MAX_SHOWN = 300;

/** Renders any value for `expected` and `observed`; long values are cut and say so. */
export function shown(value: unknown): string {
  let text: string;
  if (value === undefined) text = "nothing";
  else if (typeof value === "string") text = JSON.stringify(value);
  else if (value instanceof Uint8Array) text = `${value.length} bytes`;
  else {
    try {
      text = JSON.stringify(value) ?? String(value);
    } catch {
      text = String(value);
    }
  }
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text;
}

/** A difference if the condition does not hold. */
export function holds(condition: boolean, expected: string, observed: unknown, exchange?: number): Verdict {
  if (condition) return undefined;
  const text = typeof observed === "string" ? observed : shown(observed);
  return exchange === undefined ? { expected, observed: text } : { expected, observed: text, exchange };
}

/** The first difference of several matchers. */
export function first(...verdicts: readonly Verdict[]): Verdict {
  return verdicts.find((verdict) => verdict !== undefined);
}

/** Puts the exchange of an answer to a difference that names none. */
export function of(answer: { readonly exchange: number }, verdict: Verdict): Verdict {
  return verdict === undefined || verdict.exchange !== undefined ? verdict : { ...verdict, exchange: answer.exchange };
}
