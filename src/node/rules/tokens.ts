/** Numbers and decisions of the reference node: capability tokens. Each names the source it follows. */

import {
  atLeast,
  base64url,
  type DecodedToken,
  decodeToken,
  type Identity,
  type Json,
  type JsonObject,
  type Level,
  LEVELS,
  parseVersion,
  serves,
  signBytes,
  TOKEN_DEFAULT_TTL_SECONDS,
  TOKEN_PREFIX,
  utf8,
  verifyToken,
} from "../../protocol/mod.ts";

/** What is known of a token apart from its text. */
export interface TokenFacts {
  readonly jti: string;
  readonly iss: string;
  readonly sub: string;
}

/** Who wants to revoke, or has revoked, a token. */
export interface RevokerFacts {
  readonly level: Level;
  readonly isIssuer: boolean;
  readonly isRequester: boolean;
  readonly isRoot: boolean;
}

/** What introspection found out. */
export interface IntrospectionFacts {
  readonly signed: boolean;
  readonly expired: boolean;
  readonly revoked: boolean;
  readonly issuerAccepted: boolean;
}

export interface TokensRules {
  /** The payload before it is signed; `caller` asked for the token (TOK-006, TOK-007). */
  readonly tokenClaims: (payload: JsonObject, caller: string) => JsonObject;
  /** Writes the text of a token from its two JSON parts (CONTRACT2 §6.2; TOK-002, TOK-005). */
  readonly assembleToken: (issuer: Identity, header: JsonObject, payload: JsonObject) => string;
  /** `output.token_id` (TOK-008). */
  readonly answeredTokenId: (jti: string, fresh: () => string) => string;
  /** Seconds a token lives; `asked` is undefined when the request names none (TOK-009, TOK-010). */
  readonly tokenTtl: (asked: number | undefined, policySeconds: number) => number;
  /** Whether a life above the policy is refused (TOK-016). */
  readonly tokenTtlBounded: boolean;
  /** Whether scopes may only name capabilities that are offered (TOK-017). */
  readonly tokenScopeOffered: boolean;
  /** Codes for a life above the policy and for a scope nobody offers (TOK-016, TOK-017). */
  readonly tokenTtlRefusal: string;
  readonly tokenScopeRefusal: string;
  /** Whether `sub` may be `*` on issue (decision of wire-format-services.md section 1: refused). */
  readonly bearerIssued: boolean;
  /** Longest token that is issued, in bytes (TOK-014); undefined: no bound. */
  readonly tokenMaxIssuedBytes: number | undefined;
  /** Whether repeating a `client_id` gives the first token (TOK-015). */
  readonly tokenIssueRepeats: boolean;
  /** Whether issuing is written to the log (TOK-020). */
  readonly tokenEventWritten: boolean;
  /** Data of auth.token.issued (TOK-020, TOK-021). */
  readonly tokenEventData: (data: JsonObject, token: string) => JsonObject;
  /** Whether a token is good for getting another one (TOK-022). */
  readonly tokenMayIssue: boolean;

