/** Answers in one object, and the models they come from. CONTRACT §4.1; M04 §5. */

import {
  equals,
  first,
  hasMediaType,
  holds,
  isArray,
  isInteger,
  isNumber,
  isRecord,
  isString,
  isText,
  jsonObject,
  member,
  meta,
  of,
  output,
  shown,
  status,
  succeeded,
} from "../../../src/check/mod.ts";
import { isObject, type JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { ask, callWhole, chat, FEW, modelsOf, paramsOf, refusal, refusedAs } from "./helpers.ts";

/** Models that are tried at most (LLM-039). */
const MAX_MODELS = 8;

/** A chat with each model of the catalogue, asked by several members so that no budget is touched. */
async function chatWithEach(context: CaseContext): Promise<ReadonlyMap<string, HttpAnswer>> {
  const { target, actors } = context;
  const entries = target.profile.capabilities.filter(({ name, version }) =>
    name === "llm.chat" && String(version).startsWith("1.")
  );
  const answers = new Map<string, HttpAnswer>();
  for (const model of modelsOf(entries).slice(0, MAX_MODELS)) {
    const input = ask("Say hello.", { max_tokens: FEW });
    answers.set(
      model,
      await callWhole(context, chat(context), input, { params: { model }, actor: await actors.member() }),
    );
  }
  return answers;
}

export const wholeCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/llm/whole-answer-form",
    requirement: "LLM-007",
    brokenBy: ["chat-always-streams"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const answer = await callWhole(context, chat(context), ask("Say hello.", { max_tokens: FEW }));
      must.all(status(answer, 200), hasMediaType(answer, "application/json"));
      const { message } = must.get(output(answer));
      must.all(
        of(answer, equals(member(message, "role"), "assistant", "output.message.role")),
        of(answer, isString(member(message, "content"), "output.message.content")),
        of(answer, isRecord(must.get(jsonObject(answer)).meta, "meta")),
      );
    },
  }),
  defineCase({
    id: "core/llm/whole-answer-meta",
    requirement: "LLM-008",
    brokenBy: ["meta-without-tokens-in", "tokens-in-always-zero"],
    effects: "none",
    async run(context) {
      const answer = await callWhole(context, chat(context), ask("Say hello.", { max_tokens: FEW }));
      context.must(succeeded(answer));
      const { model, tokens_in, tokens_out, stop_reason, ms } = meta(answer);
      context.must(of(
        answer,
        first(
          isText(model, "meta.model"),
          isInteger(tokens_in, "meta.tokens_in", 1),
          isInteger(tokens_out, "meta.tokens_out", 0),
          isText(stop_reason, "meta.stop_reason"),
          isNumber(ms, "meta.ms", 0),
        ),
      ));
    },
  }),
  defineCase({
    id: "core/llm/meta-names-the-requested-model",
    requirement: "LLM-009",
    brokenBy: ["primary-model-for-all"],
    effects: "none",
    async run(context) {
      const served = [...await chatWithEach(context)].filter(([, answer]) => answer.status === 200);
      if (served.length === 0) return context.inconclusive("no advertised model answered");
      for (const [model, answer] of served) context.must(of(answer, equals(meta(answer).model, model, "meta.model")));
    },
  }),
  defineCase({
    id: "core/llm/unknown-model-is-refused",
    requirement: "LLM-010",
    brokenBy: ["unknown-model-falls-back"],
    effects: "none",
    async run(context) {
      const params = { model: `no-such-model-${context.random.word()}` };
      const refused = await refusal(context, chat(context), ask("Say hello.", { max_tokens: FEW }), { params });
      context.must(refusedAs(refused, "not_found", "not_implemented"));
    },
  }),
  defineCase({
    id: "core/llm/manifest-names-the-models",
    requirement: "LLM-038",
    brokenBy: ["models-without-primary", "models-lack-primary", "models-as-text"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const answer = await target.manifest();
      must(status(answer, 200));
      const manifest = await target.readManifest();
      const entries: JsonObject[] = (manifest?.capabilities ?? [])
        .map((entry): JsonObject => ({ ...entry }))
        .filter(({ name }) => name === "llm.chat");
      must(of(
        answer,
        holds(
          entries.some((entry) => typeof paramsOf(entry).model === "string"),
          "a string params.model in at least one llm.chat entry",
          shown(entries.map(paramsOf)),
        ),
      ));
      for (const entry of entries) {
        const { model, models } = paramsOf(entry);
        if (models === undefined) continue;
        must(of(answer, isArray(models, "params.models")));
        const names = Array.isArray(models) ? models : [];
        must(of(answer, holds(names.every((n) => typeof n === "string"), "strings in params.models", shown(models))));
        if (typeof model !== "string") continue;
        must(of(answer, holds(names.includes(model), `${model} among params.models`, shown(models))));
      }
    },
  }),
  defineCase({
    id: "core/llm/every-model-can-be-called",
    requirement: "LLM-039",
    brokenBy: ["second-model-not-installed"],
    effects: "none",
    async run(context) {
      const answers = await chatWithEach(context);
      context.must.hold(answers.size > 0, "at least one model in the llm.chat entries", "none");
      for (const answer of answers.values()) {
        context.must.all(
          succeeded(answer),
          of(answer, holds(isObject(member(context.must.get(output(answer)), "message")), "a message", "none")),
        );
      }
    },
  }),
];
