/** Answers that can be repeated: seeds, stop sequences, streams and whole answers alike. CONTRACT §4.1, §4.2; M04 §4.5. */

import { equals, holds, member, of, oneOf, output, shown } from "../../../src/check/mod.ts";
import type { JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import {
  ask,
  callWhole,
  chat,
  complete,
  type Generated,
  generated,
  type Generator,
  STORY,
  streamed,
} from "./helpers.ts";

const SEED = { seed: 42, temperature: 0.7 };
/** Tokens of a seeded answer: enough to have a middle. */
const SEEDED_TOKENS = 32;
/** Characters of a stop sequence, so that it is rare. */
const SHORTEST_STOP = 4;

function seededInput({ name }: Generator): JsonObject {
  const asked = name === "llm.chat" ? ask(STORY) : { prompt: "Once upon a long winter" };
  return { ...asked, ...SEED, max_tokens: SEEDED_TOKENS };
}

async function run(context: CaseContext, generator: Generator, more: JsonObject = {}): Promise<Generated> {
  const input = { ...seededInput(generator), stream: true, ...more };
  return context.must.get(generated(await streamed(context, generator, input)));
}

/** A seeded answer; ends the case unless a second run gives the same text. */
async function repeatable(context: CaseContext, generator: Generator): Promise<Generated> {
  const result = await run(context, generator);
  if ((await run(context, generator)).text !== result.text) return context.skip("two equal seeded runs differ");
  return result;
}

/** The word nearest to the middle of a text that does not begin it. */
function middleWord(text: string): string | undefined {
  const words = [...text.matchAll(/\p{L}+/gu)].filter(([word]) => word.length >= SHORTEST_STOP);
  const far = ({ index }: { index: number }) => Math.abs(index - text.length / 2);
  return words.filter(([word]) => text.indexOf(word) > 0).sort((a, b) => far(a) - far(b))[0]?.[0];
}

/** Two neighbouring pieces, nearest to the middle, whose border is crossed by every occurrence of their sum. */
function acrossBorder(pieces: readonly string[]): string | undefined {
  const text = pieces.join("");
  const far = (index: number) => Math.abs(index - pieces.length / 2);
  return pieces.slice(1)
    .map((piece, i) => ({ stop: `${pieces[i]}${piece}`, index: i + 1, both: pieces[i] !== "" && piece !== "" }))
    .filter(({ stop, both }) => both && stop.trim().length >= SHORTEST_STOP && text.indexOf(stop) > 0)
    .filter(({ stop }) => !pieces.some((piece) => piece.includes(stop)))
    .sort((a, b) => far(a.index) - far(b.index))[0]?.stop;
}

/** Repeats an answer with a stop sequence: it ends before the first occurrence and says why. */
async function stopsAt(context: CaseContext, generator: Generator, full: Generated, stop: string): Promise<void> {
  const cut = await run(context, generator, { stop: [stop] });
  // White space before the stop sequence may be taken off with it.
  const expected = full.text.slice(0, full.text.indexOf(stop)).trimEnd();
  context.must.all(
    of(cut.answer, holds(!cut.text.includes(stop), `no ${shown(stop)} in the text`, cut.text)),
    of(cut.answer, equals(cut.text.trimEnd(), expected, "the text with a stop sequence")),
    of(cut.answer, oneOf(cut.done.stop_reason, ["stop_sequence"], "stop_reason")),
  );
}

async function stopsAtMiddleWord(context: CaseContext, generator: Generator): Promise<void> {
  const full = await repeatable(context, generator);
  const stop = middleWord(full.text);
  if (stop === undefined) return context.inconclusive(`no word to stop at in ${shown(full.text)}`);
  await stopsAt(context, generator, full, stop);
}

export const seededCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/llm/chat-stops-before-a-stop-sequence",
    requirement: "LLM-022",
    brokenBy: ["stop-ignored"],
    effects: "none",
    async run(context) {
      await stopsAtMiddleWord(context, chat(context));
    },
  }),
  defineCase({
    id: "core/llm/stop-sequence-across-tokens",
    requirement: "LLM-023",
    brokenBy: ["stop-compared-with-single-tokens"],
    effects: "none",
    async run(context) {
      const full = await repeatable(context, chat(context));
      const stop = acrossBorder(full.pieces);
      if (stop === undefined) return context.inconclusive(`no border of tokens to stop at in ${shown(full.pieces)}`);
      await stopsAt(context, chat(context), full, stop);
    },
  }),
  defineCase({
    id: "core/llm/same-seed-same-text",
    requirement: "LLM-024",
    brokenBy: ["seed-dropped"],
    effects: "none",
    async run(context) {
      const one = await run(context, chat(context));
      const two = await run(context, chat(context));
      context.should(of(two.answer, equals(two.text, one.text, "the text of the second run")));
    },
  }),
  defineCase({
    id: "core/llm/streamed-text-equals-whole-text",
    requirement: "LLM-025",
    brokenBy: ["token-texts-trimmed"],
    effects: "none",
    async run(context) {
      const { text } = await repeatable(context, chat(context));
      const answer = await callWhole(context, chat(context), seededInput(chat(context)));
      const content = member(context.must.get(output(answer)), "message", "content");
      context.should(of(answer, equals(content, text, "the content of the whole answer")));
    },
  }),
  defineCase({
    id: "core/llm/completion-stops-before-a-stop-sequence",
    requirement: "LLM-044",
    brokenBy: ["complete-ignores-stop"],
    effects: "none",
    async run(context) {
      await stopsAtMiddleWord(context, complete(context));
    },
  }),
];
