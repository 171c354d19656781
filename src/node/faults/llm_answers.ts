/** Faults of the reference node: what generations answer, where they end, how many run side by side. */

import { isObject, type JsonObject } from "../../protocol/mod.ts";
import type { CapabilityDescriptor } from "../core.ts";
import { faults, type OutboundAnswer, type OutboundFrame } from "../fault.ts";
import { MODELS } from "../llm/model.ts";
import { llmRules } from "../rules/llm.ts";

const GENERATING: readonly (string | undefined)[] = ["llm.chat", "llm.complete"];
/** A deadline nobody waits for, in milliseconds. */
const HOUR_MS = 3_600_000;
/** Slots of a node that does not count them. */
const NO_LIMIT = 10_000;
/** Pace of tokens where too many generations run, in milliseconds. */
const STALLED_MS = 60_000;
const MS_PER_SECOND = 1000;
/** Tokens of every answer of a node that does not read max_tokens. */
const HOUSE_BOUND = 256;
/** Seeds a backend draws from by itself. */
const SEEDS = 2 ** 31;

const [PRIMARY = ""] = MODELS;

/** Changes the descriptors of one capability. */
const descriptorOf = (name: string, change: Partial<CapabilityDescriptor>) => (descriptor: CapabilityDescriptor) =>
  descriptor.name === name ? { ...descriptor, ...change } : descriptor;

/** Changes the params that the llm.chat entries advertise. */
const chatParams = (change: (params: JsonObject) => JsonObject) => (descriptor: CapabilityDescriptor) =>
  descriptor.name === "llm.chat" ? { ...descriptor, params: change(descriptor.params) } : descriptor;

/** Changes the frames of generations with one name. */
const frames = (event: string, change: (frame: OutboundFrame) => readonly OutboundFrame[]) => (frame: OutboundFrame) =>
  GENERATING.includes(frame.capability) && frame.event === event ? change(frame) : [frame];

function pauseInSeconds(answer: OutboundAnswer): OutboundAnswer {
  const { body, capability } = answer;
  if (!GENERATING.includes(capability) || !isObject(body) || typeof body.retry_after_ms !== "number") return answer;
  const { retry_after_ms: pause, ...rest } = body;
  return { ...answer, body: { ...rest, retry_after: pause / MS_PER_SECOND } };
}

