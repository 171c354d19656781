/** Opening a session: host, actors, enrolment. The same for every kind of target. */

import { deriveBytes, identityFromSeed } from "../protocol/mod.ts";
import type { Network } from "../wire/mod.ts";
import { POOL, poolIdentity } from "./access.ts";
import { type Actor, Actors, type ActorSource } from "./actors.ts";
import { InvitingEnrolment, RootEnrolment } from "./membership.ts";
import type { TargetProfile } from "./profile.ts";
import { Session } from "./session.ts";
import type { SessionNeeds, Target } from "./target.ts";

/** How to open. */
export interface OpenOptions {
  readonly network: Network;
  readonly profile: TargetProfile;
  readonly seed: number;
  readonly timeOrigin: number;
  /** The case id. */
  readonly scope: string;
  readonly needs: SessionNeeds;
}

/** A session and its identities. */
export interface OpenedSession {
  readonly session: Session;
  readonly actors: Actors;
}

/** Labels of a session: targets that keep their state get new identities with every time origin. */
export function namespaceOf(target: Target, scope: string, timeOrigin: number): readonly (string | number)[] {
  return target.features.has("fresh") ? [scope] : [scope, timeOrigin];
}

/** Opens a session for a scope. */
export async function openSession(target: Target, options: OpenOptions): Promise<OpenedSession> {
  const { network, profile, seed, timeOrigin, scope } = options;
  const namespace = namespaceOf(target, scope, timeOrigin);
  const host = await target.open(network, options.needs);
  const session = new Session({ network, host, profile, dialect: target.dialect, seed, namespace });
  const { access } = target;
  const self = access.sut;
  const base: Pick<ActorSource, "namespace" | "seed"> = { namespace, seed };
  const known = {
    ...(access.root === undefined ? {} : { root: access.root }),
    ...(self === undefined ? {} : { self }),
    ...(profile.adapter.auditor === undefined ? {} : { auditor: profile.adapter.auditor }),
  };
  const port = {
    get communityId() {
      return session.communityId;
    },
    wall: () => session.wall(),
    event: session.event.bind(session),
    push: session.push.bind(session),
    busCall: session.busCall.bind(session),
  };
  const mayEnrol = target.features.has("fresh") || access.allowWrites;
  if (access.root !== undefined && mayEnrol) {
    const coSigner = (i: number) => identityFromSeed(deriveBytes(seed, "actor", ...namespace, "co-signer", i));
    const enrolment = new RootEnrolment(port, access.root, coSigner);
    return withActors(session, { ...base, ...known, enrolment, pool: [] });
  }
  const pool = await enrolled(session, target, seed);
  if (access.admin !== undefined && mayEnrol) {
    const admin: Actor = { name: "admin", identity: access.admin, id: access.admin.id, level: "member" };
    const enrolment = new InvitingEnrolment(port, admin, access.adminToken);
    return withActors(session, { ...base, ...known, enrolment, pool });
  }
  return withActors(session, { ...base, ...known, pool });
}

function withActors(session: Session, source: ActorSource): OpenedSession {
  const actors = new Actors(source);
  session.lendMembers(async (name) => (await actors.member(name)).identity);
  return { session, actors };
}

/** The identities of the pool, the admin and root, as far as the community manifest lists them. */
export async function enrolled(session: Session, target: Target, seed: number): Promise<Actor[]> {
  const manifest = await session.readCommunity();
  const members = Array.isArray(manifest?.members) ? manifest.members : [];
  const level = new Map(members.map((member) => [member?.node_id, member?.level]));
  const candidates = [
    ...POOL.map(({ name }) => ({ name, identity: poolIdentity(seed, name) })),
    ...(target.access.admin === undefined ? [] : [{ name: "admin", identity: target.access.admin }]),
    ...(target.access.root === undefined ? [] : [{ name: "root", identity: target.access.root }]),
  ];
  return candidates.flatMap(({ name, identity }) => {
    const at = level.get(identity.id);
    return at === undefined ? [] : [{ name, identity, id: identity.id, level: at }];
  });
}
