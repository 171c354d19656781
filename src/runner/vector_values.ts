/** Values learned from answers: reading them, and putting them into later steps. */

import { isObject, type Json } from "../protocol/mod.ts";

/** The member at a dotted path; numbers index arrays. */
export function valueAt(value: Json | undefined, path: string): Json | undefined {
  let at: Json | undefined = value;
  for (const name of path.split(".")) {
    if (Array.isArray(at) && /^\d+$/.test(name)) at = at[Number(name)];
    else at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return at;
}

/** Replaces `${name}` inside strings; a string that is just one reference takes the value with its type. */
export function substitute(value: Json, learned: ReadonlyMap<string, Json>): Json {
  if (typeof value === "string") {
    const whole = /^\$\{([\w.]+)\}$/.exec(value);
    if (whole !== null) return learned.get(whole[1] ?? "") ?? value;
    return value.replace(/\$\{([\w.]+)\}/g, (text, name) => {
      const found = learned.get(name);
      return found === undefined ? text : typeof found === "string" ? found : JSON.stringify(found);
    });
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, learned));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, substitute(item, learned)]));
}
