/** Matchers on plain values. `what` names the place, as in "capabilities[3].version". */

import { isObject, type Json, type JsonObject } from "../protocol/mod.ts";
import { canonicalize } from "../protocol/mod.ts";
import { holds, shown, type Verdict } from "./difference.ts";

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  try {
    return canonicalize(a as Json) === canonicalize(b as Json);
  } catch {
    return false;
  }
}

/** Equal as JSON values: member order does not count, array order does. */
export function equals(actual: unknown, expected: unknown, what: string): Verdict {
  return holds(same(actual, expected), `${what} is ${shown(expected)}`, actual);
}

/** Not equal as JSON values. */
export function differs(actual: unknown, other: unknown, what: string): Verdict {
  return holds(!same(actual, other), `${what} is not ${shown(other)}`, actual);
}

/** A string that matches the pattern. */
export function matches(actual: unknown, pattern: RegExp, what: string): Verdict {
  return holds(
    typeof actual === "string" && new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")).test(actual),
    `${what} is a string matching ${pattern}`,
    actual,
  );
}

/** One of a closed set. */
export function oneOf(actual: unknown, allowed: readonly unknown[], what: string): Verdict {
  return holds(allowed.includes(actual), `${what} is one of ${allowed.map(shown).join(", ")}`, actual);
}

/** A non-empty string. */
export function isText(actual: unknown, what: string): Verdict {
  return holds(typeof actual === "string" && actual.length > 0, `${what} is a non-empty string`, actual);
}

/** A string, possibly empty. */
export function isString(actual: unknown, what: string): Verdict {
  return holds(typeof actual === "string", `${what} is a string`, actual);
}

/** A boolean. */
export function isBoolean(actual: unknown, what: string): Verdict {
  return holds(typeof actual === "boolean", `${what} is true or false`, actual);
}

/** A finite number, optionally bounded. */
export function isNumber(actual: unknown, what: string, min = -Infinity, max = Infinity): Verdict {
  const bounds = `${min === -Infinity ? "" : ` from ${min}`}${max === Infinity ? "" : ` up to ${max}`}`;
  return holds(
    typeof actual === "number" && Number.isFinite(actual) && actual >= min && actual <= max,
    `${what} is a number${bounds}`,
    actual,
  );
}

/** A safe integer, optionally bounded. */
export function isInteger(actual: unknown, what: string, min = -Infinity, max = Infinity): Verdict {
  const bounds = `${min === -Infinity ? "" : ` from ${min}`}${max === Infinity ? "" : ` up to ${max}`}`;
  return holds(
    Number.isSafeInteger(actual) && (actual as number) >= min && (actual as number) <= max,
    `${what} is an integer${bounds}`,
    actual,
  );
}

/** An array. */
export function isArray(actual: unknown, what: string): Verdict {
  return holds(Array.isArray(actual), `${what} is an array`, actual);
}

/** An object. */
export function isRecord(actual: unknown, what: string): Verdict {
  return holds(isObject(actual), `${what} is an object`, actual);
}

/** An object that has every named member. */
export function hasMembers(actual: unknown, names: readonly string[], what: string): Verdict {
  if (!isObject(actual)) return isRecord(actual, what);
  const missing = names.filter((name) => !Object.hasOwn(actual, name));
  return holds(missing.length === 0, `${what} has the members ${names.join(", ")}`, `missing: ${missing.join(", ")}`);
}

/** The member of an object, undefined where there is none. */
export function member(value: unknown, ...path: readonly (string | number)[]): Json | undefined {
  let current: unknown = value;
  for (const step of path) {
    if (Array.isArray(current) && typeof step === "number") current = current[step];
    else if (isObject(current) && Object.hasOwn(current, step)) current = (current as JsonObject)[step];
    else return undefined;
  }
  return current as Json | undefined;
}
