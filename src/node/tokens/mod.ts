/** Capability tokens: the documented order of checks, and the bookkeeping. wire-format-services.md section 1. */

import { type DecodedToken, isNodeId, isObject, isUlid, type Json, type JsonObject, utf8 } from "../../protocol/mod.ts";
import { type NodeCore, NodeError, type TokenService, type Trust } from "../core.ts";
import type { TokenFacts } from "../rules/tokens.ts";
import { Revocations } from "./revocations.ts";
import { TokenUse } from "./usage.ts";

/** The service with what auth.* needs beyond verification. */
export interface NodeTokens extends TokenService {
  readonly revocations: Revocations;
  /** Takes a token apart and checks types of its members. @throws {NodeError} `bad_request` or `token_invalid`. */
  read(text: string): { readonly token: DecodedToken; readonly facts: CheckedPayload };
  /** Whether the token would be honoured now, use counts aside. Never raises. */
  active(token: DecodedToken, facts: CheckedPayload): boolean;
}

/** Members of a payload with their types checked. Times are Unix seconds. */
export interface CheckedPayload extends TokenFacts {
  readonly exp: number;
  readonly notBefore: number;
  readonly audience: Json | undefined;
  readonly capabilities: readonly string[];
  readonly constraints: Json | undefined;
  readonly perMinute: number | undefined;
  readonly total: number | undefined;
}

/** The token service of a node. */
export function createTokens(core: NodeCore): NodeTokens {
  return new Service(core);
}

/**
 * The token service of a composed node with everything auth.* needs.
 *
 * @throws {TypeError} If the node was composed with another service.
 */
export function nodeTokens(core: Pick<NodeCore, "tokens">): NodeTokens {
  if (core.tokens instanceof Service) return core.tokens;
  throw new TypeError("Cannot register auth.*: the node has a token service of another kind");
}

class Service implements NodeTokens {
  readonly revocations: Revocations;
  readonly #use: TokenUse;

  constructor(private readonly core: NodeCore) {
    this.revocations = new Revocations(core);
    this.#use = new TokenUse(core.rules.tokensCounted);
  }

  read(text: string): { readonly token: DecodedToken; readonly facts: CheckedPayload } {
    const { rules } = this.core;
    const length = utf8(text).length;
    if (length > rules.tokenMaxReadBytes) {
      throw new NodeError(
        "bad_request",
        `a token has at most ${rules.tokenMaxReadBytes} bytes: current value is ${length}`,
      );
    }
    let token: DecodedToken;
    try {
      token = rules.readToken(text);
    } catch (error) {
      if (!rules.tokenFailuresCaught && !(error instanceof SyntaxError)) throw error;
      throw new NodeError(rules.tokenMalformedCode, "the token is malformed");
    }
    if (!rules.tokenHeaderAccepted(token.header)) {
      throw new NodeError(rules.tokenHeaderCode, "the token header is not that of version 1 with EdDSA");
    }
    return { token, facts: checkedPayload(token.payload) };
  }

  authorize(request: Parameters<TokenService["authorize"]>[0]): ReturnType<TokenService["authorize"]> {
    const { rules, community, communityId } = this.core;
    const { signer, capability, version, params } = request;
    if (signer === undefined && !rules.tokenOnlyAccepted) {
      throw new NodeError("invalid_signature", "a call without signature is not accepted");
    }
    if (signer !== undefined && !rules.tokenBesideSignatureAccepted) {
      throw new NodeError("bad_request", "a call has a signature or a token, not both");
    }
    const { token, facts } = this.read(request.token);
    if (!this.#signed(token)) throw new NodeError("token_invalid", "the token signature is wrong");
    this.#requireIssuer(facts.iss);
    const now = this.#now();
    if (rules.tokenExpired(facts.exp, now)) throw new NodeError("token_expired", "the token has expired");
    if (rules.tokenPremature(facts.notBefore, now)) throw new NodeError("token_expired", "the token is not valid yet");
    if (!rules.tokenAudienceAccepted(facts.audience, communityId)) {
      throw new NodeError("unauthorized", "the token is for another community");
    }
    if (this.revocations.revoked(facts)) throw new NodeError("token_revoked", "the token has been revoked");
    this.#requireSubject(facts, signer, request.from);
    if (!this.covers(token, capability, version, params)) {
      throw new NodeError("token_scope_insufficient", `the token does not cover ${capability}`);
    }
    this.#spend(facts, now);
    const caller = facts.sub === "*" ? facts.iss : facts.sub;
    if (community.isRevoked(caller)) throw new NodeError("revoked", "the subject of the token has been revoked");
    const issuer = facts.iss === communityId ? "anchor" : community.level(facts.iss);
    const level: Trust = rules.tokenCallerLevel(community.level(caller), issuer);
    return { caller, level, token };
  }

  covers(token: DecodedToken, capability: string, version: string, params: JsonObject): boolean {
    const { rules } = this.core;
    if (capability === "auth.token.issue" && !rules.tokenMayIssue) return false;
    const { scope } = token.payload;
    if (!isObject(scope)) return false;
    const entries = Array.isArray(scope["capabilities"]) ? scope["capabilities"] : [];
    return entries.some((entry) => typeof entry === "string" && rules.tokenEntryCovers(entry, capability, version)) &&
      rules.tokenParamsAllowed(scope["params_constraints"], params);
  }

  active(token: DecodedToken, facts: CheckedPayload): boolean {
    const { rules, community } = this.core;
    const now = this.#now();
    return rules.introspectedActive({
      signed: this.#signed(token),
      expired: rules.tokenExpired(facts.exp, now) || rules.tokenPremature(facts.notBefore, now),
      revoked: this.revocations.revoked(facts),
      issuerAccepted: !community.isRevoked(facts.iss) && this.#issuerAccepted(facts.iss),
    });
  }

  #signed(token: DecodedToken): boolean {
    const { rules, community } = this.core;
    return rules.tokenSignatureValid(token, () => community.members().map(({ node_id }) => node_id));
  }