  /** Whether a call without signature is accepted (TOK-023). */
  readonly tokenOnlyAccepted: boolean;
  /** Whether a signed call may carry a token (TOK-024). */
  readonly tokenBesideSignatureAccepted: boolean;
  /** Longest token that is read, in bytes: white space and unknown members are legal beyond the 800 of issue (TOK-025, TOK-037). */
  readonly tokenMaxReadBytes: number;
  /** Takes a token apart (TOK-035, TOK-036). @throws {SyntaxError} */
  readonly readToken: (text: string) => DecodedToken;
  /** Codes for a text that is no token and for a header that is not acceptable (TOK-030, TOK-034 to TOK-036). */
  readonly tokenMalformedCode: string;
  readonly tokenHeaderCode: string;
  /** Whether any failure of reading counts as malformed (TOK-036). */
  readonly tokenFailuresCaught: boolean;
  /** Whether the header is acceptable (TOK-030, TOK-031, TOK-034). */
  readonly tokenHeaderAccepted: (header: JsonObject) => boolean;
  /** Whether the signature is right: made with the key of `payload.iss`, whoever else is a member (TOK-025 to TOK-033). */
  readonly tokenSignatureValid: (token: DecodedToken, members: () => readonly string[]) => boolean;
  /** Whether the issuer may issue at all (TOK-051). */
  readonly tokenIssuerAccepted: (level: Level, isRoot: boolean, isSelf: boolean) => boolean;
  /** Whether a revoked issuer is told apart (TOK-052). */
  readonly tokenIssuerRevocationChecked: boolean;
  /** Whether `exp` has passed (TOK-038). Times are Unix seconds. */
  readonly tokenExpired: (exp: number, now: number) => boolean;
  /** Whether the token does not count yet (TOK-039). */
  readonly tokenPremature: (notBefore: number, now: number) => boolean;
  /** Whether a token for this audience is for us (TOK-040). */
  readonly tokenAudienceAccepted: (audience: Json | undefined, communityId: string) => boolean;
  /** Whether the subject may be used by the signer; `*` and token-only calls match (TOK-048, TOK-053, TOK-055). */
  readonly tokenSubjectMatches: (subject: string, signer: string | undefined) => boolean;
  /** Whether bearer tokens are honoured (TOK-053). */
  readonly bearerHonoured: boolean;
  /** Whether a scope entry covers a call (TOK-041 to TOK-043). */
  readonly tokenEntryCovers: (entry: string, capability: string, version: string) => boolean;
  /** Whether the params of a call are allowed (TOK-044, TOK-045). */
  readonly tokenParamsAllowed: (constraints: Json | undefined, params: JsonObject) => boolean;
  /** Whether `rate_limit_per_minute` is kept (TOK-046). */
  readonly tokenRateKept: boolean;
  /** Length of the sliding window of `rate_limit_per_minute`. */
  readonly tokenRateWindowMs: number;
  /** Whether `max_calls_total` is kept (TOK-047). */
  readonly tokenCallsKept: boolean;
  /** Calls a token is good for when it names no number (TOK-026); undefined: any number. */
  readonly tokenDefaultCalls: number | undefined;
  /** Code for a token whose calls are used up (decision of wire-format-services.md section 1). */
  readonly tokenUsedUpCode: string;
  /** Tokens whose use is counted; beyond it those that expired, then the oldest, are forgotten. */
  readonly tokensCounted: number;
  /** Level of a caller by token: the subject's, at least member, never above the issuer's (TOK-050). */
  readonly tokenCallerLevel: (subject: Level, issuer: Level) => Level;

  /** What a revocation is filed under (TOK-054). */
  readonly revocationKey: (token: TokenFacts) => string;
  /** Whether revocations are looked at (TOK-057). */
  readonly revocationsHonoured: boolean;
  /** Whether revocations of other nodes count (TOK-060). */
  readonly foreignRevocationsHonoured: boolean;
  /** Who may revoke by call (TOK-058, TOK-059). */
  readonly mayRevoke: (revoker: RevokerFacts) => boolean;
  /** Whose revocation event has effect (TOK-061). */
  readonly revocationCounts: (revoker: RevokerFacts) => boolean;
  /** Whether auth.token.revoke is written to the log (TOK-056); otherwise kept in memory only. */
  readonly revocationWritten: boolean;

  /** Verdict of introspection (TOK-062 to TOK-065). */
  readonly introspectedActive: (facts: IntrospectionFacts) => boolean;
  /** Output of introspection before it is sent (TOK-062). */
  readonly introspectOutput: (output: JsonObject) => JsonObject;
  /** Who may look: the node itself; subject and issuer by another reading (TOK-066). */
  readonly mayIntrospect: (caller: { self: boolean; subject: boolean; issuer: boolean }) => boolean;
}

