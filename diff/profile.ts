/** Profiles: how often each kind of traffic is drawn. The default one is shipped as a YAML file. */

import { parse } from "@std/yaml";
import { UsageError } from "../src/cli/parse.ts";
import { isObject } from "../src/protocol/mod.ts";
import DEFAULT_TEXT from "./profile_default.yaml" with { type: "text" };

/** Weights by the name of a kind of traffic or by the part before `/`; 0 excludes. */
export type Weights = Readonly<Record<string, number>>;

const MEMBERS = ["schema", "weights", "exclude"];
/** Far more than any kind needs; the bag that is drawn from has as many entries as all weights together. */
const MAX_WEIGHT = 1_000;

/** The part of a name that a profile may give for all kinds of it. */
export function familyOf(name: string): string {
  return name.split("/")[0] ?? name;
}

/**
 * Reads a profile; `names` are the kinds of traffic there are.
 *
 * @throws {UsageError} If it is no profile, or names traffic that does not exist.
 */
export function readProfile(text: string, path: string, names: readonly string[]): Weights {
  const fail = (what: string): never => {
    throw new UsageError(`--profile ${path}: ${what}`);
  };
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    return fail(`it is no YAML: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
  }
  if (!isObject(value)) return fail("it must be an object with weights or exclude");
  const odd = Object.keys(value).find((name) => !MEMBERS.includes(name));
  if (odd !== undefined) return fail(`"${odd}" is unknown; write ${MEMBERS.join(", ")}`);
  const { weights = {}, exclude = [] } = value;
  if (!isObject(weights)) return fail("weights must be an object of numbers");
  if (!Array.isArray(exclude)) return fail("exclude must be a list of names");
  const known = new Set(names.flatMap((name) => [name, familyOf(name)]));
  const check = (name: string) => known.has(name) ? name : fail(`no traffic is called ${name}`);
  const read: Record<string, number> = {};
  for (const [name, weight] of Object.entries(weights)) {
    if (typeof weight !== "number" || !(weight >= 0 && weight <= MAX_WEIGHT)) {
      return fail(`${name} needs a number from 0 to ${MAX_WEIGHT}`);
    }
    read[check(name)] = weight;
  }
  for (const name of exclude) read[check(String(name))] = 0;
  return read;
}

let standard: Weights | undefined;

/** The weights of the default profile. */
export function standardWeights(names: readonly string[]): Weights {
  return standard ??= readProfile(DEFAULT_TEXT, "profile_default.yaml", names);
}

/** How often a kind is drawn: what the profile says of it, of its part, or what the default profile says. */
export function weightOf(name: string, given: Weights, usual: Weights): number {
  return given[name] ?? given[familyOf(name)] ?? usual[name] ?? 1;
}
