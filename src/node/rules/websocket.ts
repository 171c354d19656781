/** Numbers and decisions of the reference node: websocket. Each names the source it follows. */

import { type CallEnvelope, isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import type { Frame, Trust } from "../core.ts";
import type { CallCheck, SignedRequest } from "./transport.ts";
import { verifySignature } from "./transport.ts";

/** Why a client message is no good. */
export type BadMessage = "not-json" | "not-object" | "unknown-type" | "not-call" | "second-call";

/**
 * What follows a bad message: an error frame and a close, just a close, nothing, a silent death of the reader, or of
 * the node; `run` executes a second call beside the first.
 */
export type BadMessageAction = "refuse" | "close" | "ignore" | "stop-reading" | "crash" | "run";

/** A call message taken apart; nothing about it has been verified. */
export interface CallMessage {
  readonly envelope: JsonObject;
  readonly signature: string | undefined;
}

export interface WebsocketRules {
  /** False: every upgrade is answered 426. */
  readonly websocketEnabled: boolean;
  /** Routes that upgrade (X06 §3). */
  readonly upgradableRoutes: readonly string[];
  /** The subprotocol among those offered; undefined: 426. */
  readonly selectSubprotocol: (offered: readonly string[]) => string | undefined;
  readonly supportedSubprotocols: readonly string[];
  /** Whether a capability without streams may be upgraded. */
  readonly upgradeUnary: boolean;
  /** Open sockets above which an upgrade is answered 503; a choice. */
  readonly maxWebsockets: number;
  /** Value of `Sec-WebSocket-Accept`, from the right one. */
  readonly acceptValue: (right: string) => string;
  /** Frames sent before the first client message. */
  readonly greeting: readonly Frame[];
  /** The call in a first message; undefined if it is none. */
  readonly readCallMessage: (message: JsonObject, upgrade: CallEnvelope) => CallMessage | undefined;
  readonly verifyCallMessage: (request: SignedRequest) => boolean;
  /** Checks on the headers of the upgrade for a call; X06 §6.1 allows them, the sound node leaves them to the message. */
  readonly upgradeChecks: readonly CallCheck[];
  /** Order of checks after the call message. */
  readonly messageChecks: readonly CallCheck[];
  /** Whether envelope and upgrade headers have to agree (X06 §6.1). */
  readonly envelopeMustMatchUpgrade: boolean;
  /** Trust level of a caller, from the one found. */
  readonly messageLevel: (level: Trust) => Trust;
  readonly badFirstMessage: (kind: BadMessage) => BadMessageAction;
  readonly badMessage: (kind: BadMessage) => BadMessageAction;
  /** Close code after an error frame with this code (wire-format-services.md section 3). */
  readonly closeCodeOf: (error: string, why: BadMessage | "call-refused" | "call-failed") => number;
  /** Close code after a terminal frame. */
  readonly normalClose: number;
  /** Whether every connection sends its own frames; else all go to the one opened last. */
  readonly ownSendQueue: boolean;
  /** `seq` of the n-th message from 0. */
  readonly messageSeq: (index: number) => number;
  readonly closesAfterTerminal: (capability: string) => boolean;
  readonly acceptBinary: boolean;
  /** Whether the node's own messages are binary frames. */
  readonly sendsBinary: boolean;
  /** Whether fragments are put together before parsing. */
  readonly reassemble: boolean;
  /** Frames without acknowledgement. STREAM_WINDOW_FRAMES. */
  readonly streamWindow: number;
  /** Highest acknowledged sequence number after an `ack`. */
  readonly acknowledged: (upto: Json, before: number, lastSent: number) => number;
  /** Whether a cancel is handled at once or when the outstanding frames are through. */
  readonly cancelAtOnce: boolean;
  /** Terminal frame of a call that was cancelled after so many frames. */
  readonly cancelledFrame: (capability: string, framesSent: number, ms: number) => Frame;
  /** Milliseconds a handler has to end its stream itself after a cancel; within the 200 ms of X06 §4.2. */
  readonly cancelGraceMs: number;
  /** Whether frames stop with a cancel. */
  readonly stopsAfterCancel: boolean;
  /** Whether a lost connection ends the work. */
  readonly abortOnDrop: boolean;
  /** Largest client message in bytes; a choice, with room for a base64 chunk of file.put. */
  readonly maxMessageBytes: number;
  /** Length in characters above which a message takes the whole node down; a sound node has no such length. */
  readonly fatalMessageLength: number;
  /** Milliseconds without application messages before a normal close. X06 §6.3. */
  readonly websocketIdleMs: number;
  readonly websocketIdleCode: number;
  /** Milliseconds between pings. X06 §4.3. */
  readonly pingMs: number;
  readonly pongPayload: (ping: Uint8Array) => Uint8Array;
  /** Milliseconds a closing handshake may take; a choice. */
  readonly closeHandshakeMs: number;
  /** Sequence number after which a subscription's backlog begins, given `since_seq`. */
  readonly backlogAfter: (sinceSeq: number | undefined, current: number) => number;
  /** Whether a subscription by upgrade checks its headers as a call does. */
  readonly subscribeAuthenticates: boolean;
}

const MEBIBYTE = 1024 * 1024;
/** RFC 6455 §7.4.1. */
export const CLOSE = { normal: 1000, goingAway: 1001, protocol: 1002, data: 1007, policy: 1008, tooBig: 1009 } as const;
export const SUBPROTOCOL = "hearthnet-bus.v2";

const AUTHENTICATION_CODES: readonly string[] = [
  "invalid_signature",
  "unauthorized",
  "revoked",
  "not_federated",
  "federation_forbidden",
];

function readCallMessage(message: JsonObject): CallMessage | undefined {
  if (message.type !== "call" || !isObject(message.envelope)) return undefined;
  return {
    envelope: message.envelope,
    signature: typeof message.signature === "string" ? message.signature : undefined,
  };
}

/** Capabilities whose `done` frame has a `stop_reason`. */
const WITH_STOP_REASON: readonly string[] = ["llm.chat", "llm.complete"];

function cancelledFrame(capability: string, framesSent: number, ms: number): Frame {
  if (!WITH_STOP_REASON.includes(capability)) {
    return { event: "error", data: { error: "timeout", message: "Cannot go on: the caller cancelled" } };
  }
  return { event: "done", data: { tokens_out: framesSent, stop_reason: "cancelled", ms } };
}

export const websocketRules: WebsocketRules = {
  websocketEnabled: true,
  upgradableRoutes: ["/bus/v1/call", "/pubsub/v1/subscribe"],
  selectSubprotocol: (offered) => offered.includes(SUBPROTOCOL) ? SUBPROTOCOL : undefined,
  supportedSubprotocols: [SUBPROTOCOL],
  upgradeUnary: false,
  maxWebsockets: 1024,
  acceptValue: (right) => right,
  greeting: [],
  readCallMessage,
  verifyCallMessage: verifySignature,
  upgradeChecks: [],
  messageChecks: ["signature", "community", "revoked", "member", "rate"],
  envelopeMustMatchUpgrade: true,
  messageLevel: (level) => level,
  badFirstMessage: () => "refuse",
  badMessage: () => "refuse",
  closeCodeOf: (error, why) => {
    if (why === "not-json") return CLOSE.data;
    if (AUTHENTICATION_CODES.includes(error) || error.startsWith("token_")) return CLOSE.policy;
    return why === "call-failed" ? CLOSE.normal : CLOSE.protocol;
  },
  normalClose: CLOSE.normal,
  ownSendQueue: true,
  messageSeq: (index) => index + 1,
  closesAfterTerminal: () => true,
  acceptBinary: true,
  sendsBinary: false,
  reassemble: true,
  streamWindow: 16,
  // An acknowledgement of what was never sent is ignored (WSK-032).
  acknowledged: (upto, before, lastSent) =>
    typeof upto === "number" && Number.isSafeInteger(upto) && upto <= lastSent ? Math.max(before, upto) : before,
  cancelAtOnce: true,
  cancelledFrame,
  cancelGraceMs: 50,
  stopsAfterCancel: true,
  abortOnDrop: true,
  maxMessageBytes: MEBIBYTE,
  fatalMessageLength: Number.POSITIVE_INFINITY,
  websocketIdleMs: 120_000,
  websocketIdleCode: CLOSE.normal,
  pingMs: 30_000,
  pongPayload: (ping) => ping,
  closeHandshakeMs: 2_000,
  backlogAfter: (sinceSeq, current) => sinceSeq ?? current,
  subscribeAuthenticates: true,
};
