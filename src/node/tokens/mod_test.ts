import { assert, assertEquals, assertThrows } from "@std/assert";
import { createHmac } from "node:crypto";
import {
  base64url,
  type DecodedToken,
  type Identity,
  type JsonObject,
  mintToken,
  Random,
  TOKEN_PREFIX,
  ulid,
  utf8,
} from "../../protocol/mod.ts";
import { VirtualClock } from "../../wire/clock.ts";
import { MEM1, MEM2, MEM3, NODE, REVOKED1, ROOT, STRANGER, testCore, TRUST1 } from "../bus/testing.ts";
import { NodeError } from "../core.ts";
import type { Rules } from "../rules.ts";
import { createTokens, nodeTokens } from "./mod.ts";

const NOW = 1_790_000_000;
const HOUR = 3600;
const random = new Random("tokens");

function payload(more: JsonObject = {}): JsonObject {
  return {
    iss: MEM1.id,
    sub: MEM2.id,
    iat: NOW - HOUR,
    exp: NOW + HOUR,
    jti: ulid(NOW * 1000, random),
    scope: { capabilities: ["market.list@1.0"] },
    ...more,
  };
}

function service(rules: Partial<Rules> = {}) {
  const clock = new VirtualClock({ wallMs: NOW * 1000, advanceOnSleep: false });
  const test = testCore(clock, (core) => ({ tokens: createTokens(core) }), rules);
  const authorize = (token: string, more: Partial<Parameters<typeof test.core.tokens.authorize>[0]> = {}) =>
    test.core.tokens.authorize({
      token,
      signer: undefined,
      from: MEM2.id,
      capability: "market.list",
      version: "1.0",
      params: {},
      ...more,
    });
  const code = (...args: Parameters<typeof authorize>): string => {
    try {
      authorize(...args);
      return "ok";
    } catch (error) {
      return error instanceof NodeError ? error.code : `crash: ${error}`;
    }
  };
  return { ...test, clock, authorize, code };
}

const mint = (more?: JsonObject, issuer?: Identity, header?: JsonObject) =>
  mintToken(issuer ?? MEM1, payload(more), header);

Deno.test("a sound token makes its subject the caller, at level member", () => {
  const { authorize } = service();
  const { caller, level } = authorize(mint());
  assertEquals([caller, level], [MEM2.id, "member"]);
});

Deno.test("white space, other order and unknown members do not harm a token", () => {
  const { code } = service();
  const reversed = Object.fromEntries(Object.entries({ ...payload(), extra: { x: 1 } }).reverse());
  assertEquals(code(mintToken(MEM1, JSON.stringify(reversed, null, 1))), "ok");
});

Deno.test("the checks come in the documented order with the documented codes", () => {
  const { code } = service();
  const hour = (h: number) => NOW + h * HOUR;
  const table: readonly (readonly [string, string, string])[] = [
    ["other type", mint({}, MEM1, { alg: "EdDSA", typ: "JWT", v: 1 }), "token_invalid"],
    ["other version", mint({}, MEM1, { alg: "EdDSA", typ: "hntoken", v: 2 }), "token_invalid"],
    ["algorithm none", mint({}, MEM1, { alg: "none", typ: "hntoken", v: 1 }), "token_invalid"],
    ["foreign signature", mint({}, STRANGER), "token_invalid"],
    [
      "key in the header",
      mint({}, STRANGER, { alg: "EdDSA", typ: "hntoken", v: 1, jwk: STRANGER.id }),
      "token_invalid",
    ],
    ["issuer unknown", mint({ iss: STRANGER.id }, STRANGER), "token_invalid"],
    ["issuer revoked", mint({ iss: REVOKED1.id }, REVOKED1), "revoked"],
    ["expired", mint({ exp: hour(-1), iat: hour(-2) }), "token_expired"],
    ["not yet", mint({ nbf: hour(1), exp: hour(2) }), "token_expired"],
    ["iat ahead stands for nbf", mint({ iat: hour(1), exp: hour(2) }), "token_expired"],
    ["other audience", mint({ aud: STRANGER.id }), "unauthorized"],
    ["our audience", mint({ aud: ROOT.id }), "ok"],
    ["expired before audience", mint({ exp: hour(-1), iat: hour(-2), aud: STRANGER.id }), "token_expired"],
    ["other scope", mint({ scope: { capabilities: ["market.post@1.0"] } }), "token_scope_insufficient"],
    ["subject without membership", mint({ sub: STRANGER.id }), "invalid_signature"],
  ];
  for (const [name, token, expected] of table) assertEquals(code(token), expected, name);
});

