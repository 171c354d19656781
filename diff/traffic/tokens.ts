/** Traffic of capability tokens: issued, minted, spoiled, used, revoked, introspected. */

import type { JsonObject } from "../../src/protocol/mod.ts";
import type { MintedToken } from "../../src/runner/vector_steps.ts";
import { BAD, call, type Draw, refused, type StepLawLike, succeeds, type Template } from "./draw.ts";
import { addressable } from "./probe.ts";

/** Lifetime far from every boundary. */
const LIFE_SECONDS = 7200;
const MAX_POLICY_SECONDS = 86_400;
/** Characters of a member that no token has room for, and of one that no head of a request has room for. */
const OVERSIZED = 3_000;
const HUGE = 24_000;
/** A second in a year far ahead. */
const LATER_SECONDS = 4_000_000_000;
/** Calls a minute that a rated token allows. */
const RATE = 2;
const HEADER = { alg: "EdDSA", typ: "hntoken", v: 1 };

function scope(draw: Draw, probe: string): JsonObject {
  return {
    capabilities: [`${probe}@1.0`],
    ...(draw.once(3) ? { rate_limit_per_minute: 30 } : {}),
    ...(draw.once(4) ? { corpora: ["maps"] } : {}),
  };
}

type Mint = readonly [name: string, change: Partial<MintedToken>, law: StepLawLike];

const invalid = (requirement: string) => refused(requirement, 401, "token_invalid");

function minted(holder: string): readonly Mint[] {
  return [
    ["oversized", { payload: { note: "x".repeat(OVERSIZED) } }, undefined],
    ["huge", { payload: { note: "x".repeat(HUGE) } }, undefined],
    ["own-key", { header: { ...HEADER, jwk: { x: `\${bare.${holder}}` } }, signed_by: holder }, invalid("TOK-032")],
    ["not-yet", { not_before_seconds: LIFE_SECONDS }, undefined],
    ["already", { not_before_seconds: -LIFE_SECONDS }, undefined],
    ["no-jti", { payload: { jti: null } }, undefined],
    ["exp-text", { payload: { exp: "soon" } }, undefined],
    ["issued-later", { payload: { iat: LATER_SECONDS } }, undefined],
    ["scope-text", { payload: { scope: "all" } }, undefined],
    ["star", { capabilities: ["*"] }, undefined],
    ["major", { capabilities: ["market.list@2.0", "file.list@2.0", "rag.list_corpora@2.0"] }, undefined],
    ["padded", { spoil: 0 }, invalid("TOK-027")],
    ["good", {}, succeeds("TOK-023")],
    ["bearer", { subject: "*" }, undefined],
    ["expired", { ttl_seconds: -LIFE_SECONDS }, { requirement: "TOK-038", error: ["token_expired"] }],
    ["signature", { spoil: 2 }, invalid("TOK-027")],
    ["payload", { spoil: 1 }, invalid("TOK-028")],
    ["alg-none", { header: { alg: "none", typ: "hntoken", v: 1 } }, { requirement: "TOK-030", status: [400, 401] }],
    ["alg-hs256", { header: { alg: "HS256", typ: "hntoken", v: 1 }, hmac: true }, {
      requirement: "TOK-031",
      status: [400, 401],
    }],
    ["typ", { header: { alg: "EdDSA", typ: "jwt", v: 1 } }, undefined],
    ["v2", { header: { alg: "EdDSA", typ: "hntoken", v: 2 } }, undefined],
    ["prefix", { prefix: "hntoken://v2/" }, { requirement: "TOK-035", status: [400, 401] }],
    ["no-prefix", { prefix: "" }, { requirement: "TOK-035", status: [400, 401] }],
    ["other-key", { signed_by: "m1" }, invalid("TOK-033")],
    ["stranger", { issuer: "s1" }, { requirement: "TOK-051", status: [401, 403] }],
    ["audience", { audience: "${id.g1}" }, { requirement: "TOK-042", error: ["unauthorized"] }],
    ["audience-right", { audience: "${community_id}" }, succeeds("TOK-042")],
    ["scope", { capabilities: ["chat.send@1.0"] }, { requirement: "TOK-041", error: ["token_scope_insufficient"] }],
    ["minor", { capabilities: ["market.list@1.7", "file.list@1.7", "rag.list_corpora@1.7"] }, undefined],
    ["constraint", { constraints: { corpus: ["maps"] } }, {
      requirement: "TOK-043",
      error: ["token_scope_insufficient"],
    }],
  ];
}

