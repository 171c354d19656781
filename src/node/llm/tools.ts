/** Deciding on and making tool calls. CONTRACT2 §4.23, §6.3; M21 §3.3, §4.1. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { badRequest, shown } from "../capabilities/describe.ts";
import type { LlmRules } from "../rules/llm.ts";
import type { Chat } from "./messages.ts";

/** A tool the caller offers. */
export interface Tool {
  readonly name: string;
  readonly schema: JsonObject;
}

/** Characters of the arguments per `tool_call_delta` frame. */
const PIECE_LENGTH = 8;
/** Words of a tool's name that are too common to be a hint that it is meant. */
const SHORTEST_HINT = 4;

/** The tools of a call. @throws {NodeError} `bad_request` if one is malformed or there are too many. */
export function readTools(input: JsonObject, rules: LlmRules): readonly Tool[] {
  const { tools } = input;
  if (tools === undefined || tools === null) return [];
  if (!Array.isArray(tools)) throw badRequest(`Cannot use tools: current value is ${shown(tools)}`);
  if (tools.length > rules.llmMaxTools && rules.llmOverTools === "refuse") {
    throw badRequest(`Cannot use ${tools.length} tools: at most ${rules.llmMaxTools} per call`);
  }
  const read = tools.slice(0, rules.llmMaxTools).map((tool) => {
    if (!isObject(tool) || typeof tool.name !== "string" || tool.name === "") {
      throw badRequest(`Cannot use a tool: current value is ${shown(tool)}`);
    }
    const { parameters_schema: schema = {} } = tool;
    if (!isObject(schema)) throw badRequest(`Cannot use tool ${tool.name}: its parameters_schema is no object`);
    return { name: tool.name, schema };
  });
  if (new Set(read.map(({ name }) => name)).size < read.length) {
    throw badRequest("Cannot use tools: a name is repeated");
  }
  return read;
}

/** The tool the model calls, if any. @throws {NodeError} `bad_request` if the choice is none or cannot be met. */
export function chooseTool(
  choice: Json | undefined,
  tools: readonly Tool[],
  chat: Chat,
  rules: LlmRules,
): Tool | undefined {
  if (isObject(choice)) {
    const named = tools.find(({ name }) => name === choice.name);
    if (named === undefined) throw badRequest(`Cannot call tool ${shown(choice.name)}: it is not among tools`);
    return chat.lastRole === "tool" ? undefined : named;
  }
  const wanted = choice ?? "auto";
  if (wanted !== "auto" && wanted !== "none" && wanted !== "required") {
    throw badRequest(`Cannot use tool_choice: current value is ${shown(wanted)}`);
  }
  const followed = rules.llmToolChoice(wanted);
  if (followed === "required" && tools.length === 0) throw badRequest("Cannot require a tool call: tools is empty");
  // A result of a tool in the history is what the choice asked for; what follows are words.
  if (followed === "none" || chat.lastRole === "tool") return undefined;
  const hinted = tools.find(({ name }) => isHinted(name, chat.prompt.request));
  return hinted ?? (followed === "required" ? tools[0] : undefined);
}

function isHinted(name: string, request: string): boolean {
  const text = request.toLowerCase();
  const parts = name.toLowerCase().split(/[^a-z0-9]+/).filter((part) => part.length >= SHORTEST_HINT);
  return [name.toLowerCase(), ...parts].some((part) => text.includes(part));
}

/** Arguments that fit the tool's schema, made from the request. */
export function argumentsFor(tool: Tool, request: string): JsonObject {
  const value = valueFor(tool.schema, request, 0);
  return isObject(value) ? value : {};
}

const MAX_SCHEMA_DEPTH = 8;

function valueFor(schema: Json | undefined, request: string, depth: number): Json {
  if (!isObject(schema) || depth > MAX_SCHEMA_DEPTH) return null;
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0] as Json;
  if (schema.const !== undefined) return schema.const;
  switch (schema.type ?? (schema.properties === undefined ? undefined : "object")) {
    case "string":
      return request.trim();
    case "integer":
      return Math.ceil(typeof schema.minimum === "number" ? schema.minimum : 1);
    case "number":
      return typeof schema.minimum === "number" ? schema.minimum : 1;
    case "boolean":
      return true;
    case "array": {
      const wanted = typeof schema.minItems === "number" ? Math.min(schema.minItems, MAX_ITEMS) : 0;
      return Array.from({ length: wanted }, () => valueFor(schema.items, request, depth + 1));
    }
    case "object": {
      const properties = isObject(schema.properties) ? schema.properties : {};
      return Object.fromEntries(
        Object.entries(properties).map(([name, inner]) => [name, valueFor(inner, request, depth + 1)]),
      );
    }
    default:
      return null;
  }
}

/** Longest array made for a schema that asks for a minimum. */
const MAX_ITEMS = 16;

/** The JSON text of arguments in the pieces of `tool_call_delta` frames. */
export function argumentPieces(value: JsonObject): readonly string[] {
  return JSON.stringify(value).match(new RegExp(`[^]{1,${PIECE_LENGTH}}`, "gu")) ?? [];
}
