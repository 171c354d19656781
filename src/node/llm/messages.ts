/** Reading the messages of a chat. CONTRACT §4.1; CONTRACT2 §4.23; M21 §3.3. */

import { isCid, isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { badRequest, shown } from "../capabilities/describe.ts";
import { type NodeCore, NodeError } from "../core.ts";
import type { Prompt } from "./model.ts";

/** A chat as the model gets it. */
export interface Chat {
  readonly prompt: Prompt;
  /** Role of the last message; after a tool message the model answers in words. */
  readonly lastRole: string;
}

/** Checks a chat. @throws {NodeError} `bad_request`, and `not_found` for images that are not held. */
export function readMessages(core: NodeCore, given: Json | undefined, version: string): Chat {
  const { rules } = core;
  if (!Array.isArray(given)) throw new NodeError(rules.llmMalformedCode, `Cannot chat: messages is ${shown(given)}`);
  if (given.length === 0 && !rules.llmAllowsNoMessages) throw badRequest("Cannot chat: messages is empty");
  const issued = new Set<string>();
  const roles: string[] = [];
  const lines: string[] = [];
  let request = "";
  for (const message of given) {
    if (!isObject(message)) throw badRequest(`Cannot chat: a message is ${shown(message)}`);
    const role = rules.llmRole(message.role);
    if (role === undefined) throw badRequest(`Cannot chat: a message has role ${shown(message.role)}`);
    const content = readContent(core, message.content, version);
    if (role === "tool") checkResult(core, message, issued);
    if (role === "user") request = content;
    roles.push(role);
    lines.push(`${role}: ${content}`);
    for (const id of callIds(message)) issued.add(id);
  }
  if (rules.llmNeedsUser && given.length > 0 && !roles.includes("user")) {
    throw badRequest("Cannot chat: no message has role user");
  }
  const problem = rules.llmRoleOrder(roles);
  if (problem !== undefined) throw badRequest(`Cannot chat: ${problem}`);
  return { prompt: { whole: lines.join("\n"), request }, lastRole: roles.at(-1) ?? "user" };
}

function readContent(core: NodeCore, content: Json | undefined, version: string): string {
  const { rules } = core;
  if (typeof content === "string") return content;
  if (Array.isArray(content) && rules.llmAcceptsParts(version)) {
    return content.map((part) => readPart(core, part)).join("\n");
  }
  if (rules.llmChecksContent) throw badRequest(`Cannot chat: content is ${shown(content)}`);
  return shown(content);
}

function readPart({ rules, blobs }: NodeCore, part: Json): string {
  if (isObject(part) && part.type === "text" && typeof part.text === "string") return part.text;
  if (isObject(part) && part.type === "image" && isCid(part.image_cid)) {
    const size = blobs.blob(part.image_cid)?.size_bytes ?? blobs.chunk(part.image_cid)?.length;
    if (size === undefined && rules.llmUnresolvedImage === "refuse") {
      throw new NodeError("not_found", `Cannot chat: image ${part.image_cid} is not held here`);
    }
    return `[image ${part.image_cid}]`;
  }
  throw badRequest(`Cannot chat: a part of content is ${shown(part)}`);
}

/** Ids of the tools an assistant message called. */
function callIds(message: JsonObject): string[] {
  const { tool_calls: calls } = message;
  if (message.role !== "assistant" || !Array.isArray(calls)) return [];
  return calls.flatMap((call) => isObject(call) && typeof call.id === "string" ? [call.id] : []);
}

function checkResult({ rules }: NodeCore, message: JsonObject, issued: ReadonlySet<string>): void {
  const { tool_call_id: id } = message;
  if (!rules.llmChecksToolCallIds) return;
  if (typeof id !== "string" || !issued.has(id)) {
    throw badRequest(`Cannot chat: tool_call_id ${shown(id)} answers no call of the history`);
  }
}
