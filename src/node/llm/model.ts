/**
 * The deterministic text models of the node. What they write depends on model, prompt and seed alone.
 *
 * How long an answer gets is up to the prompt, so that a tester can ask for any length with documented inputs:
 * - a prompt with the word "count" is answered with the numbers from 1 to the largest number it names ("hundred" and
 *   "thousand" are understood; 100 if it names none), two tokens for each number: "Count to 100." is a stream of 199
 *   token frames;
 * - a prompt with "long", "endless", "story", "essay" or "forever" is answered until `max_tokens` or the context ends;
 * - any other prompt is answered with 24 to 63 tokens.
 */

import { Random } from "../../protocol/mod.ts";

/** Names of the models, the primary one first. */
export const MODELS: readonly string[] = ["ember-small", "ember-tiny"];
/** What `params.backend` and metrics call the software behind the models. */
export const BACKEND = "ember";

/** What a model is asked. */
export interface Prompt {
  /** Everything that goes in: roles, texts, results of tools. */
  readonly whole: string;
  /** What the user said last; it decides the form of the answer. */
  readonly request: string;
}

const CHARACTERS_PER_TOKEN = 4;
const COUNT_DEFAULT = 100;
const COUNT_MAX = 100_000;
const SHORTEST_ANSWER = 24;
const ANSWER_SPREAD = 40;
const SENTENCES_PER_LINE = 3;
const WORDS_PER_SENTENCE_MIN = 4;
const WORDS_PER_SENTENCE_SPREAD = 6;
/** Longer words are two tokens, as with real tokenizers. */
const LONGEST_TOKEN = 5;

const VOCABULARY: readonly string[] = (
  "the a our this each warm quiet bright small old winter morning hearth ember lantern garden river kettle orchard " +
  "neighbour market bridge window workshop village harbour meadow carries keeps gathers shares repairs follows " +
  "remembers watches brings gently slowly together again beside under over before after while and with for near"
).split(" ");

/** Estimated tokens of a text. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** The tokens of an answer. Endless for prompts that ask for it; the caller stops at its bound. */
export function* generate(model: string, prompt: Prompt, seed: number, temperature: number): Generator<string> {
  const request = prompt.request.toLowerCase();
  if (/\bcount\b/.test(request)) return yield* numbers(countTarget(request));
  // At temperature 0 the seed has nothing to decide.
  const random = new Random(model, prompt.whole, temperature === 0 ? 0 : seed);
  const endless = /\b(long|endless|story|essay|forever)\b/.test(request);
  const length = endless ? Infinity : SHORTEST_ANSWER + random.below(ANSWER_SPREAD);
  let sent = 0;
  for (const token of sentences(random)) {
    if (sent++ >= length) return;
    yield token;
  }
}

function countTarget(request: string): number {
  const named = (request.match(/\d+/g) ?? []).map(Number);
  if (/\bhundred\b/.test(request)) named.push(100);
  if (/\bthousand\b/.test(request)) named.push(1000);
  return Math.min(COUNT_MAX, named.length === 0 ? COUNT_DEFAULT : Math.max(...named));
}

function* numbers(last: number): Generator<string> {
  for (let n = 1; n <= last; n++) {
    yield n === 1 ? "1" : ` ${n}`;
    if (n < last) yield ",";
  }
}

function* sentences(random: Random): Generator<string> {
  let lead = "";
  for (let sentence = 1;; sentence++) {
    const length = WORDS_PER_SENTENCE_MIN + random.below(WORDS_PER_SENTENCE_SPREAD);
    for (let n = 0; n < length; n++) {
      const word = random.pick(VOCABULARY);
      yield* pieces(lead + (n === 0 ? word[0]?.toUpperCase() + word.slice(1) : word));
      lead = " ";
    }
    yield ".";
    if (sentence % SENTENCES_PER_LINE === 0) {
      yield "\n";
      lead = "";
    }
  }
}

function* pieces(word: string): Generator<string> {
  if (word.length <= LONGEST_TOKEN) return yield word;
  yield word.slice(0, LONGEST_TOKEN);
  yield word.slice(LONGEST_TOKEN);
}
