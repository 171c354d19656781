/** Reading what llm.chat and llm.complete have in common. CONTRACT §4.1, §4.2. */

import type { Json, JsonObject } from "../../protocol/mod.ts";
import { badRequest, optionalNumber, shown } from "../capabilities/describe.ts";
import { type Call, type NodeCore, NodeError } from "../core.ts";
import { countTokens, MODELS, type Prompt } from "./model.ts";

/** A generation that may start. */
export interface GenerationRequest {
  readonly capability: string;
  readonly version: string;
  readonly requestedModel: string;
  readonly model: string;
  readonly prompt: Prompt;
  readonly tokensIn: number;
  readonly maxTokens: number;
  readonly stops: readonly string[];
  readonly seed: number;
  readonly temperature: number;
}

const TEMPERATURE_DEFAULT = 0.7;
const TOP_P_DEFAULT = 0.95;

/** The model asked for. @throws {NodeError} `bad_request` without a name, `not_found` for one that is not offered. */
export function readModel({ rules }: NodeCore, params: JsonObject): { requested: string; model: string } {
  const requested = params.model ?? rules.llmModelWithoutName;
  if (typeof requested !== "string") throw badRequest(`Cannot generate: params.model is ${shown(params.model)}`);
  const model = rules.llmModel(requested, MODELS);
  if (model === undefined) {
    throw new NodeError(rules.llmUnknownModelCode, `Cannot generate: model ${shown(requested)} is not offered`);
  }
  const ctx = optionalNumber(params, "ctx", rules.llmContextTokens);
  if (rules.llmChecksContext && ctx > rules.llmContextTokens) {
    throw new NodeError(
      "not_found",
      `Cannot generate: a context of ${ctx} tokens is asked, ${rules.llmContextTokens} offered`,
    );
  }
  return { requested, model };
}

/** Checks the options of a generation. @throws {NodeError} `bad_request`. */
export function readRequest(core: NodeCore, call: Call, version: string, prompt: Prompt): GenerationRequest {
  const { rules } = core;
  const { input } = call;
  for (const name of Object.keys(input)) {
    if (!rules.llmAcceptsInput(name)) throw badRequest(`Cannot generate: ${name} is not supported`);
  }
  const { requested, model } = readModel(core, call.params);
  const tokensIn = Math.max(1, countTokens(prompt.whole));
  if (tokensIn > rules.llmContextTokens && rules.llmLongPrompt === "refuse") {
    throw badRequest(
      `Cannot generate: the size of the prompt is ${tokensIn} tokens, the context ${rules.llmContextTokens}`,
    );
  }
  const asked = input.max_tokens ?? rules.llmDefaultMaxTokens(call.capability);
  if (!rules.llmMaxTokensAccepted(asked)) throw badRequest(`Cannot generate: max_tokens is ${shown(asked)}`);
  optionalNumber(input, "top_p", TOP_P_DEFAULT);
  return {
    capability: call.capability,
    version,
    requestedModel: requested,
    model,
    prompt,
    tokensIn,
    maxTokens: rules.llmTokenBound(Number(asked), Math.max(1, rules.llmContextTokens - tokensIn)),
    stops: rules.llmStops(readStops(input.stop), call.capability),
    seed: rules.llmSeed(readSeed(core, input), core.random),
    temperature: optionalNumber(input, "temperature", TEMPERATURE_DEFAULT),
  };
}

function readStops(stop: Json | undefined): readonly string[] {
  if (stop === undefined || stop === null) return [];
  const list = Array.isArray(stop) ? stop : [stop];
  return list.map((item) => {
    if (typeof item !== "string") throw badRequest(`Cannot generate: stop is ${shown(stop)}`);
    return item;
  });
}

function readSeed({ rules }: NodeCore, { seed }: JsonObject): number | undefined {
  if (seed === undefined) return undefined;
  if (seed === null && rules.llmAcceptsNullSeed) return undefined;
  if (typeof seed !== "number" || !Number.isSafeInteger(seed)) {
    throw badRequest(`Cannot generate: seed is ${shown(seed)}`);
  }
  return seed;
}
