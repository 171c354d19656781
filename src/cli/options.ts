/** Shapes of option tables: what parser, help and run manifest read. */

/** What an option takes. `flag` takes nothing; the others name the form of their value. */
export type OptionKind =
  | "flag"
  | "text"
  | "path"
  | "url"
  /** Whole number from `min` to `max`. */
  | "count"
  /** Seed, decimal or with `0x`. */
  | "seed"
  /** Decimal number from `min` to `max`. */
  | "number"
  /** Number with unit `ms`, `s`, `m` or `h`; read as milliseconds. */
  | "duration"
  /** RFC 3339 UTC time or milliseconds since the epoch. */
  | "time"
  /** May be given several times, each time with values separated by commas, or with one (`whole`). */
  | "list";

/** One option of a command. */
export interface OptionSpec {
  /** Without the dashes. */
  readonly name: string;
  readonly kind: OptionKind;
  /** How help names the value, `FILE`. */
  readonly value?: string;
  /** What holds when it is not given, in the form it would be typed. */
  readonly standard?: string;
  readonly help: string;
  /** Values of a list are taken as they are: commas and spaces belong to them. */
  readonly whole?: boolean;
  /** The only values it takes. */
  readonly choices?: readonly string[];
  /** Of a count or a number. */
  readonly min?: number;
  readonly max?: number;
  /** Names or holds a key or a token: its value never leaves the process. */
  readonly secret?: boolean;
}

/** A word after the command. */
export interface PositionalSpec {
  readonly name: string;
  readonly help: string;
  readonly required: boolean;
  readonly choices?: readonly string[];
  /** The last one may be given several times. */
  readonly many?: boolean;
}

/** One command of the program. */
export interface CommandSpec {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  readonly positionals: readonly PositionalSpec[];
  readonly options: readonly OptionSpec[];
  /** Lines below the options in the help. */
  readonly more?: readonly string[];
}

/** Every command has it. */
export const HELP_OPTION: OptionSpec = { name: "help", kind: "flag", help: "print this help" };

/** Names of the options of a command that name or hold a secret. */
export function secretOptions(command: CommandSpec): string[] {
  return command.options.filter(({ secret }) => secret === true).map(({ name }) => name);
}

/** The `--left-NAME` and `--right-NAME` forms of options, for commands that have two targets. */
export function sided(options: readonly OptionSpec[]): OptionSpec[] {
  return (["left", "right"] as const).flatMap((side) =>
    options.map((option) => ({ ...option, name: `${side}-${option.name}`, help: `${option.help}, ${side} side` }))
  );
}
