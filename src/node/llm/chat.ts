/** The course of a chat or completion: tool call or text, streamed or whole. CONTRACT §4.1, §4.2; M21 §3.3. */

import type { JsonObject } from "../../protocol/mod.ts";
import { messages } from "../capabilities/inbox.ts";
import { type Call, type Frame, type NodeCore, NodeError, type UnaryResult } from "../core.ts";
import type { StopReason } from "../rules/llm.ts";
import { type Ended, run } from "./generation.ts";
import type { GenerationRequest } from "./request.ts";
import { argumentPieces, argumentsFor, type Tool } from "./tools.ts";

/** A checked call: what to generate, and the tool to call first. */
export interface Turn {
  readonly request: GenerationRequest;
  readonly tool: Tool | undefined;
}

/** A call of a tool by the model. */
interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: JsonObject;
}

/** Answers in one object. */
export async function whole(core: NodeCore, call: Call, turn: Turn): Promise<UnaryResult> {
  const { rules } = core;
  const { request } = turn;
  const toolCall = turn.tool && makeToolCall(core, turn.tool, request);
  const { text, ended } = toolCall === undefined
    ? await collect(core, call, request)
    : { text: "", ended: { reason: "end", tokens: 0 } satisfies Ended };
  const output: JsonObject = request.capability === "llm.complete" ? { text } : {
    message: { role: "assistant", content: text },
    ...toolCall === undefined ? {} : { tool_calls: [{ ...toolCall }] },
  };
  const meta = {
    model: rules.llmMetaModel(request.requestedModel),
    tokens_in: request.tokensIn,
    tokens_out: rules.llmTokensOut(ended.tokens),
    stop_reason: rules.llmStopReason(ended.reason),
  };
  return { output: rules.llmOutput(output, request.capability), meta: rules.llmMeta(meta) };
}

async function collect(
  core: NodeCore,
  call: Call,
  request: GenerationRequest,
): Promise<{ text: string; ended: Ended }> {
  const pieces = run(core, call, request);
  let text = "";
  for (;;) {
    const next = await pieces.next();
    if (next.done) return { text, ended: next.value };
    text += next.value;
  }
}

/** Answers in frames. */
export async function* streamed(core: NodeCore, call: Call, turn: Turn): AsyncGenerator<Frame, void, void> {
  const { rules, clock } = core;
  const started = clock.mono();
  let { request } = turn;
  const done = (reason: StopReason, tokens: number): Frame => ({
    event: "done",
    data: {
      tokens_out: rules.llmTokensOut(tokens),
      stop_reason: rules.llmStopReason(reason),
      ms: Math.round(clock.mono() - started),
    },
  });
  yield* rules.llmOpeningFrames(request.capability, request.version);
  if (turn.tool !== undefined) {
    const toolCall = makeToolCall(core, turn.tool, request);
    let result: string | undefined;
    try {
      yield* toolFrames(core, call, toolCall);
      if (call.transport === "websocket" && rules.llmAwaitsToolResult) result = await toolResult(core, call, toolCall);
    } catch (error) {
      if (!call.signal.aborted || error instanceof NodeError) throw error;
      return yield done("cancelled", 0);
    }
    // Over SSE the caller comes back with the result in the history of a new call.
    if (result === undefined) return yield done("end", 0);
    const { prompt } = request;
    request = { ...request, prompt: { ...prompt, whole: `${prompt.whole}\ntool: ${result}` } };
  }
  const pieces = run(core, call, request);
  try {
    for (;;) {
      const next = await pieces.next();
      if (next.done) return yield done(next.value.reason, next.value.tokens);
      yield { event: "token", data: { text: rules.llmTokenText(next.value) } };
    }
  } finally {
    await pieces.return({ reason: "cancelled", tokens: 0 });
  }
}

function makeToolCall(core: NodeCore, tool: Tool, request: GenerationRequest): ToolCall {
  return { id: `tc_${core.ids.next()}`, name: tool.name, arguments: argumentsFor(tool, request.prompt.request) };
}

async function* toolFrames(core: NodeCore, call: Call, toolCall: ToolCall): AsyncGenerator<Frame, void, void> {
  const { rules, clock, options } = core;
  const { id, name } = toolCall;
  for (const [i, piece] of rules.llmArgumentPieces(argumentPieces(toolCall.arguments)).entries()) {
    if (options.tokenDelayMs > 0) await clock.sleep(options.tokenDelayMs, call.signal);
    const data = { id, ...i === 0 ? { name } : {}, arguments_delta: piece };
    yield { event: "tool_call_delta", data };
  }
  yield { event: "tool_call", data: rules.llmToolCallData({ ...toolCall }) };
}

/** The result the client sends on the open socket; undefined if it sends none. */
async function toolResult(core: NodeCore, call: Call, toolCall: ToolCall): Promise<string | undefined> {
  for await (const message of messages(call.inbox, call.signal)) {
    if (message.type !== "tool_result") continue;
    if (message.tool_call_id !== toolCall.id && core.rules.llmChecksToolCallIds) {
      throw new NodeError("bad_request", "Cannot use the tool_result: its tool_call_id was not issued on this stream");
    }
    return JSON.stringify(message.body ?? null);
  }
  return undefined;
}