  #issuerAccepted(issuer: string): boolean {
    const { rules, community, communityId, identity } = this.core;
    return rules.tokenIssuerAccepted(community.level(issuer), issuer === communityId, issuer === identity.id);
  }

  #now(): number {
    return Math.floor(this.core.clock.wall() / 1000);
  }

  #requireIssuer(issuer: string): void {
    const { rules, community } = this.core;
    if (rules.tokenIssuerRevocationChecked && community.isRevoked(issuer)) {
      throw new NodeError("revoked", "the issuer of the token has been revoked");
    }
    const accepted = this.#issuerAccepted(issuer) ||
      (!rules.tokenIssuerRevocationChecked && community.isRevoked(issuer));
    if (!accepted) throw new NodeError("token_invalid", "the issuer of the token is no member here");
  }

  #requireSubject(facts: TokenFacts, signer: string | undefined, from: string): void {
    const { rules } = this.core;
    if (facts.sub === "*" && !rules.bearerHonoured) {
      throw new NodeError("unauthorized", "bearer tokens are not accepted here");
    }
    const presented = signer ?? (facts.sub === "*" ? undefined : from);
    if (!rules.tokenSubjectMatches(facts.sub, presented)) {
      throw new NodeError("invalid_signature", "the token belongs to another subject");
    }
  }

  #spend(facts: CheckedPayload, nowSeconds: number): void {
    const { rules, clock } = this.core;
    const budget = {
      perWindow: rules.tokenRateKept ? facts.perMinute : undefined,
      total: rules.tokenCallsKept ? facts.total ?? rules.tokenDefaultCalls : undefined,
      windowMs: rules.tokenRateWindowMs,
    };
    const spent = this.#use.spend(facts.jti, facts.exp, budget, clock.mono(), nowSeconds);
    if (spent.kind === "used-up") throw new NodeError(rules.tokenUsedUpCode, "the calls of the token are used up");
    if (spent.kind === "too-fast") {
      throw new NodeError("rate_limited", "the token is used too often", { retry_after_ms: spent.retryAfterMs });
    }
  }
}

/** @throws {NodeError} `token_invalid` if a member is missing or has another type. */
function checkedPayload(payload: JsonObject): CheckedPayload {
  const { iss, sub, iat, exp, nbf, aud, jti, scope } = payload;
  if (!isNodeId(iss)) throw invalid("iss");
  if (sub !== "*" && !isNodeId(sub)) throw invalid("sub");
  if (!isUlid(jti)) throw invalid("jti");
  if (!isSeconds(iat)) throw invalid("iat");
  if (!isSeconds(exp)) throw invalid("exp");
  if (nbf !== undefined && !isSeconds(nbf)) throw invalid("nbf");
  if (!isObject(scope) || !isTexts(scope["capabilities"])) throw invalid("scope");
  return {
    iss,
    sub,
    jti,
    exp,
    notBefore: nbf ?? iat,
    audience: aud,
    capabilities: scope["capabilities"],
    constraints: scope["params_constraints"],
    perMinute: count(scope["rate_limit_per_minute"], "rate_limit_per_minute"),
    total: count(scope["max_calls_total"], "max_calls_total"),
  };
}

function invalid(member: string): NodeError {
  return new NodeError("token_invalid", `${member} of the token has another form`);
}

function isSeconds(value: Json | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isTexts(value: Json | undefined): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}

function count(value: Json | undefined, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isSeconds(value)) throw invalid(name);
  return value;
}
