/** Streams of llm.chat: their form, their terminal frame, their bounds. CONTRACT §4.1, §5.3. */

import {
  describe,
  first,
  hasMediaType,
  holds,
  isInteger,
  isRecord,
  isString,
  isText,
  meta,
  of,
  oneOf,
  shown,
  status,
  succeeded,
} from "../../../src/check/mod.ts";
import { isObject, type Json } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import {
  ask,
  callWhole,
  chat,
  complete,
  COUNT,
  FEW,
  frameNames,
  type Generated,
  generated,
  isToken,
  LONG_GENERATION_CASE_MS,
  LONG_GENERATION_MS,
  STORY,
  streamed,
  tokensOut,
} from "./helpers.ts";

/** Tokens of a text that is likely to hold line breaks. */
const SEVERAL_LINES = 48;
/** A bound that a short answer does not reach (LLM-006). */
const UP_TO_THE_END = 80;
/** A bound that is easily passed (LLM-018). */
const SMALL_BOUND = 8;
/** Tokens that show that an answer would have gone on (LLM-019). */
const LONGER = 16;
/** Tokens without max_tokens (LLM-020). */
const CHAT_DEFAULT = 1024;
const STOP_REASONS = ["end", "max_tokens", "stop_sequence", "cancelled"];

/** A chat as a finished stream; anything else is a violation. */
async function stream(context: CaseContext, text: string, maxTokens: number): Promise<Generated> {
  const input = ask(text, { max_tokens: maxTokens, stream: true });
  return context.must.get(generated(await streamed(context, chat(context), input)));
}

/** `stop_reason` of an answer is one of the four. */
function knownReason(answer: HttpAnswer, reason: Json | undefined) {
  return of(answer, oneOf(reason, STOP_REASONS, "stop_reason"));
}

