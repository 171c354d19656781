/** Embedding and generation: shapes, limits, frames (core/llm, services/embedding, core/transport). */

import { isObject, type Json, type JsonObject } from "../../src/protocol/mod.ts";
import { isAmount, isCount, isListOf, isNumber, isText } from "./forms.ts";
import { metaOf, ofOutput } from "./member_checks.ts";
import { type Exchange, isDone, objectOf, type Oracle } from "./oracle.ts";

const EMBED = "embed.text";
const GENERATORS = /^llm\.(chat|complete)$/;
const FRAMES = /^(frames|stream|connection|headers\.content-type)/;
/** Streams that need nothing more of the caller: what file.put answers to its first frame may be no end. */
const WHOLE_STREAMS = /^(?!file\.put)/;
const STOP_REASONS = ["end", "max_tokens", "stop_sequence", "cancelled"];
/** Tokens without a limit (CONTRACT §4.2, §4.3). */
const CHAT_TOKENS = 1024;
const COMPLETION_TOKENS = 256;
/** How far a unit vector may be from length one in numbers of seven digits. */
const LENGTH_WITHIN = 1e-3;

/** A test of the frames of an accepted stream that was read to its end. */
function stream(
  id: string,
  place: RegExp,
  test: (
    frames: readonly { readonly event: string; readonly data: Json | undefined }[],
    e: Exchange,
  ) => boolean | undefined,
  address: RegExp | string = GENERATORS,
): Oracle {
  return {
    requirement: id,
    address,
    place,
    holds: (e) => {
      const { frames, status } = e.answer;
      if (frames === undefined || status !== 200 || e.step.step.do !== "call" || "cancel_after" in e.step.step) {
        return undefined;
      }
      return test(frames, e);
    },
  };
}

const terminal = (event: string) => event === "done" || event === "error";
const dataOf = (frames: readonly { readonly event: string; readonly data: Json | undefined }[], event: string) =>
  frames.flatMap((frame) => frame.event === event ? [objectOf(frame.data)] : []);

/** What generation ended with, streamed or whole. */
function ending(e: Exchange): JsonObject | undefined {
  if (!isDone(e)) return undefined;
  if (e.answer.frames === undefined) return metaOf(e);
  return dataOf(e.answer.frames, "done")[0];
}

function textOf(e: Exchange): string | undefined {
  if (e.answer.frames !== undefined) return dataOf(e.answer.frames, "token").map(({ text }) => String(text)).join("");
  const text = e.output.text ?? objectOf(e.output.message).content;
  return isText(text) ? text : undefined;
}

/** A test of how generation ended. */
function ended(
  id: string,
  place: RegExp,
  test: (end: JsonObject, e: Exchange) => boolean | undefined,
  address: RegExp | string = GENERATORS,
): Oracle {
  return {
    requirement: id,
    address,
    place,
    holds: (e) => {
      const end = ending(e);
      return end === undefined ? undefined : test(end, e);
    },
  };
}

const END = /^(frames|meta\.|output)/;

const embeddings = (output: JsonObject) =>
  Array.isArray(output.embeddings) ? output.embeddings.filter((one): one is number[] => Array.isArray(one)) : [];
const lengthOf = (vector: readonly number[]) => Math.hypot(...vector);

const embeddingOracles: readonly Oracle[] = [
  ofOutput(
    EMBED,
    "EMB-001",
    /^output/,
    ({ embeddings: list, dim }, { input }) =>
      Array.isArray(list) && Array.isArray(input.texts) && list.length === input.texts.length &&
      isListOf(list, (one) => Array.isArray(one)) && isNumber(dim),
  ),
  ofOutput(
    EMBED,
    "EMB-002",
    /^output/,
    (output) => embeddings(output).every((vector) => vector.length === output.dim && vector.every(Number.isFinite)),
  ),
  ofOutput(
    EMBED,
    "EMB-003",
    /^output\.embeddings/,
    (output, { input }) =>
      input.normalize === undefined
        ? embeddings(output).every((vector) => Math.abs(lengthOf(vector) - 1) <= LENGTH_WITHIN || isEmptyText(input))
        : undefined,
  ),
  ofOutput(
    EMBED,
    "EMB-004",
    /^output\.embeddings/,
    (output, { input }) =>
      input.normalize === true
        ? embeddings(output).every((vector) => Math.abs(lengthOf(vector) - 1) <= LENGTH_WITHIN)
        : undefined,
  ),
  ofOutput(EMBED, "EMB-008", /^output\.embeddings/, (output, { input }) => {
    const texts = Array.isArray(input.texts) ? input.texts : [];
    const vectors = embeddings(output).map((vector) => JSON.stringify(vector));
    return texts.length < 2 ? undefined : new Set(vectors).size === 1 ? new Set(texts).size === 1 : true;
  }),
  ofOutput(EMBED, "EMB-006", /^output\.embeddings/, (output, e) => {
    const known = new Map<string, string>();
    for (const one of [...e.before.filter((one) => one.address === EMBED && isDone(one)), e]) {
      const texts = Array.isArray(one.input.texts) ? one.input.texts : [];
      const mode = JSON.stringify([one.params, one.input.normalize ?? true]);
      for (const [index, vector] of embeddings(one.output).entries()) {
        const key = `${mode} ${JSON.stringify(texts[index] ?? null)}`;
        const text = JSON.stringify(vector);
        if ((known.get(key) ?? text) !== text) return false;
        known.set(key, text);
      }
    }
    return embeddings(output).length > 0;
  }),
  ofOutput(EMBED, "EMB-016", /^meta\.model$/, (_, e) => metaOf(e).model === e.params.model),
];

