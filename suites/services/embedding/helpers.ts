/** Texts, calls and vectors as the cases of embed.text use them. */

import { type AnswerView, type Checked, describe, output } from "../../../src/check/mod.ts";
import type { JsonObject } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { modelOf } from "../../../src/target/minimal_body.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";

/** Most texts of one call (CONTRACT §4.3). */
export const MAX_TEXTS = 256;
/** Most characters of one text (CONTRACT §4.3). */
export const MAX_CHARACTERS = 8192;
/** Three texts of different lengths, the longest first. */
export const TEXTS: readonly string[] = [
  "The kettle on the hearth sings before the water boils, and somebody takes it off.",
  "A ladder leans against the plum tree.",
  "Snow closed the road.",
];

export type Vector = readonly number[];

/** The model named in the manifest. */
export function model({ target }: CaseContext): string {
  return modelOf(target.profile, "embed.text");
}

/** embed.text with an input as it is, as a member or as somebody else. */
export async function embedInput(
  context: CaseContext,
  input: JsonObject,
  how: { readonly params?: JsonObject; readonly caller?: Actor } = {},
): Promise<HttpAnswer> {
  const caller = how.caller ?? await context.actors.member();
  return await context.target.call(caller, "embed.text", input, { params: how.params ?? { model: model(context) } });
}

/** embed.text of some texts. */
export function embed(
  context: CaseContext,
  texts: readonly string[],
  more: JsonObject = {},
): Promise<HttpAnswer> {
  return embedInput(context, { texts: [...texts], ...more });
}

/** `output.embeddings` of an answer: as many arrays of numbers as there were texts. */
export function vectorsOf(answer: AnswerView, count: number): Checked<readonly Vector[]> {
  const checked = output(answer);
  if ("difference" in checked) return checked;
  const { embeddings } = checked.value;
  const sound = Array.isArray(embeddings) && embeddings.length === count &&
    embeddings.every((vector) => Array.isArray(vector) && vector.every((x) => typeof x === "number"));
  if (sound) return { value: embeddings as unknown as Vector[] };
  const expected = `${count} arrays of numbers under output.embeddings`;
  return { difference: { expected, observed: describe(answer), exchange: answer.exchange } };
}

/** The vectors of some texts; another answer is a violation. */
export async function mustEmbed(
  context: CaseContext,
  texts: readonly string[],
  more: JsonObject = {},
): Promise<{ readonly answer: HttpAnswer; readonly vectors: readonly Vector[] }> {
  const answer = await embed(context, texts, more);
  return { answer, vectors: context.must.get(vectorsOf(answer, texts.length)) };
}

/** Euclidean length. */
export function norm(vector: Vector): number {
  return Math.hypot(...vector);
}

/** Cosine of two vectors; NaN where their lengths differ or one is zero. */
export function cosine(a: Vector, b: Vector): number {
  if (a.length !== b.length) return NaN;
  return a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0) / (norm(a) * norm(b));
}

/** Largest difference of two vectors at one place; Infinity where their lengths differ. */
export function distance(a: Vector, b: Vector): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] ?? 0))), 0);
}
