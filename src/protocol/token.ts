/** Capability tokens. CONTRACT2 §4.30; M16; wire-format-services.md section 1. */

import { base64url, fromBase64url, utf8 } from "./bytes.ts";
import { type Identity, signBytes, verifyBytes } from "./keys.ts";
import { isObject, type Json, type JsonObject, parseJson } from "./json.ts";

export const TOKEN_PREFIX = "hntoken://v1/";
/** Longest token text, in bytes. */
export const MAX_TOKEN_BYTES = 800;
/** Life of a token when none is asked for, in seconds. */
export const TOKEN_DEFAULT_TTL_SECONDS = 3600;

/** What a token allows. */
export interface TokenScope {
  readonly capabilities: readonly string[];
  readonly params_constraints?: { readonly [param: string]: readonly Json[] };
  readonly rate_limit_per_minute?: number;
  readonly max_calls_total?: number | null;
}

/** Payload segment. `iat`, `exp`, `nbf` are Unix seconds. */
export interface TokenPayload {
  readonly iss: string;
  readonly sub: string;
  readonly aud?: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number;
  readonly jti: string;
  readonly scope: TokenScope;
  readonly issued_via?: string;
}

/** The only header a token may have. */
export const TOKEN_HEADER = { alg: "EdDSA", typ: "hntoken", v: 1 } as const;

/** Mints a token. Header and signer can be replaced to make the malformed ones that negative tests need. */
export function mintToken(
  issuer: Identity,
  payload: TokenPayload | JsonObject | string,
  header: JsonObject | string = { ...TOKEN_HEADER },
): string {
  const text = (part: object | string) => typeof part === "string" ? part : JSON.stringify(part);
  const signed = `${base64url(utf8(text(header)))}.${base64url(utf8(text(payload)))}`;
  return `${TOKEN_PREFIX}${signed}.${base64url(signBytes(issuer, utf8(signed)))}`;
}

/** A token taken apart; nothing about it has been verified. */
export interface DecodedToken {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  readonly signature: Uint8Array;
  /** The ASCII bytes the signature covers. */
  readonly signed: Uint8Array;
}

/**
 * Takes a token apart.
 *
 * @throws {SyntaxError} If prefix, number of segments, base64url or JSON is wrong.
 */
export function decodeToken(text: string): DecodedToken {
  if (!text.startsWith(TOKEN_PREFIX)) {
    throw new SyntaxError(`Cannot decode token: it does not start with ${TOKEN_PREFIX}`);
  }
  const segments = text.slice(TOKEN_PREFIX.length).split(".");
  if (segments.length !== 3) throw new SyntaxError(`Cannot decode token: it has ${segments.length} segments, not 3`);
  const [header, payload, signature] = segments as [string, string, string];
  return {
    header: objectOf(header, "header"),
    payload: objectOf(payload, "payload"),
    signature: fromBase64url(signature),
    signed: utf8(`${header}.${payload}`),
  };
}

function objectOf(segment: string, name: string): JsonObject {
  const value = parseJson(fromBase64url(segment));
  if (!isObject(value)) throw new SyntaxError(`Cannot decode token: its ${name} is no object`);
  return value;
}

/** Whether the signature is the one of `payload.iss`. Never raises. */
export function verifyToken(token: DecodedToken): boolean {
  const { iss } = token.payload;
  return typeof iss === "string" && verifyBytes(iss, token.signed, token.signature);
}