const MAX_ISSUED_BYTES = 800;
const MAX_READ_BYTES = 1600;
const MINUTE_MS = 60_000;

function allowed(constraints: Json | undefined, params: JsonObject): boolean {
  if (constraints === undefined || constraints === null) return true;
  if (typeof constraints !== "object" || Array.isArray(constraints)) return false;
  return Object.entries(constraints).every(([name, values]) =>
    Array.isArray(values) && Object.hasOwn(params, name) && values.some((value) => value === params[name])
  );
}

function mayRevoke({ level, isIssuer, isRequester, isRoot }: RevokerFacts): boolean {
  return isIssuer || isRequester || isRoot || atLeast(level, "trusted");
}

export const tokensRules: TokensRules = {
  tokenClaims: (payload) => payload,
  assembleToken: (issuer, header, payload) => {
    const signed = `${base64url(utf8(JSON.stringify(header)))}.${base64url(utf8(JSON.stringify(payload)))}`;
    return `${TOKEN_PREFIX}${signed}.${base64url(signBytes(issuer, utf8(signed)))}`;
  },
  answeredTokenId: (jti) => jti,
  tokenTtl: (asked, policySeconds) => asked ?? Math.min(TOKEN_DEFAULT_TTL_SECONDS, policySeconds),
  tokenTtlBounded: true,
  tokenScopeOffered: true,
  tokenTtlRefusal: "bad_request",
  tokenScopeRefusal: "bad_request",
  bearerIssued: false,
  tokenMaxIssuedBytes: MAX_ISSUED_BYTES,
  tokenIssueRepeats: true,
  tokenEventWritten: true,
  tokenEventData: (data) => data,
  tokenMayIssue: false,

  tokenOnlyAccepted: true,
  tokenBesideSignatureAccepted: true,
  tokenMaxReadBytes: MAX_READ_BYTES,
  readToken: decodeToken,
  tokenMalformedCode: "bad_request",
  tokenHeaderCode: "token_invalid",
  tokenFailuresCaught: true,
  tokenHeaderAccepted: ({ alg, typ, v }) => alg === "EdDSA" && typ === "hntoken" && v === 1,
  tokenSignatureValid: (token) => verifyToken(token),
  tokenIssuerAccepted: (level, isRoot) => isRoot || atLeast(level, "member"),
  tokenIssuerRevocationChecked: true,
  tokenExpired: (exp, now) => now >= exp,
  tokenPremature: (notBefore, now) => now < notBefore,
  tokenAudienceAccepted: (audience, communityId) => audience === undefined || audience === communityId,
  tokenSubjectMatches: (subject, signer) => subject === "*" || signer === undefined || subject === signer,
  bearerHonoured: true,
  tokenEntryCovers: (entry, capability, version) => {
    const at = entry.lastIndexOf("@");
    const listed = parseVersion(entry.slice(at + 1));
    const called = parseVersion(version);
    return at > 0 && entry.slice(0, at) === capability && listed !== undefined && called !== undefined &&
      serves(called, listed);
  },
  tokenParamsAllowed: allowed,
  tokenRateKept: true,
  tokenRateWindowMs: MINUTE_MS,
  tokenCallsKept: true,
  tokenDefaultCalls: undefined,
  tokenUsedUpCode: "token_revoked",
  tokensCounted: 10_000,
  tokenCallerLevel: (subject, issuer) => {
    const own = atLeast(subject, "member") ? subject : "member";
    return LEVELS.indexOf(own) <= LEVELS.indexOf(issuer) ? own : issuer;
  },

  revocationKey: ({ jti }) => jti,
  revocationsHonoured: true,
  foreignRevocationsHonoured: true,
  mayRevoke,
  revocationCounts: mayRevoke,
  revocationWritten: true,

  introspectedActive: ({ signed, expired, revoked, issuerAccepted }) =>
    signed && !expired && !revoked && issuerAccepted,
  introspectOutput: (output) => output,
  mayIntrospect: ({ self }) => self,
};
