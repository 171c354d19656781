/** Who the node is, and to which community it belongs, after a restart. */

import { describe, equals, of, okObject, type Verdict } from "../../../src/check/mod.ts";
import { isObject, type JsonObject, parseTimestamp } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { peerCertificate } from "../../../src/target/peer_certificate.ts";
import { ECHO, echo } from "../../core/bus/peering.ts";
import { communityOf, restarted } from "../lifecycle.ts";

const MS_PER_SECOND = 1000;
/** Time a slow back end has to register (OPS-026), and between two looks, in milliseconds. */
const REGISTERED_MS = 60_000;
const LOOK_EVERY_MS = 500;
/** How long a manifest ages before the restart: more than the second in which timestamps count (OPS-027). */
const AGED_MS = 2_500;
/** What a started node may say of its uptime beyond what passed, in seconds: both ends are rounded. */
const ROUNDED_SECONDS = 1;
/** Time for a peer to be admitted, and between two looks, in milliseconds. */
const ADMITTED_MS = 30_000;
const LONGEST_MS = 120_000;

/** Members of the community that a restart must not change (OPS-016). */
const KEPT = ["community_id", "root_key", "created_at", "policy"] as const;

/** Id and level of every member, in the order of the ids. */
function membersOf(manifest: JsonObject): readonly string[] {
  const members: readonly unknown[] = Array.isArray(manifest.members) ? manifest.members : [];
  return members.filter(isObject).map(({ node_id, level }) => `${String(node_id)} ${String(level)}`).sort();
}

/** Name, version and schema hash of every advertised capability. */
async function capabilitiesOf({ target }: CaseContext): Promise<readonly string[]> {
  const manifest = await target.readManifest();
  const entries: readonly unknown[] = Array.isArray(manifest?.capabilities) ? manifest.capabilities : [];
  const named = entries.filter(isObject).map((c) => `${String(c.name)}@${String(c.version)} ${String(c.schema_hash)}`);
  return [...new Set(named)].sort();
}

export const identityCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/restart_persistence/node-id",
    requirement: "OPS-014",
    brokenBy: ["new-device-key-at-start"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const before = must.get(okObject(await target.manifest())).node_id;
      await restarted(context);
      const answer = await target.manifest();
      must(of(answer, equals(must.get(okObject(answer)).node_id, before, "node_id after the restart")));
    },
  }),
  defineCase({
    id: "operability/restart_persistence/certificate",
    requirement: "OPS-015",
    brokenBy: ["new-certificate-at-start"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const before = (await target.manifest()).certificate?.fingerprint;
      if (before === undefined) return context.inconclusive("the certificate cannot be seen");
      await restarted(context);
      const answer = await target.manifest();
      const after = answer.certificate?.fingerprint ?? describe(answer);
      must(of(answer, equals(after, before, "fingerprint of the certificate after the restart")));
    },
  }),
  defineCase({
    id: "operability/restart_persistence/community",
    requirement: "OPS-016",
    brokenBy: ["community-rebuilt-at-start"],
    effects: "writes",
    async run(context) {
      const { must } = context;
      await context.actors.member();
      const before = await communityOf(context);
      await restarted(context);
      const after = await communityOf(context);
      const differences: Verdict[] = KEPT.map((name) =>
        equals(after[name] ?? null, before[name] ?? null, `${name} after the restart`)
      );
      must.all(...differences, equals(membersOf(after), membersOf(before), "the members after the restart"));
    },
  }),
  defineCase({
    id: "operability/restart_persistence/capabilities",
    requirement: "OPS-026",
    brokenBy: ["schema-hashes-vary"],
    effects: "none",
    longestMs: LONGEST_MS,
    async run(context) {
      const before = await capabilitiesOf(context);
      await restarted(context);
      let after: readonly string[] = [];
      await context.until(
        async () => {
          after = await capabilitiesOf(context);
          return after.join() === before.join() ? true : undefined;
        },
        REGISTERED_MS,
        LOOK_EVERY_MS,
      );
      const missing = before.filter((one) => !after.includes(one));
      const added = after.filter((one) => !before.includes(one));
      context.must.hold(
        missing.length + added.length === 0,
        `the same ${before.length} capabilities and schema hashes after the restart`,
        { missing: missing.slice(0, 3), added: added.slice(0, 3) },
      );
    },
  }),
  defineCase({
    id: "operability/restart_persistence/fresh-manifest",
    requirement: "OPS-027",
    brokenBy: ["stored-manifest-served"],
    effects: "none",
    nodeClockMoves: true,
    async run(context) {
      const { target, must, until } = context;
      const read = async () => {
        const answer = await target.manifest();
        const { issued_at: issued, uptime_seconds: uptime } = must.get(okObject(answer));
        return { answer, issuedMs: parseTimestamp(issued) ?? NaN, uptime: Number(uptime) };
      };
      const before = await read();
      const readAt = target.mono();
      await until(() => Promise.resolve(target.mono() - readAt >= AGED_MS ? true : undefined), AGED_MS * 2);
      const restartAt = target.mono();
      await restarted(context);
      const after = await read();
      // The node's own clock measures both; timestamps are cut to seconds.
      const least = before.issuedMs + (restartAt - readAt) - MS_PER_SECOND;
      must.hold(
        after.issuedMs >= least,
        "issued_at of the first manifest after the restart is later than the restart",
        `${after.issuedMs - before.issuedMs} ms later than a manifest read ${Math.round(restartAt - readAt)} ms before`,
        after.answer.exchange,
      );
      const sinceRestart = Math.ceil((after.answer.endedAt - restartAt) / MS_PER_SECOND) + ROUNDED_SECONDS;
      must.hold(
        after.uptime <= sinceRestart,
        `uptime_seconds of at most ${sinceRestart} after the restart`,
        after.uptime,
        after.answer.exchange,
      );
    },
  }),
  defineCase({
    id: "operability/restart_persistence/peer-pins",
    requirement: "OPS-028",
    brokenBy: ["peer-pins-in-memory"],
    effects: "none",
    alsoNeeds: ["members:2"],
    longestMs: LONGEST_MS,
    async run(context) {
      const { target, actors, should, until } = context;
      const [caller, { identity }] = [await actors.member(), await actors.member("peer")];
      const tls = (serial: number) => peerCertificate(identity, { serial, validFrom: target.wall() });
      const peer = await target.hostPeer({
        name: "peer",
        identity,
        capabilities: [{ name: ECHO, version: "1.0" }],
        tls: await tls(1),
        returns: true,
      });
      await target.introduce(peer);
      const reached = await until(
        async () => (await echo(context, caller, "1.0")).status === 200 ? true : undefined,
        ADMITTED_MS,
        LOOK_EVERY_MS,
      );
      if (reached === undefined) return context.inconclusive("the target does not call the peer it is to pin");
      await restarted(context);
      await peer.stop();
      peer.change({ tls: await tls(2) });
      await peer.listen();
      const calls = peer.calls.length;
      await target.introduce(peer);
      const answer = await echo(context, caller, "1.0");
      should.hold(
        peer.calls.length === calls && answer.status !== 200,
        "no call to a known peer that shows another certificate after the restart",
        describe(answer),
        answer.exchange,
      );
    },
  }),
];
