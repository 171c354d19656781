import { assert, assertEquals } from "@std/assert";
import { decodeInvite, type Identity, type JsonObject, verifyDocument } from "../../protocol/mod.ts";
import { actor, admission, coSigned, eventBy, ROOT } from "../log/testing.ts";
import { registerCommunity } from "./community.ts";
import { openTestCalls } from "./testing_calls.ts";

const [MEM, FRESH, TARGET] = [actor("mem"), actor("fresh"), actor("target")];
const TRUSTED = ["t1", "t2", "t3"].map(actor) as [Identity, Identity, Identity];

function opened() {
  const test = openTestCalls([registerCommunity]);
  test.log.receive([
    ...admission(MEM, 10),
    ...admission(TARGET, 12),
    ...TRUSTED.flatMap((identity, i) => admission(identity, 20 + 2 * i, "trusted")),
  ]);
  return test;
}

Deno.test("an invitation is recorded, signed by the node, and lets the invitee join", async () => {
  const test = opened();
  const answer = await test.call(MEM, "community.invite", { invitee_node_id: FRESH.id, initial_level: "trusted" });
  const document = decodeInvite(String(answer["invite_blob"]));
  assert(verifyDocument(test.core.identity.id, document));
  const { event_id, lamport } = answer["meta"] as JsonObject;
  assertEquals(test.log.get(String(event_id))?.lamport, lamport);
  const { community_id, inviter_node_id, invitee_node_id, initial_level, expires_at } = document;
  assertEquals([community_id, inviter_node_id, invitee_node_id, initial_level, expires_at], [
    ROOT.id,
    test.core.identity.id,
    FRESH.id,
    "trusted",
    "2027-03-15T09:26:53Z",
  ]);
  const joined = { invite_event_id: event_id ?? "", node_manifest: {} };
  test.log.receive([eventBy(FRESH, 50, "community.member.joined", joined)]);
  assertEquals(test.community.level(FRESH.id), "trusted");
  assertEquals(test.published.at(-1)?.topic, "community.member.added");
});

Deno.test("inviting again gives the same invitation until it runs out", async () => {
  const test = opened();
  const input = { invitee_node_id: FRESH.id };
  const first = await test.call(MEM, "community.invite", input);
  assertEquals(await test.call(MEM, "community.invite", input), first);
  test.clock.forward(86_400_000);
  const later = await test.call(MEM, "community.invite", input);
  assert((later["meta"] as JsonObject)["event_id"] !== (first["meta"] as JsonObject)["event_id"]);
});

Deno.test("invitations need a level that may be given and the right to invite", async () => {
  const test = opened();
  const invite = (more: JsonObject) => test.call(MEM, "community.invite", { invitee_node_id: FRESH.id, ...more });
  for (const initial_level of ["anchor", "unknown", 3]) {
    assertEquals(await invite({ initial_level }), { error: "bad_request" });
  }
  assertEquals(await invite({ invitee_node_id: "ed25519:short" }), { error: "bad_request" });
  test.log.receive([eventBy(ROOT, 40, "community.policy.updated", { policy: { default_member_can_invite: false } })]);
  assertEquals(await invite({}), { error: "unauthorized" });
  const [trusted] = TRUSTED;
  assert("invite_blob" in await test.call(trusted, "community.invite", { invitee_node_id: FRESH.id }));
});

Deno.test("only the invitee named joins, before the invitation runs out, and not without one", () => {
  const test = opened();
  const [invited] = admission(FRESH, 40);
  const late = eventBy(ROOT, 41, "community.member.invited", {
    invitee_node_id: FRESH.id,
    initial_level: "member",
    expires_at: "2027-03-14T08:00:00Z",
  });
  test.log.receive([invited, late]);
  const join = (who: Identity, invite_event_id: string) =>
    test.log.receive([eventBy(who, 50, "community.member.joined", { invite_event_id })]).rejected_reasons[0]?.reason;
  assertEquals(join(actor("b"), invited.event_id), "unknown_author");
  assertEquals(join(FRESH, "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B"), "unknown_author");
  assertEquals(join(FRESH, late.event_id), "unknown_author");
  assertEquals(test.community.isMember(FRESH.id), false);
  assertEquals(join(FRESH, invited.event_id), undefined);
  assertEquals(test.community.isMember(FRESH.id), true);
});

