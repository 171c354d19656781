/** Tokens of a vector: minted by the tester, sound or spoiled (wire-format.md section 8). */

import { createHmac } from "node:crypto";
import {
  base64url,
  canonicalize,
  fromUtf8Lossy,
  type JsonObject,
  mintToken,
  publicKeyOf,
  TOKEN_HEADER,
  utf8,
} from "../protocol/mod.ts";
import type { Actor } from "../target/actors.ts";

/** A token the tester mints itself. */
export interface MintedToken {
  readonly issuer: string;
  /** NodeID or `*`. */
  readonly subject: string;
  readonly capabilities: readonly string[];
  readonly constraints?: JsonObject;
  readonly rate_limit_per_minute?: number;
  readonly audience?: string;
  /** Seconds from now; negative for an expired one. */
  readonly ttl_seconds: number;
  /** Actor whose key signs instead of the issuer's. */
  readonly signed_by?: string;
  /** Sign by HMAC-SHA-256 with the public key of the issuer, which everybody knows. */
  readonly hmac?: boolean;
  /** Header instead of the legal one. */
  readonly header?: JsonObject;
  /** Segment (0 to 2) whose first character is changed after signing, or a prefix instead of the legal one. */
  readonly spoil?: number;
  readonly prefix?: string;
  /** Members of the payload replaced before signing. */
  readonly payload?: JsonObject;
  /** Seconds from now before which it is not valid. */
  readonly not_before_seconds?: number;
  /** Remembers the token under this name; `${NAME}` is its text. */
  readonly name?: string;
}

/** Whose token it is, and when. */
export interface MintingContext {
  readonly issuer: Actor;
  readonly signer: Actor;
  /** Milliseconds since the epoch. */
  readonly wall: number;
  /** A ULID no other token has. */
  readonly id: string;
}

const MS_PER_SECOND = 1000;
/** Seconds a minted token was issued before now, so that no clock is behind it. */
const MINT_BACKDATE_SECONDS = 60;
const PREFIX = "hntoken://v1/";

/** The text of a token as the step describes it. */
export function mintedToken(mint: MintedToken, { issuer, signer, wall, id }: MintingContext): string {
  const now = Math.floor(wall / MS_PER_SECOND);
  const payload: JsonObject = {
    iss: issuer.id,
    sub: mint.subject,
    iat: now - MINT_BACKDATE_SECONDS + Math.min(0, mint.ttl_seconds),
    exp: now + mint.ttl_seconds,
    jti: id,
    scope: {
      capabilities: [...mint.capabilities],
      ...(mint.constraints === undefined ? {} : { params_constraints: mint.constraints }),
      ...(mint.rate_limit_per_minute === undefined ? {} : { rate_limit_per_minute: mint.rate_limit_per_minute }),
    },
    ...(mint.audience === undefined ? {} : { aud: mint.audience }),
    ...(mint.not_before_seconds === undefined ? {} : { nbf: now + mint.not_before_seconds }),
    ...mint.payload,
  };
  const header = canonicalize(mint.header ?? { ...TOKEN_HEADER });
  const token = mintToken(signer.identity, canonicalize(payload), header);
  const segments = token.slice(PREFIX.length).split(".");
  if (mint.hmac === true) segments[2] = hmacOf(issuer.id, segments.slice(0, 2).join("."));
  if (mint.spoil !== undefined) segments[mint.spoil] = spoiled(segments[mint.spoil] ?? "", mint.spoil);
  return (mint.prefix ?? PREFIX) + segments.join(".");
}

function hmacOf(issuer: string, signed: string): string {
  const key = publicKeyOf(issuer) ?? new Uint8Array();
  return base64url(new Uint8Array(createHmac("sha256", key).update(signed).digest()));
}

/** The first character replaced; the payload segment gets another subject character so that it stays JSON. */
function spoiled(segment: string, index: number): string {
  if (index !== 1) return (segment[0] === "A" ? "B" : "A") + segment.slice(1);
  const text = fromUtf8Lossy(Uint8Array.fromBase64(segment, { alphabet: "base64url" }));
  return base64url(utf8(text.replace(/"exp":(\d+)/, (_, exp) => `"exp":${Number(exp) + 1}`)));
}
