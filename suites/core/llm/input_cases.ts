/** What llm.chat takes and what it refuses: messages, roles, bounds, context, callers. CONTRACT §3.2, §4.1; M04 §3.6, §5. */

import { describe, errorCode, holds, of, refusedWith, succeeded } from "../../../src/check/mod.ts";
import type { Json, JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import {
  ask,
  callWhole,
  chat,
  complete,
  FEW,
  paramsOf,
  type Refusal,
  refusal,
  refusedAs,
  refusedAsBadInput,
} from "./helpers.ts";

/** Characters per context token that no tokenizer of today packs into one (LLM-031). */
const CHARACTERS_PER_TOKEN = 8;
/** Largest context that is overfilled (LLM-031). */
const MAX_CTX = 65_536;
const BAD_INPUT = ["bad_request", "schema_mismatch"];
/** Filler of a prompt that is too long. */
const FILLER = "the quiet village keeps its hearth through the winter ";

const message = (role: string, content: Json): JsonObject => ({ role, content });
const user = message("user", "Say hello.");
const assistant = message("assistant", "Hello.");
const system = message("system", "You are brief.");

/** A chat with these messages that ought to be refused. */
function refusedMessages(context: CaseContext, messages: Json): Promise<Refusal> {
  return refusal(context, chat(context), { messages, max_tokens: FEW });
}

/** The advertised context; ends the case where there is none. */
function contextTokens(context: CaseContext): number {
  const { ctx } = paramsOf(chat(context).entry);
  return Number.isSafeInteger(ctx) ? Number(ctx) : context.skip("the llm.chat entry states no context");
}

export const inputCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/llm/model-is-required",
    requirement: "LLM-011",
    brokenBy: ["any-model-without-name"],
    effects: "none",
    async run(context) {
      const refused = await refusal(context, chat(context), ask("Say hello.", { max_tokens: FEW }), { params: {} });
      context.must(refusedAs(refused, ...BAD_INPUT, "not_found"));
    },
  }),
  defineCase({
    id: "core/llm/empty-messages-are-refused",
    requirement: "LLM-012",
    brokenBy: ["empty-messages-answered"],
    effects: "none",
    async run(context) {
      context.must(refusedAsBadInput(await refusedMessages(context, [])));
    },
  }),
  defineCase({
    id: "core/llm/messages-must-be-an-array",
    requirement: "LLM-013",
    brokenBy: ["missing-messages-crash"],
    effects: "none",
    async run(context) {
      context.must.all(
        refusedAsBadInput(await refusal(context, chat(context), {})),
        refusedAsBadInput(await refusedMessages(context, "hello")),
      );
    },
  }),
  defineCase({
    id: "core/llm/a-user-message-is-required",
    requirement: "LLM-014",
    brokenBy: ["system-alone-answered"],
    effects: "none",
    async run(context) {
      context.must(refusedAsBadInput(await refusedMessages(context, [system])));
    },
  }),
  defineCase({
    id: "core/llm/malformed-messages-are-refused",
    requirement: "LLM-015",
    brokenBy: ["unknown-roles-are-users", "content-of-any-type"],
    effects: "none",
    async run(context) {
      const malformed: JsonObject[] = [
        message("wizard", "Say hello."),
        { content: "Say hello." },
        { role: "user" },
        message("user", 5),
      ];
      for (const one of malformed) {
        context.must(refusedAsBadInput(await refusedMessages(context, [user, assistant, one])));
      }
      for (const one of malformed) context.must(refusedAsBadInput(await refusedMessages(context, [one])));
    },
  }),
  defineCase({
    id: "core/llm/role-sequence-is-checked",
    requirement: "LLM-016",
    brokenBy: ["role-order-ignored"],
    effects: "none",
    async run(context) {
      let accepted = 0;
      for (const messages of [[assistant, assistant, user], [user, assistant, system, user]]) {
        const answer = await callWhole(context, chat(context), { messages, max_tokens: FEW });
        if (answer.status === 200) {
          accepted++;
          context.note(`the roles ${messages.map(({ role }) => role).join(", ")} are accepted`);
        } else context.must(refusedWith(answer, ...BAD_INPUT));
      }
      context.must.hold(accepted < 2, "a refusal of at least one wrong sequence of roles", "both are answered");
    },
  }),
  defineCase({
    id: "core/llm/history-is-accepted",
    requirement: "LLM-017",
    brokenBy: ["one-message-only"],
    effects: "none",
    async run(context) {
      const messages = [system, user, assistant, message("user", "And good night.")];
      context.must(succeeded(await callWhole(context, chat(context), { messages, max_tokens: FEW })));
    },
  }),
  defineCase({
    id: "core/llm/max-tokens-must-be-a-count",
    requirement: "LLM-021",
    brokenBy: ["negative-max-tokens-unlimited"],
    effects: "none",
    async run(context) {
      for (const max_tokens of [0, -5, "10"]) {
        context.should(refusedAsBadInput(await refusal(context, chat(context), ask("Say hello.", { max_tokens }))));
      }
    },
  }),
  defineCase({
    id: "core/llm/context-is-checked",
    requirement: "LLM-030",
    brokenBy: ["ctx-ignored"],
    effects: "none",
    async run(context) {
      const generator = chat(context);
      const ctx = contextTokens(context);
      const input = ask("Say hello.", { max_tokens: FEW });
      const refused = await refusal(context, generator, input, { params: { ...generator.params, ctx: ctx + 1 } });
      context.must(refusedAs(refused, "not_found", ...BAD_INPUT));
      context.must(succeeded(await callWhole(context, generator, input, { params: { ...generator.params, ctx } })));
    },
  }),
  defineCase({
    id: "core/llm/overlong-prompt-is-refused",
    requirement: "LLM-031",
    brokenBy: ["overlong-prompt-cut"],
    effects: "none",
    async run(context) {
      const ctx = contextTokens(context);
      if (ctx > MAX_CTX) return context.skip(`the context of ${ctx} tokens is above ${MAX_CTX}`);
      const text = FILLER.repeat(Math.ceil(ctx * CHARACTERS_PER_TOKEN / FILLER.length));
      const refused = await refusal(context, chat(context), ask(text, { max_tokens: FEW }));
      context.must(refusedAsBadInput(refused));
      if (!/\d|size|long|large|context|token|exceed/i.test(refused.message ?? refused.text)) {
        context.note("the message does not mention the size");
      }
    },
  }),
  defineCase({
    id: "core/llm/outsiders-are-unauthorized",
    requirement: "LLM-032",
    brokenBy: ["chat-open-to-strangers", "complete-open-to-strangers"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const actor = actors.stranger();
      const calls = [{ generator: chat(context), input: ask("Say hello.") }];
      if (target.advertised("llm.complete") !== undefined) {
        calls.push({ generator: complete(context), input: { prompt: "Once upon a time" } });
      }
      for (const { generator, input } of calls) {
        const refused = await refusal(context, generator, { ...input, max_tokens: FEW }, { actor });
        must(refusedAs(refused, "unauthorized"));
        must.hold(!refused.inFrame, "status 401 before any frame", refused.text, refused.exchange);
      }
    },
  }),
  defineCase({
    id: "core/llm/optional-inputs-are-accepted",
    requirement: "LLM-063",
    brokenBy: ["tools-field-rejected"],
    effects: "none",
    async run(context) {
      const optional = { temperature: 0.7, top_p: 0.95, stop: [], tools: [], tool_choice: "auto" };
      const answer = await callWhole(context, chat(context), ask("Say hello.", { max_tokens: FEW, ...optional }));
      const observed = `${errorCode(answer) ?? ""} ${describe(answer)}`.trim();
      context.must(of(answer, holds(answer.status === 200, "status 200 with every optional input", observed)));
    },
  }),
];
