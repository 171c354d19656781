/** The community as its log tells it: members, levels, invitations, policy, revocations. Independent of arrival order. */

import {
  type CommunityPolicy,
  DEFAULT_POLICY,
  type EventEnvelope,
  isNodeId,
  isObject,
  type JsonObject,
  type Level,
  LEVELS,
  type MemberEntry,
  parseTimestamp,
  timestamp,
} from "../../protocol/mod.ts";
import type { CoSignedKind, EventsRules, InvitationState } from "../rules/events.ts";
import { coSignersNeeded, validCoSigners } from "./co_signers.ts";
import type { LoggedEvent } from "./logged_event.ts";
import { insertOrdered } from "./ordered.ts";

/** What the view needs to know besides the events. */
export interface MembershipContext {
  readonly rules: EventsRules;
  readonly communityId: string;
  readonly localNode: string;
  /** Name shown until `community.created` arrives. */
  readonly name: string;
}

interface Member {
  level: Level;
  readonly addedAt: string;
  readonly addedBy: string;
  /** Every change of level, in log order. */
  readonly changes: { readonly at: LoggedEvent; readonly level: Level }[];
}

interface Revocation {
  readonly lamport: number;
  readonly eventId: string;
  readonly revokedAt: string;
}

interface State {
  name: string;
  createdAt: string | undefined;
  policy: JsonObject;
  readonly members: Map<string, Member>;
  readonly revoked: Map<string, Revocation>;
  readonly invitations: Map<string, InvitationState>;
  /** Invitations by invitee. */
  readonly invited: Map<string, InvitationState[]>;
}

const TYPES = "community.";

/** Incremental while events arrive in log order; made anew when one arrives late. */
export class Membership {
  readonly #events: LoggedEvent[] = [];
  #state: State;
  #earliest: EventEnvelope | undefined;

  constructor(private readonly context: MembershipContext) {
    this.#state = this.#empty();
  }

  /** Takes an event in; true if it may have changed what is known of the past. */
  add(logged: LoggedEvent): boolean {
    const { event } = logged;
    if (!event.event_type.startsWith(TYPES)) return false;
    this.#earliest ??= event;
    const last = insertOrdered(this.#events, logged, this.context.rules.viewOrder);
    if (last) this.#apply(logged);
    else if (this.context.rules.viewsAcceptLate) this.#rebuild();
    return !last || event.event_type === "community.member.revoked";
  }

  get name(): string {
    return this.#state.name;
  }

  get createdAt(): string {
    return this.#state.createdAt ?? wholeSeconds(this.#earliest?.wall_clock);
  }

  get policy(): CommunityPolicy {
    return this.#state.policy as unknown as CommunityPolicy;
  }

  /** Current level; `unknown` for strangers and revoked members. */
  level(nodeId: string): Level {
    if (nodeId === this.context.communityId) return this.context.rules.rootLevel;
    return this.#state.members.get(nodeId)?.level ?? "unknown";
  }

  /** Level just before an event, wherever that stands in the log. */
  levelAt(nodeId: string, at: LoggedEvent): Level {
    if (nodeId === this.context.communityId) return this.context.rules.rootLevel;
    const changes = this.#state.members.get(nodeId)?.changes ?? [];
    return changes.findLast((change) => this.context.rules.viewOrder(change.at, at) < 0)?.level ?? "unknown";
  }

  /** Whether the key may act at a Lamport value: it was admitted at some time and not revoked by then. */
  mayAct(nodeId: string, lamport: number): boolean {
    if (nodeId === this.context.communityId) return true;
    return this.#state.members.has(nodeId) && !this.revokedBy(nodeId, lamport);
  }

  isMember(nodeId: string): boolean {
    return this.level(nodeId) !== "unknown";
  }

  isRevoked(nodeId: string): boolean {
    return this.#state.revoked.has(nodeId);
  }

  /** Whether an event of that Lamport value comes too late for its author. */
  revokedBy(nodeId: string, lamport: number): boolean {
    const revocation = this.#state.revoked.get(nodeId);
    return revocation !== undefined && this.context.rules.revocationCovers(revocation.lamport, lamport);
  }

  /** Whether this event is the one that revoked its target. */
  revokedThrough(event: EventEnvelope): boolean {
    return this.#state.revoked.get(String(event.data["target_node_id"]))?.eventId === event.event_id;
  }

  /** For whom an event speaks. */
  owner(logged: LoggedEvent): string {
    const { author } = logged.event;
    return this.context.rules.eventOwner(logged.event, this.context.localNode, this.levelAt(author, logged));
  }

  invitation(eventId: unknown): InvitationState | undefined {
    return typeof eventId === "string" ? this.#state.invitations.get(eventId) : undefined;
  }

  /** The invitation an inviter made for an invitee, if it has not run out. */
  openInvitation(inviter: string, invitee: string, nowMs: number): InvitationState | undefined {
    return this.#state.invited.get(invitee)?.find((invitation) =>
      invitation.inviter === inviter && (invitation.expiresAt === undefined || nowMs < invitation.expiresAt)
    );
  }

  /** Members by id; revoked ones are absent. */
  members(): MemberEntry[] {
    const entries: MemberEntry[] = [];
    for (const [node_id, member] of this.#state.members) {
      if (member.level === "unknown") continue;
      entries.push({ node_id, level: member.level, added_at: member.addedAt, added_by: member.addedBy });
    }
    return entries.sort((a, b) => a.node_id < b.node_id ? -1 : 1);
  }

