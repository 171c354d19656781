/** Numbers and decisions of the reference node: text generation and tools. Each names the source it follows. */

import type { JsonObject, Random } from "../../protocol/mod.ts";
import type { CapabilityDescriptor, Frame, Trust } from "../core.ts";

/** How a generation ended, before it is reported. */
export type StopReason = "end" | "max_tokens" | "stop_sequence" | "cancelled";

export interface LlmRules {
  /** Last word on what is registered: models, trust, streaming, slots, deadline. LLM-001, LLM-032, LLM-034, LLM-038. */
  readonly llmDescriptor: (descriptor: CapabilityDescriptor) => CapabilityDescriptor;
  /** Context of every model, in tokens. LLM-030, LLM-031. */
  readonly llmContextTokens: number;
  /** Parallel generations. LLM-034. */
  readonly llmMaxConcurrent: number;
  /** Milliseconds until a generation is `timeout`. GLOSSARY Defaults; LLM-037. */
  readonly llmDeadlineMs: number;

  /** Model that serves a requested one, undefined refuses. LLM-010, LLM-039. */
  readonly llmModel: (requested: string, offered: readonly string[]) => string | undefined;
  /** Error code of a model that is not offered. LLM-010. */
  readonly llmUnknownModelCode: string;
  /** Model when params.model is missing, undefined refuses. LLM-011. */
  readonly llmModelWithoutName: string | undefined;
  /** `meta.model`. LLM-009. */
  readonly llmMetaModel: (requested: string) => string;
  /** Whether params.ctx must fit the context. LLM-030. */
  readonly llmChecksContext: boolean;
  /** A prompt longer than the context. LLM-031. */
  readonly llmLongPrompt: "refuse" | "truncate";

  /** Error code of missing or malformed messages. LLM-013. */
  readonly llmMalformedCode: string;
  /** Whether messages may be empty. LLM-012. */
  readonly llmAllowsNoMessages: boolean;
  /** Whether a message of role user is needed. LLM-014. */
  readonly llmNeedsUser: boolean;
  /** The role a message counts as, undefined refuses. LLM-015, LLM-050. */
  readonly llmRole: (role: unknown) => string | undefined;
  /** Whether content must be a string or parts. LLM-015. */
  readonly llmChecksContent: boolean;
  /** What is wrong with a sequence of roles; undefined: nothing. LLM-016, LLM-017, LLM-050. */
  readonly llmRoleOrder: (roles: readonly string[]) => string | undefined;
  /** Whether content may be an array of parts, for a requested version. LLM-054. */
  readonly llmAcceptsParts: (version: string) => boolean;
  /** An image part that does not resolve. LLM-055. */
  readonly llmUnresolvedImage: "refuse" | "ignore";
  /** Whether a tool message must answer a call of the history. LLM-052. */
  readonly llmChecksToolCallIds: boolean;
  /** Whether a prompt that is no string is completed as empty text. LLM-040. */
  readonly llmCompletesNothing: boolean;

  /** Tokens when max_tokens is absent. LLM-020, LLM-043. */
  readonly llmDefaultMaxTokens: (capability: string) => number;
  /** Whether a given max_tokens is a count. LLM-021. */
  readonly llmMaxTokensAccepted: (value: unknown) => boolean;
  /** Bound of a generation, given the asked one and the room in the context. LLM-018, LLM-021. */
  readonly llmTokenBound: (asked: number, room: number) => number;
  /** Stop sequences honoured. LLM-022, LLM-044. */
  readonly llmStops: (stops: readonly string[], capability: string) => readonly string[];
  /** Whether stop sequences are looked for in the running text or in single tokens. LLM-023. */
  readonly llmStopScan: "text" | "token";
  /** Seed that reaches the model; no seed and null are 0, so that every answer can be repeated. LLM-024. */
  readonly llmSeed: (seed: number | undefined, random: Random) => number;
  /** Whether seed may be null. LLM-045. */
  readonly llmAcceptsNullSeed: boolean;
  /** Whether an optional input member is allowed at all. LLM-063. */
  readonly llmAcceptsInput: (name: string) => boolean;
  /** Where errors of the input of a stream go: the status, or an `error` frame (core-llm conflicts). */
  readonly llmInputErrors: "status" | "frame";
  /** Pace of generated tokens in milliseconds, given the configured one and the calls that run. LLM-034. */
  readonly llmTokenDelayMs: (configured: number, running: () => number) => number;

  /** Text of a token frame, for streamed answers. LLM-025. */
  readonly llmTokenText: (text: string) => string;
  /** Frames ahead of the text, for a requested version. LLM-041, LLM-056. */
  readonly llmOpeningFrames: (capability: string, version: string) => readonly Frame[];
  /** Reported stop_reason. LLM-006, LLM-019, LLM-029. */
  readonly llmStopReason: (reason: StopReason) => string;
  /** Reported tokens_out. LLM-026. */
  readonly llmTokensOut: (count: number) => number;
  /** `meta` of a whole answer. LLM-008. */
  readonly llmMeta: (meta: JsonObject) => JsonObject;
  /** `output` of a whole answer. LLM-007, LLM-042. */
  readonly llmOutput: (output: JsonObject, capability: string) => JsonObject;
  /** What an abort does to a running generation. LLM-027, LLM-028. */
  readonly llmOnCancel: "stop" | "continue";
  /** Error code when the backend breaks in the middle, undefined: `done`. LLM-036. */
  readonly llmBackendFailureCode: string | undefined;
  /** Error code when there is no backend. LLM-039; M04 §5. */
  readonly llmBackendAbsentCode: string;

