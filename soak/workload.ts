/** What the load consists of: operations chosen from what the target advertises, and their weights. */

import { isObject, type JsonObject, parseTimestamp, type Random, tryParseJson } from "../src/protocol/mod.ts";
import { headerOf, type HttpAnswer, type HttpRequest } from "../src/wire/mod.ts";
import type { Actor } from "../src/target/actors.ts";
import { minimalBody } from "../src/target/minimal_body.ts";
import { advertised } from "../src/target/profile.ts";
import type { Session, StreamAnswer } from "../src/target/session.ts";
import { type EventText, EXPIRE_REASON, POST_BODY } from "./event_text.ts";
import type { CallDone, Written } from "./observation.ts";

/** Posts that stay alive; what is posted beyond is expired, so that our growth is not mistaken for the node's. */
const LIVE_POSTS = 40;
const LIST_LIMIT = 20;
const POST_TTL_SECONDS = 86_400;
/** Posts a failed expiry may leave behind before they are forgotten. */
const MAX_TRACKED_POSTS = 1000;

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
}

/** What of a finished call only the operation knows. */
export type Outcome = Pick<CallDone, "capability" | "code" | "written" | "wrote" | "streamProblem" | "clocks">;

/** What operations use. */
export interface Hands {
  readonly session: Session;
  readonly text: EventText;
  readonly callers: readonly Caller[];
  readonly random: Random;
  readonly material: Material;
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
  run(hands: Hands, caller: Caller): Promise<Outcome>;
}

interface LivePost {
  readonly caller: Caller;
  readonly eventId: string;
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

async function unary(
  hands: Hands,
  caller: Caller,
  capability: string,
  body: JsonObject,
): Promise<{ readonly answer: HttpAnswer; readonly outcome: Outcome }> {
  const { request } = hands.session.prepare(caller.actor, capability, { body });
  const answer = await hands.exchange(request);
  return { answer, outcome: { capability, code: codeOf(answer), ...clocksOf(answer, hands.session.wall()) } };
}

/** A call whose answer names the event it made. */
async function write(
  hands: Hands,
  caller: Caller,
  capability: string,
  input: (clientId: string) => JsonObject,
): Promise<Outcome> {
  const sequence = hands.nextSequence(caller.index);
  const floor = hands.acknowledged();
  const body = { params: {}, input: input(hands.text.clientId(caller.index, sequence)) };
  const { answer, outcome } = await unary(hands, caller, capability, body);
  const wrote = { caller: caller.index, sequence };
  if (outcome.code !== "ok") return { ...outcome, wrote };
  const parsed = tryParseJson(answer.body);
  const output = isObject(parsed) && isObject(parsed.output) ? parsed.output : {};
  const { event_id: eventId, lamport } = output;
  if (typeof eventId !== "string" || typeof lamport !== "number") return { ...outcome, code: "bad_answer", wrote };
  const written: Written = { caller: caller.index, sequence, eventId, lamport, floor };
  return { ...outcome, wrote, written };
}

/** Posts and expires in turn, so that the number of live posts stays what it is. */
class Market {
  #live: LivePost[] = [];

