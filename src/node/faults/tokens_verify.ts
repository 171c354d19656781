/** Faults of the reference node: verifying tokens. */

import { createHmac } from "node:crypto";
import {
  base64url,
  canonicalize,
  decodeToken,
  equalBytes,
  isObject,
  type JsonObject,
  publicKeyOf,
  signBytes,
  TOKEN_PREFIX,
  utf8,
  verifyBytes,
  verifyToken,
} from "../../protocol/mod.ts";
import { faults } from "../fault.ts";
import { tokensRules } from "../rules/tokens.ts";
import { transportRules } from "../rules/transport.ts";

/** Head and token sizes beyond anything a test sends. */
const WITHOUT_BOUND = 1_048_576;

const encoded = (value: JsonObject) => base64url(utf8(canonicalize(value)));

export const tokenVerifyFaults = faults({
  "token-only-call-refused": {
    breaks: [
      "TOK-023",
      "TOK-026",
      "TOK-027",
      "TOK-028",
      "TOK-029",
      "TOK-030",
      "TOK-031",
      "TOK-032",
      "TOK-033",
      "TOK-035",
      "TOK-036",
      "TOK-041",
      "TOK-046",
      "TOK-051",
      "TOK-057",
      "TOK-058",
    ],
    rules: { tokenOnlyAccepted: false },
  },
  "token-beside-signature-refused": {
    breaks: ["TOK-024", "TOK-048", "TOK-055"],
    rules: { tokenBesideSignatureAccepted: false },
  },
  "token-verified-over-canonical-form": {
    breaks: ["TOK-025"],
    rules: {
      assembleToken: (issuer, header, payload) => {
        const signed = `${encoded(header)}.${encoded(payload)}`;
        return `${TOKEN_PREFIX}${signed}.${base64url(signBytes(issuer, utf8(signed)))}`;
      },
      tokenSignatureValid: ({ header, payload, signature }) =>
        typeof payload.iss === "string" &&
        verifyBytes(payload.iss, utf8(`${encoded(header)}.${encoded(payload)}`), signature),
    },
  },
  "token-works-once": {
    breaks: ["TOK-026", "TOK-046", "TOK-054", "TOK-061"],
    rules: { tokenDefaultCalls: 1 },
  },
  "token-signature-only-present": {
    breaks: ["TOK-027", "TOK-028", "TOK-029", "TOK-032", "TOK-033", "TOK-065"],
    rules: { tokenSignatureValid: ({ signature }) => signature.length > 0 },
  },
  "token-payload-trusted": {
    breaks: ["TOK-027", "TOK-028", "TOK-029", "TOK-032", "TOK-033", "TOK-065"],
    rules: { tokenSignatureValid: () => true },
  },
  "token-header-unsigned": {
    breaks: ["TOK-005", "TOK-029"],
    rules: {
      assembleToken: (issuer, header, payload) => {
        const body = encoded(payload);
        return `${TOKEN_PREFIX}${encoded(header)}.${body}.${base64url(signBytes(issuer, utf8(body)))}`;
      },
      tokenSignatureValid: (token) =>
        verifyToken(token) ||
        (typeof token.payload.iss === "string" &&
          verifyBytes(token.payload.iss, utf8(encoded(token.payload)), token.signature)),
    },
  },
  "token-alg-none-accepted": {
    breaks: ["TOK-030"],
    rules: {
      tokenHeaderAccepted: ({ alg, typ, v }) => (alg === "EdDSA" || alg === "none") && typ === "hntoken" && v === 1,
      tokenSignatureValid: (token) => token.header.alg === "none" || verifyToken(token),
    },
  },
  "token-alg-hs256-accepted": {
    breaks: ["TOK-031"],
    rules: {
      tokenHeaderAccepted: ({ alg, typ, v }) => (alg === "EdDSA" || alg === "HS256") && typ === "hntoken" && v === 1,
      tokenSignatureValid: (token) => {
        const { header, payload, signed, signature } = token;
        if (header.alg !== "HS256") return verifyToken(token);
        const key = typeof payload.iss === "string" ? publicKeyOf(payload.iss) : undefined;
        return key !== undefined &&
          equalBytes(new Uint8Array(createHmac("sha256", key).update(signed).digest()), signature);
      },
    },
  },
  "token-header-key-used": {
    breaks: ["TOK-032"],
    rules: {
      tokenSignatureValid: (token) => {
        const { jwk } = token.header;
        return isObject(jwk) && typeof jwk.x === "string"
          ? verifyBytes(`ed25519:${jwk.x}`, token.signed, token.signature)
          : verifyToken(token);
      },
    },
  },
  "token-any-member-key": {
    breaks: ["TOK-033"],
    rules: {
      tokenSignatureValid: (token, members) =>
        verifyToken(token) || members().some((id) => verifyBytes(id, token.signed, token.signature)),
    },
  },
  "token-typ-and-v-ignored": {
    breaks: ["TOK-034"],
    rules: { tokenHeaderAccepted: ({ alg }) => alg === "EdDSA" },
  },
  "token-prefix-ignored": {
    breaks: ["TOK-035"],
    rules: { readToken: (text) => decodeToken(TOKEN_PREFIX + text.slice(text.lastIndexOf("/") + 1)) },
  },
  "token-malformed-crashes": {
    breaks: ["TOK-030", "TOK-035", "TOK-036"],
    rules: {
      tokenFailuresCaught: false,
      readToken: (text) => {
        try {
          return decodeToken(text);
        } catch (cause) {
          throw new TypeError("Cannot read properties of undefined", { cause });
        }
      },
    },
  },
  "token-of-any-size-read": {
    breaks: ["TOK-037"],
    rules: { maxHeadBytes: WITHOUT_BOUND, tokenMaxReadBytes: WITHOUT_BOUND },
  },
  "token-exp-ignored": {
    breaks: ["TOK-038", "TOK-064"],
    rules: { tokenExpired: () => false },
  },
  "token-nbf-ignored": {
    breaks: ["TOK-039"],
    rules: { tokenPremature: () => false },
  },
  "token-aud-ignored": {
    breaks: ["TOK-040"],
    rules: { tokenAudienceAccepted: () => true },
  },
  "token-opens-everything": {
    breaks: ["TOK-041", "TOK-042", "TOK-043", "LLM-061"],
    rules: { tokenEntryCovers: () => true },
  },
  "token-scope-by-prefix": {
    breaks: ["TOK-042", "TOK-043"],
    rules: { tokenEntryCovers: (entry, capability) => capability.startsWith(entry.split("@")[0] ?? entry) },
  },
  "token-scope-wildcards": {
    breaks: ["TOK-042"],
    rules: {
      tokenEntryCovers: (entry, capability, version) =>
        (entry.endsWith("*") && capability.startsWith(entry.slice(0, -1))) ||
        tokensRules.tokenEntryCovers(entry, capability, version),
    },
  },
  "token-scope-version-ignored": {
    breaks: ["TOK-043"],
    rules: { tokenEntryCovers: (entry, capability) => entry.split("@")[0] === capability },
  },
  "token-params-ignored": {
    breaks: ["TOK-044"],
    rules: { tokenParamsAllowed: () => true },
  },
  "token-params-never-allowed": {
    breaks: ["TOK-045"],
    rules: { tokenParamsAllowed: (constraints) => constraints === undefined },
  },
  "token-rate-not-counted": {
    breaks: ["TOK-046"],
    rules: { tokenRateKept: false },
  },
  "token-calls-not-counted": {
    breaks: ["TOK-047"],
    rules: { tokenCallsKept: false },
  },
  "token-subject-not-compared": {
    breaks: ["TOK-048"],
    rules: { tokenSubjectMatches: () => true },
  },
  "token-excuses-signature": {
    breaks: ["TOK-049"],
    rules: {
      verifySignature: (request) => request.headers.has("x-hearthnet-token") || transportRules.verifySignature(request),
    },
  },
  "token-lends-trust": {
    breaks: ["TOK-050"],
    rules: { tokenCallerLevel: () => "trusted" },
  },
  "token-any-issuer": {
    breaks: ["TOK-051"],
    rules: { tokenIssuerAccepted: () => true, tokenCallerLevel: () => "member" },
  },
  "token-revoked-issuer-accepted": {
    breaks: ["TOK-052"],
    rules: { tokenIssuerRevocationChecked: false },
  },
  "bearer-token-crashes": {
    breaks: ["TOK-053"],
    rules: {
      tokenSubjectMatches: (subject, signer) => {
        if (publicKeyOf(subject) === undefined) throw new TypeError("Cannot read the key of undefined");
        return tokensRules.tokenSubjectMatches(subject, signer);
      },
    },
  },
  "bearer-subject-taken-literally": {
    breaks: ["TOK-055"],
    rules: { tokenSubjectMatches: (subject, signer) => signer === undefined || subject === signer },
  },
});
