/** Which peers a node admits: manifests that are altered, run out, signed by another key, foreign, or of strangers. */

import { holds, output, refusedWith } from "../../../src/check/mod.ts";
import { type Identity, type JsonObject, signDocument, timestamp } from "../../../src/protocol/mod.ts";
import type { FaultName } from "../../../src/node/faults/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { PeerOptions } from "../../../src/target/peer_host.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { instantOf } from "./helpers.ts";

const HOUR_MS = 3_600_000;
/** Time for a target to admit a peer, and to look at its manifest again (every 30 s), in milliseconds. */
const ADMISSION_DEADLINE_MS = 60_000;
const REFRESH_DEADLINE_MS = 75_000;
/** Pause between two calls or looks while waiting, in milliseconds: well below the rate limit. */
const LOOK_EVERY_MS = 250;
/** Time for a counter to show what happened, in milliseconds. */
const COUNTER_DEADLINE_MS = 5_000;
const FAILURES = /^hearthnet_signature_failures_total(?:\{[^}]*\})?\s+([0-9.eE+-]+)/;

/** A capability name that nobody else offers. */
function uniqueName({ random }: CaseContext): string {
  return `experimental.echo_${random.word()}`;
}

function callEcho({ target }: CaseContext, caller: Actor, name: string): Promise<HttpAnswer> {
  return target.call(caller, name, { text: "is anybody there" }, { version: "1.0" });
}

/** A case in which a peer must not be admitted. */
function refusedPeer(
  name: string,
  requirement: string,
  brokenBy: readonly [FaultName, ...FaultName[]],
  peerOf: (context: CaseContext) => Promise<Partial<PeerOptions> & { readonly identity: Identity }>,
): ConformanceCase {
  return defineCase({
    id: `core/identity/${name}`,
    requirement,
    brokenBy,
    effects: "none",
    alsoNeeds: ["members:2"],
    async run(context) {
      const { target, actors, must } = context;
      const capability = uniqueName(context);
      const caller = await actors.member();
      const options = await peerOf(context);
      const peer = await target.hostPeer({
        name: "peer",
        capabilities: [{ name: capability, version: "1.0" }],
        ...options,
      });
      await target.introduce(peer);
      if (peer.manifestFetches.length === 0) {
        return context.inconclusive("the target did not fetch the manifest of the peer");
      }
      const answer = await callEcho(context, caller, capability);
      must(refusedWith(answer, "not_found"));
      must.hold(peer.calls.length === 0, "no call to reach the peer", `${peer.calls.length} calls`, answer.exchange);
    },
  });
}

const memberPeer = async ({ actors }: CaseContext): Promise<Identity> => (await actors.member("paula")).identity;

/** The sum of `hearthnet_signature_failures_total` over its labels; undefined if there are no metrics. */
async function signatureFailures({ target }: CaseContext): Promise<number | undefined> {
  const answer = await target.httpGet("/metrics");
  if (answer.status !== 200) return undefined;
  let sum = 0;
  for (const line of new TextDecoder().decode(answer.body).split("\n")) {
    const value = Number(FAILURES.exec(line)?.[1] ?? 0);
    if (Number.isFinite(value)) sum += value;
  }
  return sum;
}

export const peerCases: readonly ConformanceCase[] = [
  refusedPeer("peer-with-altered-manifest", "IDN-063", ["peer-signature-unchecked"], async (context) => ({
    identity: await memberPeer(context),
    signedManifest: (manifest: JsonObject) => ({ ...manifest, display_name: "peel" }),
  })),
  refusedPeer("peer-with-expired-manifest", "IDN-064", ["peer-expiry-unchecked"], async (context) => ({
    identity: await memberPeer(context),
    manifest: (manifest: JsonObject) => ({
      ...manifest,
      issued_at: timestamp(instantOf(manifest.issued_at) - HOUR_MS),
      expires_at: timestamp(instantOf(manifest.expires_at) - HOUR_MS),
    }),
  })),
  defineCase({
    id: "core/identity/peer-key-is-pinned",
    requirement: "IDN-065",
    brokenBy: ["peer-key-not-pinned"],
    effects: "none",
    alsoNeeds: ["members:2"],
    async run(context) {
      const { target, actors, must } = context;
      const [caller, identity] = [await actors.member(), await memberPeer(context)];
      const [known, added] = [uniqueName(context), uniqueName(context)];
      const peer = await target.hostPeer({ name: "peer", identity, capabilities: [{ name: known, version: "1.0" }] });
      await target.introduce(peer);
      const admitted = await context.until(
        async () => "value" in output(await callEcho(context, caller, known)) ? true : undefined,
        ADMISSION_DEADLINE_MS,
        LOOK_EVERY_MS,
      );
      if (admitted === undefined) return context.inconclusive("the target did not route to the sound peer");

      const before = await signatureFailures(context);
      const fetched = peer.manifestFetches.length;
      const other = actors.fresh("other key");
      peer.change({
        capabilities: [{ name: added, version: "1.0" }],
        signedManifest: (manifest) => signDocument(other, manifest),
      });
      await target.introduce(peer);
      const looked = await context.until(
        () => Promise.resolve(peer.manifestFetches.length > fetched ? true : undefined),
        REFRESH_DEADLINE_MS,
        LOOK_EVERY_MS,
      );
      if (looked === undefined) return context.inconclusive("the target did not fetch the changed manifest");

      const answer = await callEcho(context, caller, added);
      must(refusedWith(answer, "not_found"));
      if (before === undefined) return context.note("there are no metrics, so the counter was not looked at");
      let now = before;
      const counted = await context.until(
        async () => (now = await signatureFailures(context) ?? now) > before ? true : undefined,
        COUNTER_DEADLINE_MS,
        LOOK_EVERY_MS,
      );
      must(holds(counted === true, `hearthnet_signature_failures_total above ${before}`, `${now}`));
    },
  }),
  refusedPeer("peer-of-another-community", "IDN-066", ["peer-community-unchecked"], async (context) => ({
    identity: await memberPeer(context),
    manifest: (manifest: JsonObject) => ({ ...manifest, community_id: context.actors.fresh("other community").id }),
  })),
  refusedPeer(
    "peer-that-is-no-member",
    "IDN-067",
    ["peer-membership-unchecked"],
    ({ actors }) => Promise.resolve({ identity: actors.stranger("peer").identity }),
  ),
];
