/** What the cases of this folder share: documents with their exchange, and calls over hand-written signed text. */

import { of, okObject, type Verdict } from "../../../src/check/mod.ts";
import {
  base64url,
  type CallEnvelope,
  fromBase64url,
  type JsonObject,
  signText,
  utf8,
} from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { CallOptions } from "../../../src/target/call.ts";
import { probeName } from "../../../src/target/profile.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";

/** A document that was read, with the exchange that its verdicts point at. */
export interface ReadDocument {
  readonly value: JsonObject;
  readonly answer: HttpAnswer;
  /** Raises the first difference, with the exchange of the document. */
  judge(...verdicts: readonly Verdict[]): void;
}

function documentOf({ must }: CaseContext, answer: HttpAnswer): ReadDocument {
  const value = must.get(okObject(answer));
  return { value, answer, judge: (...verdicts) => must.all(...verdicts.map((verdict) => of(answer, verdict))) };
}

/** The node manifest; anything but a 200 object is a violation. */
export async function nodeManifest(context: CaseContext): Promise<ReadDocument> {
  return documentOf(context, await context.target.manifest());
}

/** The community manifest; anything but a 200 object is a violation. */
export async function communityManifest(context: CaseContext): Promise<ReadDocument> {
  return documentOf(context, await context.target.communityManifest());
}

/** Milliseconds since the epoch of a timestamp in any zone notation, NaN if it is none: form is judged elsewhere. */
export function instantOf(value: unknown): number {
  return typeof value === "string" ? Date.parse(value) : NaN;
}

/** The items of a member that should be an array; empty where it is none, since shape is judged elsewhere. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A member-level capability to aim at. Where none is advertised the name does not matter: checks come before it. */
export function anyCapability({ target }: CaseContext): string {
  return probeName(target.profile) ?? "market.list";
}

/** Separators of a rendering; canonical: no white space. */
interface Separators {
  readonly colon: string;
  readonly comma: string;
}

/**
 * The envelope as sorted text around a hand-written body. All other members are plain ASCII, so this is canonical as
 * far as `body` is, and does not rest on our own canonicaliser.
 */
export function envelopeText(
  envelope: CallEnvelope,
  body: string,
  { colon, comma }: Separators = { colon: ":", comma: "," },
): string {
  const { capability, community, from, request_id, timestamp, version } = envelope;
  const members = Object.entries({ capability, community, from, request_id, timestamp, version })
    .map(([name, value]) => `"${name}"${colon}"${value}"`);
  return `{"body"${colon}${body}${comma}${members.join(comma)}}`;
}

/** A call whose signature covers a text of our choice; `sign` gets the envelope with an empty body. */
export function callSignedOver(
  context: CaseContext,
  sent: string,
  sign: (envelope: CallEnvelope) => string,
  actor: Actor = context.actors.stranger(),
): Promise<HttpAnswer> {
  const { target } = context;
  const capability = anyCapability(context);
  const envelope = target.envelope(actor, capability, { body: {} });
  return target.busCall(actor, capability, {
    ...repeatOf(envelope),
    transmit: sent,
    signature: { text: signText(actor.identity, utf8(sign(envelope))) },
  });
}

/** A call that transmits one rendering of the body and signs another. A stranger sends it: signatures come first. */
export function callWithBody(context: CaseContext, sent: string, signed: string): Promise<HttpAnswer> {
  return callSignedOver(context, sent, (envelope) => envelopeText(envelope, signed));
}

/** A call body around the text of one extra member of `input`, in canonical order. */
export function bodyWith(extra: string): string {
  return `{"input":{"note":${extra}},"params":{}}`;
}

/** Options that make the next call carry the members of an envelope that was made before. */
export function repeatOf(envelope: CallEnvelope): CallOptions {
  const { version, request_id, timestamp, body, from } = envelope;
  return { version, requestId: request_id, timestamp, body, from };
}

/** A valid signature of a stranger's call, changed: the envelope that goes out is the one that was signed. */
export function callWithSignature(
  context: CaseContext,
  change: (signature: string) => string,
  actor: Actor = context.actors.stranger(),
): Promise<HttpAnswer> {
  const { target } = context;
  const capability = anyCapability(context);
  const { envelope, signature = "" } = target.prepare(actor, capability);
  return target.busCall(actor, capability, { ...repeatOf(envelope), signature: { text: change(signature) } });
}

const PREFIX = "ed25519:";

/** The bytes of a tagged signature that this tester made. */
export function signatureBytes(signature: string): Uint8Array {
  return fromBase64url(signature.slice(PREFIX.length));
}

/** How many bytes a target's signature text decodes to; undefined if it does not. */
export function signatureLength(signature: unknown): number | undefined {
  try {
    return signatureBytes(String(signature)).length;
  } catch {
    return undefined;
  }
}

/** A tagged signature text of any bytes. */
export function tagged(bytes: Uint8Array): string {
  return PREFIX + base64url(bytes);
}
