/** JSON Schema of the file of `--config`, for editors; made from the option tables. */

import type { JsonObject } from "../protocol/mod.ts";
import { CONFIG_OPTION } from "./common_options.ts";
import type { CommandSpec, OptionSpec } from "./options.ts";

const DURATION = "^(?=\\d)(\\d+(\\.\\d+)?h)?(\\d+(\\.\\d+)?m)?(\\d+(\\.\\d+)?s)?(\\d+(\\.\\d+)?ms)?$";

/** Schema (draft-07) of a configuration for these commands. */
export function configSchema(commands: readonly CommandSpec[]): JsonObject {
  const sections = commands.map((command): [string, JsonObject] => [command.name, sectionSchema(command)]);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "hearthproof --config",
    description: "Options of the commands, under the names of the commands. The command line wins.",
    type: "object",
    properties: Object.fromEntries(sections),
    additionalProperties: false,
  };
}

function sectionSchema({ summary, options }: CommandSpec): JsonObject {
  const taken = options.filter(({ name }) => name !== CONFIG_OPTION.name);
  return {
    description: summary,
    type: ["object", "null"],
    properties: Object.fromEntries(taken.map((option) => [option.name, optionSchema(option)])),
    additionalProperties: false,
  };
}

function optionSchema(option: OptionSpec): JsonObject {
  const { help, standard } = option;
  return {
    description: standard === undefined ? help : `${help} (default ${standard})`,
    ...valueSchema(option),
  };
}

function valueSchema({ kind, choices, min, max }: OptionSpec): JsonObject {
  const range: JsonObject = {
    ...(min === undefined ? {} : { minimum: min }),
    ...(max === undefined ? {} : { maximum: max }),
  };
  if (choices !== undefined) return { enum: [...choices] };
  switch (kind) {
    case "flag":
      return { type: "boolean" };
    case "count":
      return { type: "integer", ...range };
    case "number":
      return { type: "number", ...range };
    case "seed":
      return { anyOf: [{ type: "integer", minimum: 0 }, { type: "string", pattern: "^(0x[0-9A-Fa-f]+|\\d+)$" }] };
    case "duration":
      return { type: "string", pattern: DURATION };
    case "url":
      return { type: "string", pattern: "^https?://" };
    case "list":
      return { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] };
    case "text":
    case "path":
    case "time":
      return { type: ["string", "number"] };
  }
}
