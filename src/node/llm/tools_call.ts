/** llm.tools.call: another capability in the caller's name. CONTRACT2 §4.24; M21 §4.7, §4.8, §7. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { badRequest, optionalString, shown } from "../capabilities/describe.ts";
import { type Call, type IncomingCall, type NodeCore, NodeError, type UnaryResult } from "../core.ts";

const TARGET = /^([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)@((?:0|[1-9]\d*)\.(?:0|[1-9]\d*))$/;

async function* nothing(): AsyncGenerator<JsonObject, void, void> {}

/** Calls the target and mirrors its answer. @throws {NodeError} What the target refuses with. */
export async function callTool(core: NodeCore, call: Call): Promise<UnaryResult> {
  const { rules } = core;
  if (call.depth >= rules.toolsMaxNesting) {
    throw badRequest(`Cannot call the tool: calls are nested ${call.depth} deep, at most ${rules.toolsMaxNesting}`);
  }
  const { target_capability: target, target_body: body } = call.input;
  optionalString(call.input, "tool_call_id");
  const [, capability, version] = (typeof target === "string" ? TARGET.exec(target) : null) ?? [];
  if (capability === undefined || version === undefined) {
    throw badRequest(`Cannot call the tool: target_capability is ${shown(target)}`);
  }
  if (!isObject(body)) throw badRequest(`Cannot call the tool: target_body is ${shown(body)}`);
  checkScope(core, call, capability, version, body);
  const asked: IncomingCall = {
    capability,
    version,
    requestId: call.requestId,
    ...rules.toolsCaller({ caller: call.caller, level: call.level }, core.identity.id),
    body,
    depth: call.depth + 1,
    signal: call.signal,
    inbox: nothing(),
    ...call.token === undefined ? {} : { token: call.token },
    transport: "http",
    acceptsStream: false,
  };
  try {
    return await mirrored(core, asked);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    if (error.code === "not_found" && rules.toolsUnknownTarget === "empty") return { output: {} };
    if (rules.toolsTargetRefusal === "wrap") return { output: { error: error.code, message: error.message } };
    throw error;
  }
}

async function mirrored(core: NodeCore, asked: IncomingCall): Promise<UnaryResult> {
  const answer = await core.bus.dispatch(asked);
  if (answer.kind === "stream") {
    // Not started yet, so nothing has happened on behalf of the caller.
    await answer.frames.return();
    throw badRequest(`Cannot call the tool: ${asked.capability} answers with a stream`);
  }
  const { output, meta } = answer.body;
  return { output: core.rules.toolsAnswer(isObject(output) ? output : {}), ...isObject(meta) ? { meta } : {} };
}

function checkScope(core: NodeCore, call: Call, capability: string, version: string, body: JsonObject): void {
  if (call.token === undefined || !core.rules.toolsChecksTargetScope) return;
  const params: Json | undefined = body.params;
  if (!core.tokens.covers(call.token, capability, version, isObject(params) ? params : {})) {
    throw new NodeError("token_scope_insufficient", `Cannot call the tool: the token does not cover ${capability}`);
  }
}
