/** The request headers of a call: missing, malformed, in other spelling, and what the signature makes of them. */

import { describe, holds, of, refusedWith, succeeded } from "../../../src/check/mod.ts";
import { base64url, type CallEnvelope, identityFromSeed, isObject, timestamp } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { FaultName } from "../../../src/node/faults/mod.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { CallOptions, EnvelopeHeader } from "../../../src/target/call.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { clientRefusal, probeBody, probeCall, probeOf } from "./helpers.ts";

const KEY_BYTES = 32;
const SECOND_MS = 1000;

/** A full id that is nobody's. */
function randomId({ random }: CaseContext): string {
  return `ed25519:${base64url(random.bytes(KEY_BYTES))}`;
}

/** An actor of somebody else's id: the key is the tester's, the name a listed member's. */
async function listedMember(context: CaseContext): Promise<Actor> {
  const manifest = await context.target.readCommunity();
  const members: readonly unknown[] = Array.isArray(manifest?.members) ? manifest.members : [];
  const listed = members.map((m) => isObject(m) ? m.node_id : undefined).find((id) => typeof id === "string");
  const identity = identityFromSeed(context.random.bytes(KEY_BYTES));
  const id = listed ?? manifest?.root_key ?? context.target.communityId;
  return { name: "listed", identity, id, level: "member" };
}

/** Every header left out in turn is a client error with one of the codes. */
function omissionCase(
  name: string,
  requirement: string,
  brokenBy: readonly [FaultName, ...FaultName[]],
  headers: readonly EnvelopeHeader[],
  codes: readonly string[],
): ConformanceCase {
  return defineCase({
    id: `core/transport/${name}`,
    requirement,
    brokenBy,
    effects: "none",
    async run(context) {
      for (const header of headers) {
        const answer = await probeCall(context, { omit: [header] });
        context.must(clientRefusal(answer, ...codes));
        context.must(refusedWith(answer, ...codes));
      }
    },
  });
}

/** A call signed for one envelope and sent with another is refused as wrongly signed. */
function signedMemberCase(
  name: string,
  requirement: string,
  fault: FaultName,
  options: (context: CaseContext) => CallOptions,
): ConformanceCase {
  return defineCase({
    id: `core/transport/${name}`,
    requirement,
    brokenBy: [fault],
    effects: "none",
    async run(context) {
      context.must(refusedWith(await send(context, options(context)), "invalid_signature"));
    },
  });
}

/** A stranger's call: a right signature would be `unauthorized`, so nothing else can be executed by mistake. */
function send(context: CaseContext, options: CallOptions): Promise<HttpAnswer> {
  const { target, actors } = context;
  return target.busCall(actors.stranger(), probeOf(context), { body: probeBody(context), ...options });
}

/** A ULID that differs in its last character only. */
function neighbour(id: string): string {
  return id.slice(0, -1) + (id.endsWith("0") ? "1" : "0");
}

const signedAs = (members: Partial<CallEnvelope>): CallOptions => ({ signedAs: members });

const FORM_CODES = ["bad_request", "schema_mismatch", "invalid_signature", "unauthorized"];

