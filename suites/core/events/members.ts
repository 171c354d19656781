/** The community manifest, and the events that change it. CONTRACT §6.2, §7.2. */

import { holds, member, of, okObject } from "../../../src/check/mod.ts";
import {
  type EventEnvelope,
  type Identity,
  type Json,
  type JsonObject,
  type Level,
  timestamp,
} from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { coSign, memberManifest } from "../../../src/target/membership.ts";
import type { EventOptions, Session } from "../../../src/target/session.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { VIEW_DEADLINE_MS } from "./helpers.ts";

/** Lifetime of the invitations made here, in milliseconds. */
const INVITE_LIFE_MS = 86_400_000;
/** Co-signatures a demotion or revocation needs (CONTRACT §7.2). */
const CO_SIGNERS_NEEDED = 3;

/** A community manifest with its exchange. */
export interface ReadCommunity {
  readonly value: JsonObject;
  readonly answer: HttpAnswer;
}

/** The community manifest; anything but a 200 object is a violation. */
export async function community({ target, must }: CaseContext, session: Session = target): Promise<ReadCommunity> {
  const answer = await session.communityManifest();
  return { value: must.get(okObject(answer)), answer };
}

/** The level of a listed member; undefined for everyone else. */
export function levelIn(manifest: JsonObject, nodeId: string): Json | undefined {
  const members = Array.isArray(manifest.members) ? manifest.members : [];
  return member(members.find((candidate) => member(candidate, "node_id") === nodeId), "level");
}

/** Waits until the community manifest satisfies a condition; the last one read either way. */
export async function communityWhen(
  context: CaseContext,
  wanted: (manifest: JsonObject) => boolean,
): Promise<ReadCommunity> {
  let last = await community(context);
  if (wanted(last.value)) return last;
  await context.until(async () => {
    last = await community(context);
    return wanted(last.value) ? true : undefined;
  }, VIEW_DEADLINE_MS);
  return last;
}

/** A member has the level, at the latest after the time views may take. */
export async function hasLevel(context: CaseContext, nodeId: string, level: Level): Promise<void> {
  const { value, answer } = await communityWhen(context, (manifest) => levelIn(manifest, nodeId) === level);
  const seen = levelIn(value, nodeId);
  context.must(of(answer, holds(seen === level, `${nodeId} is listed as ${level}`, seen ?? "it is not in members")));
}

/** A node has the level right now, undefined for no membership: for things that must not happen. */
export async function keepsLevel(context: CaseContext, nodeId: string, level: Level | undefined): Promise<void> {
  const { value, answer } = await community(context);
  const seen = levelIn(value, nodeId);
  const expected = level === undefined ? `${nodeId} is not in members` : `${nodeId} is still listed as ${level}`;
  context.must(of(answer, holds(seen === level, expected, seen ?? "it is not in members")));
}

/** `community.member.invited` by an inviter for a key. */
export function invitation(
  { target }: CaseContext,
  inviter: Actor,
  invitee: Identity,
  options: EventOptions & { readonly level?: Level; readonly expiresAtMs?: number } = {},
): Promise<EventEnvelope> {
  return target.event(inviter, "community.member.invited", {
    invitee_node_id: invitee.id,
    display_name: "hearthproof newcomer",
    initial_level: options.level ?? "member",
    expires_at: timestamp(options.expiresAtMs ?? target.wall() + INVITE_LIFE_MS),
  }, options);
}

/** `community.member.joined` signed by a key, referring to an invitation. */
export function joining({ target }: CaseContext, key: Identity, inviteEventId: string): Promise<EventEnvelope> {
  return target.event(key, "community.member.joined", {
    invite_event_id: inviteEventId,
    node_manifest: memberManifest(key, target.communityId, target.wall()),
  });
}

/** A promotion, demotion or revocation with co-signatures of the given signers. */
export function decision(
  { target }: CaseContext,
  kind: "promoted" | "demoted" | "revoked",
  author: Actor,
  subject: string,
  detail: string,
  signers: readonly Actor[],
  options: EventOptions & { readonly extraCoSigners?: readonly JsonObject[] } = {},
): Promise<EventEnvelope> {
  const payload = kind === "revoked"
    ? { reason: detail, target_node_id: subject }
    : { new_level: detail, target_node_id: subject };
  const signatures = coSign(signers.map((signer) => signer.identity), payload);
  return target.event(author, `community.member.${kind}`, {
    ...payload,
    co_signers: [...signatures, ...options.extraCoSigners ?? []],
  }, options);
}

/** Three trusted members: enough for a demotion or revocation. */
export async function threeTrusted({ actors }: CaseContext): Promise<readonly [Actor, Actor, Actor]> {
  // One after the other: ids and Lamport values of the enrolments are drawn in order.
  return [await actors.trusted("theo"), await actors.trusted("tara"), await actors.trusted("tom")];
}

/** Skips where the community has agreed on another number of co-signers than three. */
export async function requireThree(context: CaseContext, policyMember: string): Promise<void> {
  const { value } = await community(context);
  const needed = member(value, "policy", policyMember);
  if (typeof needed === "number" && needed !== CO_SIGNERS_NEEDED) {
    context.skip(`the policy of this community asks for ${needed} co-signers`);
  }
}
