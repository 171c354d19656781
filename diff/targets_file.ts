/** The targets of a matrix: a list on the command line, or a YAML file with access and dialect of each. */

import { dirname, resolve } from "node:path";
import { parse } from "@std/yaml";
import { Options, UsageError } from "../src/cli/parse.ts";
import { isObject, type Json, type JsonObject } from "../src/protocol/mod.ts";
import { splitCommand } from "../src/target/process.ts";
import { readText, sideOptions } from "./contest.ts";
import { ONE_SIDE, SIDE_OPTIONS } from "./options.ts";

export const LEAST_TARGETS = 3;
export const MOST_TARGETS = 8;

/** One target of a matrix. */
export interface NamedTarget {
  readonly name: string;
  readonly spec: string;
  /** Its options under their plain names. */
  readonly options: Options;
}

/** Names in a report stay short enough for a table. */
const MAX_NAME = 40;

/** Reads the targets of a command line. @throws {UsageError} If there are too few, too many, or one is wrong. */
export async function targetsOf(options: Options): Promise<NamedTarget[]> {
  const file = options.text("targets");
  const targets = file === undefined ? listed(options) : parseTargets(await readText("targets", file), file, options);
  if (targets.length < LEAST_TARGETS || targets.length > MOST_TARGETS) {
    throw new UsageError(
      `diff: a matrix takes ${LEAST_TARGETS} to ${MOST_TARGETS} targets, current value has ${targets.length}`,
    );
  }
  return targets;
}

function listed(options: Options): NamedTarget[] {
  const given = options.list("target");
  const [only] = given;
  const specs = given.length === 1 && only !== undefined ? splitCommand(only) : given;
  return specs.map((spec, index) => ({
    name: `${letter(index)} ${spec}`.slice(0, MAX_NAME),
    spec,
    options: sideOptions(options, undefined, spec),
  }));
}

function letter(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + index);
}

/**
 * Reads a targets file: `targets`, a list of objects with `target`, an optional `name`, and the options of a target
 * with underscores (`root_key`, `dialect`, `tls_pin`, …). Paths are relative to the file.
 *
 * @throws {UsageError} If it has another form; the message names the place.
 */
export function parseTargets(text: string, file: string, given: Options): NamedTarget[] {
  const wrong = (what: string) => new UsageError(`--targets ${file}: ${what}`);
  let value: Json;
  try {
    value = parse(text) as Json;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message.split("\n")[0] ?? "no YAML" : String(error));
  }
  if (!isObject(value) || !Array.isArray(value.targets)) throw wrong("it has no list named targets");
  const names = new Set<string>();
  return value.targets.map((entry, index) => {
    const place = `targets[${index}]`;
    if (!isObject(entry) || typeof entry.target !== "string") throw wrong(`${place} needs a text named target`);
    const name = entry.name ?? `${letter(index)} ${entry.target}`.slice(0, MAX_NAME);
    if (typeof name !== "string" || name === "" || name.length > MAX_NAME) {
      throw wrong(`${place}.name must be a text of at most ${MAX_NAME} characters`);
    }
    if (names.has(name)) throw wrong(`${place}.name is there twice: ${name}`);
    names.add(name);
    return { name, spec: entry.target, options: optionsOf(entry, place, file, given, wrong) };
  });
}

function optionsOf(
  entry: JsonObject,
  place: string,
  file: string,
  given: Options,
  wrong: (what: string) => UsageError,
): Options {
  const values = new Map<string, string | number | boolean | readonly string[]>([
    ["target", String(entry.target)],
    ["allow-writes", given.flag("allow-writes")],
    ["disposable", given.flag("disposable")],
  ]);
  for (const [member, value] of Object.entries(entry)) {
    if (member === "name" || member === "target") continue;
    const option = member.replaceAll("_", "-");
    if (option === "allow-writes" || option === "disposable") {
      if (typeof value !== "boolean") throw wrong(`${place}.${member} must be true or false`);
      values.set(option, value);
      continue;
    }
    const known = SIDE_OPTIONS.find(({ name }) => name === option);
    if (known === undefined) throw wrong(`${place}.${member} is no option of a target`);
    if (known.kind === "list") {
      const list = Array.isArray(value) ? value : [value];
      if (!list.every((one) => typeof one === "string")) throw wrong(`${place}.${member} must be a list of texts`);
      values.set(option, list);
    } else if (typeof value !== "string") throw wrong(`${place}.${member} must be a text`);
    else values.set(option, isPath(known.name, known.kind, value) ? resolve(dirname(file), value) : value);
  }
  return new Options(ONE_SIDE, values);
}

/** A dialect is a name or a file. */
function isPath(name: string, kind: string, value: string): boolean {
  return kind === "path" || (name === "dialect" && /[./]/.test(value));
}
