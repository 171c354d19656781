/** What embed.text computes. CONTRACT §4.3. */

import { holds, isInteger, isNumber, isText, meta, of, output } from "../../../src/check/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { cosine, distance, embed, model, mustEmbed, norm, TEXTS, type Vector, vectorsOf } from "./helpers.ts";

/** Tolerances of the catalogue. */
const NORM_OFF = 0.001;
const ELEMENT_OFF = 1e-4;
const SAME_TEXT = 0.9999;
const SAME_DIRECTION = 0.999;
const DIFFERENT_BELOW = 0.99;

/** Two vectors point the same way. */
function aligned(context: CaseContext, answer: HttpAnswer, a: Vector, b: Vector, least: number, what: string): void {
  const found = cosine(a, b);
  context.must(of(answer, holds(found >= least, `a cosine of at least ${least} for ${what}`, String(found))));
}

export const vectorCases: readonly ConformanceCase[] = [
  defineCase({
    id: "services/embedding/one-vector-per-text",
    requirement: "EMB-001",
    brokenBy: ["embed-flat-array"],
    effects: "none",
    async run(context) {
      const { answer } = await mustEmbed(context, TEXTS);
      const { dim } = context.must.get(output(answer));
      context.must.all(
        of(answer, isInteger(dim, "output.dim", 1)),
        of(answer, isText(meta(answer).model, "meta.model")),
        of(answer, isNumber(meta(answer).ms, "meta.ms", 0)),
      );
    },
  }),
  defineCase({
    id: "services/embedding/vectors-have-dim-numbers",
    requirement: "EMB-002",
    brokenBy: ["embed-dim-of-another-model"],
    effects: "none",
    async run(context) {
      const { answer, vectors } = await mustEmbed(context, TEXTS);
      const { dim } = context.must.get(output(answer));
      for (const [i, vector] of vectors.entries()) {
        const sound = vector.length === dim && vector.every(Number.isFinite);
        context.must(of(answer, holds(sound, `${dim} finite numbers in vector ${i}`, `${vector.length} numbers`)));
      }
    },
  }),
  defineCase({
    id: "services/embedding/unit-length-by-default",
    requirement: "EMB-003",
    brokenBy: ["embed-normalizes-on-request-only"],
    effects: "none",
    async run(context) {
      const { answer, vectors } = await mustEmbed(context, TEXTS);
      for (const vector of vectors) {
        const length = norm(vector);
        context.must(of(answer, holds(Math.abs(length - 1) <= NORM_OFF, "a length of 1 within 0.001", String(length))));
      }
    },
  }),
  defineCase({
    id: "services/embedding/normalize-true-is-the-default",
    requirement: "EMB-004",
    brokenBy: ["embed-scales-to-maximum"],
    effects: "none",
    async run(context) {
      const { vectors } = await mustEmbed(context, TEXTS);
      const explicit = await mustEmbed(context, TEXTS, { normalize: true });
      for (const [i, vector] of vectors.entries()) {
        const off = distance(vector, explicit.vectors[i] ?? []);
        context.must(
          of(
            explicit.answer,
            holds(off <= ELEMENT_OFF, "the vector of a call without normalize, within 1e-4", `${off}`),
          ),
        );
      }
    },
  }),
  defineCase({
    id: "services/embedding/normalize-keeps-direction",
    requirement: "EMB-005",
    brokenBy: ["embed-raw-of-another-layer"],
    effects: "none",
    async run(context) {
      const { should } = context;
      const raw = await embed(context, TEXTS, { normalize: false });
      const vectors = should.get(vectorsOf(raw, TEXTS.length));
      const normalized = await mustEmbed(context, TEXTS, { normalize: true });
      for (const [i, vector] of vectors.entries()) {
        aligned(context, raw, vector, normalized.vectors[i] ?? [], SAME_DIRECTION, "normalize false and true");
      }
    },
  }),
  defineCase({
    id: "services/embedding/same-text-same-vector",
    requirement: "EMB-006",
    brokenBy: ["embed-with-dropout"],
    effects: "none",
    async run(context) {
      const [a = "", b = ""] = TEXTS;
      const first = await mustEmbed(context, [a, b, a]);
      const second = await mustEmbed(context, [a, b, a]);
      const [one = [], two = [], three = []] = first.vectors;
      const [again = [], other = []] = second.vectors;
      aligned(context, first.answer, one, three, SAME_TEXT, "one text twice in a call");
      aligned(context, second.answer, one, again, SAME_TEXT, "one text in two calls");
      aligned(context, second.answer, two, other, SAME_TEXT, "one text in two calls");
    },
  }),
  defineCase({
    id: "services/embedding/order-of-texts-is-kept",
    requirement: "EMB-007",
    brokenBy: ["embed-sorted-by-length"],
    effects: "none",
    async run(context) {
      const forth = await mustEmbed(context, TEXTS);
      const back = await mustEmbed(context, TEXTS.toReversed());
      const expected = back.vectors.toReversed();
      for (const [i, vector] of forth.vectors.entries()) {
        aligned(context, back.answer, vector, expected[i] ?? [], SAME_DIRECTION, `text ${i} in either order`);
      }
    },
  }),
  defineCase({
    id: "services/embedding/texts-differ",
    requirement: "EMB-008",
    brokenBy: ["embed-constant-vector"],
    effects: "none",
    async run(context) {
      const texts = TEXTS.slice(0, 2);
      const answer = await embed(context, texts);
      const [a = [], b = []] = context.should.get(vectorsOf(answer, texts.length));
      const found = cosine(a, b);
      context.should(of(answer, holds(found < DIFFERENT_BELOW, "a cosine below 0.99 for two texts", String(found))));
    },
  }),
  defineCase({
    id: "services/embedding/meta-names-requested-model",
    requirement: "EMB-016",
    brokenBy: ["embed-meta-names-library"],
    effects: "none",
    async run(context) {
      const { answer } = await mustEmbed(context, TEXTS.slice(0, 1));
      const named = meta(answer).model;
      const wanted = model(context);
      context.must(of(answer, holds(named === wanted, `meta.model ${wanted}`, named)));
    },
  }),
];
