/** Manual pages for the terminal: Markdown text, and pages of commands in the order of man(7). */

import { commandHelp } from "../help.ts";
import type { CommandSpec } from "../options.ts";
import { wrap } from "../../report/text.ts";
import { COMMAND_PAGES } from "./command_pages.ts";

const INDENT = "    ";

/** Lines of a Markdown page: headings in capitals or alone on a line, paragraphs and lists wrapped, code as it stands. */
export function manualLines(markdown: string, width: number): string[] {
  const lines: string[] = [];
  for (const block of markdown.trim().split(/\n{2,}/)) {
    if (lines.length > 0) lines.push("");
    lines.push(...blockLines(block, width));
  }
  return lines;
}

function blockLines(block: string, width: number): string[] {
  if (block.startsWith("# ")) return [block.slice(2).toUpperCase()];
  if (block.startsWith("## ")) return [block.slice(3)];
  if (block.startsWith(INDENT)) return block.split("\n");
  if (block.startsWith("- ")) {
    return block.split(/\n(?=- )/).flatMap((item) => {
      const [first = "", ...rest] = wrap(item.slice(2).replaceAll(/\s*\n\s*/g, " "), width - 2);
      return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
    });
  }
  return wrap(block.replaceAll("\n", " "), width);
}

/** The page of a command: name, synopsis and options from its table, description and examples from its page. */
export function commandManual(command: CommandSpec, width: number): string[] {
  const page = COMMAND_PAGES[command.name];
  const indented = (text: string) => wrap(text, width - INDENT.length).map((line) => INDENT + line);
  const [usage = "", , , ...table] = commandHelp(command, width);
  const options = table.slice(table.indexOf("") + 1);
  return [
    "NAME",
    ...indented(`hearthproof ${command.name} - ${command.summary}`),
    "",
    "SYNOPSIS",
    ...indented(usage.replace(/^Usage: /, "")),
    ...(page === undefined ? [] : [
      "",
      "DESCRIPTION",
      ...page.description.flatMap((text, index) => [...(index > 0 ? [""] : []), ...indented(text)]),
    ]),
    "",
    "OPTIONS",
    ...options,
    ...(page === undefined ? [] : [
      "",
      "EXAMPLES",
      ...page.examples.flatMap(({ line, does }, index) => [
        ...(index > 0 ? [""] : []),
        ...indented(`${does}:`),
        `${INDENT}  ${line}`,
      ]),
      "",
      "SEE ALSO",
      ...indented(page.see.map((name) => `hearthproof help ${name}`).join(", ")),
    ]),
  ];
}
