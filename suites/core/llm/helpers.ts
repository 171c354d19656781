/** What the cases of this folder share: models, calls, streams read to their end, refusals in either form. */

import {
  type Checked,
  describe,
  type Difference,
  errorCode,
  mediaType,
  shown,
  type Verdict,
} from "../../../src/check/mod.ts";
import { isObject, type Json, type JsonObject, statusOf } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { type HttpAnswer, type SseFrame, SseReader } from "../../../src/wire/mod.ts";

/** Milliseconds for a generation of some hundred tokens: generous for models that think before they speak. */
export const GENERATION_MS = 25_000;
/** Milliseconds for a generation of a thousand tokens: the default deadline of the contract (wire-format.md section 15). */
export const LONG_GENERATION_MS = 120_000;
/** Milliseconds for a case that waits for one. */
export const LONG_GENERATION_CASE_MS = 130_000;
/** Tokens of an answer whose text does not matter. */
export const FEW = 4;
/** Asks for an answer that only its bound ends. */
export const STORY = "Tell me a very long, endless story about a village in winter.";
/** Asks for an answer that is long and has an end. */
export const COUNT = "Count from one to one hundred, in digits.";

const TOKEN_EVENTS: readonly string[] = ["token", "token_delta"];

/** A generating capability of the target, and the params of a call of it. */
export interface Generator {
  readonly name: "llm.chat" | "llm.complete";
  readonly version: string;
  readonly entry: JsonObject;
  readonly params: JsonObject;
}

function generator({ target }: CaseContext, name: Generator["name"], version: string): Generator {
  const entry = target.advertised(name, version) ?? {};
  const [model = "default"] = modelsOf([entry]);
  return { name, version: typeof entry.version === "string" ? entry.version : version, entry, params: { model } };
}

/** llm.chat of contract 1. */
export function chat(context: CaseContext): Generator {
  return generator(context, "llm.chat", "1.0");
}

/** llm.chat of contract 2. */
export function chatTwo(context: CaseContext): Generator {
  return generator(context, "llm.chat", "2.0");
}

export function complete(context: CaseContext): Generator {
  return generator(context, "llm.complete", "1.0");
}

/** `params` of a manifest entry. */
export function paramsOf(entry: JsonObject): JsonObject {
  return isObject(entry.params) ? entry.params : {};
}

/** Every model that the entries name, each once: the catalogue is the union (core-llm, "one entry or many"). */
export function modelsOf(entries: readonly JsonObject[]): readonly string[] {
  const named = entries.flatMap((entry) => {
    const { model, models } = paramsOf(entry);
    return [model, ...Array.isArray(models) ? models : []];
  });
  return [...new Set(named.filter((name) => typeof name === "string"))];
}

/** Calls that the capability takes side by side, as advertised. */
export function maxConcurrent({ entry }: Generator): number {
  return Number.isSafeInteger(entry.max_concurrent) ? Number(entry.max_concurrent) : 1;
}

/** Messages with one question. */
export function ask(content: Json, more: JsonObject = {}): JsonObject {
  return { messages: [{ role: "user", content }], ...more };
}

/** How a call departs from the usual one. */
export interface Departure {
  readonly params?: JsonObject;
  readonly actor?: Actor;
}

/** A call answered as a whole; `stream` is false unless the input says otherwise. */
export async function callWhole(
  { target, actors }: CaseContext,
  { name, version, params }: Generator,
  input: JsonObject,
  departure: Departure = {},
): Promise<HttpAnswer> {
  return await target.call(departure.actor ?? await actors.member(), name, { stream: false, ...input }, {
    version,
    params: departure.params ?? params,
    deadlineMs: GENERATION_MS,
  });
}

/** A stream that was read to its terminal frame, or whatever came in place of one. */
export interface Course {
  readonly answer: HttpAnswer;
  /** Empty if no event stream came. */
  readonly frames: readonly SseFrame[];
}

/** Whether a frame ends its stream. */
export function isTerminal({ event }: { readonly event: string }): boolean {
  return event === "done" || event === "error";
}

/** Whether a frame carries text; `token_delta` is tolerated (core-llm, "name of the text frame"). */
export function isToken({ event }: { readonly event: string }): boolean {
  return TOKEN_EVENTS.includes(event);
}

