/** Faults of the reference node: what generations accept. */

import type { CapabilityDescriptor } from "../core.ts";
import { faults } from "../fault.ts";
import { MODELS } from "../llm/model.ts";
import { llmRules } from "../rules/llm.ts";
import { asksFor } from "./files_read.ts";

/** Lowers the level that a generation asks for. */
const openTo = (name: string) => (descriptor: CapabilityDescriptor) => asksFor(name, "unknown")(descriptor);

export const llmInputFaults = faults({
  "any-model-without-name": {
    breaks: ["LLM-011"],
    rules: { llmModelWithoutName: MODELS[0] },
  },
  "empty-messages-answered": {
    breaks: ["LLM-012"],
    rules: { llmAllowsNoMessages: true },
  },
  "missing-messages-crash": {
    breaks: ["LLM-013"],
    rules: { llmMalformedCode: "internal_error" },
  },
  "system-alone-answered": {
    breaks: ["LLM-014"],
    rules: { llmNeedsUser: false },
  },
  "unknown-roles-are-users": {
    breaks: ["LLM-015"],
    rules: { llmRole: (role) => llmRules.llmRole(role) ?? "user" },
  },
  "content-of-any-type": {
    breaks: ["LLM-015"],
    rules: { llmChecksContent: false },
  },
  "role-order-ignored": {
    breaks: ["LLM-016"],
    rules: { llmRoleOrder: () => undefined },
  },
  "one-message-only": {
    breaks: ["LLM-017", "LLM-050"],
    rules: { llmRoleOrder: (roles) => roles.length > 1 ? "more than one message" : undefined },
  },
  "negative-max-tokens-unlimited": {
    breaks: ["LLM-021"],
    rules: {
      llmMaxTokensAccepted: (value) => llmRules.llmMaxTokensAccepted(value) || Number(value) < 0,
      llmTokenBound: (asked, room) => asked < 0 ? room : llmRules.llmTokenBound(asked, room),
    },
  },
  "ctx-ignored": {
    breaks: ["LLM-030"],
    rules: { llmChecksContext: false },
  },
  "overlong-prompt-cut": {
    breaks: ["LLM-031"],
    rules: { llmLongPrompt: "truncate" },
  },
  "chat-open-to-strangers": {
    breaks: ["LLM-032"],
    rules: { llmDescriptor: openTo("llm.chat") },
  },
  "complete-open-to-strangers": {
    breaks: ["LLM-032"],
    rules: { llmDescriptor: openTo("llm.complete") },
  },
  "missing-prompt-completed": {
    breaks: ["LLM-040"],
    rules: { llmCompletesNothing: true },
  },
  "null-seed-rejected": {
    breaks: ["LLM-045"],
    rules: { llmAcceptsNullSeed: false },
  },
  "tools-field-rejected": {
    breaks: ["LLM-063", "LLM-046", "LLM-047", "LLM-048", "LLM-049", "LLM-050"],
    rules: { llmAcceptsInput: (name) => name !== "tools" },
  },
});
