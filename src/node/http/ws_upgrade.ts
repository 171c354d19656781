/** The WebSocket handshake: 101, or 400, 426 or 503 (wire-format-services.md section 3). RFC 6455 §4.2. */

import { CALL_HEADERS } from "../../protocol/mod.ts";
import { type NodeCore, NodeError } from "../core.ts";
import type { CallCheck } from "../rules/transport.ts";
import { admit, type CallHead, readCallHead } from "./admission.ts";
import { type Answer, type HeaderPairs, textAnswer } from "./answer.ts";
import type { Transport } from "./call.ts";
import type { HttpRequest } from "./request_reader.ts";
import { seqOf, topicOf } from "./subscribe.ts";
import { runSocketCall } from "./ws_call.ts";
import { acceptOf } from "./ws_codec.ts";
import { runSubscription } from "./ws_subscribe.ts";

const WEBSOCKET_VERSION = "13";
const KEY_PATTERN = /^[A-Za-z0-9+/]{22}==$/;
const SUBSCRIBE_ROUTE = "/pubsub/v1/subscribe";
const SUBSCRIBER_CHECKS: readonly CallCheck[] = ["signature", "community", "revoked", "member"];

/** Whether the request asks to leave HTTP for WebSocket. */
export function isUpgrade({ method, headers: { map } }: HttpRequest): boolean {
  return method === "GET" && map.get("upgrade")?.toLowerCase() === "websocket" &&
    /\bupgrade\b/i.test(map.get("connection") ?? "");
}

/**
 * Answers an upgrade request.
 *
 * @throws {NodeError} The refusal, where it has an error code.
 */
export async function upgrade(transport: Transport, request: HttpRequest): Promise<Answer> {
  const { core } = transport;
  const { rules } = core;
  const { map } = request.headers;
  const offered = (map.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim()).filter(Boolean);
  const selected = rules.websocketEnabled ? rules.selectSubprotocol(offered) : undefined;
  if (selected === undefined || map.get("sec-websocket-version") !== WEBSOCKET_VERSION) return upgradeRequired(core);
  const key = map.get("sec-websocket-key") ?? "";
  if (!KEY_PATTERN.test(key)) throw new NodeError("bad_request", "Cannot upgrade: Sec-WebSocket-Key is malformed");
  if (transport.websockets >= rules.maxWebsockets) return textAnswer(503, "Too many WebSockets\n");
  const headers: HeaderPairs = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", rules.acceptValue(acceptOf(key))],
    ["Sec-WebSocket-Protocol", selected],
  ];
  const run = request.path === SUBSCRIBE_ROUTE
    ? await topicUpgrade(transport, request)
    : await callUpgrade(transport, request);
  return {
    kind: "upgrade",
    headers,
    run: async (pipe) => {
      transport.websockets++;
      try {
        await run(pipe);
      } finally {
        transport.websockets--;
      }
    },
  };
}

function upgradeRequired(core: NodeCore): Answer {
  const answer = textAnswer(426, "Upgrade Required\n");
  const { supportedSubprotocols } = core.rules;
  return {
    ...answer,
    headers: [
      ...answer.headers,
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Version", WEBSOCKET_VERSION],
      ["Sec-WebSocket-Protocol", supportedSubprotocols.join(", ")],
    ],
  };
}

type SocketRunner = Extract<Answer, { kind: "upgrade" }>["run"];

/** Headers are read for their form; authentication is the call message's (the header signature is not judged). */
async function callUpgrade(transport: Transport, request: HttpRequest): Promise<SocketRunner> {
  const { core } = transport;
  const head = readCallHead(core, request.headers);
  const named = core.bus.descriptors().filter(({ name }) => name === head.envelope.capability);
  if (named.length > 0 && named.every(({ streaming }) => streaming === "never") && !core.rules.upgradeUnary) {
    throw new NodeError("bad_request", `Cannot upgrade: ${head.envelope.capability} does not stream`);
  }
  await checkHeaders(transport, request, head, core.rules.upgradeChecks);
  return (pipe) => runSocketCall(transport, pipe, request, head);
}

/** A subscription has no call message, so its headers are judged, over an empty body. */
async function topicUpgrade(transport: Transport, request: HttpRequest): Promise<SocketRunner> {
  const { core } = transport;
  const topic = topicOf(core, request);
  const since = seqOf(request, "since_seq", "last_seq");
  if (core.rules.subscribeAuthenticates) {
    if (core.rules.header(request.headers, CALL_HEADERS.from) === undefined) {
      throw new NodeError("unauthorized", "Cannot subscribe: the caller is not named");
    }
    const head = readCallHead(core, request.headers);
    await checkHeaders(transport, request, { ...head, token: undefined }, SUBSCRIBER_CHECKS);
  }
  return (pipe) => runSubscription(core, pipe, topic, since);
}

/** Judges the headers of an upgrade as those of a call with an empty body. @throws {NodeError} The first check that fails. */
async function checkHeaders(
  { core, limiter }: Transport,
  request: HttpRequest,
  head: CallHead,
  checks: readonly CallCheck[],
): Promise<void> {
  const signed = {
    core,
    envelope: { ...head.envelope, body: {} },
    signature: head.signature,
    raw: new Uint8Array(0),
    filled: head.filled,
    channel: "http" as const,
    headers: request.headers.map,
  };
  const execute = () => Promise.reject(new NodeError("bad_request", "Cannot execute an upgrade"));
  await admit({ signed, token: head.token, limiter, execute }, checks);
}
