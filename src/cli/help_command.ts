/** `hearthproof help [TOPIC]` and `hearthproof completions SHELL`. */

import { visible } from "../report/escape.ts";
import { completionScript, type Shell } from "./completions.ts";
import { configSchema } from "./config_schema.ts";
import { overviewHelp } from "./help.ts";
import { commandManual, manualLines } from "./help/manual.ts";
import { SCHEMA_TOPIC, TOPIC_NAMES, TOPICS } from "./help/topics.ts";
import type { CommandSpec } from "./options.ts";
import { UsageError } from "./parse.ts";
import type { Printer } from "./printer.ts";
import { nearest } from "./suggest.ts";

const JSON_INDENT = 2;

/**
 * Prints the page of a command or a topic, or the overview.
 *
 * @throws {UsageError} If nothing is known about the topic.
 */
export function helpCommand(topic: string | undefined, commands: readonly CommandSpec[], printer: Printer): number {
  for (const line of helpLines(topic, commands, printer.width)) printer.out(line);
  return 0;
}

function helpLines(topic: string | undefined, commands: readonly CommandSpec[], width: number): readonly string[] {
  if (topic === undefined) return overviewHelp(commands, TOPIC_NAMES, width);
  if (topic === SCHEMA_TOPIC) return [JSON.stringify(configSchema(commands), null, JSON_INDENT)];
  const command = commands.find(({ name }) => name === topic);
  if (command !== undefined) return commandManual(command, width);
  const page = TOPICS[topic];
  if (page !== undefined) return manualLines(page, width);
  const names = [...commands.map(({ name }) => name), ...TOPIC_NAMES];
  const near = nearest(topic, names);
  throw new UsageError(
    `help: nothing is known about "${visible(topic)}"; ${
      near === undefined ? "hearthproof help lists commands and topics" : `did you mean hearthproof help ${near}?`
    }`,
  );
}

/** Prints the script of a shell that was checked before. */
export function completionsCommand(shell: string, commands: readonly CommandSpec[], printer: Printer): number {
  printer.out(completionScript(shell as Shell, commands, TOPIC_NAMES).trimEnd());
  return 0;
}
