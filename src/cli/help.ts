/** Help texts, made from the option tables. */

import type { CommandSpec, OptionSpec } from "./options.ts";
import { HELP_OPTION } from "./options.ts";
import { wrap } from "../report/text.ts";

const INDENT = 2;
/** Options longer than this get their explanation on the next line. */
const MAX_LEFT = 26;

/** Lines of the overview of all commands. */
export function overviewHelp(commands: readonly CommandSpec[], topics: readonly string[], width: number): string[] {
  const left = Math.max(...commands.map(({ name }) => name.length)) + INDENT;
  return [
    "hearthproof: does a HearthNet node obey the protocol, stay healthy, and behave like another one?",
    "",
    "Usage: hearthproof COMMAND [OPTIONS]",
    "",
    ...commands.flatMap(({ name, summary }) => row(name, summary, left, width)),
    "",
    "hearthproof COMMAND --help lists the options of a command.",
    ...(topics.length === 0 ? [] : [`hearthproof help TOPIC explains: ${topics.join(", ")}.`]),
  ];
}

/** Lines of the help of one command. */
export function commandHelp(command: CommandSpec, width: number): string[] {
  const words = command.positionals.map(({ name, required, many }) =>
    (required ? name : `[${name}]`) + (many === true ? "…" : "")
  );
  const options = [...command.options, HELP_OPTION];
  const left = Math.min(MAX_LEFT, Math.max(...options.map((option) => form(option).length))) + INDENT;
  const positionals = command.positionals.flatMap(({ name, help, choices }) =>
    row(name, choices === undefined ? help : `${choices.join(", ")}: ${help}`, left, width)
  );
  return [
    ["Usage: hearthproof", command.name, ...words, "[OPTIONS]"].join(" "),
    "",
    ...wrap(`${command.name}: ${command.summary}.`, width),
    "",
    ...(positionals.length === 0 ? [] : [...positionals, ""]),
    ...options.flatMap((option) => row(form(option), explanation(option), left, width)),
    ...(command.more === undefined ? [] : ["", ...command.more.flatMap((line) => wrap(line, width))]),
  ];
}

function form({ name, kind, value }: OptionSpec): string {
  return kind === "flag" ? `--${name}` : `--${name} ${value ?? "VALUE"}`;
}

function explanation({ help, standard }: OptionSpec): string {
  return standard === undefined ? help : `${help} (default ${standard})`;
}

function row(head: string, text: string, left: number, width: number): string[] {
  const lines = wrap(text, width - INDENT - left);
  const margin = " ".repeat(INDENT);
  if (head.length > left - INDENT) return [margin + head, ...lines.map((line) => margin + " ".repeat(left) + line)];
  return lines.map((line, index) => margin + (index === 0 ? head : "").padEnd(left) + line);
}
