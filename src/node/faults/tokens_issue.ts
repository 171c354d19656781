/** Faults of the reference node: issuing tokens and writing it down. */

import {
  base64url,
  canonicalBytes,
  canonicalize,
  type DecodedToken,
  isObject,
  type JsonObject,
  signBytes,
  timestamp,
  TOKEN_PREFIX,
  utf8,
  verifyBytes,
  verifyToken,
} from "../../protocol/mod.ts";
import { faults, type OutboundAnswer } from "../fault.ts";
import { tokensRules } from "../rules/tokens.ts";

const THIRTY_DAYS_SECONDS = 2_592_000;
/** Entries that make a payload several kilobytes long. */
const MANY = 40;

/** Cases that look at the parts of an issued token. */
const FORM = [
  "TOK-003",
  "TOK-004",
  "TOK-005",
  "TOK-006",
  "TOK-007",
  "TOK-008",
  "TOK-009",
  "TOK-010",
  "TOK-011",
  "TOK-012",
  "TOK-013",
  "TOK-020",
] as const;
/** Cases that need an issued token to be honoured. */
const USE = ["TOK-023", "TOK-024", "TOK-026", "TOK-041", "TOK-046", "TOK-057", "TOK-058"] as const;

function issueOutput(answer: OutboundAnswer, change: (output: JsonObject) => JsonObject): OutboundAnswer {
  const { body, capability } = answer;
  if (capability !== "auth.token.issue" || !isObject(body) || !isObject(body.output)) return answer;
  return { ...answer, body: { ...body, output: change(body.output) } };
}

function payloadChange(change: (payload: JsonObject) => JsonObject) {
  return (kind: string, value: JsonObject) => kind === "token-payload" ? change(value) : value;
}

export const tokenIssueFaults = faults({
  "issue-without-token-id": {
    breaks: ["TOK-001", "TOK-008"],
    outbound: (answer) => issueOutput(answer, ({ token_id: _, ...rest }) => rest),
  },
  "token-is-one-blob": {
    breaks: ["TOK-002", ...FORM, ...USE, "TOK-027", "TOK-028", "TOK-062", "LLM-061"],
    rules: {
      assembleToken: (issuer, _header, payload) => {
        const signature = base64url(signBytes(issuer, canonicalBytes(payload)));
        return `${TOKEN_PREFIX}${base64url(canonicalBytes({ body: payload, signature }))}`;
      },
    },
  },
  "token-typ-jwt": {
    breaks: ["TOK-003", "TOK-034"],
    document: (kind, value) => kind === "token-header" ? { ...value, typ: "JWT" } : value,
    rules: {
      tokenHeaderAccepted: ({ alg, typ, v }) => alg === "EdDSA" && (typ === "hntoken" || typ === "JWT") && v === 1,
    },
  },
  "token-exp-as-text": {
    breaks: ["TOK-004", "TOK-009", "TOK-010", "TOK-020", ...USE, "TOK-062"],
    document: payloadChange((payload) => ({ ...payload, exp: timestamp(Number(payload.exp) * 1000) })),
  },
  "token-signs-canonical-payload": {
    breaks: ["TOK-005", "TOK-029"],
    rules: {
      assembleToken: (issuer, header, payload) => {
        const signature = base64url(signBytes(issuer, canonicalBytes(payload)));
        return `${TOKEN_PREFIX}${base64url(canonicalBytes(header))}.${base64url(canonicalBytes(payload))}.${signature}`;
      },
      tokenSignatureValid: (token) => verifyToken(token) || signsPayload(token),
    },
  },
  "token-iss-is-caller": {
    breaks: ["TOK-005", "TOK-006", ...USE, "TOK-062"],
    rules: { tokenClaims: (payload, caller) => ({ ...payload, iss: caller }) },
  },
  "token-sub-is-caller": {
    breaks: ["TOK-007", "TOK-020", ...USE],
    rules: { tokenClaims: (payload, caller) => ({ ...payload, sub: caller }) },
  },
  "issue-answers-other-id": {
    breaks: ["TOK-008"],
    rules: { answeredTokenId: (_jti, fresh) => fresh() },
  },
  "token-life-always-an-hour": {
    breaks: ["TOK-009", "TOK-016"],
    rules: { tokenTtl: () => 3600 },
  },
  "token-default-life-30-days": {
    breaks: ["TOK-010", "TOK-016"],
    rules: { tokenTtl: (asked) => asked ?? THIRTY_DAYS_SECONDS, tokenTtlBounded: false },
  },
  "token-scope-widened": {
    breaks: ["TOK-011", "TOK-020", "TOK-041", "TOK-042", "LLM-061"],
    document: payloadChange((payload) => ({
      ...payload,
      scope: { ...payload.scope as JsonObject, capabilities: ["*"] },
    })),
    rules: {
      tokenEntryCovers: (entry, capability, version) =>
        entry === "*" || tokensRules.tokenEntryCovers(entry, capability, version),
    },
  },
  "token-drops-audience": {
    breaks: ["TOK-012", "TOK-020"],
    document: payloadChange(({ aud: _, ...rest }) => rest),
  },
  "token-drops-corpora": {
    breaks: ["TOK-013"],
    document: payloadChange((payload) => {
      const { params_constraints: _, ...scope } = payload.scope as JsonObject;
      return { ...payload, scope };
    }),
  },
  "token-embeds-manifest": {
    breaks: ["TOK-014"],
    document: payloadChange((payload) => ({
      ...payload,
      node_manifest: {
        node_id: String(payload.iss),
        capabilities: Array.from({ length: MANY }, (_, i) => `entry.${i}@1.0`),
      },
    })),
    rules: { tokenMaxIssuedBytes: undefined },
  },
  "issue-repeats-mint-again": {
    breaks: ["TOK-015"],
    rules: { tokenIssueRepeats: false },
  },
  "token-life-unbounded": {
    breaks: ["TOK-016"],
    rules: { tokenTtlBounded: false },
  },
  "token-scope-unchecked": {
    breaks: ["TOK-017"],
    rules: { tokenScopeOffered: false },
  },
  "issue-open-to-strangers": {
    breaks: ["TOK-018"],
    rules: { requiredTrust: (capability, declared) => capability === "auth.token.issue" ? "unknown" : declared },
  },
  "issue-without-subject-is-bearer": {
    breaks: ["TOK-019"],
    rules: {
      bearerIssued: true,
      readBody: (body, { name }) =>
        name === "auth.token.issue" && isObject(body.input) && body.input.subject === undefined
          ? { ...body, input: { ...body.input, subject: "*" } }
          : body,
    },
  },
  "issue-not-logged": {
    breaks: ["TOK-020"],
    rules: { tokenEventWritten: false },
  },
  "issue-logs-the-token": {
    breaks: ["TOK-021"],
    rules: { tokenEventData: (data, token) => ({ ...data, token }) },
  },
  "token-may-issue": {
    breaks: ["TOK-022"],
    rules: { tokenMayIssue: true },
  },
  "revocation-not-logged": {
    breaks: ["TOK-056"],
    rules: { revocationWritten: false },
  },
});

function signsPayload({ payload, signature }: DecodedToken): boolean {
  return typeof payload.iss === "string" && verifyBytes(payload.iss, utf8(canonicalize(payload)), signature);
}
