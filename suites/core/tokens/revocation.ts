/** auth.token.revoke, revocations that arrive by gossip, and when they take effect. */

import { describe, refusedWith, succeeded } from "../../../src/check/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import {
  claims,
  issued,
  mint,
  minted,
  noteStatus,
  present,
  requireBearer,
  requireOwnTokens,
  REVOCATION_CASE_MS,
  REVOCATION_MS,
  revoke,
  revoked,
  untilRevoked,
  usual,
} from "./helpers.ts";

/** Time after which a revocation without entitlement must not have had any effect, in milliseconds. */
const NO_EFFECT_MS = 5000;

/** The token is refused with `token_revoked` within the time the rule gives. */
async function mustBecomeRevoked(context: CaseContext, holder: Actor, token: string): Promise<void> {
  const { must } = context;
  const refusal = await untilRevoked(context, holder, token);
  if (refusal === undefined) {
    return must.hold(false, `token_revoked within ${REVOCATION_MS / 1000} s`, "the token still works");
  }
  must(refusedWith(refusal, "token_revoked"));
  noteStatus(context, refusal);
}

export const revocationCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/tokens/bearer-tokens-are-revoked-one-by-one",
    requirement: "TOK-054",
    brokenBy: ["revocation-by-issuer-and-subject"],
    effects: "writes",
    timed: true,
    longestMs: REVOCATION_CASE_MS,
    async run(context) {
      const { target, actors, must, inconclusive } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      await requireBearer(context, alice, bob);
      const id = target.id();
      const first = minted(target, alice, { id: "*" }, { jti: id });
      const second = minted(target, alice, { id: "*" });
      for (const token of [first, second]) must(succeeded(await present(target, bob, token)));
      const answer = await revoke(target, alice, id);
      if (answer.status !== 200) {
        // A node may know only tokens of its own by id; the issuer's event tells every node.
        const event = await target.event(alice, "auth.token.revoked", { token_id: id, reason: "manual" });
        const pushed = await target.push([event]);
        if (pushed.status !== 200) inconclusive(`the token could not be revoked by its issuer: ${describe(answer)}`);
      }
      await mustBecomeRevoked(context, bob, first);
      must(succeeded(await present(target, bob, second)));
    },
  }),
  defineCase({
    id: "core/tokens/revoked-token-is-refused",
    requirement: "TOK-057",
    brokenBy: ["revocations-not-honoured"],
    effects: "writes",
    timed: true,
    longestMs: REVOCATION_CASE_MS,
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const { id, token } = await issued(context, alice, usual(target, bob.id));
      must(succeeded(await present(target, bob, token)));
      await revoked(context, alice, id);
      await mustBecomeRevoked(context, bob, token);
    },
  }),
  defineCase({
    id: "core/tokens/unrelated-member-may-not-revoke",
    requirement: "TOK-058",
    brokenBy: ["revoke-by-any-member"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob, carol] = [
        await actors.member("alice"),
        await actors.member("bob"),
        await actors.member("carol"),
      ];
      const { id, token } = await issued(context, alice, usual(target, bob.id));
      must(refusedWith(await revoke(target, carol, id), "unauthorized"));
      must(succeeded(await present(target, bob, token)));
    },
  }),
  defineCase({
    id: "core/tokens/trusted-member-may-revoke",
    requirement: "TOK-059",
    brokenBy: ["revoke-by-issuer-only"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob, theo] = [await actors.member("alice"), await actors.member("bob"), await actors.trusted()];
      const { id } = await issued(context, alice, usual(target, bob.id));
      must(succeeded(await revoke(target, theo, id)));
    },
  }),
  defineCase({
    id: "core/tokens/revocation-by-gossip",
    requirement: "TOK-060",
    brokenBy: ["revocation-by-gossip-ignored"],
    effects: "writes",
    timed: true,
    longestMs: REVOCATION_CASE_MS,
    async run(context) {
      const { target, actors, must, inconclusive } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      await requireOwnTokens(context, alice, bob);
      const id = target.id();
      const token = mint(alice, claims(target, alice.id, bob.id, { jti: id }));
      must(succeeded(await present(target, bob, token)));
      const event = await target.event(alice, "auth.token.revoked", { token_id: id, reason: "manual" });
      const pushed = await target.push([event]);
      if (pushed.status !== 200) inconclusive(`the event could not be pushed: ${describe(pushed)}`);
      await mustBecomeRevoked(context, bob, token);
    },
  }),
  defineCase({
    id: "core/tokens/revocation-by-gossip-without-entitlement",
    waitsMs: 5_000,
    requirement: "TOK-061",
    brokenBy: ["revocation-by-gossip-of-anybody"],
    effects: "writes",
    timed: true,
    async run(context) {
      const { target, actors, must, inconclusive } = context;
      const [alice, bob, carol] = [
        await actors.member("alice"),
        await actors.member("bob"),
        await actors.member("carol"),
      ];
      const { id, token } = await issued(context, alice, usual(target, bob.id));
      const before = await present(target, bob, token);
      if (before.status !== 200) inconclusive(`the token was not honoured before: ${describe(before)}`);
      await target.push([await target.event(carol, "auth.token.revoked", { token_id: id, reason: "manual" })]);
      must(succeeded(await present(target, bob, token)));
      await target.sleep(NO_EFFECT_MS);
      must(succeeded(await present(target, bob, token)));
    },
  }),
];