Deno.test("scope entries cover the exact name and a compatible version only", () => {
  const { code } = service();
  const scoped = (entry: string, version = "1.0") => code(mint({ scope: { capabilities: [entry] } }), { version });
  for (
    const entry of [
      "market@1.0",
      "market.lis@1.0",
      "MARKET.LIST@1.0",
      "market.*",
      "*",
      "market.list",
      "market.list@",
      "market.list@9.0",
      "market.list@1.1",
      "@1.0",
    ]
  ) {
    assertEquals(scoped(entry), "token_scope_insufficient", entry);
  }
  assertEquals(scoped("market.list@1.0", "1.3"), "ok");
});

Deno.test("constrained params must be present and allowed", () => {
  const { code } = service();
  const token = () => mint({ scope: { capabilities: ["market.list@1.0"], params_constraints: { model: ["a", "b"] } } });
  assertEquals(
    [
      code(token(), { params: { model: "a" } }),
      code(token(), { params: { model: "c" } }),
      code(token(), { params: {} }),
    ],
    ["ok", "token_scope_insufficient", "token_scope_insufficient"],
  );
  const inherited = mint({ scope: { capabilities: ["market.list@1.0"], params_constraints: { toString: ["a"] } } });
  assertEquals(code(inherited), "token_scope_insufficient");
});

Deno.test("malformed tokens are refused as client errors and never crash", () => {
  const { code } = service();
  const good = mint();
  const [h = "", p = "", s = ""] = good.slice(TOKEN_PREFIX.length).split(".");
  const seven = base64url(utf8("7"));
  const signed = `${base64url(utf8('{"alg":"HS256","typ":"hntoken","v":1}'))}.${p}`;
  const hmac = createHmac("sha256", MEM1.publicKey).update(signed).digest();
  const tokens = [
    "",
    "hntoken://v1/",
    `hntoken://v2/${h}.${p}.${s}`,
    `jwt://v1/${h}.${p}.${s}`,
    `${h}.${p}.${s}`,
    `${TOKEN_PREFIX}${h}`,
    `${TOKEN_PREFIX}${h}.${p}`,
    `${TOKEN_PREFIX}${h}.${p}.${s}.${s}`,
    `${TOKEN_PREFIX}${h}.${p}.`,
    `${TOKEN_PREFIX}%%%.%%%.%%%`,
    `${TOKEN_PREFIX}${seven}.${seven}.${s}`,
    `${TOKEN_PREFIX}${h}.${base64url(utf8("[]"))}.${s}`,
    `${TOKEN_PREFIX}${h}=.${p}.${s}`,
    `${TOKEN_PREFIX}${signed}.${base64url(new Uint8Array(hmac))}`,
    `${TOKEN_PREFIX}${h}.${p}.${base64url(new Uint8Array(64))}`,
    `${good}\u0000`,
    `${good}ü`,
    mint({ pad: "x".repeat(65_536) }),
  ];
  for (const token of tokens) assert(["bad_request", "token_invalid"].includes(code(token)), token.slice(0, 60));
});

Deno.test("payload members of another type are refused and never crash", () => {
  const { code } = service();
  const values = [null, true, -1, 1.5, 1e300, "", "x", [], {}, [1]];
  for (const member of ["iss", "sub", "iat", "exp", "jti", "scope"]) {
    for (const value of values) {
      assertEquals(code(mint({ [member]: value })), "token_invalid", `${member} ${JSON.stringify(value)}`);
    }
  }
  for (const member of ["capabilities", "rate_limit_per_minute", "max_calls_total"]) {
    for (const value of [true, -1, 1.5, "x", {}]) {
      const scope = { capabilities: ["market.list@1.0"], [member]: value };
      assertEquals(code(mint({ scope })), "token_invalid", `${member} ${JSON.stringify(value)}`);
    }
  }
});

Deno.test("a changed segment breaks the signature", () => {
  const { code } = service();
  const [h, , s] = mint().slice(TOKEN_PREFIX.length).split(".");
  const later = base64url(utf8(JSON.stringify(payload({ exp: NOW + 9 * HOUR }))));
  assertEquals(code(`${TOKEN_PREFIX}${h}.${later}.${s}`), "token_invalid");
  const [, p] = mint().slice(TOKEN_PREFIX.length).split(".");
  const header = base64url(utf8('{"alg":"EdDSA","typ":"hntoken","v":1,"x":1}'));
  assertEquals(code(`${TOKEN_PREFIX}${header}.${p}.${s}`), "token_invalid");
});

Deno.test("beside a signature the subject must be the signer, a bearer token is anyone's", () => {
  const { authorize, code } = service();
  assertEquals(code(mint(), { signer: MEM2.id, from: MEM2.id }), "ok");
  assertEquals(code(mint(), { signer: MEM3.id, from: MEM3.id }), "invalid_signature");
  assertEquals(code(mint(), { from: MEM3.id }), "invalid_signature");
  const bearer = authorize(mint({ sub: "*" }), { signer: MEM3.id, from: MEM3.id });
  assertEquals([bearer.caller, bearer.level], [MEM1.id, "member"]);
  assertEquals(code(mint({ sub: "*" }), { from: STRANGER.id }), "ok");
});

