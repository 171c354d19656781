/** A call passed on to a peer, signed by this node, and its answer passed back. M03 §5.3; BUS-044 to BUS-047. */

import {
  CALL_HEADERS,
  canonicalBytes,
  type ErrorBody,
  isObject,
  type JsonObject,
  parseJson,
  signCall,
  timestamp,
} from "../../protocol/mod.ts";
import { type BusAnswer, type Frame, type IncomingCall, type NodeCore, NodeError } from "../core.ts";
import type { Deadline } from "./deadline.ts";
import { readAll } from "./http_client.ts";
import type { Provider } from "./peer.ts";
import type { ConnectionPool, Exchange } from "./pool.ts";
import { PeerError } from "./socket.ts";
import { readFrames } from "./sse.ts";

const CALL_PATH = "/bus/v1/call";
/** Largest unary answer of a peer. */
const MAX_ANSWER_BYTES = 16 << 20;
/** Frames of one forwarded stream. */
const MAX_FRAMES = 1_000_000;
const CODE_PATTERN = /^[a-z][a-z0-9_]{0,63}$/;

/** How one attempt ended, as far as the health of the provider is concerned. */
export interface Attempt {
  /** Told once: undefined for success, else the code. `abandoned`: the caller went away. */
  readonly ended: (outcome: { readonly code?: string; readonly abandoned?: boolean }) => void;
  /** Aborts the exchange when it is too late or the caller has gone. */
  readonly deadline: Pick<Deadline, "signal" | "expired" | "stop">;
}

/**
 * Sends the call to the provider.
 *
 * @throws {PeerError} `unreachable` or `pin` if nothing was sent: another provider may be tried.
 * @throws {NodeError} Anything else.
 */
export async function forward(
  core: NodeCore,
  pool: ConnectionPool,
  provider: Provider,
  call: IncomingCall,
  attempt: Attempt,
): Promise<BusAnswer> {
  const request = outbound(core, call);
  if (request === undefined) {
    attempt.ended({ abandoned: true });
    throw new NodeError("partition", "the call was not sent");
  }
  const { peer } = provider;
  const pinned = core.rules.peerCertificatePinned ? peer.fingerprint : undefined;
  let exchange: Exchange;
  try {
    exchange = await pool.send(peer.origin, request, attempt.deadline.signal, pinned);
  } catch (error) {
    if (call.signal.aborted) attempt.ended({ abandoned: true });
    else attempt.ended({ code: attempt.deadline.expired() ? "timeout" : "partition" });
    if (attempt.deadline.expired()) throw new NodeError("timeout", "the peer did not answer in time");
    if (error instanceof PeerError && (error.kind === "unreachable" || error.kind === "pin")) throw error;
    throw new NodeError("partition", "the connection to the peer broke");
  }
  const type = exchange.answer.headers.get("content-type") ?? "";
  if (exchange.answer.status === 200 && type.startsWith("text/event-stream")) {
    const frames = passFrames(core, exchange, call, attempt);
    return core.rules.streamsPassThrough ? { kind: "stream", frames } : await collect(frames);
  }
  return await unary(core, exchange, call, attempt);
}

function outbound(core: NodeCore, call: IncomingCall) {
  const { rules, seams, identity, communityId, clock, ids } = core;
  const envelope = {
    capability: call.capability,
    version: call.version,
    request_id: rules.forwardedRequestId(call.requestId, () => ids.next()),
    from: identity.id,
    community: communityId,
    timestamp: timestamp(clock.wall()),
    body: call.body,
  };
  const changed = seams.request({
    purpose: "call",
    path: CALL_PATH,
    headers: [
      ["Content-Type", "application/json"],
      ["Accept", call.acceptsStream ? "application/json, text/event-stream" : "application/json"],
      [CALL_HEADERS.capability, envelope.capability],
      [CALL_HEADERS.version, envelope.version],
      [CALL_HEADERS.request_id, envelope.request_id],
      [CALL_HEADERS.from, envelope.from],
      [CALL_HEADERS.community, envelope.community],
      [CALL_HEADERS.timestamp, envelope.timestamp],
      [CALL_HEADERS.signature, signCall(identity, envelope)],
    ],
    body: call.body,
  });
  if (changed === null) return undefined;
  const body = canonicalBytes(changed.body ?? {});
  return { method: "POST" as const, path: changed.path, headers: changed.headers, body };
}

