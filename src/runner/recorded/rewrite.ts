/**
 * A recorded request for another node. Names are replaced; whatever was rightly signed is signed anew by the key that
 * stands for the signer, whatever was not stays wrong.
 */

import {
  base64url,
  CALL_HEADERS,
  canonicalBytes,
  canonicalize,
  concat,
  decodeToken,
  fromUtf8Lossy,
  type Identity,
  isNodeId,
  isObject,
  type Json,
  type JsonObject,
  signBytes,
  signDocument,
  signText,
  TOKEN_PREFIX,
  tryParseJson,
  utf8,
  verifyBytes,
  verifyDocument,
  verifyText,
} from "../../protocol/mod.ts";
import { brokenSignature } from "../../target/call.ts";
import type { Names } from "./names.ts";

/** A request taken apart. */
export interface RequestParts {
  /** First line and header lines. */
  readonly lines: readonly string[];
  readonly body: Uint8Array;
}

const TOKEN = /hntoken:\/\/v1\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g;
/** The base64url characters of a signature, wherever they stand in a text. */
const SIGNATURE_CORE = /[A-Za-z0-9_-]{86}/;
/** A string of a JSON text that was read without complaint. */
const STRING = /"(?:[^"\\]|\\.)*"/g;
/** Members that name who signed an object, the likeliest first. */
const SIGNERS = ["author", "inviter_node_id", "node_id", "community_id", "issuer", "iss"] as const;

/** Splits at the empty line; undefined if there is none. */
export function partsOf(sent: Uint8Array): RequestParts | undefined {
  const end = indexOfBreak(sent);
  if (end < 0) return undefined;
  return { lines: fromUtf8Lossy(sent.subarray(0, end)).split("\r\n"), body: sent.subarray(end + 4) };
}

function indexOfBreak(bytes: Uint8Array): number {
  for (let i = 0; i + 3 < bytes.length; i++) {
    if (bytes[i] === 13 && bytes[i + 1] === 10 && bytes[i + 2] === 13 && bytes[i + 3] === 10) return i;
  }
  return -1;
}

/** Value of a header line. */
export function headerIn({ lines }: RequestParts, name: string): string | undefined {
  const start = `${name.toLowerCase()}:`;
  return lines.slice(1).find((line) => line.toLowerCase().startsWith(start))?.slice(start.length).trim();
}

/** Ids whose keys the tester held in the recording: those under which something it sent was rightly signed. */
export function signersIn(sent: Uint8Array): string[] {
  const parts = partsOf(sent);
  if (parts === undefined) return [];
  const found = new Set<string>();
  const body = tryParseJson(parts.body);
  const from = headerIn(parts, CALL_HEADERS.from);
  const envelope = envelopeIn(parts, body);
  const core = SIGNATURE_CORE.exec(headerIn(parts, CALL_HEADERS.signature) ?? "")?.[0];
  if (from !== undefined && core !== undefined && covers(from, envelope, core)) found.add(from);
  for (const [token] of fromUtf8Lossy(sent).matchAll(TOKEN)) {
    const opened = opens(token);
    if (opened !== undefined && typeof opened.payload.iss === "string") {
      if (verifyBytes(opened.payload.iss, opened.signed, opened.signature)) found.add(opened.payload.iss);
    }
  }
  collectSigners(body, found);
  return [...found];
}

/** The same of a message of a WebSocket. */
export function signersInMessage(text: string): string[] {
  const value = tryParseJson(utf8(text));
  if (!isObject(value)) return [];
  const found = new Set<string>();
  const { envelope, signature } = value;
  if (isObject(envelope) && isNodeId(envelope.from) && verifyText(envelope.from, canonicalBytes(envelope), signature)) {
    found.add(envelope.from);
  }
  collectSigners(value, found);
  return [...found];
}

function collectSigners(value: Json | undefined, found: Set<string>): void {
  if (Array.isArray(value)) return value.forEach((item) => collectSigners(item, found));
  if (!isObject(value)) return;
  const signer = documentSigner(value, SIGNERS.map((name) => value[name]));
  if (signer !== undefined) found.add(signer);
  for (const { node_id: id, signature } of coSigners(value)) {
    if (isNodeId(id) && verifyText(id, payloadBytes(value), signature)) found.add(id);
  }
  for (const item of Object.values(value)) collectSigners(item, found);
}

