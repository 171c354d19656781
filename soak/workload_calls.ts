/** How an operation of the load makes one call, and what it tells of it. */

import { isObject, type JsonObject, parseTimestamp, type Random, tryParseJson } from "../src/protocol/mod.ts";
import { type HeaderList, headerOf, type HttpAnswer, type HttpRequest } from "../src/wire/mod.ts";
import type { Actor } from "../src/target/actors.ts";
import type { UploadPath } from "../src/target/provisioning.ts";
import type { Session, StreamAnswer } from "../src/target/session.ts";
import type { Publisher } from "./civil_defence.ts";
import type { EventText } from "./event_text.ts";
import type { Kind, Living } from "./live_set.ts";
import type { CallDone, Written } from "./observation.ts";

/** One of the identities the load is spread over; rates are limited per caller (wire-format.md section 15). */
export interface Caller {
  readonly index: number;
  readonly actor: Actor;
}

/** A thing to call with that was placed before the run. */
export interface Material {
  /** Manifest CID of a stored blob. */
  readonly blob?: string;
  readonly corpus?: { readonly name: string; readonly query: string };
  /** Who may publish alerts. */
  readonly publishers?: readonly Publisher[];
  /** Trusted members that may upload, and how. */
  readonly uploads?: { readonly actors: readonly Actor[]; readonly path: UploadPath };
}

/** What of a finished call only the operation knows. */
export type Outcome = Pick<
  CallDone,
  "capability" | "code" | "written" | "wrote" | "named" | "audited" | "ends" | "streamProblem" | "clocks"
>;

/** What operations use. */
export interface Hands {
  readonly session: Session;
  readonly text: EventText;
  readonly callers: readonly Caller[];
  readonly random: Random;
  readonly material: Material;
  /** What the run left alive before it was resumed, as far as nobody took it yet; nothing in a new run. */
  takeLeft(kind: Kind): readonly Living[];
  exchange(request: HttpRequest): Promise<HttpAnswer>;
  /** Highest Lamport value acknowledged so far. */
  acknowledged(): number;
  /** The caller's next write number. */
  nextSequence(caller: number): number;
}

/** One kind of call. */
export interface Operation {
  readonly name: string;
  readonly capability: string;
  readonly weight: number;
  readonly writes: boolean;
  /** What of the material it needs; absent: nothing. */
  readonly needs?: keyof Material;
  run(hands: Hands, caller: Caller): Promise<Outcome>;
}

/** How a call departs from a plain one of the caller. */
export interface CallChange {
  /** Signs in place of the caller; the write still counts as the caller's. */
  readonly actor?: Actor;
  readonly headers?: (headers: HeaderList) => HeaderList;
}

/** Code of an answer: `ok`, an error code, `http_NNN`, or how the wire failed. */
export function codeOf(answer: HttpAnswer): string {
  if (answer.status === 0) return answer.failure?.kind ?? "closed";
  const body = answer.status === 200 ? undefined : tryParseJson(answer.body);
  if (answer.status === 200) return answer.failure === undefined ? "ok" : answer.failure.kind;
  return isObject(body) && typeof body.error === "string" ? body.error.slice(0, 64) : `http_${answer.status}`;
}

function clocksOf(answer: HttpAnswer, ours: number): Pick<Outcome, "clocks"> {
  const text = headerOf(answer, "X-HearthNet-Timestamp");
  const target = text === undefined ? undefined : parseTimestamp(text);
  return target === undefined ? {} : { clocks: { target, ours } };
}

/** One call answered as a whole. */
export async function unary(
  hands: Hands,
  caller: Caller,
  capability: string,
  body: JsonObject,
  change: CallChange = {},
): Promise<{ readonly answer: HttpAnswer; readonly outcome: Outcome }> {
  const { headers } = change;
  const options = { body, ...(headers === undefined ? {} : { headers }) };
  const { request } = hands.session.prepare(change.actor ?? caller.actor, capability, options);
  const answer = await hands.exchange(request);
  return { answer, outcome: { capability, code: codeOf(answer), ...clocksOf(answer, hands.session.wall()) } };
}

/** A call whose answer names the event it made. */
export async function write(
  hands: Hands,
  caller: Caller,
  capability: string,
  input: (clientId: string) => JsonObject,
  change: CallChange = {},
): Promise<Outcome & { readonly output?: JsonObject }> {
  const sequence = hands.nextSequence(caller.index);
  const floor = hands.acknowledged();
  const body = { params: {}, input: input(hands.text.clientId(caller.index, sequence)) };
  const { answer, outcome } = await unary(hands, caller, capability, body, change);
  const wrote = { caller: caller.index, sequence };
  if (outcome.code !== "ok") return { ...outcome, wrote };
  const parsed = tryParseJson(answer.body);
  const output = isObject(parsed) && isObject(parsed.output) ? parsed.output : {};
  const { event_id: eventId, lamport } = output;
  if (typeof eventId !== "string" || typeof lamport !== "number") return { ...outcome, code: "bad_answer", wrote };
  const written: Written = { caller: caller.index, sequence, eventId, lamport, floor };
  return { ...outcome, wrote, written, output };
}

/** What is wrong with a finished stream; undefined if nothing is. */
export function streamProblem({ answer, sse }: StreamAnswer): string | undefined {
  if (sse === undefined) return undefined;
  const terminal = sse.frames.filter(({ event }) => event === "done" || event === "error").length;
  if (answer.failure !== undefined) return `broke off after ${sse.frames.length} frames: ${answer.failure.kind}`;
  if (terminal === 0) return `ended after ${sse.frames.length} frames without done or error`;
  if (terminal > 1) return `has ${terminal} terminal frames`;
  const last = sse.frames.at(-1)?.event;
  if (last !== "done" && last !== "error") return `goes on after its terminal frame with ${last}`;
  return last === "done" ? missingChunk(sse.frames) : undefined;
}

/** A stream of chunks that is done has each of those its manifest names, by number (wire-format.md section 7). */
function missingChunk(frames: readonly { readonly event: string; readonly json?: unknown }[]): string | undefined {
  const manifest = frames.find(({ event }) => event === "manifest")?.json;
  if (!isObject(manifest) || !Array.isArray(manifest.chunks)) return undefined;
  const numbers = (list: readonly unknown[]) => list.flatMap((one) => isObject(one) ? [one.i] : []);
  const came = new Set(numbers(frames.filter(({ event }) => event === "chunk").map(({ json }) => json)));
  const missing = numbers(manifest.chunks).find((i) => !came.has(i));
  return missing === undefined ? undefined : `lacks chunk ${missing} of the ${manifest.chunks.length} it named`;
}

/** A call answered as a stream, read to its end. */
export async function streamed(hands: Hands, caller: Caller, capability: string, body: JsonObject): Promise<Outcome> {
  const input = isObject(body.input) ? body.input : {};
  const params = isObject(body.params) ? body.params : {};
  const result = await hands.session.stream(caller.actor, capability, input, { params });
  const code = codeOf(result.answer);
  const failed = result.sse?.frames.find(({ event }) => event === "error")?.json;
  const problem = streamProblem(result);
  return {
    capability,
    code: isObject(failed) && typeof failed.error === "string" ? failed.error.slice(0, 64) : code,
    ...(problem === undefined ? {} : { streamProblem: problem }),
  };
}
