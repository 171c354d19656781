/** Who a caller is: members, strangers, the revoked, and the form of the id a call names. */

import { describe, holds, noServerError, of, refusedWith, type Verdict } from "../../../src/check/mod.ts";
import { base64url, shortId } from "../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { minimalBody } from "../../../src/target/minimal_body.ts";
import { probeName } from "../../../src/target/profile.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { anyCapability } from "./helpers.ts";

const KEY_BYTES = 32;

/** 400 or 401 with a code of the closed set (CONTRACT §5.5, §9). */
function clientError(answer: HttpAnswer): Verdict {
  return refusedWith(answer, "bad_request", "schema_mismatch", "invalid_signature", "unauthorized");
}

export const callerCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/identity/member-passes",
    requirement: "IDN-037",
    brokenBy: ["admits-only-own-key"],
    effects: "none",
    async run({ target, actors, must }) {
      const probe = probeName(target.profile) ?? "";
      const body = minimalBody(target.profile, probe);
      const answer = await target.busCall(await actors.member(), probe, { body });
      must(of(
        answer,
        holds(
          answer.status > 0 && answer.status !== 401 && answer.status !== 403,
          "an answer other than 401 or 403",
          describe(answer),
        ),
      ));
      must(noServerError(answer));
    },
  }),
  defineCase({
    id: "core/identity/stranger-refused",
    requirement: "IDN-038",
    brokenBy: ["admits-any-signature"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const name = anyCapability(context);
      const body = minimalBody(target.profile, name);
      must(refusedWith(await target.busCall(actors.stranger(), name, { body }), "unauthorized"));
    },
  }),
  defineCase({
    id: "core/identity/revoked-refused",
    requirement: "IDN-039",
    brokenBy: ["revoked-answered-as-strangers", "revoked-still-served"],
    effects: "harm",
    async run(context) {
      const { target, actors, must } = context;
      const name = anyCapability(context);
      const body = minimalBody(target.profile, name);
      must(refusedWith(await target.busCall(await actors.revoked(), name, { body }), "revoked"));
    },
  }),
  defineCase({
    id: "core/identity/short-id-refused",
    requirement: "IDN-040",
    brokenBy: ["from-short-id-resolved"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const alice = await actors.member();
      const name = anyCapability(context);
      const answer = await target.busCall(alice, name, {
        from: shortId(alice.id),
        body: minimalBody(target.profile, name),
      });
      must(clientError(answer));
    },
  }),
  defineCase({
    id: "core/identity/malformed-id-refused",
    requirement: "IDN-041",
    brokenBy: ["from-malformed-fails", "from-prefix-optional"],
    effects: "none",
    async run(context) {
      const { target, actors, must, random } = context;
      const stranger = actors.stranger();
      const bare = stranger.id.slice("ed25519:".length);
      const forms = [
        bare,
        `ed25519:${"*".repeat(bare.length)}`,
        `ed25519:${base64url(random.bytes(KEY_BYTES - 1))}`,
        `ed25519:${base64url(random.bytes(KEY_BYTES + 1))}`,
      ];
      for (const from of forms) {
        const answer = await target.busCall(stranger, anyCapability(context), { from });
        must(refusedWith(answer, "bad_request", "invalid_signature"));
      }
    },
  }),
  defineCase({
    id: "core/identity/signed-by-another-member",
    requirement: "IDN-043",
    brokenBy: ["signature-of-any-member"],
    effects: "none",
    async run(context) {
      const { target, actors, must } = context;
      const [alice, bob] = [await actors.member("alice"), await actors.member("bob")];
      const answer = await target.busCall(bob, anyCapability(context), { from: alice.id });
      must(refusedWith(answer, "invalid_signature"));
    },
  }),
];
