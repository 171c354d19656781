import { assertEquals, assertMatch, assertObjectMatch } from "@std/assert";
import {
  decodeToken,
  type Identity,
  isUlid,
  type JsonObject,
  MAX_TOKEN_BYTES,
  parseTimestamp,
  ulid,
  verifyToken,
} from "../../protocol/mod.ts";
import { VirtualClock } from "../../wire/clock.ts";
import { anyCapability, callOf, codeOf, MEM1, MEM2, MEM3, NODE, ROOT, testCore, TRUST1 } from "../bus/testing.ts";
import type { Rules } from "../rules.ts";
import { createTokens } from "../tokens/mod.ts";
import { registerAuth } from "./auth.ts";

const NOW = 1_790_000_000;

function node(rules: Partial<Rules> = {}) {
  const clock = new VirtualClock({ wallMs: NOW * 1000, advanceOnSleep: false });
  const test = testCore(clock, (core) => ({ tokens: createTokens(core) }), rules);
  test.core.bus.register(anyCapability(), () => ({ output: {} }));
  registerAuth(test.core);
  let count = 0;
  const call = async (name: string, input: JsonObject, who: Identity = MEM1) => {
    const body = { params: {}, input: { client_id: `c${++count}`, ...input } };
    const level = test.core.community.level(who.id);
    const answer = await test.core.bus.dispatch(callOf(name, { body, caller: who.id, level }));
    return answer.kind === "unary" ? answer.body["output"] as JsonObject : {};
  };
  const issue = (more: JsonObject = {}) =>
    call("auth.token.issue", {
      subject: MEM2.id,
      scope: { capabilities: ["file.list@1.0"] },
      ttl_seconds: 600,
      ...more,
    });
  const use = (token: string) =>
    codeOf((async () => {
      await Promise.resolve();
      const request = { token, signer: undefined, from: MEM2.id, capability: "file.list", version: "1.0", params: {} };
      return test.core.tokens.authorize(request);
    })());
  return { ...test, clock, call, issue, use };
}

