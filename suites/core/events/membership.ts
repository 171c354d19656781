/** Joining, levels and revocations as events. CONTRACT §7.2, §7.4; M13 §3.1. */

import { holds, refusedWith, status } from "../../../src/check/mod.ts";
import { type Identity, ulid } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { minimalBody } from "../../../src/target/minimal_body.ts";
import { probeName } from "../../../src/target/profile.ts";
import { accepts, advertisement, given, judged, pushed } from "./helpers.ts";
import {
  community,
  communityWhen,
  decision,
  hasLevel,
  invitation,
  joining,
  keepsLevel,
  levelIn,
  requireThree,
  threeTrusted,
} from "./members.ts";

/** Distance of the late history of EVT-023 below the revocation. */
const BELOW_REVOCATION = 5;
/** How long ago the invitation of EVT-029 ran out, in milliseconds. */
const HOUR_MS = 3_600_000;
/** Distance in time of the event ids around that of a revocation, in milliseconds. */
const ID_STEP_MS = 10_000;

/** A key without membership as an actor. */
function asActor(identity: Identity): Actor {
  return { name: "newcomer", identity, id: identity.id, level: "unknown" };
}

/** Level and revocation of a node in the community manifest. */
async function revokedAt(context: CaseContext, nodeId: string) {
  const isIn = (list: unknown): boolean =>
    Array.isArray(list) && list.some((entry) => entry?.node_id === nodeId && typeof entry.revoked_at === "string");
  const { value, answer } = await communityWhen(
    context,
    (manifest) => isIn(manifest.revoked) && levelIn(manifest, nodeId) === undefined,
  );
  return { inRevoked: isIn(value.revoked), level: levelIn(value, nodeId), answer };
}