/** The request with other names, for the host of the other node. */
export function rewrite(sent: Uint8Array, names: Names, host: string): Uint8Array {
  const parts = partsOf(sent);
  if (parts === undefined) return utf8(names.text(fromUtf8Lossy(sent)));
  const value = tryParseJson(parts.body);
  const body = bodyOf(parts.body, value, names);
  const signature = headerIn(parts, CALL_HEADERS.signature);
  const before = envelopeIn(parts, value);
  const lines = parts.lines.map((line, index) =>
    index === 0 ? requestLine(line, names) : headerLine(line, names, host, parts, body)
  );
  const plain = { lines, body };
  const signed = signature === undefined ? lines : lines.map((line) => {
    if (!line.toLowerCase().startsWith(`${CALL_HEADERS.signature.toLowerCase()}:`)) return line;
    const text = resigned(signature, before, envelopeIn(plain, rewritten(value, names)), names);
    return `${line.slice(0, CALL_HEADERS.signature.length)}: ${text}`;
  });
  return concat([utf8(signed.join("\r\n") + "\r\n\r\n"), body]);
}

/** Names in a path may have their colon encoded. */
function requestLine(line: string, names: Names): string {
  const encoded = line.replace(
    /(ed25519|blake3)%3A([A-Za-z0-9_-]+)/gi,
    (_, tag: string, rest: string) => encodeURIComponent(names.text(`${tag}:${rest}`)),
  );
  return names.text(encoded);
}

/** A message of a WebSocket; a call in it is signed anew like one over HTTP. */
export function rewriteMessage(text: string, names: Names): string {
  const value = tryParseJson(utf8(text));
  if (value === undefined || text !== JSON.stringify(value)) return names.text(text);
  const next = rewritten(value, names);
  if (isObject(value) && isObject(next) && isObject(value.envelope) && isObject(next.envelope)) {
    const { signature } = value;
    if (typeof signature !== "string") return JSON.stringify(next);
    return JSON.stringify({ ...next, signature: resigned(signature, value.envelope, next.envelope, names) });
  }
  return JSON.stringify(next);
}

function headerLine(line: string, names: Names, host: string, parts: RequestParts, body: Uint8Array): string {
  const [name = ""] = line.split(":", 1);
  if (name.toLowerCase() === "host" && /^[^:]*: *[\d.]+:\d+$/.test(line)) return `${name}: ${host}`;
  if (name.toLowerCase() === "content-length" && Number(line.slice(name.length + 1)) === parts.body.length) {
    return `${name}: ${body.length}`;
  }
  const value = line.slice(name.length + 1);
  return `${name}:${
    value.replace(TOKEN, (token) => tokenOf(token, names)).replace(/\S+/g, (word) => names.text(word))
  }`;
}

/** The body in the form it had: canonical, plain, or, where it is neither, by replacing names in the text. */
function bodyOf(bytes: Uint8Array, value: Json | undefined, names: Names): Uint8Array {
  if (bytes.length === 0) return bytes;
  const text = fromUtf8Lossy(bytes);
  if (value !== undefined) {
    if (text === canonicalize(value)) return canonicalBytes(rewritten(value, names) ?? null);
    if (text === JSON.stringify(value)) return utf8(JSON.stringify(rewritten(value, names)));
  }
  if (value === undefined) {
    const replaced = names.text(text.replace(TOKEN, (token) => tokenOf(token, names)));
    return replaced === text ? bytes : utf8(replaced);
  }
  // Another spelling of the value is kept, string by string; its signatures are those of the value.
  const signatures = new Map(signaturePairs(value, rewritten(value, names)));
  return utf8(text.replace(STRING, (literal) => {
    const before = JSON.parse(literal) as string;
    const after = signatures.get(before) ?? names.text(before.replace(TOKEN, (token) => tokenOf(token, names)));
    return after === before ? literal : literal.includes("\\u") ? escaped(after) : JSON.stringify(after);
  }));
}

function escaped(text: string): string {
  const code = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `"${Array.from(text, (one) => /[A-Za-z]/.test(one) ? code(one) : JSON.stringify(one).slice(1, -1)).join("")}"`;
}

/** Signatures at the same places of both values. */
function signaturePairs(before: Json | undefined, after: Json | undefined): [string, string][] {
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.flatMap((item, index) => signaturePairs(item, after[index]));
  }
  if (!isObject(before) || !isObject(after)) return [];
  return Object.entries(before).flatMap(([name, item]): [string, string][] => {
    const other = after[name];
    return name === "signature" && typeof item === "string" && typeof other === "string"
      ? [[item, other]]
      : signaturePairs(item, other);
  });
}

function rewritten(value: Json | undefined, names: Names): Json | undefined {
  return value === undefined ? undefined : valueOf(value, "", names);
}

