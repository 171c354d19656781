/** One connection: requests in, answers out, until somebody closes it. */

import { CALL_HEADERS } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";
import type { OutboundAnswer } from "../fault.ts";
import { type Answer, answerBytes, headBytes, type HeaderPairs, type PlainAnswer } from "./answer.ts";
import { ABANDONED } from "./account.ts";
import { asNodeError, type Client, errorAnswer } from "./call.ts";
import type { SocketPipe } from "./pipe.ts";
import {
  CONTINUE,
  type HttpRequest,
  readRequest,
  RefusedBody,
  type RequestHead,
  type RequestSource,
} from "./request_reader.ts";
import { closing, writeStream } from "./stream_writer.ts";

/** Finds the answer to a request; never raises. */
export type AnswerFinder = (request: HttpRequest, client: Client) => Promise<Answer>;

/** Unread request bytes that are swallowed after a refusal, so that the answer is not lost to a reset. */
const MAX_DRAIN_BYTES = 256 * 1024 * 1024;
/** Milliseconds for the same. */
const DRAIN_MS = 5_000;
/** Milliseconds a client of a node that leaves has for its part of the end. */
const LAST_READ_MS = 1_000;
const TIMER_DONE = new Error("Cannot wait any longer: what was waited for has happened");

/** A timer that closes the connection unless it is cleared first. */
class ReadTimer {
  #abort: AbortController | undefined;
  constructor(private readonly core: NodeCore, private readonly pipe: SocketPipe) {}

  set(ms: number): void {
    this.clear();
    const abort = new AbortController();
    this.#abort = abort;
    this.core.clock.sleep(ms, abort.signal).then(() => this.pipe.destroy(), () => {});
  }

  clear(): void {
    this.#abort?.abort(TIMER_DONE);
    this.#abort = undefined;
  }
}

/** What a connection does, for a node that leaves. */
interface ConnectionState {
  /** A request was read and its answer is not yet written. */
  busy: boolean;
  /** A WebSocket. */
  upgraded: boolean;
}

/** Serves a connection until it ends. Never raises. */
export async function serveConnection(core: NodeCore, pipe: SocketPipe, find: AnswerFinder): Promise<void> {
  const timer = new ReadTimer(core, pipe);
  const state: ConnectionState = { busy: false, upgraded: false };
  const leave = () => {
    if (state.upgraded) timer.set(LAST_READ_MS);
    else if (!state.busy) pipe.destroy();
  };
  core.leaving.addEventListener("abort", leave, { once: true });
  try {
    while (!pipe.broken && await serveRequest(core, pipe, find, timer, state));
    pipe.end();
    // A peer that never closes its own side must not hold the socket.
    if (!pipe.broken) timer.set(core.leaving.aborted ? LAST_READ_MS : core.rules.connectionIdleMs);
    if (!pipe.broken) await drain(pipe);
  } finally {
    core.leaving.removeEventListener("abort", leave);
    timer.clear();
    pipe.destroy();
  }
}

async function serveRequest(
  core: NodeCore,
  pipe: SocketPipe,
  find: AnswerFinder,
  timer: ReadTimer,
  state: ConnectionState,
): Promise<boolean> {
  state.busy = false;
  const { rules } = core;
  const source: RequestSource = {
    read: () => pipe.read(),
    unread: (bytes) => pipe.unread(bytes),
    continue: async () => void await pipe.write(CONTINUE, rules.writeStallMs),
    started: () => timer.set(rules.requestReadMs),
  };
  timer.set(rules.connectionIdleMs);
  let request: HttpRequest | undefined;
  try {
    request = await readRequest(source, rules);
    timer.clear();
  } catch (error) {
    timer.set(DRAIN_MS);
    const asked = error instanceof RefusedBody ? error.head : UNREAD_REQUEST;
    const refusal = errorAnswer(core, asNodeError(error), rules.header(asked.headers, CALL_HEADERS.request_id));
    await writePlain(core, pipe, asked, { ...refusal, connection: "close" });
    return false;
  }
  if (request === undefined) return false;
  state.busy = true;
  const answer = await find(request, pipe);
  if (answer.kind === "plain") return await writePlain(core, pipe, request, answer);
  if (answer.kind === "upgrade") {
    const out = outbound(core, request, 101, answer.headers, "", answer.capability);
    if (out === null || !await writeHead(core, pipe, out)) return false;
    if (out.status !== 101) return false;
    state.upgraded = true;
    await answer.run(pipe);
    return false;
  }
  const out = outbound(core, request, 200, [...answer.headers, ["Connection", "close"]], "", answer.capability);
  if (out === null || !await writeHead(core, pipe, out)) {
    answer.abort();
    answer.finished(ABANDONED);
    return false;
  }
  await writeStream(core, pipe, answer);
  return false;
}

/** Stands for a request whose head could not be read. */
const UNREAD_REQUEST: RequestHead = { method: "", path: "", target: "", headers: { list: [], map: new Map() } };

function outbound(
  core: NodeCore,
  request: RequestHead,
  status: number,
  headers: HeaderPairs,
  body: OutboundAnswer["body"],
  capability: string | undefined,
): OutboundAnswer | null {
  return core.seams.outbound({
    route: request.path,
    request: { method: request.method, headers: request.headers.map, url: request.target },
    status,
    headers,
    body,
    ...(capability === undefined ? {} : { capability }),
  });
}

/** Writes the head of an answer whose body follows; false if the connection is not to go on. */
async function writeHead(core: NodeCore, pipe: SocketPipe, out: OutboundAnswer): Promise<boolean> {
  if (await interrupted(pipe, out)) return false;
  const body = out.status === 101 || out.body === "" ? undefined : out.body;
  if (body !== undefined) {
    await pipe.write(answerBytes(out, false), core.rules.writeStallMs);
    return false;
  }
  return await pipe.write(headBytes(out.status, out.headers), core.rules.writeStallMs);
}

/** Carries out `drop`, `reset` and `hang`; false if the answer is to be written. */
async function interrupted(pipe: SocketPipe, { connection }: OutboundAnswer): Promise<boolean> {
  switch (connection) {
    case "drop":
      pipe.destroy();
      return true;
    case "reset":
      pipe.reset();
      return true;
    case "hang":
      await closing(pipe);
      return true;
    default:
      return false;
  }
}

/** Writes a complete answer; whether the connection goes on. */
async function writePlain(
  core: NodeCore,
  pipe: SocketPipe,
  request: RequestHead,
  answer: PlainAnswer,
): Promise<boolean> {
  if (answer.connection === "drop") {
    pipe.destroy();
    return false;
  }
  const out = outbound(core, request, answer.status, answer.headers, answer.body, answer.capability);
  if (out === null) {
    pipe.destroy();
    return false;
  }
  if (await interrupted(pipe, out)) return false;
  const wanted = "keepAlive" in request && request.keepAlive === true;
  const leaving = core.leaving.aborted;
  const keep = !leaving &&
    (out.connection === "keep" || (wanted && answer.connection !== "close" && out.connection !== "close"));
  const bytes = answerBytes(out, keep);
  const written = leaving ? core.rules.answerBytesAtStop(bytes) : bytes;
  return await pipe.write(written, core.rules.writeStallMs) && keep;
}

async function drain(pipe: SocketPipe): Promise<void> {
  for (let swallowed = 0; swallowed < MAX_DRAIN_BYTES;) {
    const chunk = await pipe.read();
    if (chunk === null) return;
    swallowed += chunk.length;
  }
}
