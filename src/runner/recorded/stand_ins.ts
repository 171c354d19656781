/** Who stands for whom when a recording is sent to another node. */

import type { Identity } from "../../protocol/mod.ts";
import { POOL, poolIdentity } from "../../target/access.ts";
import { type Actor, type Actors, NoSuchActor } from "../../target/actors.ts";
import { EnrolmentError } from "../../target/membership.ts";
import type { Session } from "../../target/session.ts";
import type { ActorLevel } from "../vector_steps.ts";
import { Names } from "./names.ts";
import type { Recording } from "./step.ts";

const MS_PER_SECOND = 1000;

/** The names of one recorded case for the node of a session. */
export async function namesFor(
  recording: Recording,
  session: Session,
  actors: Actors,
  salt?: string,
): Promise<Names> {
  const { seed, scope, began, node_id: node, community_id: community, signers, members } = recording;
  const known = new Map<string, string>();
  const identities = new Map<string, Identity>(
    POOL.map(({ name }) => [poolIdentity(seed, name).id, poolIdentity(seed, name)]),
  );
  if (community !== undefined) {
    known.set(community, session.communityId);
    set(identities, community, await had(() => actors.root()));
  }
  if (node !== undefined) {
    known.set(node, session.nodeId);
    set(identities, node, await had(() => actors.self()));
  }
  for (const [index, [id, level]] of Object.entries(members).entries()) {
    set(identities, id, await standIn(actors, level, `recorded${index + 1}`));
  }
  const names = new Names({
    seed,
    scope,
    recordedAt: began,
    replayedAt: Math.floor(session.wall() / MS_PER_SECOND) * MS_PER_SECOND,
    known,
    identities,
    ...(salt === undefined ? {} : { salt }),
  });
  for (const id of signers) if (id !== community && id !== node) names.signer(id);
  return names;
}

/** A member of this community in the place of one that the recorded community had from the start. */
async function standIn(actors: Actors, level: ActorLevel, name: string): Promise<Actor | undefined> {
  switch (level) {
    case "anchor":
      return await had(() => actors.anchor(name)) ?? await had(() => actors.trusted(name));
    case "trusted":
      return await had(() => actors.trusted(name));
    default:
      return await had(() => actors.member(name));
  }
}

async function had(get: () => Actor | Promise<Actor>): Promise<Actor | undefined> {
  try {
    return await get();
  } catch (error) {
    // Without it the recorded one stays a stranger here, and the answers tell.
    if (error instanceof NoSuchActor || error instanceof EnrolmentError) return undefined;
    throw error;
  }
}

function set(identities: Map<string, Identity>, id: string, actor: Actor | undefined): void {
  if (actor !== undefined) identities.set(id, actor.identity);
}