  async post(hands: Hands, caller: Caller): Promise<Outcome> {
    if (this.#live.length >= LIVE_POSTS) return await this.expire(hands, caller);
    const outcome = await write(hands, caller, "market.post", (clientId) => ({
      client_id: clientId,
      category: "info",
      title: hands.text.words(clientId),
      body: POST_BODY,
      tags: ["soak"],
      ttl_seconds: POST_TTL_SECONDS,
    }));
    if (outcome.written !== undefined && this.#live.length < MAX_TRACKED_POSTS) {
      this.#live.push({ caller, eventId: outcome.written.eventId });
    }
    return outcome;
  }

  async expire(hands: Hands, caller: Caller): Promise<Outcome> {
    const post = this.#live.shift();
    if (post === undefined) return await this.post(hands, caller);
    return await write(hands, post.caller, "market.expire", (clientId) => ({
      client_id: clientId,
      event_id: post.eventId,
      reason: EXPIRE_REASON,
    }));
  }
}

/** What is wrong with a finished stream; undefined if nothing is. */
export function streamProblem({ answer, sse }: StreamAnswer): string | undefined {
  if (sse === undefined) return undefined;
  const terminal = sse.frames.filter(({ event }) => event === "done" || event === "error").length;
  if (answer.failure !== undefined) return `broke off after ${sse.frames.length} frames: ${answer.failure.kind}`;
  if (terminal === 0) return `ended after ${sse.frames.length} frames without done or error`;
  if (terminal > 1) return `has ${terminal} terminal frames`;
  const last = sse.frames.at(-1)?.event;
  return last === "done" || last === "error" ? undefined : `goes on after its terminal frame with ${last}`;
}

async function streamed(hands: Hands, caller: Caller, capability: string, body: JsonObject): Promise<Outcome> {
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

function operationTable(): readonly Operation[] {
  const market = new Market();
  const reading = (capability: string, weight: number, body: (hands: Hands) => JsonObject): Operation => ({
    name: capability,
    capability,
    weight,
    writes: false,
    run: async (hands, caller) => (await unary(hands, caller, capability, body(hands))).outcome,
  });
  const plain = (input: JsonObject) => () => ({ params: {}, input });
  return [
    {
      name: "market.post",
      capability: "market.post",
      weight: 4,
      writes: true,
      run: (hands, caller) => market.post(hands, caller),
    },
    {
      name: "market.expire",
      capability: "market.expire",
      weight: 4,
      writes: true,
      run: (hands, caller) => market.expire(hands, caller),
    },
    {
      name: "chat.send",
      capability: "chat.send",
      weight: 2,
      writes: true,
      run: (hands, caller) =>
        write(hands, caller, "chat.send", (clientId) => ({
          client_id: clientId,
          recipient: (hands.callers[(caller.index + 1) % hands.callers.length] ?? caller).actor.id,
          body: hands.text.words(clientId),
        })),
    },
    reading("market.list", 4, plain({ limit: LIST_LIMIT })),
    reading("market.search", 1, plain({ query: "soak", k: 5 })),
    reading("embed.text", 2, ({ session }) => minimalBody(session.profile, "embed.text")),
    {
      name: "llm.chat",
      capability: "llm.chat",
      weight: 1,
      writes: false,
      run: (hands, caller) => {
        const body = minimalBody(hands.session.profile, "llm.chat");
        const input = isObject(body.input) ? body.input : {};
        return streamed(hands, caller, "llm.chat", { ...body, input: { ...input, stream: true } });
      },
    },
    reading("rag.query", 1, ({ material }) => ({
      params: { corpus: material.corpus?.name ?? "" },
      input: { query: material.corpus?.query ?? "", k: 3 },
    })),
    {
      name: "file.read",
      capability: "file.read",
      weight: 1,
      writes: false,
      run: (hands, caller) =>
        streamed(hands, caller, "file.read", { params: {}, input: { cid: hands.material.blob ?? "" } }),
    },
  ];
}

/** What decides the choice of operations. */
export interface Choice {
  readonly writes: boolean;
  readonly material: Material;
  /** Weights that replace the default mix, by operation name; what is not named is left out. */
  readonly weights?: Readonly<Record<string, number>>;
}

/** The operations the target can take, with their weights. */
export function chooseOperations(session: Session, choice: Choice): readonly Operation[] {
  const { profile } = session;
  return operationTable().flatMap((operation) => {
    const weight = choice.weights === undefined ? operation.weight : choice.weights[operation.name] ?? 0;
    const offered = advertised(profile, operation.capability) !== undefined ||
      advertised(profile, operation.capability, "2.0") !== undefined;
    const possible = offered && (choice.writes || !operation.writes) &&
      (operation.name !== "file.read" || choice.material.blob !== undefined) &&
      (operation.name !== "rag.query" || choice.material.corpus !== undefined);
    return weight > 0 && possible ? [{ ...operation, weight }] : [];
  });
}

/** Names of all operations a workload may name. */
export const OPERATION_NAMES: readonly string[] = operationTable().map(({ name }) => name);

/** Draws operations by weight. */
export function drawOperation(operations: readonly Operation[], random: Random): Operation {
  const total = operations.reduce((sum, { weight }) => sum + weight, 0);
  let at = random.unit() * total;
  for (const operation of operations) {
    at -= operation.weight;
    if (at < 0) return operation;
  }
  return operations[operations.length - 1] as Operation;
}
