/** `POST /bus/v1/call`: from headers and body to an answer (wire-format.md sections 5 to 8). */

import { CALL_HEADERS, type Json, type JsonObject, timestamp } from "../../protocol/mod.ts";
import { type BusAnswer, type NodeCore, NodeError } from "../core.ts";
import type { RateLimiter } from "../limiter.ts";
import { CallAccount, type OpenStreams } from "./account.ts";
import { admit, type Admitted, type CallHead, DroppedCall, readCallHead } from "./admission.ts";
import { type Answer, type HeaderPairs, jsonAnswer, type PlainAnswer } from "./answer.ts";
import type { HttpRequest } from "./request_reader.ts";

/** What the routes of one node share. */
export interface Transport {
  readonly core: NodeCore;
  readonly limiter: RateLimiter;
  readonly streams: OpenStreams;
  /** Upgraded connections that are open. */
  websockets: number;
  /** Takes the whole node down, as an unhandled exception would; only faulty rules ask for it. */
  crash(): void;
}

/** The client's side of a request. */
export interface Client {
  /** Calls back when the client has closed its side; returns the way to stop. */
  onGone(listener: () => void): () => void;
  /** Calls back when the connection is closed for good; returns the way to stop. */
  onClosed(listener: () => void): () => void;
}

/** Messages of a client that has no way to send any. */
const NO_INBOX: AsyncIterable<JsonObject> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

/** Answers a call; never raises. */
export async function handleCall(transport: Transport, request: HttpRequest, client: Client): Promise<Answer> {
  const { core } = transport;
  let account: CallAccount | undefined;
  let capability: string | undefined;
  try {
    const body = core.rules.checkBody(parseBody(core, request.body));
    const head = readCallHead(core, request.headers);
    capability = head.envelope.capability;
    account = new CallAccount(core, transport.streams, head.envelope, request.body.length);
    const answer = await run(transport, request, client, head, body, account);
    const delay = core.rules.answerDelayMs(core.clock.mono());
    if (delay > 0) await core.clock.sleep(delay, core.stopping);
    return answer;
  } catch (error) {
    if (error instanceof DroppedCall) {
      account?.finish("rate_limited");
      return { kind: "plain", status: 0, headers: [], body: "", connection: "drop" };
    }
    const refusal = asNodeError(error);
    account?.finish(refusal.code);
    return errorAnswer(core, refusal, core.rules.header(request.headers, CALL_HEADERS.request_id), capability);
  }
}

/** Anything that is no refusal is an internal error; its text stays inside. */
export function asNodeError(error: unknown): NodeError {
  return error instanceof NodeError ? error : new NodeError("internal_error", "Cannot answer: the handler failed");
}

/**
 * A body as JSON.
 *
 * @throws {NodeError} `bad_request` if it is none.
 */
export function parseBody(core: NodeCore, bytes: Uint8Array): Json {
  try {
    return core.rules.parseBody(bytes);
  } catch (error) {
    throw error instanceof SyntaxError ? new NodeError("bad_request", error.message) : error;
  }
}

async function run(
  transport: Transport,
  request: HttpRequest,
  client: Client,
  head: CallHead,
  body: JsonObject,
  account: CallAccount,
): Promise<Answer> {
  const { core, limiter } = transport;
  const { capability, request_id } = head.envelope;
  const abort = new AbortController();
  const execute = ({ caller, level, token }: Admitted) =>
    core.bus.dispatch({
      capability,
      version: head.envelope.version,
      requestId: request_id,
      caller,
      level,
      body: core.rules.executedBody(request.body, body),
      depth: 0,
      signal: abort.signal,
      inbox: NO_INBOX,
      transport: "http",
      acceptsStream: core.rules.acceptsStream(core.rules.header(request.headers, "Accept")),
      via: head.envelope.from,
      headers: request.headers.map,
      ...(token === undefined ? {} : { token }),
    });
  const admitted = await admit({
    signed: {
      core,
      envelope: { ...head.envelope, body },
      signature: head.signature,
      raw: request.body,
      filled: head.filled,
      channel: "http",
      headers: request.headers.map,
    },
    token: head.token,
    limiter,
    execute,
  }, core.rules.callChecks);
  const forget = core.rules.abortOnDisconnect ? client.onClosed(() => abort.abort()) : undefined;
  const answer = admitted.early ?? await execute(admitted).finally(forget);
  if (answer.kind === "unary") return unaryAnswer(core, capability, request_id, answer.body, account);
  return streamAnswer(core, capability, request_id, answer, account, abort);
}

function unaryAnswer(
  core: NodeCore,
  capability: string,
  requestId: string,
  body: JsonObject,
  account: CallAccount,
): PlainAnswer {
  const now = timestamp(core.clock.wall());
  const headers: HeaderPairs = [
    [CALL_HEADERS.request_id, requestId],
    [CALL_HEADERS.from, core.identity.id],
    [CALL_HEADERS.timestamp, now],
  ];
  if (core.rules.signsAnswer(capability)) {
    const envelope = { request_id: requestId, from: core.identity.id, timestamp: now, body };
    headers.push([CALL_HEADERS.signature, core.rules.signAnswer(core.identity, envelope)]);
  }
  account.finish("ok");
  return { ...jsonAnswer(200, body, headers), capability };
}

function streamAnswer(
  core: NodeCore,
  capability: string,
  requestId: string,
  answer: BusAnswer & { kind: "stream" },
  account: CallAccount,
  abort: AbortController,
): Answer {
  account.streamOpened();
  return {
    kind: "stream",
    capability,
    headers: [
      ["Content-Type", "text/event-stream"],
      ["Cache-Control", "no-store"],
      [CALL_HEADERS.request_id, requestId],
      [CALL_HEADERS.from, core.identity.id],
    ],
    frames: answer.frames,
    abort: () => abort.abort(),
    finished: (result) => account.finish(result),
  };
}

/** The error answer of wire-format.md section 8. */
export function errorAnswer(
  core: NodeCore,
  error: NodeError,
  requestId: string | undefined,
  capability?: string,
): PlainAnswer {
  const headers: HeaderPairs = [];
  if (requestId !== undefined) headers.push([CALL_HEADERS.request_id, requestId]);
  headers.push([CALL_HEADERS.from, core.identity.id]);
  const answer = jsonAnswer(core.rules.statusOf(error.code), errorBody(error), headers);
  return capability === undefined ? answer : { ...answer, capability };
}

/** Members of an error as they go into a body or an `error` frame. */
export function errorBody(error: NodeError): JsonObject {
  const more = Object.fromEntries(Object.entries(error.more).filter(([, value]) => value !== undefined));
  return { error: error.code, message: error.message, ...more as JsonObject };
}
