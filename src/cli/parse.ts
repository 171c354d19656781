/** Command line -> command and options, or one line that says what is wrong with it. */

import { parseArgs } from "@std/cli/parse-args";
import { parseTimestamp } from "../protocol/mod.ts";
import { visible } from "../report/escape.ts";
import { type CommandSpec, HELP_OPTION, type OptionSpec } from "./options.ts";
import { nearest } from "./suggest.ts";

/** The command line cannot be understood; exit code 2. The message is one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

type Value = string | number | boolean | readonly string[];

/** Options of one command. Asking for a name that the table does not have is a mistake of the program. */
export class Options {
  constructor(private readonly command: CommandSpec, private readonly values: ReadonlyMap<string, Value>) {}

  /** Whether the command has the option at all, for code that several commands share. */
  knows(name: string): boolean {
    return this.command.options.some((option) => option.name === name);
  }

  /** Whether the option stands on the command line. */
  given(name: string): boolean {
    this.#spec(name);
    return this.values.has(name);
  }

  flag(name: string): boolean {
    return this.#value(name) === true;
  }

  /** Given text or the default; undefined without both. */
  text(name: string): string | undefined {
    const value = this.#value(name);
    return typeof value === "string" ? value : undefined;
  }

  /** Value of a count, number, seed, duration (milliseconds) or time (milliseconds since the epoch). */
  number(name: string): number | undefined {
    const value = this.#value(name);
    return typeof value === "number" ? value : undefined;
  }

  list(name: string): readonly string[] {
    const value = this.#value(name);
    return Array.isArray(value) ? value as readonly string[] : [];
  }

  /** These options with what is not given taken from elsewhere, as {@linkcode Options.entries} gave it. */
  over(base: Readonly<Record<string, string | number | boolean | readonly string[]>>): Options {
    const known = Object.entries(base).filter(([name]) => this.command.options.some((option) => option.name === name));
    return new Options(this.command, new Map([...known, ...this.values]));
  }

  /** What was given, by name, for the run manifest. */
  entries(): [name: string, value: Value][] {
    return [...this.values].filter(([name]) => name !== HELP_OPTION.name);
  }

  #value(name: string): Value | undefined {
    const spec = this.#spec(name);
    const given = this.values.get(name);
    if (given !== undefined || spec.standard === undefined) return given;
    return readValue(this.command, spec, [spec.standard]);
  }

  #spec(name: string): OptionSpec {
    const spec = name === HELP_OPTION.name ? HELP_OPTION : this.command.options.find((option) => option.name === name);
    if (spec === undefined) throw new RangeError(`Cannot read --${name}: ${this.command.name} has no such option`);
    return spec;
  }
}

/** A command line understood. */
export interface Invocation {
  readonly command: CommandSpec;
  readonly options: Options;
  readonly positionals: readonly string[];
  /** `--help` was given: print the help of the command and do nothing else. */
  readonly help: boolean;
}

/**
 * Reads a command line. Nothing at all, `--help` and `-h` mean `help`; `--version` means `version`.
 *
 * @throws {UsageError} If command, option or value is unknown or of the wrong form.
 */
export function parseCommandLine(argv: readonly string[], commands: readonly CommandSpec[]): Invocation {
  const [first = "help", ...rest] = argv;
  const name = first === "--help" || first === "-h" ? "help" : first === "--version" ? "version" : first;
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    const near = nearest(name, commands.map((candidate) => candidate.name));
    throw new UsageError(`unknown command "${visible(name)}"${suggestion(near) || "; hearthproof help lists them"}`);
  }
  return parseArguments(command, rest);
}

function parseArguments(command: CommandSpec, argv: readonly string[]): Invocation {
  const specs = [...command.options, HELP_OPTION];
  const flags = specs.filter(({ kind }) => kind === "flag").map(({ name }) => name);
  const others = specs.filter(({ kind }) => kind !== "flag").map(({ name }) => name);
  for (const argument of argv.slice(0, argv.includes("--") ? argv.indexOf("--") : undefined)) {
    const [name = "", value] = argument.replace(/^--/, "").split("=", 2);
    if (argument.startsWith("--") && value !== undefined && flags.includes(name)) {
      throw new UsageError(
        `${command.name}: --${name} takes no value, current value is "${visible(value)}"; write just --${name}`,
      );
    }
  }
  const parsed = parseArgs(argv, {
    boolean: flags,
    string: [...others, "_"],
    collect: others,
    alias: { help: "h" },
    unknown: (argument, key) => {
      if (key === undefined) return true;
      const dashed = argument.startsWith("--") ? `--${key.split("=", 1)[0]}` : argument;
      const near = nearest(dashed.replace(/^-+/, ""), specs.map((option) => option.name));
      throw new UsageError(
        `${command.name}: unknown option ${visible(dashed)}${
          suggestion(near === undefined ? near : `--${near}`) || `; ${helpOf(command)}`
        }`,
      );
    },
  });
  const values = new Map<string, Value>();
  for (const spec of specs) {
    const given = parsed[spec.name];
    if (spec.kind === "flag") {
      if (given === true) values.set(spec.name, true);
    } else if (Array.isArray(given) && given.length > 0) {
      values.set(spec.name, readValue(command, spec, given as string[]));
    }
  }
  const help = values.has(HELP_OPTION.name);
  const positionals = parsed._.map(String);
  if (!help) checkPositionals(command, positionals);
  return { command, options: new Options(command, values), positionals, help };
}