Deno.test("a token lends the subject no level, and never more than the issuer has", () => {
  const { authorize } = service();
  const level = (iss: Identity, sub: Identity) =>
    authorize(mint({ iss: iss.id, sub: sub.id }, iss), { from: sub.id }).level;
  assertEquals(
    [level(MEM1, TRUST1), level(TRUST1, TRUST1), level(NODE, STRANGER), level(ROOT, MEM2)],
    ["member", "trusted", "member", "member"],
  );
});

Deno.test("calls per minute are counted per token in a sliding window", () => {
  const { authorize, clock, code } = service();
  const token = mint({ scope: { capabilities: ["market.list@1.0"], rate_limit_per_minute: 2 } });
  assertEquals(code(token), "ok");
  clock.advance(40_000);
  assertEquals(code(token), "ok");
  const refusal = assertThrows(() => authorize(token), NodeError);
  assertEquals([refusal.code, refusal.more.retry_after_ms], ["rate_limited", 20_000]);
  clock.advance(20_000);
  assertEquals([code(token), code(token)], ["ok", "rate_limited"]);
});

Deno.test("a token for one call works once, one without a number any time", () => {
  const { code } = service();
  const once = mint({ scope: { capabilities: ["market.list@1.0"], max_calls_total: 1 } });
  assertEquals([code(once), code(once)], ["ok", "token_revoked"]);
  const free = mint({ scope: { capabilities: ["market.list@1.0"], max_calls_total: null } });
  assertEquals([code(free), code(free), code(free)], ["ok", "ok", "ok"]);
});

Deno.test("revocations count from issuer, requester, trusted members and root only", () => {
  const revokedBy = (
    who: Identity,
    issuer: Identity,
    before?: (jti: string, t: ReturnType<typeof service>) => void,
  ) => {
    const test = service();
    const jti = ulid(NOW * 1000, random);
    before?.(jti, test);
    const token = mint({ iss: issuer.id, jti }, issuer);
    assertEquals(test.code(token), "ok");
    test.receive(who, "auth.token.revoked", { token_id: jti, reason: "manual" });
    return test.code(token);
  };
  assertEquals(revokedBy(MEM3, NODE), "ok");
  assertEquals(revokedBy(MEM1, MEM1), "token_revoked");
  assertEquals(revokedBy(TRUST1, NODE), "token_revoked");
  assertEquals(revokedBy(ROOT, NODE), "token_revoked");
  assertEquals(
    revokedBy(MEM3, NODE, (jti, { core }) => core.log.append("auth.token.issued", { token_id: jti }, MEM3.id)),
    "token_revoked",
  );
});

Deno.test("a member cannot revoke in the name of another", () => {
  const test = service();
  const jti = ulid(NOW * 1000, random);
  const token = mint({ iss: NODE.id, jti }, NODE);
  test.receive(MEM3, "auth.token.revoked", { token_id: jti, reason: "manual", on_behalf_of: TRUST1.id });
  assertEquals(test.code(token), "ok");
});

Deno.test("revocations that were in the log before the first token are known", () => {
  const test = service();
  const jtis = Array.from({ length: 3 }, () => ulid(NOW * 1000, random));
  for (const jti of jtis) test.receive(TRUST1, "auth.token.revoked", { token_id: jti, reason: "policy" });
  for (const jti of jtis) assertEquals(test.code(mint({ jti })), "token_revoked");
});

Deno.test("revoking one bearer token leaves another of the same issuer alone", () => {
  const test = service();
  const jti = ulid(NOW * 1000, random);
  const [first, second] = [mint({ sub: "*", jti }), mint({ sub: "*" })];
  test.receive(MEM1, "auth.token.revoked", { token_id: jti, reason: "manual" });
  assertEquals([test.code(first), test.code(second)], ["token_revoked", "ok"]);
});

Deno.test("filed by issuer and subject, one revocation kills both", () => {
  const test = service({ revocationKey: ({ iss, sub }) => `${iss} ${sub}` });
  const jti = ulid(NOW * 1000, random);
  const [first, second] = [mint({ sub: "*", jti }), mint({ sub: "*" })];
  assertEquals(test.code(first), "ok");
  test.receive(MEM1, "auth.token.revoked", { token_id: jti, reason: "manual" });
  assertEquals([test.code(first), test.code(second)], ["token_revoked", "token_revoked"]);
});

Deno.test("no token covers auth.token.issue", () => {
  const { core } = service();
  const { token } = nodeTokens(core).read(mint({ scope: { capabilities: ["auth.token.issue@1.0", "a.b@1.0"] } }));
  const covers = (token: DecodedToken, name: string) => core.tokens.covers(token, name, "1.0", {});
  assertEquals([covers(token, "auth.token.issue"), covers(token, "a.b")], [false, true]);
});
