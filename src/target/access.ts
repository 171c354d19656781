/** Who the tester can be towards a target (design.md "Access"). */

import { deriveBytes, type Identity, identityFromSeed, type Level } from "../protocol/mod.ts";

/** Keys and permissions the operator handed over. */
export interface Access {
  /** Key of the community: any identity can be made. */
  readonly root?: Identity;
  /** A member that may invite. */
  readonly admin?: Identity;
  /** A token that lets its holder call `community.invite`. */
  readonly adminToken?: string;
  /** The node's own key, for `self` cases and for signing the report. */
  readonly sut?: Identity;
  /** Cases that write may run. */
  readonly allowWrites: boolean;
  /** Cases that leave harm behind may run. */
  readonly disposable: boolean;
}

/** Fixed pool of identities that an operator can enrol. */
export const POOL: readonly { readonly name: string; readonly level: Level }[] = [
  ...Array.from({ length: 8 }, (_, i) => ({ name: `MEM${i + 1}`, level: "member" as Level })),
  ...Array.from({ length: 3 }, (_, i) => ({ name: `TRUST${i + 1}`, level: "trusted" as Level })),
  ...Array.from({ length: 3 }, (_, i) => ({ name: `ANCHOR${i + 1}`, level: "anchor" as Level })),
];

/** An identity of the pool: a function of seed and name alone, so that enrolment outlives a run. */
export function poolIdentity(seed: number, name: string): Identity {
  return identityFromSeed(deriveBytes(seed, "pool", name));
}

/** The tester's own identity, which signs over the transcript digest. */
export function testerIdentity(seed: number): Identity {
  return identityFromSeed(deriveBytes(seed, "tester"));
}

/** Root and node keys of the community that a provisioned target founds for a seed. */
export function foundedIdentities(seed: number): { readonly root: Identity; readonly node: Identity } {
  return {
    root: identityFromSeed(deriveBytes(seed, "community", "root")),
    node: identityFromSeed(deriveBytes(seed, "community", "node")),
  };
}