Deno.test("an issued token is signed by the node and says what was asked for", async () => {
  const { issue, events } = node();
  const { token, token_id } = await issue({ audience: ROOT.id }) as { token: string; token_id: string };
  assertMatch(token, /^hntoken:\/\/v1\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
  const decoded = decodeToken(token);
  assertEquals([verifyToken(decoded), token.length <= MAX_TOKEN_BYTES, isUlid(token_id)], [true, true, true]);
  assertEquals(decoded.header, { alg: "EdDSA", typ: "hntoken", v: 1 });
  assertEquals(decoded.payload, {
    iss: NODE.id,
    sub: MEM2.id,
    aud: ROOT.id,
    iat: NOW,
    exp: NOW + 600,
    jti: token_id,
    scope: { capabilities: ["file.list@1.0"] },
  });
  assertEquals(events.length, 1);
  assertObjectMatch(events[0] ?? {}, {
    event_type: "auth.token.issued",
    author: NODE.id,
    data: { token_id, subject: MEM2.id, audience: ROOT.id, on_behalf_of: MEM1.id },
  });
  assertEquals(parseTimestamp(events[0]?.data["expires_at"]), (NOW + 600) * 1000);
  assertEquals(JSON.stringify(events).includes(token.split(".")[2] ?? "hntoken"), false);
});

Deno.test("corpora become a constraint, without a life the default is one hour", async () => {
  const { call } = node();
  const scope = { capabilities: ["file.list@1.0"], corpora: ["x1"], rate_limit_per_minute: 7 };
  const { token } = await call("auth.token.issue", { subject: MEM2.id, scope }) as { token: string };
  const { payload } = decodeToken(token);
  assertEquals(payload["scope"], {
    capabilities: ["file.list@1.0"],
    params_constraints: { corpus: ["x1"] },
    rate_limit_per_minute: 7,
  });
  assertEquals(Number(payload["exp"]) - Number(payload["iat"]), 3600);
});

Deno.test("the same client id gives the same token, also at the same time", async () => {
  const { issue, events } = node();
  const all = await Promise.all([1, 2, 3].map(() => issue({ client_id: "same" })));
  assertEquals(new Set(all.map(({ token_id }) => token_id)).size, 1);
  assertEquals(events.length, 1);
});

Deno.test("what must not be issued is refused and leaves no event", async () => {
  const { issue, events } = node();
  const inputs: JsonObject[] = [
    { ttl_seconds: 86_401 },
    { ttl_seconds: 0 },
    { scope: { capabilities: ["experimental.nosuch.thing@1.0"] } },
    { scope: { capabilities: ["file.list"] } },
    { scope: { capabilities: ["file.list@1.1"] } },
    { scope: { capabilities: [] } },
    { scope: {} },
    { subject: "*" },
    { subject: "ed25519:short" },
    { subject: 7 },
    { audience: "here" },
    { scope: { capabilities: ["file.list@1.0"], corpora: Array(60).fill("a long corpus name") } },
  ];
  for (const input of inputs) {
    assertEquals(await codeOf(issue(input)), "bad_request", JSON.stringify(input).slice(0, 80));
  }
  assertEquals(events, []);
});

Deno.test("a token does not get another token", async () => {
  const { core, issue } = node();
  const { token } = await issue() as { token: string };
  const body = { input: { client_id: "c", subject: MEM2.id, scope: { capabilities: ["file.list@1.0"] } } };
  const call = callOf("auth.token.issue", { body, token: decodeToken(token) });
  assertEquals(await codeOf(core.bus.dispatch(call)), "token_scope_insufficient");
});

Deno.test("a revoked token is refused at once and the event says why", async () => {
  const { issue, call, use, events } = node();
  const { token, token_id } = await issue() as { token: string; token_id: string };
  assertEquals(await use(token), "ok");
  const { event_id } = await call("auth.token.revoke", { token_id });
  assertObjectMatch(events.at(-1) ?? {}, { event_id: event_id ?? null, data: { token_id, reason: "manual" } });
  assertEquals(await use(token), "token_revoked");
});

Deno.test("only requester, trusted members and the node revoke an issued token", async () => {
  for (const [who, expected] of [[MEM3, "unauthorized"], [MEM1, "ok"], [TRUST1, "ok"], [NODE, "ok"]] as const) {
    const { issue, call, use } = node();
    const { token, token_id = "" } = await issue() as { token: string; token_id: string };
    assertEquals(await codeOf(call("auth.token.revoke", { token_id }, who)), expected);
    assertEquals(await use(token), expected === "ok" ? "token_revoked" : "ok");
  }
});

Deno.test("a stranger's revocation of a token nobody has seen yet has no effect", async () => {
  const { call, clock, core, use } = node();
  const jti = ulid(clock.wall(), core.random);
  await call("auth.token.revoke", { token_id: jti }, MEM3);
  const payload = {
    iss: MEM1.id,
    sub: MEM2.id,
    iat: NOW,
    exp: NOW + 60,
    jti,
    scope: { capabilities: ["file.list@1.0"] },
  };
  assertEquals(await use(core.rules.assembleToken(MEM1, { alg: "EdDSA", typ: "hntoken", v: 1 }, payload)), "ok");
});

Deno.test("introspection is for the node itself and knows life, revocation and signature", async () => {
  const { issue, call, clock } = node();
  const look = (token: string, who: Identity = NODE) => call("auth.token.introspect", { token }, who);
  const { token, token_id } = await issue() as { token: string; token_id: string };
  assertEquals(await look(token), {
    active: true,
    scope: { capabilities: ["file.list@1.0"] },
    expires_at: "2026-09-21T14:23:20Z",
  });
  for (const who of [MEM2, MEM3, TRUST1]) assertEquals(await codeOf(look(token, who)), "unauthorized");
  const forged = `${token.slice(0, -4)}AAAA`;
  assertEquals(await look(forged), { active: false });
  assertEquals(await codeOf(look("nonsense")), "bad_request");
  await call("auth.token.revoke", { token_id });
  assertEquals(await look(token), { active: false });
  const { token: short } = await issue({ ttl_seconds: 1 }) as { token: string };
  clock.advance(1000);
  assertEquals(await look(short), { active: false });
});
