/** embed.text. CONTRACT §4.3; M11. */

import type { JsonObject } from "../../protocol/mod.ts";
import { type Call, type NodeCore, NodeError, type UnaryResult } from "../core.ts";
import { embed, EMBEDDING_DIM, EMBEDDING_MODEL } from "../rag/embedding.ts";
import { embeddingBackend } from "./backend.ts";
import { badRequest, describe, optionalBoolean, requestSchema, responseSchema, shown } from "./describe.ts";

const MODELS: readonly string[] = [EMBEDDING_MODEL];

/** Registers embed.text. */
export function registerEmbed(core: NodeCore): void {
  const descriptor = describe({
    name: "embed.text",
    params: { model: EMBEDDING_MODEL, models: [...MODELS], dim: EMBEDDING_DIM },
    request_schema: requestSchema({ model: "name of the model" }, { texts: "texts", normalize: "unit length" }),
    response_schema: responseSchema({ embeddings: "one vector per text", dim: "numbers per vector" }),
  });
  core.bus.register(core.rules.kbDescriptor(descriptor), (call) => embedTexts(core, call));
}

async function embedTexts(core: NodeCore, call: Call): Promise<UnaryResult> {
  const { rules } = core;
  const { model: requested } = call.params;
  if (typeof requested !== "string") throw badRequest(`Cannot embed: params.model is ${shown(requested)}`);
  const model = rules.embedModel(requested, MODELS);
  if (model === undefined) throw new NodeError("not_found", `Cannot embed: model ${shown(requested)} is not offered`);
  const texts = readTexts(core, call.input);
  const normalize = optionalBoolean(call.input, "normalize", rules.embedNormalizeDefault);
  await embeddingBackend(core, call);
  const vectors = texts.map((text) => {
    const vector = rules.embedVector(embed(text), { normalize, random: core.random });
    return normalize ? rules.embedNormalize(vector, call.input["normalize"] === true) : vector;
  });
  const output: JsonObject = {
    embeddings: rules.embedOrder(vectors, texts).map((vector) => [...vector]),
    dim: EMBEDDING_DIM,
  };
  return { output: rules.embedOutput(output), meta: { model: rules.embedMetaModel(requested) } };
}

function readTexts({ rules }: NodeCore, input: JsonObject): readonly string[] {
  const { texts: given } = input;
  if (!Array.isArray(given)) throw badRequest(`Cannot embed: texts is ${shown(given)}`);
  if (given.length === 0 && !rules.embedAllowsNone) throw badRequest("Cannot embed: texts is empty");
  if (given.length > rules.embedMaxTexts && rules.embedOverTexts === "refuse") {
    throw badRequest(`Cannot embed: ${given.length} texts, at most ${rules.embedMaxTexts}`);
  }
  const texts = given.slice(0, rules.embedMaxTexts).map((element) => {
    const text = rules.embedText(element);
    if (text === undefined) throw badRequest(`Cannot embed: ${shown(element)} is no string`);
    return text;
  });
  for (const text of rules.embedMeasures === "all" ? texts : texts.slice(0, 1)) {
    const length = [...text].length;
    if (length > Math.min(rules.embedMaxCharacters, rules.embedModelLimit ?? Infinity)) {
      throw badRequest(`Cannot embed: a text has ${length} characters, at most ${rules.embedMaxCharacters}`);
    }
  }
  return texts;
}
