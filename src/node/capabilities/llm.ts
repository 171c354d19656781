/** llm.chat, llm.complete, llm.tools.call. CONTRACT §4.1, §4.2; CONTRACT2 §4.23, §4.24. */

import type { JsonObject } from "../../protocol/mod.ts";
import { type Call, type CapabilityDescriptor, type Frame, type NodeCore, type UnaryResult } from "../core.ts";
import { streamed, type Turn, whole } from "../llm/chat.ts";
import { checkBackend } from "../llm/generation.ts";
import { readMessages } from "../llm/messages.ts";
import { BACKEND, MODELS } from "../llm/model.ts";
import { readModel, readRequest } from "../llm/request.ts";
import { chooseTool, readTools } from "../llm/tools.ts";
import { callTool } from "../llm/tools_call.ts";
import {
  badRequest,
  describe,
  optionalBoolean,
  requestSchema,
  responseSchema,
  shown,
  streamSchema,
} from "./describe.ts";

const OPTIONS = {
  max_tokens: "bound of the answer",
  temperature: "number",
  top_p: "number",
  stop: "sequences",
  seed: "integer or null",
  stream: "whether to stream",
};
const MODEL = { model: "name", ctx: "tokens of context needed" };
const DONE = { tokens_out: "count", stop_reason: "why it ended", ms: "milliseconds" };
const CHAT_INPUT = { messages: "role, content", ...OPTIONS, tools: "tools offered", tool_choice: "which tool" };

/** Registers the llm family. llm.chat is there as 2.0 and as 1.0, for callers of either (LLM-056). */
export function registerLlm(core: NodeCore): void {
  const register = (descriptor: CapabilityDescriptor, handler: (call: Call) => ReturnType<typeof answer>) =>
    core.bus.register(core.rules.llmDescriptor(descriptor), handler);
  register(chatDescriptor(core, "1.0"), (call) => answer(core, call, () => chatTurn(core, call, "1.0")));
  register(chatDescriptor(core, "2.0"), (call) => answer(core, call, () => chatTurn(core, call, "2.0")));
  register(
    describe({
      name: "llm.complete",
      params: modelParams(core, { modalities: ["text"] }),
      request_schema: requestSchema(MODEL, { prompt: "text to continue", ...OPTIONS }),
      response_schema: responseSchema({ text: "continuation" }),
      stream_schema: streamSchema({ token: { text: "piece" }, done: DONE }),
      ...generation(core),
    }),
    (call) => answer(core, call, () => completeTurn(core, call)),
  );
  core.bus.register(
    core.rules.llmDescriptor(describe({
      name: "llm.tools.call",
      request_schema: requestSchema({}, {
        tool_call_id: "id of the call",
        target_capability: "name@version",
        target_body: "body for the target",
      }),
    })),
    (call) => callTool(core, call),
  );
}

function generation(core: NodeCore) {
  return {
    max_concurrent: core.rules.llmMaxConcurrent,
    deadlineMs: core.rules.llmDeadlineMs,
    streaming: { default: true },
  } as const;
}

function modelParams({ rules }: NodeCore, more: JsonObject): JsonObject {
  const [model = ""] = MODELS;
  return { model, models: [...MODELS], quant: "none", ctx: rules.llmContextTokens, backend: BACKEND, ...more };
}

function chatDescriptor(core: NodeCore, version: "1.0" | "2.0"): CapabilityDescriptor {
  const tools = version === "2.0";
  return describe({
    name: "llm.chat",
    version,
    params: modelParams(core, {
      modalities: tools ? ["text", "vision"] : ["text"],
      tools_supported: tools,
      ...tools ? { max_tools_per_call: core.rules.llmMaxTools } : {},
    }),
    request_schema: requestSchema(MODEL, CHAT_INPUT),
    response_schema: responseSchema({ message: "role, content", tool_calls: "calls of tools" }),
    stream_schema: streamSchema({
      token: { text: "piece" },
      ...tools
        ? {
          tool_call_delta: { id: "of the call", name: "first time only", arguments_delta: "piece of JSON" },
          tool_call: { id: "of the call", name: "of the tool", arguments: "object" },
        }
        : {},
      done: DONE,
    }),
    ...generation(core),
  });
}

function chatTurn(core: NodeCore, call: Call, version: "1.0" | "2.0"): Turn {
  readModel(core, call.params);
  const chat = readMessages(core, call.input.messages, version);
  const request = readRequest(core, call, version, chat.prompt);
  // In version 1.0 tools and tool_choice are reserved: accepted and without effect.
  if (version === "1.0") return { request, tool: undefined };
  const tool = chooseTool(call.input.tool_choice, readTools(call.input, core.rules), chat, core.rules);
  return { request, tool };
}

function completeTurn(core: NodeCore, call: Call): Turn {
  readModel(core, call.params);
  const { prompt } = call.input;
  if (typeof prompt !== "string" && !core.rules.llmCompletesNothing) {
    throw badRequest(`Cannot complete: prompt is ${shown(prompt)}`);
  }
  const text = typeof prompt === "string" ? prompt : "";
  return { request: readRequest(core, call, "1.0", { whole: text, request: text }), tool: undefined };
}

function answer(
  core: NodeCore,
  call: Call,
  read: () => Turn,
): Promise<UnaryResult> | AsyncGenerator<Frame, void, void> {
  if (call.transport !== "unary" && core.rules.llmInputErrors === "frame") return framesOf(core, call, read);
  const turn = checkedTurn(core, call, read);
  return call.transport === "unary" ? whole(core, call, turn) : streamed(core, call, turn);
}

/** The frames of a stream that is accepted before its input is read. */
async function* framesOf(core: NodeCore, call: Call, read: () => Turn): AsyncGenerator<Frame, void, void> {
  yield* streamed(core, call, checkedTurn(core, call, read));
}

function checkedTurn(core: NodeCore, call: Call, read: () => Turn): Turn {
  const turn = read();
  optionalBoolean(call.input, "stream", true);
  checkBackend(core);
  return turn;
}
