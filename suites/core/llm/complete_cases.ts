/** llm.complete: its input, its frames, its answer. CONTRACT §4.2; M04 §3.1. */

import {
  describe,
  first,
  hasMediaType,
  holds,
  isInteger,
  isNumber,
  isString,
  isText,
  meta,
  of,
  output,
  status,
  succeeded,
} from "../../../src/check/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import {
  callWhole,
  complete,
  FEW,
  frameNames,
  generated,
  isToken,
  LONG_GENERATION_CASE_MS,
  LONG_GENERATION_MS,
  refusal,
  refusedAsBadInput,
  streamed,
  tokensOut,
} from "./helpers.ts";

const PROMPT = "Once upon a time";
/** A continuation that only its bound ends. */
const ENDLESS = "This is the beginning of a long, endless story:";
/** Tokens without max_tokens (LLM-043). */
const COMPLETE_DEFAULT = 256;
const ON_SUCCESS = ["token", "token_delta", "progress", "done"];

export const completeCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/llm/prompt-is-required",
    requirement: "LLM-040",
    brokenBy: ["missing-prompt-completed"],
    effects: "none",
    async run(context) {
      for (const input of [{}, { prompt: null }]) {
        context.must(refusedAsBadInput(await refusal(context, complete(context), { ...input, max_tokens: FEW })));
      }
    },
  }),
  defineCase({
    id: "core/llm/completion-streams-tokens-and-done",
    requirement: "LLM-041",
    brokenBy: ["complete-whole-by-default", "complete-with-tool-frames"],
    effects: "none",
    async run(context) {
      const course = await streamed(context, complete(context), { prompt: PROMPT, max_tokens: FEW });
      const { answer, frames } = course;
      context.must.all(status(answer, 200), hasMediaType(answer, "text/event-stream"));
      context.must.get(generated(course));
      const others = frames.filter(({ event }) => !ON_SUCCESS.includes(event));
      context.must(
        of(answer, holds(others.length === 0, `only frames named ${ON_SUCCESS.join(", ")}`, frameNames(others))),
      );
    },
  }),
  defineCase({
    id: "core/llm/completion-answer-form",
    requirement: "LLM-042",
    brokenBy: ["complete-answers-message"],
    effects: "none",
    async run(context) {
      const answer = await callWhole(context, complete(context), { prompt: PROMPT, max_tokens: FEW });
      const { text } = context.must.get(output(answer));
      const { model, tokens_in, tokens_out, stop_reason, ms } = meta(answer);
      context.must(of(
        answer,
        first(
          isString(text, "output.text"),
          isText(model, "meta.model"),
          isInteger(tokens_in, "meta.tokens_in", 0),
          isInteger(tokens_out, "meta.tokens_out", 0),
          isText(stop_reason, "meta.stop_reason"),
          isNumber(ms, "meta.ms", 0),
        ),
      ));
    },
  }),
  defineCase({
    id: "core/llm/completion-default-bound",
    waitsMs: 1_000,
    longestMs: LONG_GENERATION_CASE_MS,
    requirement: "LLM-043",
    brokenBy: ["complete-with-chat-bound"],
    effects: "none",
    async run(context) {
      let tokens = 0;
      // Every token frame is at least one token: more frames than that need no terminal frame.
      const enough = (frame: { event: string }) => isToken(frame) && ++tokens > COMPLETE_DEFAULT;
      const course = await streamed(context, complete(context), { prompt: ENDLESS, stream: true }, {
        enough,
        deadlineMs: LONG_GENERATION_MS,
      });
      const few = holds(tokens <= COMPLETE_DEFAULT, `at most ${COMPLETE_DEFAULT} token frames`, `${tokens} and more`);
      context.should(of(course.answer, few));
      const result = context.should.get(generated(course));
      const count = context.should.get(tokensOut(result));
      context.should(of(result.answer, isInteger(count, "tokens_out", 0, COMPLETE_DEFAULT)));
    },
  }),
  defineCase({
    id: "core/llm/null-seed-is-no-seed",
    requirement: "LLM-045",
    brokenBy: ["null-seed-rejected"],
    effects: "none",
    async run(context) {
      const answer = await callWhole(context, complete(context), { prompt: PROMPT, max_tokens: FEW, seed: null });
      context.must(succeeded(answer));
      context.must(of(answer, holds(answer.body.length > 0, "an answer", describe(answer))));
    },
  }),
];
