/** Phrasing one signed call, rightly or, on purpose, wrongly. */

import {
  CALL_HEADERS,
  type CallEnvelope,
  canonicalBytes,
  canonicalize,
  type Identity,
  type Json,
  type JsonObject,
  signCall,
} from "../protocol/mod.ts";
import type { HeaderList, HttpRequest } from "../wire/network.ts";
import { type Dialect, phrase } from "./dialect.ts";

/** Accept header of a caller that takes either form of answer (CONTRACT §5.1). */
export const ACCEPT_BOTH = "application/json, text/event-stream";

/** The names of the members of an envelope that travel as headers. */
export type EnvelopeHeader = keyof typeof CALL_HEADERS;

/** How a call departs from a plain valid one. */
export interface CallOptions {
  /** Default: the advertised version of the capability, or 1.0. */
  readonly version?: string;
  /** Members `params` and `input`; `body` below replaces both. */
  readonly params?: JsonObject;
  /** The value that is signed, complete. */
  readonly body?: Json;
  /** The bytes that are transmitted instead of the canonical form of the signed value. */
  readonly transmit?: string | Uint8Array;
  readonly requestId?: string;
  readonly community?: string;
  readonly timestamp?: string;
  /** NodeID to sign as; default the actor. The actor's key signs in any case. */
  readonly from?: string;
  readonly accept?: string;
  /** `X-HearthNet-Token`. */
  readonly token?: string;
  /** `none` leaves the signature out; `broken` flips a bit; a text is sent as it is. */
  readonly signature?: "valid" | "none" | "broken" | { readonly text: string };
  /** Changes the envelope that is signed, not the one that is sent. */
  readonly signedAs?: Partial<CallEnvelope>;
  /** Header names (of the seven, by envelope member) to leave out. */
  readonly omit?: readonly EnvelopeHeader[];
  /** Changes the finished header list. */
  readonly headers?: (headers: HeaderList) => HeaderList;
  /** Milliseconds for the whole exchange. */
  readonly deadlineMs?: number;
}

/** A call ready to be sent. */
export interface PreparedCall {
  readonly request: HttpRequest;
  readonly envelope: CallEnvelope;
  readonly signature: string | undefined;
}

/** A tagged signature with one bit flipped: well-formed, and wrong. */
export function brokenSignature(signature: string): string {
  const at = "ed25519:".length + 4;
  const flipped = signature[at] === "A" ? "B" : "A";
  return signature.slice(0, at) + flipped + signature.slice(at + 1);
}

/** Signs and phrases. `envelope` is complete; options were applied by the caller. */
export function prepareCall(
  dialect: Dialect,
  identity: Identity,
  envelope: CallEnvelope,
  options: CallOptions,
): PreparedCall {
  const text = canonicalize(envelope.body);
  const { signedAs } = options;
  const valid = signedAs === undefined
    ? signCall(identity, envelope, text)
    : signCall(identity, { ...envelope, ...signedAs });
  const mode = options.signature ?? "valid";
  const signature = mode === "valid"
    ? valid
    : mode === "none"
    ? undefined
    : mode === "broken"
    ? brokenSignature(valid)
    : mode.text;
  const phrased = phrase(dialect, envelope, signature, options.accept ?? ACCEPT_BOTH, text);
  let headers: HeaderList = phrased.headers;
  if (options.token !== undefined) headers = [...headers, [CALL_HEADERS.token, options.token]];
  if (options.omit !== undefined) {
    const omitted = options.omit.map((name) => CALL_HEADERS[name]);
    headers = headers.filter(([name]) => !omitted.some((o) => o === name));
  }
  if (options.headers !== undefined) headers = options.headers(headers);
  const body = options.transmit ?? phrased.body;
  return { request: { method: "POST", path: dialect.callPath, headers, body }, envelope, signature };
}

/** The first message of a WebSocket call (wire-format.md section 16). */
export function webSocketCallMessage(envelope: CallEnvelope, signature: string | undefined): JsonObject {
  return { type: "call", envelope: { ...envelope }, ...(signature === undefined ? {} : { signature }) };
}

/** Signs the envelope with an empty body, as the upgrade request carries it (wire-format.md section 16 decision). */
export function upgradeHeaders(identity: Identity, envelope: CallEnvelope): HeaderList {
  const bare: CallEnvelope = { ...envelope, body: {} };
  return [
    [CALL_HEADERS.capability, bare.capability],
    [CALL_HEADERS.version, bare.version],
    [CALL_HEADERS.request_id, bare.request_id],
    [CALL_HEADERS.from, bare.from],
    [CALL_HEADERS.community, bare.community],
    [CALL_HEADERS.timestamp, bare.timestamp],
    [CALL_HEADERS.signature, signCall(identity, bare)],
  ];
}

/** Bytes of a JSON value for a plain POST. */
export function jsonBody(value: Json): Uint8Array {
  return canonicalBytes(value);
}
