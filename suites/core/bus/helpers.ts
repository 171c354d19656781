/** What the cases of core/bus share: advertised entries, the probe, identities within the rate budget, revocations. */

import { isArray, okObject } from "../../../src/check/mod.ts";
import { isObject, type JsonObject, parseVersion, type Version } from "../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { coSign } from "../../../src/target/membership.ts";
import { minimalBody } from "../../../src/target/minimal_body.ts";
import { advertised, probeName, PROBES, TRUSTED_ONLY, trustedOnlyName } from "../../../src/target/profile.ts";
import type { Session } from "../../../src/target/session.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";

/** Calls one identity may make at once to one capability, below the soft budget of 10 per second. */
export const CALLS_PER_IDENTITY = 8;

/** Name and version of an offered capability with its smallest valid body. */
export interface Offered {
  readonly name: string;
  readonly version: string;
  readonly parsed: Version;
  readonly body: JsonObject;
}

function offered({ profile }: Session, name: string): Offered {
  const version = String(advertised(profile, name)?.version ?? "1.0");
  return { name, version, parsed: parseVersion(version) ?? { major: 1, minor: 0 }, body: minimalBody(profile, name) };
}

/** P of the catalogue; the gate `probe` has made sure that there is one. */
export function probe(target: Session): Offered {
  return offered(target, probeName(target.profile) ?? PROBES[0]);
}

/** Every read capability that could be P, as far as it is advertised. */
export function probes(target: Session): readonly Offered[] {
  return PROBES.filter((name) => target.advertised(name) !== undefined).map((name) => offered(target, name));
}

/** The trusted-only capability of the target. */
export function trustedOnly({ profile }: Session): string {
  return trustedOnlyName(profile) ?? TRUSTED_ONLY[0];
}

/** The node manifest and its capability entries. */
export async function advertisedEntries(
  { target, must }: Pick<CaseContext, "target" | "must">,
): Promise<{ readonly manifest: JsonObject; readonly entries: readonly JsonObject[]; readonly exchange: number }> {
  const answer = await target.manifest();
  const manifest = must.get(okObject(answer));
  const { capabilities } = manifest;
  must(isArray(capabilities, "capabilities"));
  const list: readonly unknown[] = Array.isArray(capabilities) ? capabilities : [];
  must.hold(list.every(isObject), "every entry of capabilities is an object", list, answer.exchange);
  return { manifest, entries: list.filter(isObject), exchange: answer.exchange };
}

/** Entry of the list, for messages. */
export function entryName({ name, version }: JsonObject): string {
  return `${String(name)}@${String(version)}`;
}

/** Major number of the manifest's contract_version; 1 where it cannot be read. */
export function contractMajor(manifest: JsonObject): number {
  return parseVersion(manifest.contract_version)?.major ?? 1;
}

/** A call with a complete body. */
export function send(
  target: Session,
  actor: Actor,
  name: string,
  version: string,
  body: JsonObject,
): Promise<HttpAnswer> {
  return target.busCall(actor, name, { version, body });
}

/** Members that together may make so many calls at once without touching a rate budget; enrolled one after the other. */
export async function membersFor(
  { actors }: Pick<CaseContext, "actors">,
  calls: number,
): Promise<readonly [Actor, ...Actor[]]> {
  const members: [Actor, ...Actor[]] = [await actors.member("caller-0")];
  while (members.length * CALLS_PER_IDENTITY < calls) members.push(await actors.member(`caller-${members.length}`));
  return members;
}

/** Whose turn it is when members call one after the other. */
export function turnOf(members: readonly [Actor, ...Actor[]], i: number): Actor {
  return members[i % members.length] ?? members[0];
}

/** Pushes a promotion by ROOT, which may do that alone. */
export async function promote({ target, actors }: CaseContext, id: string, level: string): Promise<HttpAnswer> {
  const root = actors.root();
  const payload = { new_level: level, target_node_id: id };
  const event = await target.event(root, "community.member.promoted", {
    ...payload,
    co_signers: coSign([root.identity], payload),
  });
  return await target.push([event]);
}

/** Pushes a revocation, signed by ROOT and two trusted members. */
export async function revoke({ target, actors }: CaseContext, id: string): Promise<HttpAnswer> {
  const root = actors.root();
  const signers = [root, await actors.trusted("co-signer-1"), await actors.trusted("co-signer-2")];
  const payload = { reason: "other", target_node_id: id };
  const event = await target.event(root, "community.member.revoked", {
    ...payload,
    co_signers: coSign(signers.map(({ identity }) => identity), payload),
  });
  return await target.push([event]);
}
