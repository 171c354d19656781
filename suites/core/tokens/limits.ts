/** What a sound token is good for: time, audience, scope, parameters, number of calls, and a revoked issuer. */

import { errorCode, isInteger, member, refusedWith, succeeded } from "../../../src/check/mod.ts";
import { type JsonObject, tryParseJson } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { modelOf } from "../../../src/target/minimal_body.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import {
  HOUR_SECONDS,
  issued,
  minted,
  noteStatus,
  nowSeconds,
  otherProbe,
  present,
  type Probe,
  probe,
  probeNamed,
  requireOwnTokens,
  usual,
} from "./helpers.ts";

const MINUTE_MS = 60_000;

/** Alice mints a token for Bob, who presents it; skipped where a plain one is not honoured. */
async function ownToken(
  context: CaseContext,
  changes: JsonObject,
  called: Probe = probe(context.target),
): Promise<HttpAnswer> {
  const { target, actors } = context;
  const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
  await requireOwnTokens(context, alice, bob);
  return await present(target, bob, minted(target, alice, bob, changes), called);
}

function refuses(context: CaseContext, answer: HttpAnswer, ...codes: readonly string[]): void {
  context.must(refusedWith(answer, ...codes));
  noteStatus(context, answer);
}

/** Names that are near the name of a capability, and do not mean it. */
function nearMisses({ name, version }: Probe): string[] {
  const family = name.slice(0, name.indexOf("."));
  const last = name.slice(name.indexOf(".") + 1);
  return [
    `${family}@${version}`,
    `${name.slice(0, -1)}@${version}`,
    `${last}@${version}`,
    `${name.toUpperCase()}@${version}`,
    `${family}.*`,
    "*",
  ];
}

/** A token for embed.text that allows only the given models, used with the advertised one. */
async function constrained(context: CaseContext, models: string[]): Promise<HttpAnswer> {
  const { target, actors } = context;
  const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
  await requireOwnTokens(context, alice, bob);
  const called = probeNamed(target, "embed.text");
  const scope = { capabilities: [called.entry], params_constraints: { model: models } };
  return await present(target, bob, minted(target, alice, bob, { scope }), called);
}

export const limitCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/tokens/expired",
    requirement: "TOK-038",
    brokenBy: ["token-exp-ignored"],
    effects: "none",
    async run(context) {
      const now = nowSeconds(context.target);
      const answer = await ownToken(context, { iat: now - 2 * HOUR_SECONDS, exp: now - HOUR_SECONDS });
      refuses(context, answer, "token_expired");
    },
  }),
  defineCase({
    id: "core/tokens/not-valid-yet",
    requirement: "TOK-039",
    brokenBy: ["token-nbf-ignored"],
    effects: "none",
    async run(context) {
      const now = nowSeconds(context.target);
      const answer = await ownToken(context, { nbf: now + HOUR_SECONDS, exp: now + 2 * HOUR_SECONDS });
      refuses(context, answer, "token_expired");
    },
  }),
  defineCase({
    id: "core/tokens/audience-of-another-community",
    requirement: "TOK-040",
    brokenBy: ["token-aud-ignored"],
    effects: "none",
    async run(context) {
      refuses(context, await ownToken(context, { aud: context.actors.fresh("other community").id }), "unauthorized");
    },
  }),
  defineCase({
    id: "core/tokens/capability-outside-the-scope",
    requirement: "TOK-041",
    brokenBy: ["token-opens-everything"],
    effects: "writes",
    async run(context) {
      const { target, actors, skip } = context;
      const other = otherProbe(target);
      if (other === undefined) return skip("a second read capability is not advertised");
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const { token } = await issued(context, alice, usual(target, bob.id));
      refuses(context, await present(target, bob, token, other), "token_scope_insufficient");
    },
  }),
  defineCase({
    id: "core/tokens/scope-names-are-whole-names",
    requirement: "TOK-042",
    brokenBy: ["token-scope-by-prefix", "token-scope-wildcards"],
    effects: "none",
    async run(context) {
      const { target, actors } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      await requireOwnTokens(context, alice, bob);
      for (const entry of nearMisses(probe(target))) {
        const answer = await present(target, bob, minted(target, alice, bob, { scope: { capabilities: [entry] } }));
        refuses(context, answer, "token_scope_insufficient", "bad_request");
      }
    },
  }),
  defineCase({
    id: "core/tokens/scope-of-another-major-version",
    requirement: "TOK-043",
    brokenBy: ["token-scope-version-ignored"],
    effects: "none",
    async run(context) {
      const { name } = probe(context.target);
      const answer = await ownToken(context, { scope: { capabilities: [`${name}@9.0`] } });
      refuses(context, answer, "token_scope_insufficient");
    },
  }),
  defineCase({
    id: "core/tokens/parameter-outside-the-constraint",
    requirement: "TOK-044",
    brokenBy: ["token-params-ignored"],
    effects: "none",
    async run(context) {
      refuses(context, await constrained(context, ["no-such-model"]), "token_scope_insufficient");
    },
  }),
  defineCase({
    id: "core/tokens/parameter-inside-the-constraint",
    requirement: "TOK-045",
    brokenBy: ["token-params-never-allowed"],
    effects: "none",
    async run(context) {
      context.must(succeeded(await constrained(context, [modelOf(context.target.profile, "embed.text")])));
    },
  }),
  defineCase({
    id: "core/tokens/calls-per-minute",
    requirement: "TOK-046",
    brokenBy: ["token-rate-not-counted"],
    effects: "writes",
    async run(context) {
      const { target, actors, must, inconclusive } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const perMinute = 2;
      const scope = { capabilities: [probe(target).entry], rate_limit_per_minute: perMinute };
      const { token } = await issued(context, alice, usual(target, bob.id, { scope }));
      const answers: HttpAnswer[] = [];
      for (let call = 0; call <= perMinute; call++) answers.push(await present(target, bob, token));
      const [first, last] = [answers[0] as HttpAnswer, answers.at(-1) as HttpAnswer];
      if (last.startedAt - first.startedAt >= MINUTE_MS) inconclusive("the calls took longer than a minute");
      for (const answer of answers.slice(0, perMinute)) must(succeeded(answer));
      must(refusedWith(last, "rate_limited"));
      must(isInteger(member(tryParseJson(last.body), "retry_after_ms"), "retry_after_ms", 0));
    },
  }),
  defineCase({
    id: "core/tokens/calls-in-total",
    requirement: "TOK-047",
    brokenBy: ["token-calls-not-counted"],
    effects: "none",
    async run(context) {
      const { target, actors, should, note } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      await requireOwnTokens(context, alice, bob);
      const scope = { capabilities: [probe(target).entry], max_calls_total: 1 };
      const token = minted(target, alice, bob, { scope });
      should(succeeded(await present(target, bob, token)));
      const second = await present(target, bob, token);
      const codes = ["token_revoked", "token_expired", "token_invalid", "rate_limited", "unauthorized"];
      should(refusedWith(second, ...codes));
      note(`a token whose calls are used up is answered with ${errorCode(second)}`);
    },
  }),
  defineCase({
    id: "core/tokens/issuer-was-revoked",
    requirement: "TOK-052",
    brokenBy: ["token-revoked-issuer-accepted"],
    effects: "harm",
    async run(context) {
      const { target, actors } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      await requireOwnTokens(context, alice, bob);
      const rhea = await actors.revoked();
      refuses(context, await present(target, bob, minted(target, rhea, bob)), "revoked");
    },
  }),
];