export const streamCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/llm/chat-streams-by-default",
    requirement: "LLM-001",
    brokenBy: ["chat-whole-by-default"],
    effects: "none",
    async run(context) {
      const { answer } = await streamed(context, chat(context), ask("Say hello.", { max_tokens: FEW }));
      context.must.all(status(answer, 200), hasMediaType(answer, "text/event-stream"));
    },
  }),
  defineCase({
    id: "core/llm/token-frames-carry-text",
    requirement: "LLM-002",
    brokenBy: ["tokens-as-content"],
    effects: "none",
    async run(context) {
      const { answer, frames } = await stream(context, "Say hello.", FEW);
      const tokens = frames.filter(isToken);
      context.must(of(answer, holds(tokens.length > 0, "at least one frame named token", frameNames(frames))));
      for (const { json } of tokens) {
        const { text, logprob }: { text?: Json; logprob?: Json } = isObject(json) ? json : {};
        const sound = logprob === undefined || logprob === null || typeof logprob === "number";
        context.must.all(
          of(answer, isString(text, "text of a token frame")),
          of(answer, holds(sound, "a number or null as logprob", logprob)),
        );
      }
      if (tokens.some(({ event }) => event === "token_delta")) context.note("tokens travel as token_delta");
    },
  }),
  defineCase({
    id: "core/llm/frames-are-one-line-of-json",
    requirement: "LLM-003",
    brokenBy: ["newlines-raw-in-data"],
    effects: "none",
    async run(context) {
      const input = ask("Write a long poem of many lines.", { max_tokens: SEVERAL_LINES, stream: true });
      const { answer, frames } = await streamed(context, chat(context), input);
      context.must(of(answer, holds(frames.length > 0, "an event stream", describe(answer))));
      for (const [i, { dataLines, json, data }] of frames.entries()) {
        const sound = dataLines.length === 1 && json !== undefined;
        context.must(of(answer, holds(sound, `one data line with JSON in frame ${i}`, data)));
      }
      const broken = frames.some(({ json }) => isObject(json) && String(json.text).includes("\n"));
      if (!broken) context.note("the text had no line break");
    },
  }),
  defineCase({
    id: "core/llm/done-members",
    requirement: "LLM-005",
    brokenBy: ["done-is-empty"],
    effects: "none",
    async run(context) {
      const { answer, done } = await stream(context, "Say hello.", FEW);
      context.must(of(
        answer,
        first(
          isInteger(done.tokens_out, "tokens_out of done", 0),
          isText(done.stop_reason, "stop_reason of done"),
          isInteger(done.ms, "ms of done", 0),
        ),
      ));
    },
  }),
  defineCase({
    id: "core/llm/stop-reasons-are-known",
    requirement: "LLM-006",
    brokenBy: ["stop-reason-of-backend"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const generators = [chat(context), ...target.advertised("llm.complete") === undefined ? [] : [complete(context)]];
      for (const generator of generators) {
        const input = (text: string) => generator.name === "llm.chat" ? ask(text) : { prompt: text };
        const cut = { ...input(STORY), max_tokens: FEW, stream: true };
        const { answer, done } = must.get(generated(await streamed(context, generator, cut)));
        must(knownReason(answer, done.stop_reason));
        const whole = await callWhole(context, generator, { ...input("Say hello."), max_tokens: UP_TO_THE_END });
        must.all(succeeded(whole), knownReason(whole, meta(whole).stop_reason));
      }
    },
  }),
  defineCase({
    id: "core/llm/max-tokens-bounds-the-answer",
    requirement: "LLM-018",
    brokenBy: ["max-tokens-ignored"],
    effects: "none",
    async run(context) {
      const result = await stream(context, COUNT, SMALL_BOUND);
      const count = context.must.get(tokensOut(result));
      context.must(of(result.answer, isInteger(count, "tokens_out", 0, SMALL_BOUND)));
    },
  }),
  defineCase({
    id: "core/llm/cut-answers-say-max-tokens",
    requirement: "LLM-019",
    brokenBy: ["cut-answers-say-end"],
    effects: "none",
    async run(context) {
      const cut = await stream(context, COUNT, 1);
      const longer = await stream(context, COUNT, LONGER);
      const [one, more] = [cut, longer].map(({ done }) => Number(done.tokens_out));
      if (one !== 1 || more === undefined || !(more > 1)) {
        return context.inconclusive(`tokens_out was ${shown(one)} with max_tokens 1 and ${shown(more)} with ${LONGER}`);
      }
      context.must(of(cut.answer, oneOf(cut.done.stop_reason, ["max_tokens"], "stop_reason of the cut answer")));
    },
  }),
  defineCase({
    id: "core/llm/chat-default-bound",
    waitsMs: 4_500,
    longestMs: LONG_GENERATION_CASE_MS,
    requirement: "LLM-020",
    brokenBy: ["chat-fills-the-context"],
    effects: "none",
    async run(context) {
      let tokens = 0;
      // Every token frame is at least one token: more frames than that need no terminal frame.
      const enough = (frame: { event: string }) => isToken(frame) && ++tokens > CHAT_DEFAULT;
      const course = await streamed(context, chat(context), ask(STORY, { stream: true }), {
        enough,
        deadlineMs: LONG_GENERATION_MS,
      });
      context.must(
        of(course.answer, holds(tokens <= CHAT_DEFAULT, `at most ${CHAT_DEFAULT} token frames`, `${tokens} and more`)),
      );
      const result = context.must.get(generated(course));
      const count = context.must.get(tokensOut(result));
      context.must(of(result.answer, isInteger(count, "tokens_out", 0, CHAT_DEFAULT)));
    },
  }),
  defineCase({
    id: "core/llm/tokens-out-fits-the-stream",
    requirement: "LLM-026",
    brokenBy: ["tokens-out-always-zero"],
    effects: "none",
    async run(context) {
      const result = await stream(context, "Say hello.", FEW);
      const { answer, done, frames } = result;
      context.must(of(answer, isRecord(frames.at(-1)?.json, "data of done")));
      const count = context.must.get(tokensOut(result));
      const sent = frames.filter(isToken).length;
      context.must(of(answer, holds(count > 0 || sent === 0, `a positive tokens_out after ${sent} tokens`, done)));
    },
  }),
];