function isEmptyText({ texts }: JsonObject): boolean {
  return Array.isArray(texts) && texts.includes("");
}

const streamOracles: readonly Oracle[] = [
  stream(
    "TRN-048",
    /^(frames|connection)$/,
    (frames, { answer }) =>
      answer.failure !== undefined ? undefined : frames.filter(({ event }) => terminal(event)).length === 1,
    WHOLE_STREAMS,
  ),
  stream(
    "TRN-056",
    /^(frames|connection)$/,
    (frames, { answer }) => answer.failure === "deadline" ? frames.some(({ event }) => terminal(event)) : undefined,
    /./,
  ),
  {
    requirement: "TRN-047",
    place: /^(layout|frames)/,
    holds: ({ answer: { frames, status }, step: { step } }) =>
      frames === undefined || status !== 200 || step.do !== "call"
        ? undefined
        : frames.every(({ text }) => lines(text) <= 1),
  },
  stream(
    "TRN-049",
    /^(frames|connection)$/,
    (frames, { answer }) =>
      frames.findIndex(({ event }) => terminal(event)) === frames.length - 1 && answer.failure === undefined,
    WHOLE_STREAMS,
  ),
  stream(
    "TRN-051",
    /^frames/,
    (frames) =>
      dataOf(frames, "progress").every(({ current, total, stage }) =>
        current !== undefined && total !== undefined && stage !== undefined
      ),
    /./,
  ),
  stream("TRN-047", /^frames/, (frames) => frames.every(({ data }) => isObject(data)), /./),
  stream(
    "LLM-056",
    /^frames$/,
    (frames, { step: { step } }) =>
      step.do === "call" && (step.version ?? "1.0").startsWith("1.")
        ? !frames.some(({ event }) => event.startsWith("tool_call"))
        : undefined,
    "llm.chat",
  ),
  stream("LLM-041", /^frames$/, (frames) => !frames.some(({ event }) => event.startsWith("tool_call")), "llm.complete"),
  stream("LLM-002", FRAMES, (frames) => dataOf(frames, "token").every(({ text }) => isText(text))),
  stream(
    "LLM-046",
    FRAMES,
    (frames) =>
      dataOf(frames, "tool_call").every(({ id, name, arguments: given }) =>
        isText(id) && isText(name) && isObject(given)
      ),
  ),
  stream("LLM-047", FRAMES, (frames) => {
    const calls = dataOf(frames, "tool_call");
    return calls.every(({ id, arguments: given }) => {
      const deltas = dataOf(frames, "tool_call_delta").filter((one) => one.id === id);
      if (deltas.length === 0) return true;
      return parses(deltas.map(({ arguments_delta: delta }) => String(delta ?? "")).join(""), given);
    });
  }),
  stream(
    "LLM-048",
    FRAMES,
    (frames, { input }) =>
      input.tool_choice === "none" ? !frames.some(({ event }) => event.startsWith("tool_call")) : undefined,
  ),
  stream(
    "LLM-049",
    FRAMES,
    (frames, { input }) =>
      input.tool_choice === "required" && Array.isArray(input.tools) && input.tools.length > 0
        ? frames.some(({ event }) => event === "tool_call")
        : undefined,
  ),
];

/** Data lines of a frame as received. */
function lines(text: string): number {
  return text.match(/^data:/gm)?.length ?? 0;
}

function parses(text: string, as: Json | undefined): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(as);
  } catch {
    return false;
  }
}

