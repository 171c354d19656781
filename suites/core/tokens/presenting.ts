/** Presenting a token: with and without a request signature, and who then counts as the caller. */

import { errorCode, noServerError, refusedWith, status, succeeded } from "../../../src/check/mod.ts";
import { mintToken, TOKEN_HEADER } from "../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { trustedOnlyName } from "../../../src/target/profile.ts";
import {
  claims,
  issued,
  minted,
  noteStatus,
  present,
  probe,
  requireBearer,
  requireOwnTokens,
  trustedOnlyCall,
  usual,
} from "./helpers.ts";

export const presentingCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/tokens/token-stands-in-for-the-signature",
    requirement: "TOK-023",
    brokenBy: ["token-only-call-refused"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const { token } = await issued(context, alice, usual(target, bob.id));
      must(succeeded(await present(target, bob, token)));
    },
  }),
  defineCase({
    id: "core/tokens/token-beside-a-signature",
    requirement: "TOK-024",
    brokenBy: ["token-beside-signature-refused"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const { token } = await issued(context, alice, usual(target, bob.id));
      must(succeeded(await present(target, bob, token, probe(target), { signature: "valid" })));
    },
  }),
  defineCase({
    id: "core/tokens/signature-is-over-the-transmitted-text",
    requirement: "TOK-025",
    brokenBy: ["token-verified-over-canonical-form"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      await requireOwnTokens(context, alice, bob);
      const payload = claims(target, alice.id, bob.id, { zz_unknown: "ignored" });
      const reversed = Object.fromEntries(Object.entries(payload).sort(([a], [b]) => a < b ? 1 : -1));
      const header = JSON.stringify({ v: TOKEN_HEADER.v, typ: TOKEN_HEADER.typ, alg: TOKEN_HEADER.alg }, null, 1);
      const token = mintToken(alice.identity, JSON.stringify(reversed, null, 1), header);
      must(succeeded(await present(target, bob, token)));
    },
  }),
  defineCase({
    id: "core/tokens/token-is-good-for-many-calls",
    requirement: "TOK-026",
    brokenBy: ["token-works-once"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const { token } = await issued(context, alice, usual(target, bob.id));
      for (let use = 0; use < 2; use++) must(succeeded(await present(target, bob, token)));
    },
  }),
  defineCase({
    id: "core/tokens/token-of-another-beside-a-signature",
    requirement: "TOK-048",
    brokenBy: ["token-subject-not-compared"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob, carol] = [
        await actors.member("alice"),
        await actors.member("bob"),
        await actors.member("carol"),
      ];
      await requireOwnTokens(context, alice, bob);
      const token = minted(target, alice, bob);
      const answer = await present(target, carol, token, probe(target), { signature: "valid" });
      must(refusedWith(answer, "invalid_signature"));
    },
  }),
  defineCase({
    id: "core/tokens/token-excuses-no-bad-signature",
    requirement: "TOK-049",
    brokenBy: ["token-excuses-signature"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const { token } = await issued(context, alice, usual(target, bob.id));
      const answer = await present(target, actors.stranger(), token, probe(target), {
        from: bob.id,
        signature: "valid",
      });
      must(refusedWith(answer, "invalid_signature"));
    },
  }),
  defineCase({
    id: "core/tokens/token-lends-no-trust",
    requirement: "TOK-050",
    brokenBy: ["token-lends-trust"],
    effects: "none",
    async run(context) {
      const { target, actors, must, skip } = context;
      const name = trustedOnlyName(target.profile);
      if (name === undefined) return skip("no capability for trusted members is advertised");
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      await requireOwnTokens(context, alice, bob);
      const called = trustedOnlyCall(target, name);
      const token = minted(target, alice, bob, { scope: { capabilities: [called.entry] } });
      const answer = await present(target, bob, token, called);
      must(refusedWith(answer, "unauthorized", "token_scope_insufficient"));
      noteStatus(context, answer);
    },
  }),
  defineCase({
    id: "core/tokens/bearer-token-is-used-or-refused",
    requirement: "TOK-053",
    brokenBy: ["bearer-token-crashes"],
    effects: "none",
    async run(context) {
      const { target, actors, should, note } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const answer = await present(target, bob, minted(target, alice, { id: "*" }));
      should.all(noServerError(answer), status(answer, 200, 401, 403));
      note(answer.status === 200 ? "bearer tokens are honoured" : `bearer tokens are refused: ${errorCode(answer)}`);
    },
  }),
  defineCase({
    id: "core/tokens/bearer-token-beside-any-signature",
    requirement: "TOK-055",
    brokenBy: ["bearer-subject-taken-literally"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      await requireBearer(context, alice, bob);
      const token = minted(target, alice, { id: "*" });
      must(succeeded(await present(target, bob, token, probe(target), { signature: "valid" })));
    },
  }),
];
