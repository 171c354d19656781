/** Faults of the reference node: llm.chat 2.0 and llm.tools.call. */

import { faults } from "../fault.ts";
import { llmRules } from "../rules/llm.ts";

export const llmToolFaults = faults({
  "tool-arguments-as-text": {
    breaks: ["LLM-046"],
    rules: { llmToolCallData: (data) => ({ ...data, arguments: JSON.stringify(data.arguments) }) },
  },
  "last-arguments-delta-dropped": {
    breaks: ["LLM-047"],
    rules: { llmArgumentPieces: (pieces) => pieces.slice(0, -1) },
  },
  "tool-choice-none-ignored": {
    breaks: ["LLM-048"],
    rules: { llmToolChoice: (choice) => choice === "none" ? "auto" : choice },
  },
  "tool-choice-required-as-auto": {
    breaks: ["LLM-049"],
    rules: { llmToolChoice: (choice) => choice === "required" ? "auto" : choice },
  },
  "tool-role-unknown": {
    breaks: ["LLM-050"],
    rules: { llmRole: (role) => role === "tool" ? undefined : llmRules.llmRole(role) },
  },
  "tool-result-ignored": {
    breaks: ["LLM-051"],
    rules: { llmAwaitsToolResult: false },
  },
  "dangling-tool-result-used": {
    breaks: ["LLM-052"],
    rules: { llmChecksToolCallIds: false },
  },
  "surplus-tools-dropped": {
    breaks: ["LLM-053"],
    rules: { llmOverTools: "drop" },
  },
  "parts-rejected": {
    breaks: ["LLM-054"],
    rules: { llmAcceptsParts: () => false },
  },
  "unknown-image-ignored": {
    breaks: ["LLM-055"],
    rules: { llmUnresolvedImage: "ignore" },
  },
  "new-frames-for-old-callers": {
    breaks: ["LLM-056"],
    rules: {
      llmOpeningFrames: (capability, version) =>
        capability === "llm.chat" && version === "1.0"
          ? [{ event: "tool_call_delta", data: { id: "tc_0", name: "none", arguments_delta: "" } }]
          : [],
    },
  },

  "tool-answer-wrapped": {
    breaks: ["LLM-057"],
    rules: { toolsAnswer: (output) => ({ result: output }) },
  },
  "tool-refusal-wrapped": {
    breaks: ["LLM-058", "LLM-059", "LLM-060", "LLM-062"],
    rules: { toolsTargetRefusal: "wrap" },
  },
  "unknown-tool-target-is-empty": {
    breaks: ["LLM-059"],
    rules: { toolsUnknownTarget: "empty" },
  },
  "tool-path-as-the-node": {
    breaks: ["LLM-060"],
    rules: { toolsCaller: (_, node) => ({ caller: node, level: "self" }) },
  },
  "tool-scope-of-wrapper-alone": {
    breaks: ["LLM-061"],
    rules: { toolsChecksTargetScope: false },
  },
  "tool-nesting-unlimited": {
    breaks: ["LLM-062"],
    rules: { toolsMaxNesting: Infinity },
  },
});