  revoked(): { node_id: string; revoked_at: string }[] {
    return [...this.#state.revoked].map(([node_id, { revokedAt }]) => ({ node_id, revoked_at: revokedAt }))
      .sort((a, b) => a.node_id < b.node_id ? -1 : 1);
  }

  #empty(): State {
    return {
      name: this.context.name,
      createdAt: undefined,
      policy: { ...DEFAULT_POLICY },
      members: new Map(),
      revoked: new Map(),
      invitations: new Map(),
      invited: new Map(),
    };
  }

  #rebuild(): void {
    this.#state = this.#empty();
    for (const logged of this.#events) this.#apply(logged);
  }

  #apply(logged: LoggedEvent): void {
    const { event } = logged;
    if (this.revokedBy(event.author, event.lamport)) return;
    switch (event.event_type) {
      case "community.created":
        return this.#created(logged);
      case "community.member.invited":
        return this.#invited(logged);
      case "community.member.joined":
        return this.#joined(logged);
      case "community.member.promoted":
        return this.#coSigned("promoted", logged);
      case "community.member.demoted":
        return this.#coSigned("demoted", logged);
      case "community.member.revoked":
        return this.#coSigned("revoked", logged);
      case "community.policy.updated":
        return this.#policy(event);
    }
  }

  #created(logged: LoggedEvent): void {
    const { event } = logged;
    const { rules, communityId } = this.context;
    if (!rules.createdCounts(event, communityId, this.#state.createdAt !== undefined)) return;
    this.#state.createdAt = wholeSeconds(event.wall_clock);
    if (typeof event.data["name"] === "string") this.#state.name = event.data["name"];
    if (isObject(event.data["policy"])) this.#merge(event.data["policy"]);
    this.#admit(communityId, rules.rootLevel, logged, communityId);
  }

  #policy(event: EventEnvelope): void {
    const { rules, communityId } = this.context;
    const policy = event.data["policy"];
    if (isObject(policy) && rules.policyCounts(event, communityId, this.level(event.author))) this.#merge(policy);
  }

  /** Members of the base policy keep their types whatever an update says (CONTRACT §6.2). */
  #merge(change: JsonObject): void {
    const base: Readonly<JsonObject> = DEFAULT_POLICY;
    const sound = Object.entries(change).filter(([name, value]) =>
      !Object.hasOwn(base, name) || (typeof value === typeof base[name] &&
        (typeof value !== "number" || (Number.isSafeInteger(value) && value >= 0)))
    );
    this.#state.policy = { ...this.#state.policy, ...Object.fromEntries(sound) };
  }

  #invited(logged: LoggedEvent): void {
    const { event } = logged;
    const { rules } = this.context;
    const { invitee_node_id: invitee, initial_level: level, expires_at: expires } = event.data;
    const inviter = this.owner(logged);
    if (!isNodeId(invitee) || !rules.inviteLevels.includes(level as Level)) return;
    if (!rules.mayInvite(this.level(inviter), this.policy.default_member_can_invite)) return;
    const expiresAt = expires === undefined ? undefined : parseTimestamp(expires) ?? 0;
    const invitation = { eventId: event.event_id, invitee, level: level as Level, expiresAt, inviter };
    this.#state.invitations.set(event.event_id, invitation);
    const earlier = this.#state.invited.get(invitee);
    if (earlier === undefined) this.#state.invited.set(invitee, [invitation]);
    else earlier.push(invitation);
  }

  #joined(logged: LoggedEvent): void {
    const { event } = logged;
    const { author } = event;
    const invitation = this.invitation(event.data["invite_event_id"]);
    if (this.#state.members.has(author) || !this.context.rules.invitationAdmits(invitation, event)) return;
    const level = this.context.rules.joinedLevel(invitation?.level ?? "member");
    this.#admit(author, level, logged, invitation?.inviter ?? author);
  }

  #admit(nodeId: string, level: Level, at: LoggedEvent, addedBy: string): void {
    const addedAt = wholeSeconds(at.event.wall_clock);
    this.#state.members.set(nodeId, { level, addedAt, addedBy, changes: [{ at, level }] });
  }

  #coSigned(kind: CoSignedKind, logged: LoggedEvent): void {
    const { event } = logged;
    const { rules, communityId } = this.context;
    const target = event.data["target_node_id"];
    if (typeof target !== "string" || target === communityId) return;
    const member = this.#state.members.get(target);
    if (member === undefined || member.level === "unknown") return;
    const level = newLevel(kind, member.level, event.data["new_level"]);
    if (level === undefined) return;
    if (LEVELS.indexOf(this.level(event.author)) < LEVELS.indexOf(rules.trustDecisionLevel)) return;
    const signers = validCoSigners(rules, kind, event.data, (id) => this.level(id));
    if (signers.length < coSignersNeeded(rules, kind, this.#state.policy)) return;
    if (!rules.decisionCounts(kind, event)) return;
    member.level = level;
    member.changes.push({ at: logged, level });
    if (kind !== "revoked") return;
    const revokedAt = wholeSeconds(event.wall_clock);
    this.#state.revoked.set(target, { lamport: event.lamport, eventId: event.event_id, revokedAt });
  }
}

/** The level a decision leads to, or undefined if it leads nowhere: promotions go up, demotions down. */
function newLevel(kind: CoSignedKind, current: Level, wanted: unknown): Level | undefined {
  if (kind === "revoked") return "unknown";
  const level = LEVELS.find((known) => known === wanted && known !== "unknown");
  if (level === undefined) return undefined;
  const step = LEVELS.indexOf(level) - LEVELS.indexOf(current);
  return (kind === "promoted" ? step > 0 : step < 0) ? level : undefined;
}

/** Manifests name whole seconds; events may carry fractions. */
function wholeSeconds(wallClock: string | undefined): string {
  return timestamp(parseTimestamp(wallClock) ?? 0);
}