  /** The tool choice that is followed. LLM-048, LLM-049. */
  readonly llmToolChoice: (choice: string) => string;
  /** Tools per call. LLM-053; CONTRACT2 §6.3. */
  readonly llmMaxTools: number;
  /** More tools than that. LLM-053. */
  readonly llmOverTools: "refuse" | "drop";
  /** Pieces of the arguments in `tool_call_delta` frames. LLM-047. */
  readonly llmArgumentPieces: (pieces: readonly string[]) => readonly string[];
  /** Data of a `tool_call` frame. LLM-046. */
  readonly llmToolCallData: (data: JsonObject) => JsonObject;
  /** Whether a stream on a WebSocket waits for the result of its tool call. LLM-051. */
  readonly llmAwaitsToolResult: boolean;

  /** Answer of llm.tools.call, given the target's. LLM-057. */
  readonly toolsAnswer: (output: JsonObject) => JsonObject;
  /** A refusal of the target. LLM-058. */
  readonly toolsTargetRefusal: "raise" | "wrap";
  /** A target nobody offers. LLM-059. */
  readonly toolsUnknownTarget: "raise" | "empty";
  /** In whose name the target is called. LLM-060. */
  readonly toolsCaller: (
    caller: { readonly caller: string; readonly level: Trust },
    node: string,
  ) => { readonly caller: string; readonly level: Trust };
  /** Whether a token must cover the target too. LLM-061. */
  readonly toolsChecksTargetScope: boolean;
  /** Nesting of llm.tools.call in itself. LLM-062; M21 §4.7. */
  readonly toolsMaxNesting: number;
}

const ROLES: readonly unknown[] = ["system", "user", "assistant", "tool"];
const CHAT_MAX_TOKENS = 1024;
const COMPLETE_MAX_TOKENS = 256;

/**
 * Leading system messages, then user and assistant in turn, `tool` only after an assistant message or another tool
 * message (wire-format-experimental.md section 3). Whether the assistant really called a tool is a matter of ids.
 */
export function roleProblem(roles: readonly string[]): string | undefined {
  let before: string | undefined;
  for (const [i, role] of roles.entries()) {
    const allowed = role === "system"
      ? before === undefined || before === "system"
      : role === "user"
      ? before !== "user" && before !== "tool"
      : role === "assistant"
      ? before === "user" || before === "tool"
      : before === "assistant" || before === "tool";
    if (!allowed) return `role ${role} at ${i} follows ${before ?? "nothing"}`;
    before = role;
  }
  return undefined;
}

export const llmRules: LlmRules = {
  llmDescriptor: (descriptor) => descriptor,
  llmContextTokens: 4096,
  llmMaxConcurrent: 8,
  llmDeadlineMs: 120_000,

  llmModel: (requested, offered) => offered.find((model) => model === requested),
  llmUnknownModelCode: "not_found",
  llmModelWithoutName: undefined,
  llmMetaModel: (requested) => requested,
  llmChecksContext: true,
  llmLongPrompt: "refuse",

  llmMalformedCode: "bad_request",
  llmAllowsNoMessages: false,
  llmNeedsUser: true,
  llmRole: (role) => ROLES.includes(role) ? role as string : undefined,
  llmChecksContent: true,
  llmRoleOrder: roleProblem,
  llmAcceptsParts: (version) => version.startsWith("2."),
  llmUnresolvedImage: "refuse",
  llmChecksToolCallIds: true,
  llmCompletesNothing: false,

  llmDefaultMaxTokens: (capability) => capability === "llm.complete" ? COMPLETE_MAX_TOKENS : CHAT_MAX_TOKENS,
  llmMaxTokensAccepted: (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 1,
  llmTokenBound: (asked, room) => Math.min(asked, room),
  llmStops: (stops) => stops,
  llmStopScan: "text",
  llmSeed: (seed) => seed ?? 0,
  llmAcceptsNullSeed: true,
  llmAcceptsInput: () => true,
  llmInputErrors: "status",
  llmTokenDelayMs: (configured) => configured,

  llmTokenText: (text) => text,
  llmOpeningFrames: () => [],
  llmStopReason: (reason) => reason,
  llmTokensOut: (count) => count,
  llmMeta: (meta) => meta,
  llmOutput: (output) => output,
  llmOnCancel: "stop",
  llmBackendFailureCode: "internal_error",
  llmBackendAbsentCode: "not_implemented",

  llmToolChoice: (choice) => choice,
  llmMaxTools: 16,
  llmOverTools: "refuse",
  llmArgumentPieces: (pieces) => pieces,
  llmToolCallData: (data) => data,
  llmAwaitsToolResult: true,

  toolsAnswer: (output) => output,
  toolsTargetRefusal: "raise",
  toolsUnknownTarget: "raise",
  toolsCaller: (caller) => caller,
  toolsChecksTargetScope: true,
  toolsMaxNesting: 6,
};
