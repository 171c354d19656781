/** Sound variants of the reference node: llm. */

import { type OutboundFrame, variants } from "../fault.ts";
import { roleProblem } from "../rules/llm.ts";

/** `token_delta` with a logprob, and a cancel that ends in an `error` frame. */
function otherFrames(frame: OutboundFrame): readonly OutboundFrame[] {
  if (frame.capability !== "llm.chat") return [frame];
  if (frame.event === "token") {
    return [{ ...frame, event: "token_delta", data: { ...frame.data, logprob: null } }];
  }
  if (frame.event !== "done" || frame.data.stop_reason !== "cancelled") return [frame];
  return [{ ...frame, event: "error", data: { code: "timeout", message: "Cannot go on: the caller cancelled" } }];
}

export const llmVariants = variants({
  "llm-other-frames": {
    reading: "text in token_delta frames (CONTRACT3 §4.1), tool calls without deltas (M21 §3.3 read as optional), a " +
      "cancelled stream ends with error (X06 §4.2), error frames name their code `code`",
    rules: { llmArgumentPieces: () => [] },
    frame: otherFrames,
  },
  "llm-other-codes": {
    reading: "unknown models are not_implemented (CONTRACT §4.1), bad shapes schema_mismatch (M03), a system message " +
      "may stand anywhere (core-llm, role sequence)",
    rules: {
      llmUnknownModelCode: "not_implemented",
      llmMalformedCode: "schema_mismatch",
      llmRoleOrder: (roles) => roleProblem(roles.filter((role) => role !== "system")),
    },
  },
  "llm-input-errors-in-frames": {
    reading: "a streaming call is accepted before its input is read, so that errors of the input are error frames " +
      "(CONTRACT §5.5, last rule)",
    rules: { llmInputErrors: "frame" },
  },
});
