/** chat.send, chat.history, chat.forward.put, chat.forward.fetch. CONTRACT §4.15, §4.16; CONTRACT2 §4.20, §4.21. */

import { isNodeId, isObject, type Json } from "../../protocol/mod.ts";
import { type Call, type Frame, type NodeCore, NodeError, type UnaryResult } from "../core.ts";
import { viewsOf } from "../log/mod.ts";
import { badRequest, describe, optionalString, shown, streamSchema } from "./describe.ts";
import { inputSchema, outputSchema, pageSize } from "./market.ts";
import { earlierEvent, repeated, writeOnce } from "./repeats.ts";

/** Longest key and most attachments of a message; choices. */
const MAX_CLIENT_ID = 128;
const MAX_ATTACHMENTS = 256;
const CID = "^blake3:[0-9a-f]{64}$";
const TEXT = { type: "string" };
const SENT = "chat.message.sent";

const ATTACHMENTS = {
  type: "array",
  maxItems: MAX_ATTACHMENTS,
  items: {
    type: "object",
    required: ["cid", "name"],
    properties: { cid: { type: "string", pattern: CID }, name: TEXT },
  },
};

/** Registers the family. */
export function registerChat(core: NodeCore): void {
  const { rules } = core;
  core.bus.register(
    describe({
      name: "chat.send",
      trust: rules.chatTrust,
      request_schema: inputSchema(rules.chatRequired, {
        client_id: { type: "string", minLength: 1, maxLength: MAX_CLIENT_ID },
        recipient: TEXT,
        body: { type: ["string", "object"] },
        attachments: ATTACHMENTS,
      }),
      response_schema: outputSchema({
        type: "object",
        required: ["event_id", "lamport", "delivered"],
        properties: { event_id: TEXT, lamport: { type: "integer" }, delivered: TEXT },
      }),
    }),
    (call) => send(core, call),
  );
  core.bus.register(
    describe({
      name: "chat.history",
      trust: rules.historyTrust,
      request_schema: inputSchema([], {
        peer: TEXT,
        since_lamport: { type: "integer", minimum: 0 },
        limit: { type: "integer", minimum: 1 },
      }),
      response_schema: outputSchema({
        type: "object",
        required: ["messages"],
        properties: { messages: { type: "array", items: { type: "object" } } },
      }),
    }),
    (call) => history(core, call),
  );
  registerForwarding(core);
}

function registerForwarding(core: NodeCore): void {
  const common = { trust: core.rules.chatForwardTrust, streaming: "always" } as const;
  core.bus.register(
    describe({
      name: "chat.forward.put",
      request_schema: inputSchema(["event"], { client_id: TEXT, event: { type: "object" } }),
      stream_schema: streamSchema({ done: { accepted: "events taken", ms: "milliseconds" } }),
      ...common,
    }),
    (call) => forwardPut(core, call),
  );
  core.bus.register(
    describe({
      name: "chat.forward.fetch",
      request_schema: inputSchema([], { since_lamport: { type: "integer", minimum: 0 } }),
      stream_schema: streamSchema({
        message: { event_id: "envelope of the queued event" },
        done: { count: "messages", ms: "milliseconds" },
      }),
      ...common,
    }),
    (call) => forwardFetch(core, call),
  );
}

async function send(core: NodeCore, call: Call): Promise<UnaryResult> {
  const { rules, identity, community } = core;
  const { recipient, body, attachments = [] } = call.input;
  const to = typeof recipient === "string" ? recipient : "";
  const attached = Array.isArray(attachments) ? attachments : [];
  const reached = {
    subscriber: (core.topics.subscribers?.(`chat.message.${to}`) ?? 0) > 0,
    peer: isNodeId(to) && core.peers.reaches?.(to) === true,
  };
  const earlier = earlierEvent(core, call, SENT);
  if (earlier !== undefined) {
    return { output: { ...rules.eventAnswer(repeated(core, call, earlier)), delivered: rules.delivery(reached) } };
  }
  const refusal = rules.chatRefusal({
    recipient: to,
    body,
    attachments: attached.length,
    self: identity.id,
    recipientIsMember: community.isMember(to),
  });
  if (refusal !== undefined) throw new NodeError(refusal, `Cannot send to ${shown(recipient)}`);
  requireEnvelope(body);
  if (rules.attachmentsMustBeHeld) requireHeld(core, attached);
  const event = await writeOnce(core, call, SENT, () => rules.chatData(call.input));
  return { output: { ...rules.eventAnswer(event), delivered: rules.delivery(reached) } };
}

/** A body that is an object is an end-to-end envelope: its frame is checked, what is inside is none of our business. */
function requireEnvelope(body: Json | undefined): void {
  if (!isObject(body)) return;
  const { e2e, header, ciphertext } = body;
  if (e2e !== true || !isObject(header) || typeof ciphertext !== "string") {
    throw badRequest("Cannot send: body is neither text nor an end-to-end envelope");
  }
}

function requireHeld(core: NodeCore, attachments: readonly Json[]): void {
  for (const entry of attachments) {
    const cid = isObject(entry) ? String(entry["cid"]) : "";
    if (core.blobs.blob(cid) === undefined) throw new NodeError("not_found", `Cannot send: ${cid} is not held`);
  }
}

function history(core: NodeCore, call: Call): UnaryResult {
  const { rules } = core;
  const peer = optionalString(call.input, "peer");
  if (!rules.historyReadable({ self: call.level === "self", caller: call.caller, peer })) {
    throw new NodeError("unauthorized", "Cannot read the history: it is the node's own");
  }
  const size = pageSize(core, "chat.history", call.input["limit"]);
  const { since_lamport: since } = call.input;
  const messages = viewsOf(core).chat.messages()
    .filter((message) => rules.historyWithPeer(message, peer))
    .filter((message) => rules.historyNewerThan(message.lamport, typeof since === "number" ? since : 0))
    .sort(rules.historyOrder)
    .slice(0, size)
    .flatMap(({ copies, ...message }) => Array(rules.historyCopies(copies)).fill(rules.historyEntry(message)));
  return { output: { messages } };
}

/** Takes a message for someone else; it is an event like any other and is checked as such. */
async function* forwardPut(core: NodeCore, call: Call): AsyncGenerator<Frame, void, void> {
  const started = core.clock.mono();
  const { event } = call.input;
  if (!isObject(event) || event["event_type"] !== SENT) {
    throw badRequest("Cannot keep the message: it is no such event");
  }
  const { accepted, rejected_reasons: [rejected] } = core.log.receive([event]);
  if (rejected !== undefined) throw badRequest(`Cannot keep the message: ${rejected.reason}`);
  yield await Promise.resolve({ event: "done", data: { accepted, ms: elapsed(core, started) } });
}

/** Hands the caller its undelivered messages, each once. */
async function* forwardFetch(core: NodeCore, call: Call): AsyncGenerator<Frame, void, void> {
  const started = core.clock.mono();
  const { chat } = viewsOf(core);
  const { since_lamport: since } = call.input;
  let count = 0;
  for (const eventId of chat.queuedFor(call.caller)) {
    const event = core.log.get(eventId);
    if (event === undefined || (typeof since === "number" && event.lamport <= since)) continue;
    yield { event: "message", data: { ...event } };
    count++;
    if (core.rules.forwardsOnce) chat.fetched(eventId);
  }
  yield await Promise.resolve({ event: "done", data: { count, ms: elapsed(core, started) } });
}

function elapsed(core: NodeCore, started: number): number {
  return Math.max(0, Math.round(core.clock.mono() - started));
}
