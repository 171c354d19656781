/** `community.revoke`: whose co-signatures count, and what a revocation does. CONTRACT §4.18. */

import { errorCode, holds, isInteger, isText, member, output, refusedWith } from "../../../src/check/mod.ts";
import type { JsonObject } from "../../../src/protocol/mod.ts";
import type { FaultName } from "../../../src/node/faults/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import { coSign } from "../../../src/target/membership.ts";
import { minimalBody } from "../../../src/target/minimal_body.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { anyCapability, communityManifest, itemsOf } from "./helpers.ts";

const REVOKE = "community.revoke";
const REASON = "other";

/** What a co-signer signs: with `client_id` (CONTRACT §4.18) or without (§7.2). Undecidable, so both are tried. */
const PAYLOADS: readonly ((input: JsonObject) => JsonObject)[] = [
  ({ client_id = null, reason = null, target_node_id = null }) => ({ client_id, reason, target_node_id }),
  ({ reason = null, target_node_id = null }) => ({ reason, target_node_id }),
];

/** Who takes part: three trusted members, a plain one, and the member to be revoked. */
interface Cast {
  readonly trusted: readonly [Actor, Actor, Actor];
  readonly plain: Actor;
  readonly victim: Actor;
}

async function castOf({ actors }: CaseContext): Promise<Cast> {
  return {
    trusted: [await actors.trusted("theo"), await actors.trusted("tara"), await actors.trusted("tim")],
    plain: await actors.member("bob"),
    victim: await actors.member("victor"),
  };
}

type CoSigners = (cast: Cast, payload: JsonObject, context: CaseContext) => readonly JsonObject[];

function revoke(
  context: CaseContext,
  cast: Cast,
  payloadOf: (input: JsonObject) => JsonObject,
  coSigners: CoSigners,
): Promise<HttpAnswer> {
  const { target } = context;
  const input: JsonObject = { client_id: target.id(), target_node_id: cast.victim.id, reason: REASON };
  return target.call(cast.trusted[0], REVOKE, {
    ...input,
    co_signers: [...coSigners(cast, payloadOf(input), context)],
  });
}

const by = (signers: readonly Actor[], payload: JsonObject): JsonObject[] =>
  coSign(signers.map(({ identity }) => identity), payload);

/** A case whose co-signatures must not suffice, in neither form of the signed payload. */
function insufficient(
  name: string,
  requirement: string,
  brokenBy: readonly [FaultName, ...FaultName[]],
  codes: readonly string[],
  coSigners: CoSigners,
): ConformanceCase {
  return defineCase({
    id: `core/identity/${name}`,
    requirement,
    brokenBy,
    effects: "harm",
    async run(context) {
      const cast = await castOf(context);
      for (const payloadOf of PAYLOADS) {
        context.must(refusedWith(await revoke(context, cast, payloadOf, coSigners), ...codes));
      }
      const { value, judge } = await communityManifest(context);
      const ids = itemsOf(value.members).map((entry) => member(entry, "node_id"));
      judge(holds(ids.includes(cast.victim.id), `${cast.victim.id} still among the members`, "it is not listed"));
    },
  });
}

export const revocationCases: readonly ConformanceCase[] = [
  insufficient(
    "two-co-signers-do-not-revoke",
    "IDN-073",
    ["revoke-counts-caller-twice"],
    ["unauthorized"],
    ({ trusted: [one, two] }, payload) => by([one, two], payload),
  ),
  insufficient(
    "co-signers-are-distinct",
    "IDN-074",
    ["revoke-counts-repeats"],
    ["unauthorized"],
    ({ trusted: [one] }, payload) => by([one, one, one], payload),
  ),
  insufficient(
    "co-signatures-are-verified",
    "IDN-075",
    ["revoke-trusts-signers-blindly"],
    ["unauthorized", "invalid_signature"],
    ({ trusted: [one, two, three] }, payload, { actors }) => [
      ...by([one, two], payload),
      ...by([three], { ...payload, target_node_id: actors.fresh("another target").id }),
    ],
  ),
  insufficient(
    "plain-members-do-not-co-sign",
    "IDN-076",
    ["revoke-counts-plain-members"],
    ["unauthorized"],
    ({ trusted: [one, two], plain }, payload) => by([one, two, plain], payload),
  ),
  defineCase({
    id: "core/identity/revocation-takes-effect",
    requirement: "IDN-077",
    brokenBy: ["revocation-without-effect", "revoked-answered-as-strangers"],
    effects: "harm",
    async run(context) {
      const { target, must } = context;
      const cast = await castOf(context);
      let answer: HttpAnswer | undefined;
      for (const payloadOf of PAYLOADS) {
        answer = await revoke(context, cast, payloadOf, ({ trusted }, payload) => by(trusted, payload));
        if (!["unauthorized", "invalid_signature"].includes(errorCode(answer) ?? "")) break;
      }
      if (answer === undefined) return;
      const { event_id: eventId, lamport } = must.get(output(answer));
      must.all(isText(eventId, "output.event_id"), isInteger(lamport, "output.lamport", 1));
      const name = anyCapability(context);
      const body = minimalBody(target.profile, name);
      must(refusedWith(await target.busCall(cast.victim, name, { body }), "revoked"));
    },
  }),
];
