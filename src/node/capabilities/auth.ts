/** auth.token.issue, auth.token.revoke, auth.token.introspect. CONTRACT2 §4.5 to §4.7; wire-format-services.md section 1. */

import {
  isNodeId,
  isObject,
  type Json,
  type JsonObject,
  type Level,
  timestamp,
  TOKEN_HEADER,
} from "../../protocol/mod.ts";
import { FirstResults, repeatKey } from "../bus/idempotency.ts";
import { versionServed } from "../bus/mod.ts";
import { type Call, type CapabilityDescriptor, type NodeCore, NodeError, type UnaryResult } from "../core.ts";
import { nodeTokens } from "../tokens/mod.ts";

/** Simultaneous calls; the work is one signature each. */
const MAX_CONCURRENT = 16;
const ULID_TEXT = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$";
/** Longest idempotency key that is kept. */
const MAX_CLIENT_ID = 128;

const text = { type: "string" } as const;
const clientId = { type: "string", minLength: 1, maxLength: MAX_CLIENT_ID } as const;

function body(input: JsonObject): JsonObject {
  return { type: "object", required: ["input"], properties: { params: { type: "object" }, input } };
}

const ISSUE: CapabilityDescriptor = {
  name: "auth.token.issue",
  version: "1.0",
  stability: "stable",
  params: {},
  max_concurrent: MAX_CONCURRENT,
  trust: "member",
  streaming: "never",
  request_schema: body({
    type: "object",
    required: ["client_id", "subject", "scope"],
    properties: {
      client_id: clientId,
      subject: text,
      scope: {
        type: "object",
        required: ["capabilities"],
        properties: {
          capabilities: { type: "array", minItems: 1, items: text },
          corpora: { type: "array", items: text },
          params_constraints: { type: "object", additionalProperties: { type: "array" } },
          rate_limit_per_minute: { type: "integer", minimum: 1 },
          max_calls_total: { type: ["integer", "null"], minimum: 1 },
        },
      },
      ttl_seconds: { type: "integer", minimum: 1 },
      audience: text,
    },
  }),
  response_schema: {
    type: "object",
    required: ["output"],
    properties: {
      output: { type: "object", required: ["token", "token_id"], properties: { token: text, token_id: text } },
    },
  },
  stream_schema: null,
};

const REVOKE: CapabilityDescriptor = {
  name: "auth.token.revoke",
  version: "1.0",
  stability: "stable",
  params: {},
  max_concurrent: MAX_CONCURRENT,
  trust: "member",
  streaming: "never",
  request_schema: body({
    type: "object",
    required: ["client_id", "token_id"],
    properties: { client_id: clientId, token_id: { type: "string", pattern: ULID_TEXT } },
  }),
  response_schema: {
    type: "object",
    required: ["output"],
    properties: {
      output: {
        type: "object",
        required: ["event_id", "lamport"],
        properties: { event_id: text, lamport: { type: "integer" } },
      },
    },
  },
  stream_schema: null,
};

const INTROSPECT: CapabilityDescriptor = {
  name: "auth.token.introspect",
  version: "1.0",
  stability: "stable",
  params: {},
  max_concurrent: MAX_CONCURRENT,
  trust: "self",
  streaming: "never",
  request_schema: body({ type: "object", required: ["token"], properties: { token: text } }),
  response_schema: {
    type: "object",
    required: ["output"],
    properties: {
      output: {
        type: "object",
        required: ["active"],
        properties: { active: { type: "boolean" }, scope: { type: "object" }, expires_at: text },
      },
    },
  },
  stream_schema: null,
};

/** Registers the family. */
export function registerAuth(core: NodeCore): void {
  const results = new FirstResults<UnaryResult>(core.rules);
  const clientIdOf = (call: Call) => repeatKey(call, String(call.input["client_id"]));
  core.bus.register(ISSUE, (call) => {
    if (call.token !== undefined && !core.rules.tokenMayIssue) {
      throw new NodeError("token_scope_insufficient", "a token does not get another token");
    }
    return core.rules.tokenIssueRepeats ? results.once(clientIdOf(call), () => issue(core, call)) : issue(core, call);
  });
  core.bus.register(REVOKE, (call) => results.once(clientIdOf(call), () => revoke(core, call)));
  core.bus.register(INTROSPECT, (call) => introspect(core, call));
}