export const membershipCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/events/history-of-revoked-author-accepted",
    requirement: "EVT-023",
    brokenBy: ["revoked-history-refused"],
    effects: "harm",
    async run(context) {
      const { actors, target } = context;
      const [theo, tara, tom] = await threeTrusted(context);
      const rhea = await actors.member("rhea");
      const lamport = await target.nextLamport() + 2 * BELOW_REVOCATION;
      const revocation = await decision(context, "revoked", theo, rhea.id, "inactive", [theo, tara, tom], { lamport });
      await given(context, "a revocation", revocation);
      const push = await pushed(context, await advertisement(context, rhea, { lamport: lamport - BELOW_REVOCATION }));
      accepts(context, push, 1, "an event older than the revocation of its author");
    },
  }),
  defineCase({
    id: "core/events/revocation-before-equal-lamport",
    requirement: "EVT-024",
    brokenBy: ["revocation-ordered-by-id"],
    effects: "harm",
    async run(context) {
      const { actors, target } = context;
      const [theo, tara, tom] = await threeTrusted(context);
      for (const actionFirst of [true, false]) {
        const rhea = await actors.member(`rhea-${actionFirst}`);
        const random = target.random(`ids-${actionFirst}`);
        const now = target.wall();
        const revocationId = ulid(now, random);
        const lamport = await target.nextLamport();
        const guests = [actors.fresh(`before-${actionFirst}`), actors.fresh(`after-${actionFirst}`)] as const;
        const revocation = await decision(context, "revoked", theo, rhea.id, "compromised", [theo, tara, tom], {
          lamport,
          eventId: revocationId,
        });
        const actions = [
          await invitation(context, rhea, guests[0], { lamport, eventId: ulid(now - ID_STEP_MS, random) }),
          await invitation(context, rhea, guests[1], { lamport, eventId: ulid(now + ID_STEP_MS, random) }),
        ] as const;
        const batch = actionFirst ? [...actions, revocation] : [revocation, ...actions];
        await target.push(batch);
        target.sawLamport(lamport);
        for (const [i, guest] of guests.entries()) {
          const invite = actions[i];
          if (invite !== undefined) await target.push([await joining(context, guest, invite.event_id)]);
        }
        const { inRevoked } = await revokedAt(context, rhea.id);
        if (!inRevoked) return context.inconclusive("the revocation had no effect");
        for (const guest of guests) await keepsLevel(context, guest.id, undefined);
      }
    },
  }),
  defineCase({
    id: "core/events/invitee-joins",
    requirement: "EVT-026",
    brokenBy: ["joined-needs-membership"],
    effects: "writes",
    async run(context) {
      const { actors } = context;
      const key = actors.fresh("newcomer");
      const invited = await invitation(context, actors.root(), key);
      accepts(context, await pushed(context, invited), 1, "an invitation by root");
      accepts(
        context,
        await pushed(context, await joining(context, key, invited.event_id)),
        1,
        "joined by the invitee",
      );
      await hasLevel(context, key.id, "member");
    },
  }),
  defineCase({
    id: "core/events/invitation-is-personal",
    requirement: "EVT-027",
    brokenBy: ["invitation-for-anyone"],
    effects: "writes",
    async run(context) {
      const { actors, target } = context;
      const other = actors.fresh("other");
      const invited = await invitation(context, actors.root(), actors.fresh("invitee"));
      await given(context, "an invitation", invited);
      await target.push([await joining(context, other, invited.event_id)]);
      await keepsLevel(context, other.id, undefined);
    },
  }),
  defineCase({
    id: "core/events/joining-needs-invitation",
    requirement: "EVT-028",
    brokenBy: ["joined-without-invitation"],
    effects: "writes",
    async run(context) {
      const { actors, target } = context;
      const key = actors.fresh("uninvited");
      await target.push([await joining(context, key, target.id())]);
      await keepsLevel(context, key.id, undefined);
      const probe = probeName(target.profile);
      if (probe === undefined) return;
      const answer = await target.busCall(asActor(key), probe, { body: minimalBody(target.profile, probe) });
      context.must(refusedWith(answer, "unauthorized"));
    },
  }),
  defineCase({
    id: "core/events/invitation-runs-out",
    requirement: "EVT-029",
    brokenBy: ["invitation-never-expires"],
    effects: "writes",
    async run(context) {
      const { actors, target } = context;
      const key = actors.fresh("latecomer");
      const invited = await invitation(context, actors.root(), key, { expiresAtMs: target.wall() - HOUR_MS });
      await target.push([invited]);
      await target.push([await joining(context, key, invited.event_id)]);
      await keepsLevel(context, key.id, undefined);
    },
  }),
  defineCase({
    id: "core/events/joined-level-is-invited-level",
    requirement: "EVT-030",
    brokenBy: ["joined-level-always-member"],
    effects: "writes",
    async run(context) {
      const { actors } = context;
      const key = actors.fresh("confidant");
      const invited = await invitation(context, actors.root(), key, { level: "trusted" });
      await given(context, "an invitation as trusted", invited);
      await given(context, "joining", await joining(context, key, invited.event_id));
      await hasLevel(context, key.id, "trusted");
    },
  }),
  defineCase({
    id: "core/events/promotion-needs-trusted-co-signer",
    requirement: "EVT-057",
    brokenBy: ["promotion-by-any-member"],
    effects: "writes",
    async run(context) {
      const { actors, target } = context;
      const [alice, bob, theo] = [
        await actors.member("alice"),
        await actors.member("bob"),
        await actors.trusted("theo"),
      ];
      await target.push([await decision(context, "promoted", alice, bob.id, "trusted", [])]);
      await keepsLevel(context, bob.id, "member");
      await target.push([await decision(context, "promoted", alice, bob.id, "trusted", [alice])]);
      await keepsLevel(context, bob.id, "member");
      await target.push([await decision(context, "promoted", theo, bob.id, "trusted", [theo])]);
      await hasLevel(context, bob.id, "trusted");
    },
  }),
  defineCase({
    id: "core/events/demotion-needs-three-co-signers",
    requirement: "EVT-058",
    brokenBy: ["demotion-by-one"],
    effects: "writes",
    async run(context) {
      const { actors, target } = context;
      await requireThree(context, "min_signatures_to_demote");
      const [theo, tara, tom] = await threeTrusted(context);
      const subject = await actors.trusted("subject");
      await target.push([await decision(context, "demoted", theo, subject.id, "member", [theo, tara])]);
      await keepsLevel(context, subject.id, "trusted");
      await target.push([await decision(context, "demoted", theo, subject.id, "member", [theo, tara, tom])]);
      await hasLevel(context, subject.id, "member");
    },
  }),
  defineCase({
    id: "core/events/revocation-needs-three-co-signers",
    requirement: "EVT-059",
    brokenBy: ["revocation-without-co-signers", "co-signatures-unverified", "co-signers-repeated"],
    effects: "harm",
    async run(context) {
      const { actors, target } = context;
      await requireThree(context, "min_signatures_to_revoke");
      const [theo, tara, tom] = await threeTrusted(context);
      const subject = await actors.member("subject");
      // The signature is a valid one, of the right length and by the right key, over something else.
      const { signature } = await advertisement(context, tom);
      const forged = [{ node_id: tom.id, signature }];
      const attempts = [
        await decision(context, "revoked", theo, subject.id, "other", [theo, tara], { extraCoSigners: forged }),
        await decision(context, "revoked", theo, subject.id, "other", [theo, tara, tara]),
      ];
      for (const attempt of attempts) {
        await target.push([attempt]);
        await keepsLevel(context, subject.id, "member");
      }
      const probe = probeName(target.profile);
      if (probe === undefined) return;
      context.must(status(await target.busCall(subject, probe, { body: minimalBody(target.profile, probe) }), 200));
    },
  }),
  defineCase({
    id: "core/events/revocation-moves-member",
    requirement: "EVT-060",
    brokenBy: ["community-manifest-never-remade"],
    effects: "harm",
    async run(context) {
      const { actors, target } = context;
      const [theo, tara, tom] = await threeTrusted(context);
      const subject = await actors.member("subject");
      const before = await community(context);
      if (levelIn(before.value, subject.id) === undefined) return context.inconclusive("the member is not listed");
      await target.push([await decision(context, "revoked", theo, subject.id, "inactive", [theo, tara, tom])]);
      const { inRevoked, level, answer } = await revokedAt(context, subject.id);
      judged(
        context,
        answer,
        holds(inRevoked, `${subject.id} in revoked with a revoked_at`, "it is not"),
        holds(level === undefined, `${subject.id} no longer in members`, level),
      );
    },
  }),
];
