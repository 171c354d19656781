/** `community.invite`: what it answers, what it records, and who may call it. CONTRACT §4.17. */

import {
  equals,
  holds,
  isInteger,
  isText,
  matches,
  member,
  meta,
  okObject,
  oneOf,
  output,
  refusedAsBadBody,
  refusedWith,
} from "../../../src/check/mod.ts";
import {
  decodeInvite,
  isObject,
  type JsonObject,
  NODE_ID_PATTERN,
  parseTimestamp,
  tryParseJson,
  verifyDocument,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { communityManifest } from "./helpers.ts";

const INVITE = "community.invite";

function invite(context: CaseContext, caller: Actor, invitee: string, level = "member"): Promise<HttpAnswer> {
  return context.target.call(caller, INVITE, {
    invitee_node_id: invitee,
    display_name: "hearthproof invitee",
    initial_level: level,
  });
}

/** The decoded invitation, undefined if the blob is none. */
function decoded(blob: unknown): JsonObject | undefined {
  try {
    return decodeInvite(String(blob));
  } catch {
    return undefined;
  }
}

/** The highest log position the node reports, in whichever document. */
async function logPosition({ target }: CaseContext): Promise<number> {
  const community = await target.readCommunity();
  const listed = Number(community?.head_lamport);
  return Math.max(await target.head() ?? 0, Number.isSafeInteger(listed) ? listed : 0);
}

export const invitationCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/identity/invite-records-event",
    requirement: "IDN-068",
    brokenBy: ["invite-records-nothing", "invite-without-event-id"],
    effects: "writes",
    async run(context) {
      const { actors, must } = context;
      const answer = await invite(context, await actors.member(), actors.fresh("invitee").id);
      must(isText(must.get(output(answer)).invite_blob, "output.invite_blob"));
      const { event_id: eventId, lamport } = meta(answer);
      must.all(isText(eventId, "meta.event_id"), isInteger(lamport, "meta.lamport", 1));
      const head = await logPosition(context);
      must(holds(head >= Number(lamport), `a head of at least ${lamport}`, head));
    },
  }),
  defineCase({
    id: "core/identity/invite-blob-is-signed",
    requirement: "IDN-069",
    brokenBy: ["invite-unsigned", "invite-signed-by-another-key", "invite-without-expiry"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const alice = await actors.member();
      const invitee = actors.fresh("invitee").id;
      const answer = await invite(context, alice, invitee);
      const blob = must.get(output(answer)).invite_blob;
      const document = decoded(blob);
      must.hold(document !== undefined, "an invite_blob that decodes to a JSON object", blob, answer.exchange);
      if (document === undefined) return;
      const inviter = document.inviter_node_id;
      must.all(
        equals(document.community_id, target.communityId, "community_id"),
        matches(inviter, NODE_ID_PATTERN, "inviter_node_id"),
        oneOf(inviter, [target.nodeId, alice.id], "inviter_node_id"),
        equals(document.invitee_node_id, invitee, "invitee_node_id"),
        equals(document.initial_level, "member", "initial_level"),
        holds(parseTimestamp(document.expires_at) !== undefined, "expires_at is a timestamp", document.expires_at),
        holds(verifyDocument(String(inviter), document), "a signature by inviter_node_id", document.signature),
      );
    },
  }),
  defineCase({
    id: "core/identity/invite-is-idempotent",
    requirement: "IDN-070",
    brokenBy: ["invite-anew-each-time"],
    effects: "writes",
    async run(context) {
      const { actors, must } = context;
      const alice = await actors.member();
      const invitee = actors.fresh("invitee").id;
      const answers = [await invite(context, alice, invitee), await invite(context, alice, invitee)];
      for (const answer of answers) must.get(okObject(answer));
      const [first = {}, second = {}] = answers.map(meta);
      must.all(
        isText(first.event_id, "meta.event_id of the first answer"),
        equals(second.event_id, first.event_id, "meta.event_id of the second answer"),
        equals(second.lamport, first.lamport, "meta.lamport of the second answer"),
      );
    },
  }),
  defineCase({
    id: "core/identity/invite-obeys-policy",
    requirement: "IDN-071",
    brokenBy: ["invite-ignores-policy"],
    effects: "harm",
    async run(context) {
      const { target, actors, must } = context;
      const alice = await actors.member();
      const { value: { policy } } = await communityManifest(context);
      const kept: JsonObject = isObject(policy) ? policy : {};
      const publish = async (change: JsonObject) => {
        const answer = await target.push([
          await target.event(actors.root(), "community.policy.updated", { policy: { ...kept, ...change } }),
        ]);
        return member(tryParseJson(answer.body), "accepted") === 1;
      };
      if (!await publish({ default_member_can_invite: false })) {
        return context.inconclusive("the target did not take the policy update");
      }
      try {
        const answer = await invite(context, alice, actors.fresh("invitee").id);
        must(refusedWith(answer, "unauthorized"));
      } finally {
        await publish({ default_member_can_invite: kept.default_member_can_invite ?? true });
      }
    },
  }),
  defineCase({
    id: "core/identity/invite-level-bounded",
    requirement: "IDN-072",
    brokenBy: ["invite-copies-level"],
    effects: "writes",
    async run(context) {
      const { target, actors, must } = context;
      const alice = await actors.member();
      const before = await logPosition(context);
      must(refusedAsBadBody(await invite(context, alice, actors.fresh("invitee").id, "anchor")));
      const after = await logPosition(context);
      // Others may write to the log of a shared node at any time.
      if (target.profile.features.has("fresh")) must(holds(after === before, `the head to stay at ${before}`, after));
    },
  }),
];
