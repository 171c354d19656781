/** Completion scripts for shells, made from the option tables. */

import { type CommandSpec, HELP_OPTION, type OptionSpec } from "./options.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export const COMPLETIONS: CommandSpec = {
  name: "completions",
  summary: "print a completion script for a shell",
  positionals: [{ name: "SHELL", required: true, choices: SHELLS, help: "which shell" }],
  options: [],
  more: [
    "bash: hearthproof completions bash > ~/.local/share/bash-completion/completions/hearthproof",
    "zsh: hearthproof completions zsh > DIR/_hearthproof, with DIR in fpath",
    "fish: hearthproof completions fish > ~/.config/fish/completions/hearthproof.fish",
  ],
};

/** The script of a shell; `topics` are what `help` takes besides commands. */
export function completionScript(shell: Shell, commands: readonly CommandSpec[], topics: readonly string[]): string {
  const tables = commands.map((command) => tableOf(command, commands, topics));
  return { bash, zsh, fish }[shell](tables);
}

/** What can stand after a command. */
interface Table {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  /** Words of the first positional. */
  readonly words: readonly string[];
  /** A file may stand there. */
  readonly files: boolean;
}

function tableOf(command: CommandSpec, commands: readonly CommandSpec[], topics: readonly string[]): Table {
  const [first] = command.positionals;
  const words = command.name === "help" ? [...commands.map(({ name }) => name), ...topics] : [...first?.choices ?? []];
  return {
    name: command.name,
    summary: command.summary,
    options: [...command.options, HELP_OPTION],
    words,
    files: command.positionals.some(({ choices }) => choices === undefined) && command.name !== "help",
  };
}

/** Texts in single quotes; a quote in them ends and begins the quoting anew. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function valuesOf(option: OptionSpec): readonly string[] {
  if (option.choices !== undefined) return option.choices;
  if (option.name === "dialect" || option.name.endsWith("-dialect")) return ["contract", "body-routed"];
  return ["target", "left", "right"].includes(option.name)
    ? ["embedded", "http://", "https://", "exec:", "docker:"]
    : [];
}

function bash(tables: readonly Table[]): string {
  const dashed = (table: Table) => table.options.map(({ name }) => `--${name}`).join(" ");
  const paths = [...new Set(tables.flatMap(({ options }) => options.filter(({ kind }) => kind === "path")))];
  const pathNames = [...new Set(paths.map(({ name }) => `--${name}`))];
  const valued = tables.flatMap(({ name, options }) =>
    options.filter((option) => valuesOf(option).length > 0).map((option) => ({ name, option }))
  );
  const blind = [
    ...new Set(
      tables.flatMap(({ options }) =>
        options.filter((option) => option.kind !== "flag" && option.kind !== "path" && valuesOf(option).length === 0)
          .map(({ name }) => `--${name}`)
      ),
    ),
  ];
  return [
    "# bash completion for hearthproof, made by: hearthproof completions bash",
    "_hearthproof() {",
    '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} words="" files=""',
    "  COMPREPLY=()",
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    mapfile -t COMPREPLY < <(compgen -W ${quoted(tables.map(({ name }) => name).join(" "))} -- "$current")`,
    "    return",
    "  fi",
    '  case "$command $previous" in',
    ...valued.map(({ name, option }) =>
      `    ${quoted(`${name} --${option.name}`)}) mapfile -t COMPREPLY < <(compgen -W ${
        quoted(valuesOf(option).join(" "))
      } -- "$current"); return ;;`
    ),
    "  esac",
    '  case "$previous" in',
    `    ${pathNames.join("|")}) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;`,
    ...(blind.length === 0 ? [] : [`    ${blind.join("|")}) return ;;`]),
    "  esac",
    '  case "$command" in',
    ...tables.map((table) =>
      `    ${table.name}) words=${quoted([dashed(table), ...table.words].join(" "))}${table.files ? " files=1" : ""} ;;`
    ),
    "  esac",
    '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")',
    '  if [ -n "$files" ] && [ "${current#-}" = "$current" ]; then',
    '    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")',
    "  fi",
    "}",
    "complete -o filenames -F _hearthproof hearthproof",
    "",
  ].join("\n");
}

function zsh(tables: readonly Table[]): string {
  const spoken = (text: string) =>
    text.replaceAll("\\", "\\\\").replaceAll("[", "\\[").replaceAll("]", "\\]")
      .replaceAll(":", "\\:");
  const argument = (option: OptionSpec) => {
    const many = option.kind === "list" ? "*" : "";
    const head = `${many}--${option.name}${option.kind === "flag" ? "" : "="}[${spoken(option.help)}]`;
    if (option.kind === "flag") return quoted(head);
    const values = valuesOf(option).map((value) => value.replaceAll(":", "\\:"));
    const action = option.kind === "path" ? "_files" : values.length > 0 ? `(${values.join(" ")})` : "";
    return quoted(`${head}:${spoken(option.value ?? "VALUE")}:${action}`);
  };
  return [
    "#compdef hearthproof",
    "# zsh completion for hearthproof, made by: hearthproof completions zsh",
    "_hearthproof() {",
    "  local -a commands",
    "  commands=(",
    ...tables.map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(":", "\\:")}`)}`),
    "  )",
    "  if (( CURRENT == 2 )); then",
    "    _describe -t commands command commands",
    "    return",
    "  fi",
    "  local command=$words[2]",
    "  shift words",
    "  (( CURRENT-- ))",
    "  case $command in",
    ...tables.flatMap(({ name, options, words, files }) =>
      [
        `    ${name})`,
        "      _arguments -S \\",
        ...options.map((option) => `        ${argument(option)} \\`),
        words.length > 0
          ? `        ${quoted(`1:word:(${words.join(" ")})`)}${files ? " \\" : ""}`
          : files
          ? ""
          : "        ",
        ...(files ? [`        ${quoted("*:file:_files")}`] : []),
        "      ;;",
      ].filter((line) => line !== "")
    ),
    "  esac",
    "}",
    '_hearthproof "$@"',
    "",
  ].join("\n");
}

function fish(tables: readonly Table[]): string {
  const text = (value: string) => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const complete = (...words: readonly string[]) => ["complete", "-c", "hearthproof", ...words].join(" ");
  return [
    "# fish completion for hearthproof, made by: hearthproof completions fish",
    complete("-f"),
    ...tables.flatMap(({ name, summary, options, words, files }) => {
      const within = text(`__fish_seen_subcommand_from ${name}`);
      return [
        complete("-n", "__fish_use_subcommand", "-a", name, "-d", text(summary)),
        ...(words.length === 0 ? [] : [complete("-n", within, "-a", text(words.join(" ")))]),
        ...(files ? [complete("-n", within, "-F")] : []),
        ...options.map((option) => {
          const values = valuesOf(option);
          const takes = option.kind === "flag"
            ? []
            : option.kind === "path"
            ? ["-r", "-F"]
            : values.length > 0
            ? ["-x", "-a", text(values.join(" "))]
            : ["-x"];
          return complete("-n", within, "-l", option.name, ...takes, "-d", text(option.help));
        }),
      ];
    }),
    "",
  ].join("\n");
}