async function unary(core: NodeCore, exchange: Exchange, call: IncomingCall, attempt: Attempt): Promise<BusAnswer> {
  const { status } = exchange.answer;
  let body: JsonObject | undefined;
  try {
    const value = parseJson(await readAll(exchange.answer.body, MAX_ANSWER_BYTES));
    body = isObject(value) ? value : undefined;
    exchange.done();
  } catch (error) {
    exchange.drop();
    throw readFailure(error, call, attempt);
  } finally {
    attempt.deadline.stop();
  }
  if (status === 200 && body !== undefined) {
    attempt.ended({});
    return { kind: "unary", body };
  }
  const refusal = refusalIn(core, body);
  attempt.ended({ code: refusal.code });
  throw refusal;
}

/** The refusal for an answer that could not be read; ends the attempt. */
function readFailure(error: unknown, call: IncomingCall, attempt: Attempt): NodeError {
  if (call.signal.aborted) {
    attempt.ended({ abandoned: true });
    return new NodeError("timeout", "the caller went away");
  }
  const late = attempt.deadline.expired();
  const broken = error instanceof PeerError && error.kind === "broken";
  const code = late ? "timeout" : broken ? "partition" : "internal_error";
  attempt.ended({ code });
  return new NodeError(code, late ? "the peer did not answer in time" : "the answer of the peer cannot be read");
}

/** The peer's own code and hints, as far as they have the right form. */
function refusalIn(core: NodeCore, body: JsonObject | undefined): NodeError {
  const code = body?.["error"];
  if (body === undefined || typeof code !== "string" || !CODE_PATTERN.test(code)) {
    return new NodeError(core.rules.forwardedCode("internal_error"), "the peer answered with neither output nor error");
  }
  const { message, retry_after_ms: retry, schema_hash_expected: hash } = body;
  const more: Omit<ErrorBody, "error" | "message"> = {
    ...(typeof retry === "number" && Number.isSafeInteger(retry) && retry >= 0 ? { retry_after_ms: retry } : {}),
    ...(typeof hash === "string" ? { schema_hash_expected: hash } : {}),
    ...listIn(body, "alt_capabilities"),
    ...listIn(body, "alt_nodes"),
  };
  const text = typeof message === "string" ? message : "the peer refused the call";
  return new NodeError(core.rules.forwardedCode(code), text, more);
}

function listIn(body: JsonObject, name: "alt_capabilities" | "alt_nodes"): { [member: string]: readonly string[] } {
  const value = body[name];
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? { [name]: value } : {};
}

/** Frames as they arrive; a stream that ends without a terminal frame is `partition` (TRN-052). */
async function* passFrames(
  core: NodeCore,
  exchange: Exchange,
  call: IncomingCall,
  attempt: Attempt,
): AsyncGenerator<Frame, void, void> {
  attempt.deadline.stop();
  let count = 0;
  let ended = false;
  try {
    for await (const frame of readFrames(exchange.answer.body)) {
      if (++count > MAX_FRAMES) throw new PeerError("limit", `Cannot pass on more than ${MAX_FRAMES} frames`);
      if (frame.event === "error") {
        const refusal = refusalIn(core, frame.data);
        ended = true;
        attempt.ended({ code: refusal.code });
        throw refusal;
      }
      if (frame.event === "done") {
        ended = true;
        attempt.ended({});
        yield frame;
        return;
      }
      yield frame;
    }
    throw new PeerError("broken", "Cannot pass on a stream: the peer ended it without a terminal frame");
  } catch (error) {
    if (error instanceof NodeError) throw error;
    ended = true;
    throw readFailure(error, call, attempt);
  } finally {
    if (!ended) attempt.ended({ abandoned: true });
    exchange.drop();
  }
}

/** The stream as one answer: what a node does that cannot pass streams on. */
async function collect(frames: AsyncGenerator<Frame, void, void>): Promise<BusAnswer> {
  let text = "";
  let last: JsonObject = {};
  for await (const { event, data } of frames) {
    if (event === "done") last = data;
    else if (typeof data["text"] === "string") text += data["text"];
  }
  return { kind: "unary", body: { output: { text, ...last }, meta: { ms: 0 } } };
}
