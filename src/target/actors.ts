/**
 * The named identities of a case. With root their keys come from seed, time origin and case id, so that order and
 * parallelism change nothing; without it they come from the pool an operator enrolled (design.md "Access").
 */

import { deriveBytes, type Identity, identityFromSeed, type Level, type Random } from "../protocol/mod.ts";

/** An identity and what it is to the target. */
export interface Actor {
  readonly name: string;
  readonly identity: Identity;
  /** Full NodeID. */
  readonly id: string;
  readonly level: Level | "self" | "revoked";
}

/** Raised when an identity cannot be had; the runner turns it into a skip. */
export class NoSuchActor extends Error {
  override readonly name = "NoSuchActor";
}

/** Makes members of the target's community. */
export interface Enrolment {
  /** Makes the identity a member of the level. */
  admit(identity: Identity, level: Level): Promise<void>;
  /** Revokes a member. */
  revoke(identity: Identity): Promise<void>;
}

/** Where the identities of a session come from. */
export interface ActorSource {
  /** With these, any identity can be made. */
  readonly enrolment?: Enrolment;
  /** Members of the community whose keys the tester holds, by level. */
  readonly pool: readonly Actor[];
  readonly root?: Identity;
  readonly self?: Identity;
  /** May export the audit (adapter file). */
  readonly auditor?: Identity;
  /** Labels all keys of this session. */
  readonly namespace: readonly (string | number)[];
  readonly seed: number;
}

/** See the module comment. */
export class Actors {
  readonly #made = new Map<string, Promise<Actor>>();
  readonly #taken = new Set<string>();
  /** Enrolments go one after the other, so that the order of their events does not depend on timing. */
  #enrolling: Promise<unknown> = Promise.resolve();

  constructor(private readonly source: ActorSource) {}

  /** A member; the same name gives the same actor. */
  member(name = "alice"): Promise<Actor> {
    return this.#named(name, "member");
  }

  /** A trusted member. */
  trusted(name = "theo"): Promise<Actor> {
    return this.#named(name, "trusted");
  }

  /** A member of level anchor. */
  anchor(name = "anna"): Promise<Actor> {
    return this.#named(name, "anchor");
  }

  /** A member whose membership was revoked. */
  revoked(name = "rhea"): Promise<Actor> {
    return this.#once(`revoked:${name}`, async () => {
      const { enrolment } = this.source;
      if (enrolment === undefined) throw new NoSuchActor("a revoked identity needs the root key");
      const identity = this.#derive(name);
      await this.#inTurn(async () => {
        await enrolment.admit(identity, "member");
        await enrolment.revoke(identity);
      });
      return { name, identity, id: identity.id, level: "revoked" as const };
    });
  }

  /** A valid key that is no member. */
  stranger(name = "mallory"): Actor {
    const identity = this.#derive(`stranger:${name}`);
    return { name, identity, id: identity.id, level: "unknown" };
  }

  /** A key that no one has used: for invitations and throwaway identities. */
  fresh(name: string): Identity {
    return this.#derive(`fresh:${name}`);
  }

  /** The community root. */
  root(): Actor {
    const { root } = this.source;
    if (root === undefined) throw new NoSuchActor("the root key is not at hand");
    return { name: "root", identity: root, id: root.id, level: "anchor" };
  }

  /** The node's own identity. */
  self(): Actor {
    const { self } = this.source;
    if (self === undefined) throw new NoSuchActor("the node's own key is not at hand");
    return { name: "self", identity: self, id: self.id, level: "self" };
  }

  /** An identity that may export the audit. */
  auditor(): Actor {
    const { auditor } = this.source;
    if (auditor === undefined) throw new NoSuchActor("no identity that may export the audit is at hand");
    return { name: "auditor", identity: auditor, id: auditor.id, level: "member" };
  }

  #derive(name: string): Identity {
    return identityFromSeed(deriveBytes(this.source.seed, "actor", ...this.source.namespace, name));
  }

  #named(name: string, level: Level): Promise<Actor> {
    return this.#once(`${level}:${name}`, async () => {
      const { enrolment, pool } = this.source;
      if (enrolment !== undefined) {
        const identity = this.#derive(name);
        await this.#inTurn(() => enrolment.admit(identity, level));
        return { name, identity, id: identity.id, level };
      }
      const free = pool.find((actor) => actor.level === level && !this.#taken.has(actor.id));
      if (free === undefined) throw new NoSuchActor(`no further identity of level ${level} is enrolled`);
      this.#taken.add(free.id);
      return { ...free, name };
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#enrolling.then(work);
    this.#enrolling = turn.catch(() => {});
    return turn;
  }

  #once(key: string, make: () => Promise<Actor>): Promise<Actor> {
    let actor = this.#made.get(key);
    if (actor === undefined) this.#made.set(key, actor = make());
    return actor;
  }
}

/** A random generator for one purpose of a session. */
export type RandomFor = (purpose: string) => Random;
