/** What the cases of this folder share: probe calls, streams that can be started, answers of many refusals. */

import { errorCode, holds, of, output, type Verdict } from "../../../src/check/mod.ts";
import { isObject, type JsonObject } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { CallOptions } from "../../../src/target/call.ts";
import { minimalBody, modelOf } from "../../../src/target/minimal_body.ts";
import { probeName } from "../../../src/target/profile.ts";
import { someBlob } from "../../../src/target/provisioning.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";

/** A name nobody registers; experimental names need no reservation. */
export const UNKNOWN_NAME = "experimental.does_not_exist";

/** Name of the probe; where none is advertised the name does not matter, since other checks come before it. */
export function probeOf({ target }: CaseContext): string {
  return probeName(target.profile) ?? "market.list";
}

/** The smallest valid call of the probe capability. */
export async function probeCall(
  context: CaseContext,
  options?: CallOptions,
  actor?: Actor,
): Promise<HttpAnswer> {
  const name = probeOf(context);
  const caller = actor ?? await context.actors.member();
  return await context.target.busCall(caller, name, { body: minimalBody(context.target.profile, name), ...options });
}

/** The smallest valid body of the probe, signed and sent by a caller without membership: checks before it are judged. */
export function probeBody({ target }: CaseContext): JsonObject {
  return minimalBody(target.profile, probeName(target.profile) ?? "market.list");
}

/** A 4xx with one of the codes, whatever 4xx: forms of a request may be judged in another order. */
export function clientRefusal(answer: HttpAnswer, ...codes: readonly string[]): Verdict {
  const code = errorCode(answer);
  return of(
    answer,
    holds(
      answer.status >= 400 && answer.status < 500 && code !== undefined && codes.includes(code),
      `a 4xx answer with error ${codes.join(" or ")}`,
      `${answer.status} ${code ?? "without error code"}`,
    ),
  );
}

/** A post of the notice board that nobody else has made. */
export function uniquePost(context: CaseContext, title?: string): JsonObject {
  return {
    client_id: context.target.id(),
    category: "info",
    title: title ?? `transport ${context.random.word()} ${context.target.id()}`,
    body: "A post of the conformance tester.",
    tags: [],
    ttl_seconds: 3600,
  };
}

/** A stream that the tester can start. */
export interface Startable {
  readonly name: string;
  readonly params: JsonObject;
  readonly input: JsonObject;
}

/** Chunks of the blob that is streamed. */
const BLOB_CHUNKS = 2;
const CHUNK_BYTES = 262_144;

/** Text generation that goes on for `maxTokens` tokens or until the model has said everything. */
export function longGeneration({ target }: CaseContext, maxTokens: number): Startable | undefined {
  const entry = target.advertised("llm.chat") ?? target.advertised("llm.chat", "2.0");
  if (entry === undefined) return undefined;
  const messages = [{ role: "user", content: "Tell me a very long, endless story about a village in winter." }];
  return {
    name: "llm.chat",
    params: { model: modelOf(target.profile, "llm.chat") },
    input: { messages, max_tokens: maxTokens, stream: true },
  };
}

/** Every stream the tester can start here, each about `tokens` frames long where that can be chosen. */
export async function startableStreams(context: CaseContext, tokens: number): Promise<readonly Startable[]> {
  const { target, actors } = context;
  const found: Startable[] = [];
  const chat = longGeneration(context, tokens);
  if (chat !== undefined) found.push(chat);
  if (target.advertised("llm.complete") !== undefined) {
    found.push({
      name: "llm.complete",
      params: { model: modelOf(target.profile, "llm.complete") },
      input: { prompt: "An endless story:", max_tokens: tokens, stream: true },
    });
  }
  const placeable = target.profile.adapter.blobs.length > 0 || target.advertised("file.put") !== undefined;
  if (target.advertised("file.read") !== undefined && placeable) {
    const blob = await someBlob(target, actors, BLOB_CHUNKS * CHUNK_BYTES - 1);
    found.push({ name: "file.read", params: {}, input: { cid: blob.cid } });
  }
  return found;
}

/** The first stream the tester can start. */
export async function anyStream(context: CaseContext, tokens: number): Promise<Startable> {
  const [first] = longGeneration(context, tokens) === undefined
    ? await startableStreams(context, tokens)
    : [longGeneration(context, tokens)];
  return first ?? context.skip("no stream can be started");
}

/** Whether a frame ends its stream. */
export function isTerminal(event: string): boolean {
  return event === "done" || event === "error";
}

/** Event id of a successful post. */
export function postedId(context: CaseContext, answer: HttpAnswer): string {
  const { event_id: id } = context.must.get(output(answer));
  return String(id);
}

/** Message of a long poll: what was published, and its number if there is one. */
export interface PolledMessage {
  readonly payload: JsonObject;
  readonly seq: number | undefined;
}

const PAYLOAD_NAMES = ["payload", "message", "data", "event"];

/** Looks for payload and number where nodes put them; undefined if the answer says that time ran out or is none. */
export function polled(body: JsonObject): PolledMessage | undefined {
  if (body.timeout === true) return undefined;
  const name = PAYLOAD_NAMES.find((n) => isObject(body[n]));
  const payload = name === undefined ? body : body[name] as JsonObject;
  const seq = [body.seq, body.last_seq].find((n) => typeof n === "number");
  return { payload, seq: seq as number | undefined };
}
