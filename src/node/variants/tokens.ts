/** Sound variants of the reference node: tokens. */

import { decodeToken, isObject, type JsonObject, statusOf } from "../../protocol/mod.ts";
import { type OutboundAnswer, variants } from "../fault.ts";

const UNAUTHORIZED = 401;
/** Capabilities for trusted members whose refusal a node may put down to the token. */
const TRUSTED_ONLY: readonly (string | undefined)[] = ["rag.ingest", "file.put"];

/** `params_constraints.corpus` under its name on the request. */
function corporaSpelledOut(payload: JsonObject): JsonObject {
  const scope = payload.scope as JsonObject;
  if (!isObject(scope.params_constraints)) return payload;
  const { corpus, ...others } = scope.params_constraints;
  if (corpus === undefined) return payload;
  const { params_constraints: _, ...rest } = scope;
  const kept = Object.keys(others).length === 0 ? {} : { params_constraints: others };
  return { ...payload, scope: { ...rest, ...kept, corpora: corpus } };
}

/** The other way round, for the checks of the verifier. */
function corporaFolded(payload: JsonObject): JsonObject {
  const { scope } = payload;
  if (!isObject(scope) || !Array.isArray(scope.corpora)) return payload;
  const { corpora, ...rest } = scope;
  const constraints = isObject(rest.params_constraints) ? rest.params_constraints : {};
  return { ...payload, scope: { ...rest, params_constraints: { ...constraints, corpus: corpora } } };
}

function trustRefusedAsScope(answer: OutboundAnswer): OutboundAnswer {
  const { body, capability, request } = answer;
  const byToken = request.headers.has("x-hearthnet-token") && !request.headers.has("x-hearthnet-signature");
  if (!byToken || !TRUSTED_ONLY.includes(capability) || !isObject(body) || body.error !== "unauthorized") return answer;
  const error = "token_scope_insufficient";
  return { ...answer, status: statusOf(error), body: { ...body, error } };
}

export const tokensVariants = variants({
  "tokens-with-everything-m16-names": {
    reading: "payload with nbf, issued_via and max_calls_total (M16 §3.2), corpora under the name of CONTRACT2 §4.5; " +
      "bearer tokens are issued and subjects may introspect (CONTRACT2 §4.7 read as the token's own subject)",
    document: (kind, value) => {
      if (kind !== "token-payload") return value;
      const payload = corporaSpelledOut(value);
      const scope = { max_calls_total: null, ...payload.scope as JsonObject };
      return { ...payload, nbf: payload.iat ?? null, issued_via: "manual", scope };
    },
    rules: {
      readToken: (text) => {
        const token = decodeToken(text);
        return { ...token, payload: corporaFolded(token.payload) };
      },
      bearerIssued: true,
      mayIntrospect: ({ self, subject, issuer }) => self || subject || issuer,
      requiredTrust: (capability, declared) => capability === "auth.token.introspect" ? "member" : declared,
    },
  },
  "tokens-refused-with-other-codes": {
    reading: "malformed tokens as token_invalid, wrong headers as bad_request, all token refusals with status 401, " +
      "refusals of issuing as unauthorized and not_found, missing trust as missing scope (core-tokens: tolerated)",
    outbound: trustRefusedAsScope,
    rules: {
      tokenMalformedCode: "token_invalid",
      tokenHeaderCode: "bad_request",
      tokenTtlRefusal: "unauthorized",
      tokenScopeRefusal: "not_found",
      tokenUsedUpCode: "rate_limited",
      statusOf: (code) => code.startsWith("token_") ? UNAUTHORIZED : statusOf(code),
    },
  },
  "tokens-of-this-node-only": {
    reading: "only tokens of the node itself are honoured (core-tokens: which issuers are acceptable), bearer tokens " +
      "are refused (M16 §5.1), and only the operator on the node may introspect (M10 §3.4)",
    rules: {
      tokenIssuerAccepted: (_level, _isRoot, isSelf) => isSelf,
      bearerHonoured: false,
      mayIntrospect: () => false,
    },
  },
});
