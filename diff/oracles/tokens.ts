/** Issued tokens against what was asked for, and what introspection says (wire-format.md section 8, core/tokens). */

import { isObject, type JsonObject } from "../../src/protocol/mod.ts";
import { opened } from "../../src/protocol/forms.ts";
import { isCount, isFullNodeId, isListOf, isNumber, isText, isUlid, isUtcTime, sameJson } from "./forms.ts";
import { ofOutput } from "./member_checks.ts";
import { type Exchange, objectOf, type Oracle } from "./oracle.ts";

const ISSUE = "auth.token.issue";
/** Life of a token that states none, in seconds (CONTRACT2 §4), and the longest text of one. */
const USUAL_LIFE_S = 3600;
const MOST_CHARACTERS = 800;
const SIGNATURE_BYTES = 64;

interface Inside {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  readonly text: string;
  readonly signatureBytes: unknown;
}

function issued(
  id: string,
  place: RegExp,
  test: (token: Inside, input: JsonObject, e: Exchange) => boolean | undefined,
): Oracle {
  return ofOutput(ISSUE, id, place, ({ token }, e) => {
    if (!isText(token)) return false;
    const inside = opened(token);
    if (!isObject(inside)) return undefined;
    const { header, payload, signature_bytes: signatureBytes } = inside;
    if (!isObject(header) || !isObject(payload)) return undefined;
    return test({ header, payload, text: token, signatureBytes }, e.input, e);
  });
}

const TOKEN = /^(signature\.)?output\.token/;

export const tokenOracles: readonly Oracle[] = [
  ofOutput(
    ISSUE,
    "TOK-002",
    TOKEN,
    ({ token }) => isText(token) && /^hntoken:\/\/v1\/[\w-]+\.[\w-]+\.[\w-]+$/.test(token),
  ),
  issued("TOK-003", TOKEN, ({ header: { alg, typ, v } }) => alg === "EdDSA" && typ === "hntoken" && v === 1),
  issued(
    "TOK-004",
    TOKEN,
    ({ payload: { iss, sub, iat, exp, jti, scope } }) =>
      isFullNodeId(iss) && (sub === "*" || isFullNodeId(sub)) && isCount(iat) && isCount(exp) && isUlid(jti) &&
      isListOf(objectOf(scope).capabilities, isText),
  ),
  issued("TOK-006", TOKEN, ({ payload }, _, { answer }) => {
    const from = answer.headers.find(([name]) => name.toLowerCase() === "x-hearthnet-from")?.[1];
    return from === undefined ? undefined : payload.iss === from;
  }),
  issued(
    "TOK-005",
    TOKEN,
    ({ signatureBytes }, _, { answer }) =>
      signatureBytes === SIGNATURE_BYTES && answer.signatures.get("output.token") === "valid",
  ),
  issued("TOK-007", /payload\.sub$/, ({ payload }, { subject }) => payload.sub === subject),
  ofOutput(
    ISSUE,
    "TOK-001",
    /^(output(\.token(_id)?)?|signature\.header)$/,
    ({ token, token_id: id }) => isText(token) && isText(id),
  ),
  issued("TOK-008", /^output\.token(_id$|.*\.jti$)/, ({ payload }, _, { output }) => output.token_id === payload.jti),
  issued(
    "TOK-009",
    /payload\.(exp|iat)$/,
    ({ payload: { exp, iat } }, { ttl_seconds: ttl }) => isNumber(ttl) ? Number(exp) - Number(iat) === ttl : undefined,
  ),
  issued("TOK-010", /payload\.(exp|iat)$/, ({ payload: { exp, iat } }, { ttl_seconds: ttl }) =>
    // The policy of the community may be shorter.
    ttl === undefined ? Number(exp) - Number(iat) <= USUAL_LIFE_S : undefined),
  issued("TOK-011", /scope\.capabilities/, ({ payload }, { scope }) => {
    const [given, wanted] = [objectOf(payload.scope).capabilities, objectOf(scope).capabilities];
    return Array.isArray(wanted) ? sameJson(given, wanted) : undefined;
  }),
  issued(
    "TOK-012",
    /payload\.aud$/,
    ({ payload }, { audience }) => audience === undefined ? undefined : payload.aud === audience,
  ),
  issued("TOK-013", /scope/, ({ payload }, { scope }) => {
    const { corpora, rate_limit_per_minute: rate } = objectOf(scope);
    const given = objectOf(payload.scope);
    const kept = objectOf(given.params_constraints).corpus ?? given.corpora;
    return (corpora === undefined || sameJson(kept, corpora)) &&
      (rate === undefined || given.rate_limit_per_minute === rate);
  }),
  issued("TOK-014", TOKEN, ({ text }) => text.length <= MOST_CHARACTERS),
  ofOutput(
    "auth.token.introspect",
    "TOK-062",
    /^output\.(scope|expires_at)$/,
    ({ active, scope, expires_at: end }) =>
      active === true ? isObject(scope) && (isUtcTime(end) || isNumber(end)) : undefined,
  ),
];