export const tokensTemplates: readonly Template[] = [
  {
    name: "auth.token.issue/valid",
    needs: "auth.token.issue",
    make: (draw) => {
      const probe = addressable(draw);
      const as = draw.actor("auth.token.issue");
      const holder = as === undefined ? undefined : draw.other(as);
      if (probe === undefined || as === undefined || holder === undefined) return;
      const input: JsonObject = {
        client_id: draw.clientId(),
        subject: `\${id.${holder}}`,
        scope: scope(draw, probe),
        ...(draw.once(2) ? { ttl_seconds: draw.pick([LIFE_SECONDS / 2, LIFE_SECONDS, MAX_POLICY_SECONDS]) } : {}),
        ...(draw.once(3) ? { audience: "${community_id}" } : {}),
      };
      const token = draw.save("token", `${holder} ${probe} ${as}`);
      const id = `${token}id`;
      const step = call("auth.token.issue/valid", as, "auth.token.issue", input, succeeds("TOK-001"), {
        learn: { [token]: "output.token", [id]: "output.token_id" },
      });
      if (!draw.once(3) || !draw.again(as, "auth.token.issue")) return [step];
      return [step, call("auth.token.issue/repeated", as, "auth.token.issue", input, succeeds("TOK-015"))];
    },
  },
  {
    name: "auth.token.issue/invalid",
    needs: "auth.token.issue",
    make: (draw) => {
      const probe = addressable(draw);
      const as = draw.actor("auth.token.issue");
      if (probe === undefined || as === undefined) return;
      const valid = { client_id: draw.clientId(), subject: "${id.m2}", scope: { capabilities: [`${probe}@1.0`] } };
      const { client_id: clientId, subject, scope: good } = valid;
      const [name, input, law] = draw.pick<readonly [string, JsonObject, StepLawLike]>([
        ["no-subject", { client_id: clientId, scope: good }, refused("TOK-019", 400, ...BAD)],
        ["no-scope", { client_id: clientId, subject }, refused("TOK-019", 400, ...BAD)],
        ["bearer", { ...valid, subject: "*" }, undefined],
        ["too-long", { ...valid, ttl_seconds: MAX_POLICY_SECONDS + 1 }, undefined],
        ["unknown-capability", { ...valid, scope: { capabilities: ["market.fly@1.0"] } }, undefined],
        ["empty-scope", { ...valid, scope: { capabilities: [] } }, undefined],
        ["ttl-zero", { ...valid, ttl_seconds: 0 }, refused("TOK-020", 400, ...BAD)],
        ["no-client-id", { subject, scope: good }, undefined],
        ["ttl-text", { ...valid, ttl_seconds: "60" }, undefined],
        ["short-subject", { ...valid, subject: "ed25519:AAAA-BBBB-CCCC-DDDD" }, undefined],
        ["audience-number", { ...valid, audience: 5 }, undefined],
      ]);
      return [call(`auth.token.issue/${name}`, as, "auth.token.issue", input, law)];
    },
  },
  {
    name: "auth.token.issue/stranger",
    needs: "auth.token.issue",
    make: (draw) => {
      const as = draw.actor("auth.token.issue", "stranger");
      if (as === undefined) return;
      const input = { client_id: draw.clientId(), subject: "${id.m1}", scope: { capabilities: ["market.list@1.0"] } };
      return [
        call("auth.token.issue/stranger", as, "auth.token.issue", input, refused("TOK-018", 401, "unauthorized")),
      ];
    },
  },
  {
    name: "token used",
    needs: "auth.token.issue",
    make: (draw) => {
      const known = draw.known("token");
      if (known === undefined) return;
      const [holder = "", probe = ""] = known.note.split(" ");
      if (!draw.again(holder, probe)) return;
      const token = `\${${known.name}}`;
      const [name, parts] = draw.pick(
        [
          ["alone", { token, signature: "none" }],
          ["signed", { token }],
          ["broken-signature", { token, signature: "broken" }],
        ] as const,
      );
      return [call(`token used/${name}`, holder, probe, {}, undefined, parts)];
    },
  },
  {
    name: "token used elsewhere",
    needs: "auth.token.issue",
    make: (draw) => {
      const known = draw.known("token");
      if (known === undefined) return;
      const [holder = ""] = known.note.split(" ");
      const other = draw.pick(["market.post", "auth.token.issue", "chat.send"]);
      if (!draw.again(holder, other)) return;
      return [
        call("token used elsewhere", holder, other, {}, undefined, { token: `\${${known.name}}`, signature: "none" }),
      ];
    },
  },
  {
    name: "token minted",
    make: (draw) => {
      const probe = addressable(draw);
      const holder = probe === undefined ? undefined : draw.actor(probe);
      const issuer = holder === undefined ? undefined : draw.other(holder);
      if (probe === undefined || holder === undefined || issuer === undefined) return;
      const [name, change, law] = draw.pick(minted(holder));
      const mint: MintedToken = {
        issuer,
        subject: `\${id.${holder}}`,
        capabilities: [`${probe}@1.0`],
        ttl_seconds: LIFE_SECONDS,
        ...change,
        ...(name === "other-key" ? { signed_by: holder } : {}),
      };
      const signature = draw.once(5) ? {} : { signature: "none" as const };
      const kept = draw.save("mint");
      const use = call(`token minted/${name}`, holder, probe, {}, law, { mint: { ...mint, name: kept }, ...signature });
      const reader = draw.once(2) && draw.offer.capabilities.has("auth.token.introspect")
        ? draw.actor("auth.token.introspect", "self")
        : undefined;
      if (reader === undefined) return [use];
      const token = `\${${kept}}`;
      return [use, call(`auth.token.introspect/${name}`, reader, "auth.token.introspect", { token })];
    },
  },
  {
    name: "token with a rate",
    make: (draw) => {
      const probe = addressable(draw);
      const holder = probe === undefined ? undefined : draw.actor(probe);
      const issuer = holder === undefined ? undefined : draw.other(holder);
      if (probe === undefined || holder === undefined || issuer === undefined || draw.known("rated") !== undefined) {
        return;
      }
      const name = draw.save("rated");
      const mint = {
        issuer,
        subject: `\${id.${holder}}`,
        capabilities: [`${probe}@1.0`],
        ttl_seconds: LIFE_SECONDS,
        rate_limit_per_minute: RATE,
        name,
      };
      const parts = { mint, signature: "none" as const, repeat: RATE + 2 };
      return [call("token with a rate", holder, probe, {}, undefined, parts)];
    },
  },
  {
    name: "token for tokens",
    needs: "auth.token.issue",
    make: (draw) => {
      const holder = draw.actor("auth.token.issue");
      const issuer = holder === undefined ? undefined : draw.other(holder);
      const probe = addressable(draw);
      if (holder === undefined || issuer === undefined || probe === undefined) return;
      const mint = {
        issuer,
        subject: `\${id.${holder}}`,
        capabilities: ["auth.token.issue@1.0", `${probe}@1.0`],
        ttl_seconds: LIFE_SECONDS,
      };
      const input = { client_id: draw.clientId(), subject: "${id.m2}", scope: { capabilities: [`${probe}@1.0`] } };
      return [
        call("token for tokens", holder, "auth.token.issue", input, { requirement: "TOK-022" }, {
          mint,
          signature: "none",
        }),
      ];
    },
  },
  {
    name: "token with a tool",
    needs: "llm.tools.call",
    make: (draw) => {
      const probe = addressable(draw);
      const holder = draw.actor("llm.tools.call");
      const issuer = holder === undefined ? undefined : draw.other(holder);
      if (probe === undefined || holder === undefined || issuer === undefined) return;
      const [name, capabilities] = draw.pick(
        [
          ["wrapper", ["llm.tools.call@1.0"]],
          ["both", ["llm.tools.call@1.0", `${probe}@1.0`]],
          ["target", [`${probe}@1.0`]],
        ] as const,
      );
      const mint = { issuer, subject: `\${id.${holder}}`, capabilities, ttl_seconds: LIFE_SECONDS };
      const input = {
        tool_call_id: "tc_1",
        target_capability: `${probe}@1.0`,
        target_body: { params: {}, input: {} },
      };
      return [
        call(`token with a tool/${name}`, holder, "llm.tools.call", input, undefined, { mint, signature: "none" }),
      ];
    },
  },
  {
    name: "token revoked",
    needs: "auth.token.revoke",
    make: (draw) => {
      const known = draw.known("token");
      if (known === undefined) return;
      const [holder = "", probe = "", issuer = ""] = known.note.split(" ");
      const outsider = draw.once(3) ? draw.other(issuer) : undefined;
      const by = outsider ?? issuer;
      if (!draw.again(by, "auth.token.revoke") || !draw.again(holder, probe)) return;
      const input = { client_id: draw.clientId(), token_id: `\${${known.name}id}` };
      const law = outsider === undefined || outsider === holder ? undefined : refused("TOK-058", 401, "unauthorized");
      const revoke = call(
        `auth.token.revoke/${outsider === undefined ? "issuer" : "other"}`,
        by,
        "auth.token.revoke",
        input,
        law,
      );
      const use = call("token used/after revocation", holder, probe, {}, undefined, {
        token: `\${${known.name}}`,
        signature: "none",
      });
      const reader = draw.offer.capabilities.has("auth.token.introspect")
        ? draw.actor("auth.token.introspect", "self")
        : undefined;
      if (reader === undefined) return [revoke, use];
      const token = `\${${known.name}}`;
      return [revoke, use, call("auth.token.introspect/revoked", reader, "auth.token.introspect", { token })];
    },
  },
  {
    name: "auth.token.introspect",
    needs: "auth.token.introspect",
    make: (draw) => {
      const known = draw.known("token");
      const as = draw.actor("auth.token.introspect", draw.once(2) ? "self" : "member");
      if (as === undefined || known === undefined) return;
      const token = draw.once(4) ? "hntoken://v1/AAAA.BBBB.CCCC" : `\${${known.name}}`;
      return [call("auth.token.introspect", as, "auth.token.introspect", { token })];
    },
  },
];