/** What the caller sends, with the co-signatures of some. */
function revocation(signers: readonly Identity[], client_id = "r1"): JsonObject {
  return coSigned("revoked", { client_id, target_node_id: TARGET.id, reason: "compromised" }, signers);
}

Deno.test("three distinct trusted co-signers revoke, fewer do not", async () => {
  const [t1, t2, t3] = TRUSTED;
  const forged = revocation([t3], "another payload")["co_signers"] as JsonObject[];
  const two = revocation([t1, t2]);
  const attempts: JsonObject[] = [
    two,
    revocation([t1, t1, t1]),
    { ...two, co_signers: [...two["co_signers"] as JsonObject[], ...forged.map((e) => ({ ...e, node_id: MEM.id }))] },
    revocation([t1, t2, MEM]),
    revocation([t2, t3, ROOT]),
  ];
  for (const input of attempts) {
    const test = opened();
    assertEquals(await test.call(t1, "community.revoke", input), { error: "unauthorized" });
    assertEquals(test.community.isMember(TARGET.id), true);
  }
  const test = opened();
  const input = revocation(TRUSTED);
  const answer = await test.call(t1, "community.revoke", input);
  assertEquals(test.log.get(String(answer["event_id"]))?.lamport, answer["lamport"]);
  assertEquals([test.community.isMember(TARGET.id), test.community.isRevoked(TARGET.id)], [false, true]);
  assertEquals(test.community.manifest().revoked, [{ node_id: TARGET.id, revoked_at: "2027-03-14T09:26:53Z" }]);
  assertEquals(test.published.at(-1)?.topic, "community.member.revoked");
  assertEquals(await test.call(t1, "community.revoke", input), answer);
});

Deno.test("promotion takes one trusted co-signer, demotion three, and both only lead their own way", () => {
  const test = opened();
  const [t1, t2, t3] = TRUSTED;
  let lamport = 60;
  const decide = (kind: "promoted" | "demoted", by: Identity, new_level: string, signers: readonly Identity[]) => {
    const data = coSigned(kind, { target_node_id: MEM.id, new_level }, signers);
    test.log.receive([eventBy(by, lamport++, `community.member.${kind}`, data)]);
    return test.community.level(MEM.id);
  };
  assertEquals(decide("promoted", MEM, "trusted", []), "member");
  assertEquals(decide("promoted", MEM, "trusted", [MEM]), "member");
  assertEquals(decide("demoted", t1, "trusted", TRUSTED), "member");
  assertEquals(decide("promoted", t1, "trusted", [t1]), "trusted");
  assertEquals(decide("demoted", t1, "member", [t1, t2]), "trusted");
  assertEquals(decide("demoted", t1, "member", [t1, t2, t3]), "member");
});

Deno.test("the policy changes by root alone, and a second founding changes nothing", () => {
  const test = opened();
  const update = (who: Identity, lamport: number, policy: JsonObject) => {
    test.log.receive([eventBy(who, lamport, "community.policy.updated", { policy })]);
    return test.community.manifest().policy;
  };
  const [t1] = TRUSTED;
  const before = test.community.manifest();
  assertEquals(update(MEM, 60, { federation_enabled: false }), before.policy);
  assertEquals(update(t1, 61, { federation_enabled: false }), before.policy);
  const changed = update(ROOT, 62, { capability_token_ttl_seconds: 60, federation_enabled: 0, research: { on: true } });
  assertEquals(changed, { ...before.policy, capability_token_ttl_seconds: 60, research: { on: true } });
  test.log.receive([eventBy(ROOT, 70, "community.created", { name: "other", founder_node_id: MEM.id, policy: {} })]);
  assertEquals([test.community.manifest().name, test.community.manifest().policy], [before.name, changed]);
});