function issue(core: NodeCore, call: Call): UnaryResult {
  const { rules, seams, identity, ids, clock } = core;
  const { subject, audience, ttl_seconds: asked } = call.input;
  requireSubject(core, subject);
  if (audience !== undefined && !isNodeId(audience)) throw new NodeError("bad_request", "audience is no community id");
  const scope = scopeOf(core, call.input["scope"] as JsonObject);
  const policySeconds = core.community.policy().capability_token_ttl_seconds;
  const ttl = rules.tokenTtl(typeof asked === "number" ? asked : undefined, policySeconds);
  if (rules.tokenTtlBounded && ttl > policySeconds) {
    throw new NodeError(rules.tokenTtlRefusal, `a token lives at most ${policySeconds} s: current value is ${ttl}`);
  }
  const jti = ids.next();
  const iat = Math.floor(clock.wall() / 1000);
  const claims: JsonObject = {
    iss: identity.id,
    sub: subject as string,
    ...(audience === undefined ? {} : { aud: audience }),
    iat,
    exp: iat + ttl,
    jti,
    scope,
  };
  const payload = seams.document("token-payload", rules.tokenClaims(claims, call.caller));
  const header = seams.document("token-header", { ...TOKEN_HEADER } as JsonObject);
  const token = rules.assembleToken(identity, header, payload);
  if (rules.tokenMaxIssuedBytes !== undefined && token.length > rules.tokenMaxIssuedBytes) {
    throw new NodeError("bad_request", `a token has at most ${rules.tokenMaxIssuedBytes} bytes: the scope is too long`);
  }
  nodeTokens(core).revocations.know({ jti, iss: identity.id, sub: subject as string });
  if (rules.tokenEventWritten) {
    const data = rules.tokenEventData({
      token_id: jti,
      subject: subject as string,
      scope,
      expires_at: timestamp((iat + ttl) * 1000),
      ...(audience === undefined ? {} : { audience }),
    }, token);
    core.log.append("auth.token.issued", data, call.caller);
  }
  return { output: { token, token_id: rules.answeredTokenId(jti, () => ids.next()) } };
}

function requireSubject(core: NodeCore, subject: Json | undefined): void {
  if (subject === "*") {
    if (core.rules.bearerIssued) return;
    throw new NodeError("bad_request", "bearer tokens are not issued here");
  }
  if (!isNodeId(subject)) throw new NodeError("bad_request", "subject is no full NodeID");
}

/** The scope as it goes into the token; `corpora` is shorthand for a constraint on `params.corpus`. */
function scopeOf(core: NodeCore, asked: JsonObject): JsonObject {
  const capabilities = asked["capabilities"] as string[];
  if (core.rules.tokenScopeOffered) {
    for (const entry of capabilities) {
      if (offered(core, entry)) continue;
      throw new NodeError(core.rules.tokenScopeRefusal, `nobody offers ${entry.slice(0, 100)}`);
    }
  }
  const given = asked["params_constraints"];
  const constraints: JsonObject = isObject(given) ? { ...given } : {};
  if (Array.isArray(asked["corpora"])) constraints["corpus"] = asked["corpora"];
  const scope: JsonObject = { capabilities };
  if (Object.keys(constraints).length > 0) scope["params_constraints"] = constraints;
  for (const name of ["rate_limit_per_minute", "max_calls_total"]) {
    const value = asked[name];
    if (value !== undefined) scope[name] = value;
  }
  return scope;
}

function offered(core: NodeCore, entry: string): boolean {
  const at = entry.lastIndexOf("@");
  if (at < 1) return false;
  const name = entry.slice(0, at);
  const version = entry.slice(at + 1);
  return core.bus.descriptors().some((d) => d.name === name && versionServed(core, d.version, version)) ||
    core.peers.offers(name, version);
}

function revoke(core: NodeCore, call: Call): UnaryResult {
  const { rules, communityId, identity } = core;
  const { revocations } = nodeTokens(core);
  const jti = String(call.input["token_id"]);
  const { requester, facts } = revocations.origin(jti);
  const self = call.level === "self";
  const issuer = facts?.iss ?? (requester === undefined ? undefined : identity.id);
  const entitled = rules.mayRevoke({
    level: self ? "anchor" : call.level as Level,
    // A token nobody has shown here yet: the event has effect only if its issuer turns out to be the caller.
    isIssuer: issuer === undefined || issuer === call.caller,
    isRequester: requester === call.caller,
    isRoot: call.caller === communityId,
  });
  if (!entitled) throw new NodeError("unauthorized", "only issuer, requester and trusted members revoke a token");
  if (!rules.revocationWritten) {
    revocations.state(jti, call.caller);
    return { output: { event_id: core.ids.next(), lamport: core.log.head() } };
  }
  const event = core.log.append(
    "auth.token.revoked",
    { token_id: jti, reason: "manual" },
    self ? undefined : call.caller,
  );
  return { output: { event_id: event.event_id, lamport: event.lamport } };
}

function introspect(core: NodeCore, call: Call): UnaryResult {
  const { rules } = core;
  const tokens = nodeTokens(core);
  const { token, facts } = tokens.read(String(call.input["token"]));
  const may = rules.mayIntrospect({
    self: call.level === "self",
    subject: facts.sub === call.caller,
    issuer: facts.iss === call.caller,
  });
  if (!may) throw new NodeError("unauthorized", "only the node itself looks into a token");
  const output: JsonObject = tokens.active(token, facts)
    ? { active: true, scope: token.payload["scope"] ?? {}, expires_at: timestamp(facts.exp * 1000) }
    : { active: false };
  return { output: rules.introspectOutput(output) };
}
