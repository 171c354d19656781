/** Traffic of services that few nodes offer: text recognition, translation, speech, pictures, ranking, and what is unknown. */

import type { Json, JsonObject } from "../../src/protocol/mod.ts";
import type { ActorLevel } from "../../src/runner/vector_steps.ts";
import { BAD, call, type Draw, type Offer, refused, type StepLawLike, type Template } from "./draw.ts";

const NO_CID = `blake3:${"7".repeat(64)}`;
/** More than a text may have for translation and speech (CONTRACT2 §4: 4000 and 5000 characters). */
const OVERLONG = 5_001;
/** More documents than one ranking may have. */
const TOO_MANY = 101;
const SEED = 7;

type Form = readonly [name: string, input: JsonObject, law?: StepLawLike];

/** One of the blobs stored before, or one that nobody has. */
function blob(draw: Draw): string {
  return draw.known("blob")?.note.split(" ")[0] ?? NO_CID;
}

function documents(count: number): Json[] {
  return Array.from({ length: count }, (_, i) => ({ id: `d${i}`, text: i % 2 === 0 ? "a ladder" : "the well" }));
}

/** Inputs of one capability: good, at a bound, bad. What the documents leave open has no law. */
const FORMS: Readonly<Record<string, readonly [level: ActorLevel, forms: (draw: Draw) => readonly Form[]]>> = {
  "ocr.image": ["member", (draw) => [
    ["blob", { image_cid: blob(draw) }],
    ["preprocess", { image_cid: blob(draw), preprocess: true }],
    ["unknown", { image_cid: NO_CID }, refused("OCR-005", 404, "not_found")],
    ["missing", {}, refused("OCR-009", 400, ...BAD)],
  ]],
  "ocr.pdf": ["trusted", (draw) => [
    ["blob", { doc_cid: blob(draw) }],
    ["pages", { doc_cid: blob(draw), page_range: [1, 2] }],
    ["backwards", { doc_cid: blob(draw), page_range: [2, 1] }],
    ["unknown", { doc_cid: NO_CID }],
    ["missing", {}],
  ]],
  "trans.text": ["member", (draw) => [
    ["valid", { text: draw.text(), from: "en", to: "de" }],
    ["detected", { text: "Where is the well?", from: "auto", to: "de" }],
    ["same", { text: "hearth", from: "en", to: "en" }],
    ["unknown-language", { text: "hearth", from: "en", to: "xx" }, refused("TRA-007", 404, "not_found")],
    ["empty", { text: "", from: "en", to: "de" }],
    ["overlong", { text: "x".repeat(OVERLONG), from: "en", to: "de" }, refused("TRA-005", 400, "bad_request")],
    ["missing", { text: "hearth" }, refused("TRA-009", 400, ...BAD)],
  ]],
  "stt.transcribe": ["member", (draw) => [
    ["blob", { audio_cid: blob(draw) }],
    ["language", { audio_cid: blob(draw), language: "en", diarize: false }],
    ["unknown", { audio_cid: NO_CID }],
    ["missing", {}],
  ]],
  "tts.synthesize": ["member", (draw) => [
    ["valid", { text: "The well is behind the mill." }],
    ["slow", { text: draw.text(), speed: 0.5 }],
    ["too-fast", { text: "hearth", speed: 9 }],
    ["empty", { text: "" }],
    ["overlong", { text: "x".repeat(OVERLONG) }],
    ["missing", {}],
  ]],
  "img.describe": ["member", (draw) => [
    ["caption", { image_cid: blob(draw), task: "caption" }],
    ["unknown-task", { image_cid: blob(draw), task: "dance" }, refused("IMG-005", 400, ...BAD)],
    ["unknown", { image_cid: NO_CID, task: "tags" }, refused("IMG-007", 404, "not_found")],
    ["missing", {}, refused("IMG-008", 400, ...BAD)],
  ]],
  "img.generate": ["trusted", () => [
    ["valid", { prompt: "a well", width: 64, height: 64, steps: 1, seed: SEED }],
    ["negative", { prompt: "a well", width: -1, height: 64, seed: SEED }],
    ["missing", {}],
  ]],
  "rerank.text": ["member", () => [
    ["valid", { query: "ladder", documents: documents(3) }],
    ["top", { query: "ladder", documents: documents(3), top_k: 1 }],
    ["none", { query: "ladder", documents: [] }, refused("RRK-009", 400, ...BAD)],
    ["too-many", { query: "ladder", documents: documents(TOO_MANY) }, refused("RRK-007", 400, ...BAD)],
    ["no-query", { query: "", documents: documents(1) }, refused("RRK-010", 400, ...BAD)],
    ["missing", { query: "ladder" }],
  ]],
};

/** Families that other files send traffic to. */
const KNOWN = /^(market|chat|file|rag|embed|llm|auth|community|protocol)\./;

/** Offered names that nothing here knows the inputs of. */
function unknownNames({ capabilities }: Offer): string[] {
  return [...capabilities].filter((name) => !KNOWN.test(name) && !Object.hasOwn(FORMS, name)).sort();
}

export const modelsTemplates: readonly Template[] = [
  ...Object.entries(FORMS).map(([capability, [level, forms]]): Template => ({
    name: capability,
    needs: capability,
    make: (draw) => {
      const as = draw.actor(capability, level);
      if (as === undefined) return;
      const [name, input, law] = draw.pick(forms(draw));
      const model = draw.offer.models.get(capability);
      const params = model === undefined ? {} : { model };
      return [call(`${capability}/${name}`, as, capability, input, law, { params })];
    },
  })),
  {
    name: "other capability",
    when: (offer) => unknownNames(offer).length > 0,
    make: (draw) => {
      const capability = draw.pick(unknownNames(draw.offer));
      const as = draw.actor(capability, draw.pick(["member", "trusted"]));
      if (as === undefined) return;
      const [name, input] = draw.pick<Form>([["empty", {}], ["surplus", { surplus: 1 }]]);
      return [call(`${capability}/${name}`, as, capability, input)];
    },
  },
];