function checkPositionals(command: CommandSpec, given: readonly string[]): void {
  command.positionals.forEach((spec, index) => {
    const value = given[index];
    const choices = spec.choices === undefined ? "" : ` (${spec.choices.join(", ")})`;
    if (value === undefined) {
      if (spec.required) throw new UsageError(`${command.name}: ${spec.name} is missing${choices}; ${helpOf(command)}`);
    } else if (spec.choices !== undefined && !spec.choices.includes(value)) {
      const hint = suggestion(nearest(value, spec.choices)) || choices;
      throw new UsageError(`${command.name}: unknown ${spec.name} "${visible(value)}"${hint}`);
    }
  });
  const extra = command.positionals.at(-1)?.many === true ? undefined : given[command.positionals.length];
  if (extra !== undefined) {
    throw new UsageError(`${command.name}: unexpected argument "${visible(extra)}"; ${helpOf(command)}`);
  }
}

function readValue(command: CommandSpec, spec: OptionSpec, given: readonly string[]): Value {
  const wrong = (wanted: string, value: string): never => {
    const current = spec.secret === true ? "" : `, current value is "${visible(value)}"`;
    throw new UsageError(`${command.name}: --${spec.name} must be ${wanted}${current}`);
  };
  if (given.some((value) => value === "")) {
    throw new UsageError(`${command.name}: --${spec.name} needs a value (--${spec.name} ${spec.value ?? "VALUE"})`);
  }
  if (spec.kind === "list") {
    if (spec.whole === true) return given;
    return given.flatMap((value) => value.split(",")).map((value) => value.trim()).filter((value) => value !== "");
  }
  if (given.length > 1) {
    throw new UsageError(`${command.name}: --${spec.name} is given ${given.length} times; give it once`);
  }
  const value = given[0] ?? "";
  if (spec.choices !== undefined && !spec.choices.includes(value)) wrong(`one of ${spec.choices.join(", ")}`, value);
  switch (spec.kind) {
    case "count":
      return readCount(value, spec) ?? wrong(`a whole number${range(spec)}`, value);
    case "seed":
      return readSeed(value) ?? wrong("a whole number from 0 to 2^53-1, decimal or with 0x", value);
    case "time":
      return readTime(value) ?? wrong("a time like 2026-07-02T09:15:00Z or milliseconds since the epoch", value);
    case "number":
      return readNumber(value, spec) ?? wrong(`a number${range(spec)}`, value);
    case "duration":
      return readDuration(value) ?? wrong("a number with ms, s, m or h, like 90s or 1.5h", value);
    case "url":
      return isHttpUrl(value) ? value : wrong("an http or https URL", value);
    default:
      return value;
  }
}

/** Number of a seed text, decimal or hexadecimal with `0x`; undefined if it is none. */
export function readSeed(text: string): number | undefined {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

function readCount(text: string, spec: OptionSpec): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) && value >= (spec.min ?? 0) && value <= (spec.max ?? Infinity) ? value : undefined;
}

function readNumber(text: string, spec: OptionSpec): number | undefined {
  const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  return value >= (spec.min ?? -Infinity) && value <= (spec.max ?? Infinity) ? value : undefined;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration text, `90s`, `1.5h`, `1h30m` with units descending; undefined if it is none. */
export function readDuration(text: string): number | undefined {
  if (!/^(?=\d)(\d+(\.\d+)?h)?(\d+(\.\d+)?m)?(\d+(\.\d+)?s)?(\d+(\.\d+)?ms)?$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ""] ?? NaN), 0);
}

function range({ min, max }: OptionSpec): string {
  return min === undefined && max === undefined
    ? ""
    : max === undefined
    ? ` from ${min}`
    : ` from ${min ?? 0} to ${max}`;
}

function readTime(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
  return parseTimestamp(text);
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Where the next step stands. */
function helpOf({ name }: CommandSpec): string {
  return `hearthproof help ${name} shows how it is used`;
}

function suggestion(near: string | undefined): string {
  return near === undefined ? "" : `, did you mean ${near}?`;
}
