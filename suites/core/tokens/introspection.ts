/** auth.token.introspect. Positive cases run as the node itself, else as the subject; a refusal of both is a skip. */

import { describe, equals, errorCode, isRecord, isText, output, refusedWith, shown } from "../../../src/check/mod.ts";
import { isObject, tryParseJson } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { Session } from "../../../src/target/session.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import {
  altered,
  claims,
  HOUR_SECONDS,
  issued,
  mint,
  nowSeconds,
  REVOCATION_CASE_MS,
  revoked,
  untilRevoked,
  usual,
} from "./helpers.ts";

/** Wait for a token of one second to expire, in milliseconds. */
const EXPIRY_WAIT_MS = 5000;

function introspect(target: Session, caller: Actor, token: string): Promise<HttpAnswer> {
  return target.call(caller, "auth.token.introspect", { token });
}

/** Who may introspect, with the answer about a live token; skips where nobody of ours may. */
async function looker(
  { target, actors, skip }: CaseContext,
  subject: Actor,
  live: string,
): Promise<{ readonly caller: Actor; readonly answer: HttpAnswer }> {
  const callers = [...(target.profile.self ? [actors.self()] : []), subject];
  let answer: HttpAnswer | undefined;
  for (const caller of callers) {
    answer = await introspect(target, caller, live);
    if (errorCode(answer) !== "unauthorized") return { caller, answer };
  }
  return skip("the tester may not introspect: neither as the node nor as the subject");
}

/** The same, as a means: the control of the catalogue asks for a 200. */
async function lookerOrSkip(context: CaseContext, subject: Actor, live: string): Promise<Actor> {
  const { caller, answer } = await looker(context, subject, live);
  if (answer.status !== 200) context.skip(`a live token could not be introspected: ${describe(answer)}`);
  return caller;
}

/** `output.active` of an answer as far as it has one. */
function activeOf(answer: HttpAnswer): unknown {
  const body = tryParseJson(answer.body);
  return isObject(body) && isObject(body.output) ? body.output.active : undefined;
}

/** A token that has expired and the one to ask about it. */
async function expired(context: CaseContext): Promise<{ readonly caller: Actor; readonly token: string }> {
  const { target, actors } = context;
  const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
  const live = mint(alice, claims(target, alice.id, bob.id));
  const { caller, answer } = await looker(context, bob, live);
  if (activeOf(answer) === true) {
    const now = nowSeconds(target);
    const times = { iat: now - 2 * HOUR_SECONDS, exp: now - HOUR_SECONDS };
    return { caller, token: mint(alice, claims(target, alice.id, bob.id, times)) };
  }
  // The node does not honour tokens of members: one of its own has to grow old.
  const lasting = await issued(context, alice, usual(target, bob.id));
  const again = await lookerOrSkip(context, bob, lasting.token);
  const { token } = await issued(context, alice, usual(target, bob.id, { ttl_seconds: 1 }));
  await target.sleep(EXPIRY_WAIT_MS);
  return { caller: again, token };
}

export const introspectionCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/tokens/introspect-live-token",
    requirement: "TOK-062",
    brokenBy: ["introspect-without-scope"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const { token } = await issued(context, alice, usual(target, bob.id));
      const { answer } = await looker(context, bob, token);
      const out = must.get(output(answer));
      must.all(
        equals(out.active, true, "output.active"),
        isRecord(out.scope, "output.scope"),
        isText(out.expires_at, "output.expires_at"),
      );
    },
  }),
  defineCase({
    id: "core/tokens/introspect-revoked-token",
    requirement: "TOK-063",
    brokenBy: ["introspect-ignores-revocation"],
    effects: "writes",
    timed: true,
    longestMs: REVOCATION_CASE_MS,
    async run(context) {
      const { target, actors, must, inconclusive } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const { id, token } = await issued(context, alice, usual(target, bob.id));
      const caller = await lookerOrSkip(context, bob, token);
      await revoked(context, alice, id);
      if (await untilRevoked(context, bob, token) === undefined) inconclusive("the revocation took no effect");
      must(equals(must.get(output(await introspect(target, caller, token))).active, false, "output.active"));
    },
  }),
  defineCase({
    id: "core/tokens/introspect-expired-token",
    requirement: "TOK-064",
    brokenBy: ["introspect-ignores-expiry"],
    effects: "writes",
    async run(context) {
      const { target, must } = context;
      const { caller, token } = await expired(context);
      must(equals(must.get(output(await introspect(target, caller, token))).active, false, "output.active"));
    },
  }),
  defineCase({
    id: "core/tokens/introspect-altered-token",
    requirement: "TOK-065",
    brokenBy: ["introspect-ignores-signature"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const live = await issued(context, alice, usual(target, bob.id));
      const caller = await lookerOrSkip(context, bob, live.token);
      const answer = await introspect(target, caller, altered(target, live));
      if (answer.status === 200) {
        must.hold(activeOf(answer) === false, "output.active false", shown(activeOf(answer)), answer.exchange);
      } else must(refusedWith(answer, "token_invalid", "bad_request"));
    },
  }),
  defineCase({
    id: "core/tokens/introspect-by-unrelated-member",
    requirement: "TOK-066",
    brokenBy: ["introspect-open-to-members"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob, carol] = [
        await actors.member("alice"),
        await actors.member("bob"),
        await actors.member("carol"),
      ];
      const { token } = await issued(context, alice, usual(target, bob.id));
      must(refusedWith(await introspect(target, carol, token), "unauthorized"));
    },
  }),
];
