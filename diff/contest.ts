/** Command line -> targets to compare, and what both offer. */

import { checkFaults, chooseTarget, readOptionFile } from "../src/cli/target_options.ts";
import { Options, readDuration, UsageError } from "../src/cli/parse.ts";
import { isObject } from "../src/protocol/mod.ts";
import type { TargetProfile } from "../src/target/profile.ts";
import type { Target } from "../src/target/target.ts";
import { VARIANTS } from "../src/node/variants/mod.ts";
import { faultNames } from "../src/target/embedded.ts";
import { ChildTarget } from "./child_target.ts";
import { ONE_SIDE, SIDE_OPTIONS } from "./options.ts";
import { type Contestant, type RunFrame, startsFresh } from "./side.ts";
import { castOf, type CastSizes, MEMBERS, type Offer } from "./traffic/mod.ts";
import type { Cast } from "./plan.ts";

/** Where children come from and go to. */
export interface ChildPlace {
  readonly program: string;
  readonly directory: string;
}

export type SideName = "left" | "right";

/** The options of one side under their plain names. */
export function sideOptions(options: Options, side: SideName | undefined, spec: string): Options {
  const values = new Map<string, string | number | boolean | readonly string[]>([["target", spec]]);
  for (const [name, value] of options.entries()) {
    if (name === "allow-writes" || name === "disposable") values.set(name, value);
    const plain = side === undefined
      ? undefined
      : name.startsWith(`${side}-`)
      ? name.slice(side.length + 1)
      : undefined;
    if (plain !== undefined && SIDE_OPTIONS.some((option) => option.name === plain)) values.set(plain, value);
  }
  return new Options(ONE_SIDE, values);
}

/**
 * Makes a target; embedded ones become child processes.
 *
 * @throws {UsageError} If the specification, a fault or a variant is wrong.
 */
export async function makeTarget(options: Options, spec: string, frame: RunFrame, place: ChildPlace): Promise<Target> {
  if (spec !== "embedded" && !spec.startsWith("embedded:")) {
    return (await chooseTarget(options, { seed: frame.seed, timeOrigin: frame.timeOrigin })).target;
  }
  const faults = faultNames(spec);
  checkFaults(faults);
  const variants = options.list("variant");
  for (const name of variants) {
    if (!Object.hasOwn(VARIANTS, name)) throw new UsageError(`diff: unknown variant "${name}"`);
  }
  return new ChildTarget({ ...place, seed: frame.seed, clock: frame.clock, faults, variants });
}

/** `left=+90s` -> milliseconds. @throws {UsageError} If it has another form. */
export function skewOf(options: Options, side: SideName): number {
  let skew = 0;
  for (const entry of options.list("skew")) {
    const match = /^(left|right)=([+-]?)(.+)$/.exec(entry);
    const ms = match === null ? undefined : readDuration(match[3] ?? "");
    if (match === null || ms === undefined) {
      throw new UsageError(`diff: --skew must be like left=+90s, current value is "${entry}"`);
    }
    if (match[1] === side) skew = match[2] === "-" ? -ms : ms;
  }
  return skew;
}

/** What a target may lack besides capabilities; nothing is sent there unless all have it. */
const SERVICES: readonly { readonly name: string; readonly has: (profile: TargetProfile) => boolean }[] = [
  { name: "POST /sync/v1/events", has: ({ sync }) => sync },
  { name: "GET /pubsub/v1/subscribe", has: ({ pubsub }) => pubsub },
  { name: "WebSocket /bus/v1/call", has: ({ websocket }) => websocket },
];

/** What all contestants offer, with the capabilities that only some have. */
export function commonOffer(contestants: readonly Contestant[]): {
  readonly offer: Offer;
  readonly oneSided: readonly { readonly capability: string; readonly who: readonly string[] }[];
} {
  const profiles = contestants.map((one) => one.preflight.profile);
  const names = profiles.map((profile) => new Set(profile.capabilities.map(({ name }) => String(name))));
  const all = new Set(names.flatMap((set) => [...set]));
  const shared = [...all].filter((name) => names.every((set) => set.has(name)));
  const only = (capability: string, has: (index: number) => boolean) => ({
    capability,
    who: contestants.flatMap(({ name }, index) => has(index) ? [name] : []),
  });
  const oneSided = [
    ...[...all].filter((name) => !shared.includes(name)).sort()
      .map((name) => only(name, (index) => names[index]?.has(name) === true)),
    ...SERVICES.map(({ name, has }) => only(name, (index) => profiles[index] !== undefined && has(profiles[index])))
      .filter(({ who }) => who.length > 0 && who.length < contestants.length),
  ];
  const every = (of: (profile: TargetProfile) => boolean) => profiles.every(of);
  const offer: Offer = {
    capabilities: new Set(shared),
    models: modelsOf(profiles[0], 0),
    otherModels: modelsOf(profiles[0], 1),
    versions: sharedVersions(profiles),
    websocket: every(({ websocket }) => websocket),
    sync: every(({ sync }) => sync),
    // A second node takes another process per side, and shows most where the times of events are shifted.
    gossip: contestants.some(({ skewMs }) => skewMs !== 0) &&
      contestants.every(({ target }) => target.features.has("second-node")),
    // The topics of a node in use are somewhere in the middle of their sequence.
    pubsub: every(({ pubsub }) => pubsub) && contestants.every(startsFresh),
  };
  return { offer, oneSided };
}

function sharedVersions(profiles: readonly TargetProfile[]): Set<string> {
  const sets = profiles.map(({ capabilities }) =>
    new Set(capabilities.map(({ name, version }) => `${name}@${version}`))
  );
  return new Set([...sets[0] ?? []].filter((entry) => sets.every((set) => set.has(entry))));
}

/** Models by capability: the first advertised, or the one at a place of the list. */
function modelsOf(profile: TargetProfile | undefined, place: number): Map<string, string> {
  const models = new Map<string, string>();
  for (const { name, params } of profile?.capabilities ?? []) {
    if (!isObject(params)) continue;
    const listed = Array.isArray(params.models) ? params.models[place] : undefined;
    const model = place === 0 ? params.model ?? listed : listed;
    if (typeof model === "string" && !models.has(String(name))) models.set(String(name), model);
  }
  return models;
}

/** The largest cast all contestants can fill. Harmful actors need targets that may be harmed. */
export function commonCast(contestants: readonly Contestant[]): Cast {
  const least = (of: (profile: TargetProfile) => number) =>
    Math.min(...contestants.map(({ preflight }) => of(preflight.profile)));
  const disposable = contestants.every(({ target }) => target.access.disposable);
  const members = least(({ identities }) => identities.member);
  const sizes: CastSizes = {
    // Those beyond make bursts and floods, which a live node is spared (design.md "Safety of live nodes").
    member: disposable ? members : Math.min(members, MEMBERS),
    trusted: least(({ identities }) => identities.trusted),
    anchor: least(({ identities }) => identities.anchor),
    root: disposable && contestants.every(({ preflight }) => preflight.profile.root),
    self: contestants.every(({ preflight }) => preflight.profile.self),
  };
  return castOf(sizes);
}

/** Reads a file of an option as text. */
export async function readText(option: string, path: string): Promise<string> {
  return new TextDecoder().decode(await readOptionFile(option, path));
}