export const llmAnswerFaults = faults({
  "chat-whole-by-default": {
    breaks: ["LLM-001", "BUS-038"],
    rules: { llmDescriptor: descriptorOf("llm.chat", { streaming: { default: false } }) },
  },
  "tokens-as-content": {
    breaks: ["LLM-002", "LLM-025"],
    frame: frames("token", (frame) => [{ ...frame, data: { content: frame.data.text ?? "" } }]),
  },
  "newlines-raw-in-data": {
    breaks: ["LLM-003"],
    frame: frames("token", (frame) => {
      if (frame.channel !== "sse") return [frame];
      const data = JSON.stringify(frame.data).replaceAll("\\n", "\n");
      return [{ ...frame, raw: `event: token\ndata: ${data}\n\n` }];
    }),
  },
  "done-is-empty": {
    breaks: [
      "LLM-005",
      "LLM-006",
      "LLM-018",
      "LLM-020",
      "LLM-022",
      "LLM-023",
      "LLM-026",
      "LLM-029",
      "LLM-043",
      "LLM-044",
    ],
    frame: frames("done", (frame) => [{ ...frame, data: {} }]),
  },
  "stop-reason-of-backend": {
    breaks: ["LLM-006", "LLM-019"],
    rules: {
      llmStopReason: (reason) => reason === "max_tokens" ? "length" : reason === "end" ? "stop" : reason,
    },
  },
  "chat-always-streams": {
    breaks: ["LLM-007", "LLM-006", "LLM-008", "LLM-009", "LLM-025", "LLM-039"],
    rules: { llmDescriptor: descriptorOf("llm.chat", { streaming: "always" }) },
  },
  "meta-without-tokens-in": {
    breaks: ["LLM-008", "LLM-042"],
    rules: { llmMeta: ({ tokens_in: _, ...meta }) => meta },
  },
  "tokens-in-always-zero": {
    breaks: ["LLM-008"],
    rules: { llmMeta: (meta) => ({ ...meta, tokens_in: 0 }) },
  },
  "primary-model-for-all": {
    breaks: ["LLM-009"],
    rules: {
      llmModel: (requested, offered) => offered.includes(requested) ? PRIMARY : undefined,
      llmMetaModel: () => PRIMARY,
    },
  },
  "unknown-model-falls-back": {
    breaks: ["LLM-010"],
    rules: { llmModel: (requested, offered) => llmRules.llmModel(requested, offered) ?? PRIMARY },
  },
  "models-without-primary": {
    breaks: ["LLM-038", "BUS-010"],
    rules: { llmDescriptor: chatParams(({ model: _, ...params }) => params) },
  },
  "models-lack-primary": {
    breaks: ["LLM-038", "BUS-010"],
    rules: { llmDescriptor: chatParams((params) => ({ ...params, models: MODELS.slice(1) })) },
  },
  "models-as-text": {
    breaks: ["LLM-038", "BUS-010"],
    rules: { llmDescriptor: chatParams((params) => ({ ...params, models: MODELS.join(",") })) },
  },
  "second-model-not-installed": {
    breaks: ["LLM-039"],
    rules: { llmModel: (requested) => requested === PRIMARY ? PRIMARY : undefined },
  },

  "max-tokens-ignored": {
    breaks: ["LLM-018", "BUS-038"],
    rules: { llmTokenBound: (_, room) => Math.min(HOUSE_BOUND, room) },
  },
  "cut-answers-say-end": {
    breaks: ["LLM-019"],
    rules: { llmStopReason: (reason) => reason === "max_tokens" ? "end" : reason },
  },
  "chat-fills-the-context": {
    breaks: ["LLM-020"],
    rules: {
      llmDefaultMaxTokens: (capability) =>
        capability === "llm.chat" ? llmRules.llmContextTokens : llmRules.llmDefaultMaxTokens(capability),
    },
  },
  "complete-with-chat-bound": {
    breaks: ["LLM-043"],
    rules: { llmDefaultMaxTokens: () => llmRules.llmDefaultMaxTokens("llm.chat") },
  },
  "stop-ignored": {
    breaks: ["LLM-022", "LLM-023", "LLM-044"],
    rules: { llmStops: () => [] },
  },
  "complete-ignores-stop": {
    breaks: ["LLM-044"],
    rules: { llmStops: (stops, capability) => capability === "llm.chat" ? stops : [] },
  },
  "stop-compared-with-single-tokens": {
    breaks: ["LLM-023", "LLM-022"],
    rules: { llmStopScan: "token" },
  },
  "seed-dropped": {
    breaks: ["LLM-024"],
    rules: { llmSeed: (_, random) => random.below(SEEDS) },
  },
  "token-texts-trimmed": {
    breaks: ["LLM-025", "LLM-022", "LLM-023", "LLM-044"],
    rules: { llmTokenText: (text) => text.trimStart() },
  },
  "tokens-out-always-zero": {
    breaks: ["LLM-026"],
    rules: { llmTokensOut: () => 0 },
  },

  "cancel-closes-silently": {
    breaks: ["LLM-028"],
    frame: frames("done", (frame) => frame.data.stop_reason === "cancelled" ? [] : [frame]),
  },
  "cancelled-reported-as-end": {
    breaks: ["LLM-029"],
    frame: frames("done", (frame) => {
      const { stop_reason: reason } = frame.data;
      return [{ ...frame, data: { ...frame.data, ...reason === "cancelled" ? { stop_reason: "end" } : {} } }];
    }),
  },
  "broken-backend-reported-as-done": {
    breaks: ["LLM-036"],
    rules: { llmBackendFailureCode: undefined },
  },
  "generation-without-deadline": {
    breaks: ["LLM-037"],
    rules: {
      llmDescriptor: (descriptor) =>
        GENERATING.includes(descriptor.name) ? { ...descriptor, deadlineMs: HOUR_MS } : descriptor,
    },
  },
  "calls-beyond-slots-stall": {
    breaks: ["LLM-034", "BUS-037"],
    rules: {
      llmDescriptor: descriptorOf("llm.chat", { max_concurrent: NO_LIMIT }),
      advertisedEntries: (entries) =>
        entries.map((entry) =>
          entry.name === "llm.chat" ? { ...entry, max_concurrent: llmRules.llmMaxConcurrent } : entry
        ),
      llmTokenDelayMs: (configured, running) => running() > llmRules.llmMaxConcurrent ? STALLED_MS : configured,
    },
  },
  "pause-in-seconds": {
    breaks: ["LLM-035", "BUS-037"],
    outbound: pauseInSeconds,
  },

  "complete-whole-by-default": {
    breaks: ["LLM-041"],
    rules: { llmDescriptor: descriptorOf("llm.complete", { streaming: { default: false } }) },
  },
  "complete-with-tool-frames": {
    breaks: ["LLM-041"],
    rules: {
      llmOpeningFrames: (capability) =>
        capability === "llm.complete"
          ? [{ event: "tool_call_delta", data: { id: "tc_0", name: "none", arguments_delta: "" } }]
          : [],
    },
  },
  "complete-answers-message": {
    breaks: ["LLM-042"],
    rules: {
      llmOutput: (output, capability) =>
        capability === "llm.complete" ? { message: { role: "assistant", content: output.text ?? "" } } : output,
    },
  },
});
