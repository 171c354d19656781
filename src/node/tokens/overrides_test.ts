import { assertEquals } from "@std/assert";
import { decodeToken, type Identity, type JsonObject, mintToken, Random, ulid } from "../../protocol/mod.ts";
import { VirtualClock } from "../../wire/clock.ts";
import { MEM1, MEM2, MEM3, REVOKED1, STRANGER, testCore } from "../bus/testing.ts";
import { NodeError } from "../core.ts";
import type { Rules } from "../rules.ts";
import { createTokens } from "./mod.ts";

const NOW = 1_790_000_000;
const HOUR = 3600;
const random = new Random("token overrides");

/** A token call as one line of the table below. */
interface Attempt {
  readonly payload?: JsonObject;
  readonly header?: JsonObject;
  readonly signer?: Identity;
  readonly text?: string;
  readonly by?: Identity;
  readonly params?: JsonObject;
  readonly times?: number;
}

/** The code of the last of the attempts with one token. */
function attempt(rules: Partial<Rules>, { payload, header, signer, text, by, params, times = 1 }: Attempt): string {
  const clock = new VirtualClock({ wallMs: NOW * 1000, advanceOnSleep: false });
  const { core } = testCore(clock, (core) => ({ tokens: createTokens(core) }), rules);
  const token = text ?? mintToken(signer ?? MEM1, {
    iss: MEM1.id,
    sub: MEM2.id,
    iat: NOW - HOUR,
    exp: NOW + HOUR,
    jti: ulid(NOW * 1000, random),
    scope: { capabilities: ["market.list@1.0"] },
    ...payload,
  }, header);
  const request = {
    token,
    signer: by?.id,
    from: by?.id ?? MEM2.id,
    capability: "market.list",
    version: "1.0",
    params: params ?? {},
  };
  let code = "";
  for (let i = 0; i < times; i++) {
    try {
      core.tokens.authorize(request);
      code = "ok";
    } catch (error) {
      code = error instanceof NodeError ? error.code : "crash";
    }
  }
  return code;
}

const scope = (more: JsonObject): Attempt => ({ payload: { scope: { capabilities: ["market.list@1.0"], ...more } } });

const TABLE: readonly (readonly [name: string, Partial<Rules>, Attempt, sound: string, changed: string])[] = [
  ["no token-only calls", { tokenOnlyAccepted: false }, {}, "ok", "invalid_signature"],
  ["not beside a signature", { tokenBesideSignatureAccepted: false }, { by: MEM2 }, "ok", "bad_request"],
  ["signature unchecked", { tokenSignatureValid: () => true }, { signer: STRANGER }, "token_invalid", "ok"],
  [
    "any header",
    { tokenHeaderAccepted: () => true },
    { header: { alg: "EdDSA", typ: "JWT", v: 2 } },
    "token_invalid",
    "ok",
  ],
  [
    "any prefix",
    { readToken: (text) => decodeToken(text.replace(/^.*\//, "hntoken://v1/")) },
    { text: mintToken(MEM1, { iss: "x" }).replace("v1", "v2") },
    "bad_request",
    "token_invalid",
  ],
  [
    "failures escape",
    {
      readToken: () => {
        throw new TypeError("undefined has no members");
      },
      tokenFailuresCaught: false,
    },
    { text: "hntoken://v1/7" },
    "bad_request",
    "crash",
  ],
  [
    "any issuer",
    { tokenIssuerAccepted: () => true },
    { payload: { iss: STRANGER.id }, signer: STRANGER },
    "token_invalid",
    "ok",
  ],
  [
    "revoked issuers",
    { tokenIssuerRevocationChecked: false },
    { payload: { iss: REVOKED1.id }, signer: REVOKED1 },
    "revoked",
    "ok",
  ],
  ["no expiry", { tokenExpired: () => false }, { payload: { exp: NOW - 1 } }, "token_expired", "ok"],
  ["no nbf", { tokenPremature: () => false }, { payload: { nbf: NOW + 1 } }, "token_expired", "ok"],
  ["any audience", { tokenAudienceAccepted: () => true }, { payload: { aud: STRANGER.id } }, "unauthorized", "ok"],
  ["any subject", { tokenSubjectMatches: () => true }, { by: MEM3 }, "invalid_signature", "ok"],
  [
    "literal subject",
    { tokenSubjectMatches: (subject, signer) => subject === signer },
    { payload: { sub: "*" }, by: MEM3 },
    "ok",
    "invalid_signature",
  ],
  ["no bearers", { bearerHonoured: false }, { payload: { sub: "*" } }, "ok", "unauthorized"],
  [
    "prefix scope",
    { tokenEntryCovers: (entry, name) => name.startsWith(entry.split("@")[0] ?? "") },
    scope({ capabilities: ["market@1.0"] }),
    "token_scope_insufficient",
    "ok",
  ],
  [
    "params ignored",
    { tokenParamsAllowed: () => true },
    { ...scope({ params_constraints: { model: ["a"] } }), params: { model: "b" } },
    "token_scope_insufficient",
    "ok",
  ],
  [
    "rate ignored",
    { tokenRateKept: false },
    { ...scope({ rate_limit_per_minute: 1 }), times: 2 },
    "rate_limited",
    "ok",
  ],
  ["total ignored", { tokenCallsKept: false }, { ...scope({ max_calls_total: 1 }), times: 2 }, "token_revoked", "ok"],
  ["single use", { tokenDefaultCalls: 1 }, { times: 2 }, "ok", "token_revoked"],
  ["any size", { tokenMaxReadBytes: Infinity }, { payload: { pad: "x".repeat(5000) } }, "bad_request", "ok"],
];

Deno.test("each check of a token hangs on its own rule", () => {
  for (const [name, rules, what, sound, changed] of TABLE) {
    assertEquals([attempt({}, what), attempt(rules, what)], [sound, changed], name);
  }
});
