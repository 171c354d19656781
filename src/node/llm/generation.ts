/** Running a generation: pace, bound, stop sequences, cancellation, a backend that breaks. CONTRACT §4.1; M04 §5. */

import { type Call, type NodeCore, NodeError } from "../core.ts";
import type { StopReason } from "../rules/llm.ts";
import { untilAborted } from "../capabilities/inbox.ts";
import { BACKEND, generate } from "./model.ts";
import type { GenerationRequest } from "./request.ts";
import { StopScanner } from "./stops.ts";

/** How a generation ended. */
export interface Ended {
  readonly reason: StopReason;
  readonly tokens: number;
}

/** Tokens a broken backend still delivers. */
const TOKENS_BEFORE_FAILURE = 3;
/** Without a pace, tokens after which other work gets its turn. */
const TOKENS_PER_TURN = 16;

/** @throws {NodeError} If there is no backend at all. */
export function checkBackend(core: NodeCore): void {
  if (core.options.backendFault === "absent") {
    throw new NodeError(core.rules.llmBackendAbsentCode, "Cannot generate: no backend is installed");
  }
}

/**
 * Yields the text in pieces of at least one token.
 *
 * @throws {NodeError} If the backend breaks or the deadline passes. Any other abort ends it as `cancelled`.
 */
export async function* run(
  core: NodeCore,
  call: Call,
  request: GenerationRequest,
): AsyncGenerator<string, Ended, void> {
  const { rules, metrics } = core;
  const scanner = new StopScanner(request.stops, rules.llmStopScan);
  const deadline = core.clock.mono() + rules.llmDeadlineMs;
  let tokens = 0;
  let reason: StopReason = "end";
  try {
    for (const token of generate(request.model, request.prompt, request.seed, request.temperature)) {
      if (tokens >= request.maxTokens) {
        reason = "max_tokens";
        break;
      }
      await pace(core, call, tokens);
      if (core.clock.mono() > deadline) throw new NodeError("timeout", "Cannot finish generating: the deadline passed");
      if (core.options.backendFault === "fail" && tokens === TOKENS_BEFORE_FAILURE) {
        if (rules.llmBackendFailureCode === undefined) break;
        throw new NodeError(rules.llmBackendFailureCode, "Cannot go on generating: the backend failed");
      }
      const { text, stopped } = scanner.push(token);
      if (!stopped || text !== "") tokens++;
      if (text !== "") yield text;
      if (stopped) {
        reason = "stop_sequence";
        break;
      }
    }
    const rest = scanner.rest();
    if (rest !== "") yield rest;
  } catch (error) {
    if (!call.signal.aborted || error instanceof NodeError) throw error;
    if (isTimeout(call.signal.reason)) throw new NodeError("timeout", "Cannot finish generating: the deadline passed");
    reason = "cancelled";
  } finally {
    metrics.count("hearthnet_llm_tokens_generated_total", { model: request.model, backend: BACKEND }, tokens);
  }
  return { reason, tokens };
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === "TimeoutError";
}

/** Waits for the time of the next token; rejects when the call is aborted. */
async function pace(core: NodeCore, call: Call, tokens: number): Promise<void> {
  const signal = core.rules.llmOnCancel === "stop" ? call.signal : core.stopping;
  signal.throwIfAborted();
  if (core.options.backendFault === "hang") return await untilAborted(signal);
  const tokenDelayMs = core.rules.llmTokenDelayMs(core.options.tokenDelayMs, () => core.bus.inFlight());
  if (tokenDelayMs > 0 || tokens % TOKENS_PER_TURN === TOKENS_PER_TURN - 1) {
    await core.clock.sleep(tokenDelayMs, signal);
  }
}