/** Streams up to the terminal frame, or to the frame that `enough` names. */
export async function streamed(
  { target, actors }: CaseContext,
  { name, version, params }: Generator,
  input: JsonObject,
  departure: Departure & { readonly enough?: (frame: SseFrame) => boolean; readonly deadlineMs?: number } = {},
): Promise<Course> {
  const { enough = () => false, actor = await actors.member(), deadlineMs = GENERATION_MS } = departure;
  const options = { version, params: departure.params ?? params, deadlineMs };
  const stream = await target.open(actor, name, input, options);
  if (mediaType(stream.soFar()) !== "text/event-stream") {
    for await (const _ of stream.chunks());
    return { answer: stream.finish(), frames: [] };
  }
  const { frames } = await new SseReader(stream).read({ until: (frame) => isTerminal(frame) || enough(frame) });
  return { answer: stream.finish(), frames };
}

/** The frames of a course by name, in a few words. */
export function frameNames(frames: readonly SseFrame[]): string {
  const counts = new Map<string, number>();
  for (const { event } of frames) counts.set(event, (counts.get(event) ?? 0) + 1);
  return [...counts].map(([event, count]) => count === 1 ? event : `${count} ${event}`).join(", ");
}

/** A stream that ended with `done`. */
export interface Generated extends Course {
  /** Texts of the token frames, in order. */
  readonly pieces: readonly string[];
  readonly text: string;
  /** Data of `done`. */
  readonly done: JsonObject;
}

function missing(answer: HttpAnswer, expected: string, observed: string): { readonly difference: Difference } {
  return { difference: { expected, observed, exchange: answer.exchange } };
}

/** A course as a finished generation: an event stream that ended with `done`. */
export function generated({ answer, frames }: Course): Checked<Generated> {
  const last = frames.at(-1);
  if (answer.status !== 200 || last === undefined) return missing(answer, "an event stream", describe(answer));
  if (last.event !== "done") return missing(answer, "a stream that ends with done", endOf(frames));
  const done = isObject(last.json) ? last.json : {};
  const pieces = frames.filter(isToken).map(({ json }) =>
    isObject(json) && typeof json.text === "string" ? json.text : ""
  );
  return { value: { answer, frames, pieces, text: pieces.join(""), done } };
}

function endOf(frames: readonly SseFrame[]): string {
  const last = frames.at(-1);
  return last?.event === "error" ? `error ${last.data}` : frameNames(frames);
}

/** Number of generated tokens as `done` tells it. */
export function tokensOut({ answer, done }: Generated): Checked<number> {
  const { tokens_out: count } = done;
  return Number.isSafeInteger(count)
    ? { value: Number(count) }
    : missing(answer, "an integer tokens_out in done", shown(done));
}

/** How a call was refused, or that it was not. */
export interface Refusal {
  readonly exchange: number;
  readonly status: number;
  /** Code of the error body or of the `error` frame. */
  readonly code: string | undefined;
  /** Whether the code came in a frame. */
  readonly inFrame: boolean;
  readonly message: string | undefined;
  /** Token frames before the end. */
  readonly tokens: number;
  readonly text: string;
}

/** A streaming call that ought to be refused; reading stops at the first token. */
export async function refusal(
  context: CaseContext,
  generator: Generator,
  input: JsonObject,
  departure: Departure = {},
): Promise<Refusal> {
  const { answer, frames } = await streamed(context, generator, { stream: true, ...input }, {
    ...departure,
    enough: isToken,
  });
  return refusalOf(answer, frames);
}

/** Reads either form of a refusal: a status with an error body, or an `error` frame (core-llm conflicts). */
export function refusalOf(answer: HttpAnswer, frames: readonly SseFrame[]): Refusal {
  const last = frames.at(-1);
  const failed = last?.event === "error" && isObject(last.json) ? last.json : undefined;
  const code = failed === undefined ? errorCode(answer) : failed.error ?? failed.code;
  return {
    exchange: answer.exchange,
    status: answer.status,
    code: typeof code === "string" ? code : undefined,
    inFrame: failed !== undefined,
    message: typeof failed?.message === "string" ? failed.message : undefined,
    tokens: frames.filter(isToken).length,
    text: describe(answer),
  };
}

/** Refused with one of the codes, before any token. */
export function refusedAs({ exchange, status, code, inFrame, tokens, text }: Refusal, ...codes: string[]): Verdict {
  const known = code !== undefined && codes.includes(code) && tokens === 0;
  if (known && (inFrame || status === statusOf(code))) return undefined;
  return { expected: `a refusal with ${codes.join(" or ")}`, observed: text, exchange };
}

/** Refused for its shape (core-llm, "shape errors"). */
export function refusedAsBadInput(refused: Refusal): Verdict {
  return refusedAs(refused, "bad_request", "schema_mismatch");
}