function valueOf(value: Json, name: string, names: Names): Json {
  if (typeof value === "string") {
    return names.text(value.replace(TOKEN, (token) => tokenOf(token, names)));
  }
  if (typeof value === "number") return names.number(name, value);
  if (Array.isArray(value)) return value.map((item) => valueOf(item, "", names));
  if (!isObject(value)) return value;
  const next: JsonObject = Object.fromEntries(
    Object.entries(value).map(([member, item]) => [names.text(member), valueOf(item, member, names)]),
  );
  const unsigned = coSigned(value, next, names);
  const signer = documentSigner(value, SIGNERS.map((member) => value[member]));
  const identity = signer === undefined ? undefined : names.signers.get(signer);
  if (identity === undefined) return unsigned;
  const { signature: _, ...rest } = unsigned;
  const signed = signDocument(identity, rest);
  // The order of the members is part of the bytes.
  return Object.fromEntries(Object.keys(unsigned).map((member) => [member, (signed as JsonObject)[member] ?? null]));
}

function documentSigner(value: JsonObject, candidates: readonly (Json | undefined)[]): string | undefined {
  if (typeof value.signature !== "string") return undefined;
  return candidates.find((id): id is string => isNodeId(id) && verifyDocument(id, value));
}

function coSigners(value: JsonObject): JsonObject[] {
  return Array.isArray(value.co_signers) ? value.co_signers.filter(isObject) : [];
}

/** What co-signatures cover: everything but themselves (wire-format.md section 10). */
function payloadBytes({ co_signers: _, ...payload }: JsonObject): Uint8Array {
  return canonicalBytes(payload);
}

function coSigned(before: JsonObject, after: JsonObject, names: Names): JsonObject {
  const recorded = coSigners(before);
  if (recorded.length === 0 || !Array.isArray(after.co_signers)) return after;
  const list = after.co_signers.map((entry, index): Json => {
    const { node_id: id, signature } = recorded[index] ?? {};
    const identity = typeof id === "string" ? names.signers.get(id) : undefined;
    if (!isObject(entry) || identity === undefined || typeof id !== "string") return entry;
    if (!verifyText(id, payloadBytes(before), signature)) return entry;
    return { ...entry, signature: signText(identity, payloadBytes(after)) };
  });
  return { ...after, co_signers: list };
}

function opens(token: string) {
  try {
    return decodeToken(token);
  } catch {
    return undefined;
  }
}

/** A token the node issued becomes the one the other node issued; one the tester minted is minted anew. */
function tokenOf(token: string, names: Names): string {
  const known = names.text(token);
  if (known !== token) return known;
  const opened = opens(token);
  if (opened === undefined) return token;
  const [header = "", payload = ""] = token.slice(TOKEN_PREFIX.length).split(".");
  const signer = [...names.signers.keys()].find((id) => verifyBytes(id, opened.signed, opened.signature));
  const identity = signer === undefined ? undefined : names.signers.get(signer);
  if (identity === undefined) return token;
  const next = rewritten(opened.payload, names);
  const plain = fromUtf8Lossy(Uint8Array.fromBase64(payload, { alphabet: "base64url" }));
  const text = plain === canonicalize(opened.payload) ? canonicalize(next ?? null) : JSON.stringify(next);
  const signed = `${header}.${base64url(utf8(text))}`;
  return `${TOKEN_PREFIX}${signed}.${base64url(signBytes(identity, utf8(signed)))}`;
}

/** The envelope as the headers of a request state it. */
export function envelopeIn(parts: RequestParts, body: Json | undefined): JsonObject {
  const envelope: JsonObject = {};
  for (const [member, name] of Object.entries(CALL_HEADERS)) {
    const value = member === "signature" || member === "token" ? undefined : headerIn(parts, name);
    if (value !== undefined) envelope[member] = value;
  }
  return { ...envelope, body: body ?? null };
}

function covers(id: string, envelope: JsonObject, core: string): boolean {
  return verifyText(id, canonicalBytes(envelope), `ed25519:${core}`) ||
    verifyText(id, canonicalBytes({ ...envelope, body: {} }), `ed25519:${core}`);
}

/** A signature over the new envelope that is as right or wrong as the recorded one was over the old. */
function resigned(recorded: string, before: JsonObject, after: JsonObject, names: Names): string {
  const core = SIGNATURE_CORE.exec(recorded)?.[0];
  if (core === undefined) return recorded;
  const own = (identity: Identity, envelope: JsonObject) =>
    signText(identity, canonicalBytes(envelope)).slice("ed25519:".length);
  for (const [id, identity] of names.signers) {
    if (verifyText(id, canonicalBytes(before), `ed25519:${core}`)) return recorded.replace(core, own(identity, after));
    // An upgrade request is signed with an empty body (wire-format.md section 16).
    if (verifyText(id, canonicalBytes({ ...before, body: {} }), `ed25519:${core}`)) {
      return recorded.replace(core, own(identity, { ...after, body: {} }));
    }
  }
  const from = typeof before.from === "string" ? names.signers.get(before.from) : undefined;
  if (from === undefined) return recorded;
  return recorded.replace(core, brokenSignature(`ed25519:${own(from, after)}`).slice("ed25519:".length));
}