const generationOracles: readonly Oracle[] = [
  {
    requirement: "LLM-001",
    address: "llm.chat",
    place: /^(stream|headers\.content-type)$/,
    holds: (e) => isDone(e) && e.input.stream === undefined ? e.answer.frames !== undefined : undefined,
  },
  {
    requirement: "LLM-041",
    address: "llm.complete",
    place: /^(stream|headers\.content-type)$/,
    holds: (e) => isDone(e) && e.input.stream === undefined ? e.answer.frames !== undefined : undefined,
  },
  {
    requirement: "LLM-007",
    address: "llm.chat",
    place: /^(stream|headers\.content-type)$/,
    holds: (e) => isDone(e) && e.input.stream === false ? e.answer.frames === undefined : undefined,
  },
  ofOutput(
    "llm.chat",
    "LLM-007",
    /^output/,
    ({ message }, { input }) =>
      input.tools === undefined
        ? objectOf(message).role === "assistant" && isText(objectOf(message).content)
        : undefined,
  ),
  ofOutput("llm.complete", "LLM-042", /^output/, ({ text }) => isText(text)),
  ofOutput(GENERATORS, "LLM-008", /^meta/, (_, e) => {
    const { model, tokens_in: read, tokens_out: written, stop_reason: reason, ms } = metaOf(e);
    return isText(model) && isCount(read) && isCount(written) && isText(reason) && isAmount(ms) &&
      (e.input.prompt === "" || read >= 1);
  }),
  ended(
    "LLM-005",
    /^frames/,
    (end, e) =>
      e.answer.frames === undefined
        ? undefined
        : isCount(end.tokens_out) && isText(end.stop_reason) && isAmount(end.ms),
  ),
  ended("LLM-006", END, ({ stop_reason: reason }) => STOP_REASONS.includes(String(reason))),
  ended(
    "LLM-018",
    END,
    ({ tokens_out: written }, { input: { max_tokens: most } }) =>
      isCount(most) && isCount(written) ? written <= most : undefined,
  ),
  ended(
    "LLM-020",
    END,
    ({ tokens_out: written }, { input }) =>
      input.max_tokens === undefined && isCount(written) ? written <= CHAT_TOKENS : undefined,
    "llm.chat",
  ),
  ended(
    "LLM-043",
    END,
    ({ tokens_out: written }, { input }) =>
      input.max_tokens === undefined && isCount(written) ? written <= COMPLETION_TOKENS : undefined,
    "llm.complete",
  ),
  ended("LLM-019", END, ({ tokens_out: written, stop_reason: reason }, { input: { max_tokens: most } }) =>
    // At the limit itself an answer may also have come to its end.
    isCount(most) && isCount(written) && reason === "max_tokens" ? written >= most : undefined),
  ended("LLM-026", END, ({ tokens_out: written }, e) => {
    const text = textOf(e);
    return text === undefined || !isCount(written) ? undefined : text === "" || written > 0;
  }),
  ended("LLM-044", END, (_, e) => withoutStops(e), "llm.complete"),
  ended("LLM-022", END, (_, e) => withoutStops(e), "llm.chat"),
  ended(
    "LLM-009",
    END,
    ({ model }, e) => isText(model) && isText(e.params.model) ? model === e.params.model : undefined,
  ),
  ended("LLM-024", END, (_, e) => {
    const key = JSON.stringify([e.address, e.params, e.input]);
    const same = isNumber(e.input.seed)
      ? e.before.findLast((one) => JSON.stringify([one.address, one.params, one.input]) === key && isDone(one))
      : undefined;
    return same === undefined ? undefined : textOf(same) === textOf(e);
  }),
  ended("LLM-025", END, (_, e) => {
    const without = (one: Exchange) => JSON.stringify([one.address, one.params, { ...one.input, stream: null }]);
    const same = isNumber(e.input.seed)
      ? e.before.findLast((one) => one.address === e.address && without(one) === without(e) && isDone(one))
      : undefined;
    // Frames of another name hold no text that could be found here.
    const [before, now] = [same === undefined ? undefined : textOf(same), textOf(e)];
    return (before ?? "") === "" || (now ?? "") === "" ? undefined : before === now;
  }),
];

function withoutStops(e: Exchange): boolean | undefined {
  const stops = [e.input.stop ?? []].flat().filter(isText);
  const text = textOf(e);
  return stops.length === 0 || text === undefined
    ? undefined
    : !stops.some((stop) => stop !== "" && text.includes(stop));
}

export const modelOracles: readonly Oracle[] = [...embeddingOracles, ...streamOracles, ...generationOracles];
