/** `--config FILE`: options of the commands in a YAML file, under the name of the command. The command line wins. */

import { parse } from "@std/yaml";
import { bounded, visible } from "../report/escape.ts";
import { CONFIG_OPTION } from "./common_options.ts";
import type { CommandSpec, OptionSpec } from "./options.ts";
import { parseCommandLine, UsageError } from "./parse.ts";
import { nearest } from "./suggest.ts";
import { readOptionFile } from "./target_options.ts";

const MAX_SHOWN = 80;
const NEGATION = "--no-";

/** A command line and what it says about the file. */
interface Split {
  /** Without `--config FILE` and the negated flags. */
  readonly rest: readonly string[];
  readonly path?: string;
  /** Flags taken back by `--no-FLAG`. */
  readonly negated: ReadonlySet<string>;
}

/** Takes `--config` and negated flags out of the words after a command. */
function split(words: readonly string[], { name, options }: CommandSpec): Split {
  const rest: string[] = [];
  const negated = new Set<string>();
  let path: string | undefined;
  const flags = new Set(options.filter(({ kind }) => kind === "flag").map((option) => option.name));
  const known = new Set(options.map((option) => option.name));
  const end = words.includes("--") ? words.indexOf("--") : words.length;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (at >= end) rest.push(word);
    else if (word === `--${CONFIG_OPTION.name}` || word.startsWith(`--${CONFIG_OPTION.name}=`)) {
      if (path !== undefined) throw new UsageError(`${name}: --config is given twice; put everything into one file`);
      path = word.includes("=") ? word.slice(word.indexOf("=") + 1) : words[++at] ?? "";
      if (path === "") throw new UsageError(`${name}: --config needs a value (--config FILE)`);
    } else if (
      word.startsWith(NEGATION) && flags.has(word.slice(NEGATION.length)) && !known.has(word.slice(2))
    ) negated.add(word.slice(NEGATION.length));
    else rest.push(word);
  }
  return { rest, negated, ...(path === undefined ? {} : { path }) };
}

/**
 * A command line with the options of its `--config` file put in, where it does not give them itself.
 *
 * @throws {UsageError} If the command line or the file is wrong; the message names the line of the file.
 */
export async function withConfig(
  argv: readonly string[],
  commands: readonly CommandSpec[],
): Promise<readonly string[]> {
  const [name = "", ...words] = argv;
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) return argv;
  const { rest, path, negated } = split(words, command);
  if (path === undefined) return argv;
  const { options } = parseCommandLine([name, ...rest], commands);
  const text = new TextDecoder().decode(await readOptionFile(CONFIG_OPTION.name, path));
  const own = configWords(text, path, command, commands)
    .filter((entry) => !options.given(entry.option) && !negated.has(entry.option));
  return [name, ...own.flatMap((entry) => entry.words), ...rest];
}

/** One option of a file as words of a command line. */
export interface ConfigEntry {
  readonly option: string;
  readonly words: readonly string[];
}

/**
 * The options a file gives to one command. The whole file is checked, the other commands as well.
 *
 * @throws {UsageError} If the file is no mapping of commands, or holds a command, option or value that is unknown.
 */
export function configWords(
  text: string,
  path: string,
  wanted: CommandSpec,
  commands: readonly CommandSpec[],
): readonly ConfigEntry[] {
  const wrong = (what: string, line?: number): never => {
    throw new UsageError(`--config ${visible(path)}${line === undefined ? "" : ` line ${line}`}: ${what}`);
  };
  let document: unknown;
  try {
    document = parse(text) ?? {};
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0] ?? "" : String(error);
    return wrong(`it is no YAML: ${bounded(why, MAX_SHOWN)}`);
  }
  if (!isMapping(document)) return wrong("it must map commands to their options, as in run: {parallel: 4}");
  let found: readonly ConfigEntry[] = [];
  for (const [name, options] of Object.entries(document)) {
    const line = lineOf(text, [name]);
    const command = commands.find((candidate) => candidate.name === name);
    if (command === undefined) {
      const near = nearest(name, commands.map((candidate) => candidate.name));
      return wrong(
        `unknown command "${bounded(name, MAX_SHOWN)}"${near === undefined ? "" : `, did you mean ${near}?`}`,
        line,
      );
    }
    if (options !== null && !isMapping(options)) return wrong(`${name} must map options to values`, line);
    const entries = Object.entries(options ?? {}).map(([option, value]) =>
      entryOf(command, option, value, (what) => wrong(what, lineOf(text, [name, option])))
    );
    if (command === wanted) found = entries;
  }
  return found;
}

function entryOf(command: CommandSpec, option: string, value: unknown, wrong: (what: string) => never): ConfigEntry {
  const spec = command.options.find((candidate) => candidate.name === option);
  if (spec === undefined || spec.name === CONFIG_OPTION.name) {
    const near = nearest(option, command.options.map((candidate) => candidate.name));
    const hint = near === undefined ? `; hearthproof help ${command.name} lists them` : `, did you mean ${near}?`;
    return wrong(`${command.name} has no option "${bounded(option, MAX_SHOWN)}"${hint}`);
  }
  const words = wordsOf(spec, value, wrong);
  try {
    // With --help the values are checked, but not what else the command needs.
    parseCommandLine([command.name, ...words, "--help"], [command]);
  } catch (error) {
    if (error instanceof UsageError) return wrong(error.message);
    throw error;
  }
  return { option, words };
}

function wordsOf(spec: OptionSpec, value: unknown, wrong: (what: string) => never): readonly string[] {
  if (spec.kind === "flag") {
    if (typeof value !== "boolean") return wrong(`${spec.name} must be true or false`);
    return value ? [`--${spec.name}`] : [];
  }
  const items = Array.isArray(value) && spec.kind === "list" ? value : [value];
  return items.map((item: unknown) => {
    // YAML reads an unquoted time as a date.
    if (item instanceof Date) return `--${spec.name}=${item.toISOString()}`;
    if (typeof item === "string" || typeof item === "number") return `--${spec.name}=${item}`;
    return wrong(`${spec.name} must be ${spec.kind === "list" ? "a text or a list of texts" : "a text or a number"}`);
  });
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Line of a key in a YAML text, counted from 1, by its spelling: the second key stands below the first. */
function lineOf(text: string, keys: readonly string[]): number | undefined {
  const lines = text.split("\n");
  let at = -1;
  for (const key of keys) {
    const start = Math.max(0, at);
    at = lines.findIndex((line, index) => index >= start && keyPattern(key).test(line));
    if (at < 0) return undefined;
  }
  return at + 1;
}

function keyPattern(key: string): RegExp {
  return new RegExp(`(^|[\\s{,])["']?${RegExp.escape(key)}["']?\\s*:`);
}