export const callHeaderCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/unsigned-call-refused",
    requirement: "TRN-014",
    brokenBy: ["unsigned-calls-trusted"],
    effects: "none",
    async run(context) {
      const actor = await listedMember(context);
      const options = { signature: "none", body: probeBody(context) } as const;
      const answer = await context.target.busCall(actor, probeOf(context), options);
      context.must(refusedWith(answer, "invalid_signature", "unauthorized"));
    },
  }),
  defineCase({
    id: "core/transport/call-without-from-refused",
    requirement: "TRN-015",
    brokenBy: ["from-defaults-to-node"],
    effects: "none",
    async run(context) {
      const answer = await send(context, { omit: ["from"] });
      context.must(refusedWith(answer, "bad_request", "invalid_signature", "unauthorized"));
      const unsigned = await send(context, { omit: ["from"], signature: "none" });
      context.must(refusedWith(unsigned, "bad_request", "invalid_signature", "unauthorized"));
    },
  }),
  omissionCase("call-without-capability-or-version-refused", "TRN-016", ["version-defaults-to-newest"], [
    "capability",
    "version",
  ], ["bad_request", "invalid_signature"]),
  omissionCase("call-without-other-headers-refused", "TRN-017", ["missing-headers-filled-in"], [
    "request_id",
    "community",
    "timestamp",
  ], FORM_CODES),
  signedMemberCase("capability-is-signed", "TRN-018", "capability-not-signed", (context) => {
    const { capabilities } = context.target.profile;
    const other = capabilities.map(({ name }) => String(name)).find((name) => name !== probeOf(context));
    return signedAs({ capability: other ?? "market.search" });
  }),
  defineCase({
    id: "core/transport/version-is-signed",
    requirement: "TRN-019",
    brokenBy: ["version-not-signed"],
    effects: "none",
    async run(context) {
      const answer = await send(context, { version: "1.1", signedAs: { version: "1.0" } });
      context.must(refusedWith(answer, "invalid_signature"));
    },
  }),
  signedMemberCase("request-id-is-signed", "TRN-020", "request-id-not-signed", ({ target }) => {
    const requestId = target.id();
    return { requestId, ...signedAs({ request_id: neighbour(requestId) }) };
  }),
  signedMemberCase(
    "community-is-signed",
    "TRN-021",
    "community-not-signed",
    (context) => ({ community: randomId(context), ...signedAs({ community: context.target.communityId }) }),
  ),
  signedMemberCase(
    "timestamp-is-signed",
    "TRN-022",
    "timestamp-not-signed",
    ({ target }) => signedAs({ timestamp: timestamp(target.wall() - SECOND_MS) }),
  ),
  defineCase({
    id: "core/transport/whole-body-is-signed",
    requirement: "TRN-023",
    brokenBy: ["unknown-body-members-not-signed", "nested-body-values-not-signed"],
    effects: "none",
    async run(context) {
      const signed = { params: {}, input: { note: { text: "signed as written" } } };
      const nested = await send(context, {
        body: { params: {}, input: { note: { text: "signed as Written" } } },
        signedAs: { body: signed },
      });
      context.must(refusedWith(nested, "invalid_signature"));
      const added = await send(context, { body: { ...signed, extra: 1 }, signedAs: { body: signed } });
      context.must(refusedWith(added, "invalid_signature"));
    },
  }),
  defineCase({
    id: "core/transport/foreign-community-refused",
    requirement: "TRN-024",
    brokenBy: ["foreign-community-ignored"],
    effects: "none",
    async run(context) {
      const answer = await probeCall(context, { community: randomId(context) });
      const newer = Number(context.target.profile.contractVersion.split(".")[0]) >= 2;
      const codes = newer ? ["unauthorized", "not_federated", "federation_forbidden"] : ["unauthorized"];
      context.must(refusedWith(answer, ...codes));
    },
  }),
  defineCase({
    id: "core/transport/malformed-timestamp-refused",
    requirement: "TRN-025",
    brokenBy: ["timestamp-never-parsed", "timestamp-offset-accepted"],
    effects: "none",
    async run(context) {
      const local = timestamp(context.target.wall()).replace("Z", "+02:00");
      for (const text of ["yesterday", local]) {
        context.should(refusedWith(await probeCall(context, { timestamp: text }), "bad_request"));
      }
    },
  }),
  defineCase({
    id: "core/transport/header-names-without-case",
    requirement: "TRN-026",
    brokenBy: ["header-names-exact", "unknown-headers-refused"],
    effects: "none",
    async run(context) {
      const lower = await probeCall(context, {
        headers: (headers) => headers.map(([name, value]) => [name.toLowerCase(), value] as const),
      });
      context.should(succeeded(lower));
      const extra = await probeCall(context, {
        headers: (headers) => [...headers, ["X-HearthNet-Weather", "snow"] as const],
      });
      context.should(
        of(extra, holds(extra.status === 200, "an unknown X-HearthNet header to be ignored", describe(extra))),
      );
    },
  }),
];
