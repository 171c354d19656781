import { assertEquals } from "@std/assert";
import {
  deriveBytes,
  type Identity,
  identityFromSeed,
  type Json,
  type JsonObject,
  signEvent,
  timestamp,
  ulid,
} from "../../protocol/mod.ts";
import { systemClock } from "../../wire/clock.ts";
import { defaultNodeOptions, ReferenceNode } from "../node.ts";
import { headsDocument } from "./sync.ts";
import { until } from "../peers/testing.ts";

const clock = systemClock();

async function getJson(node: ReferenceNode, path: string): Promise<JsonObject> {
  return await (await fetch(node.url + path)).json();
}

/** Pushes events signed for the community of the node; returns the answer. */
async function push(node: ReferenceNode, events: readonly Json[]): Promise<{ status: number; body: JsonObject }> {
  const body = JSON.stringify({ community_id: node.communityId, events });
  const answer = await fetch(`${node.url}/sync/v1/events`, { method: "POST", body });
  return { status: answer.status, body: await answer.json() };
}

function event(node: ReferenceNode, author: Identity, lamport: number, event_type: string, data: JsonObject): Json {
  const now = clock.wall();
  return signEvent(author, {
    event_id: ulid(now, node.core.random),
    lamport,
    wall_clock: timestamp(now),
    community_id: node.communityId,
    event_type,
    data,
  }) as unknown as Json;
}

Deno.test("a second node of the same root key becomes a member and both logs converge", async () => {
  const founder = await ReferenceNode.start(defaultNodeOptions({ clock, seed: 11, name: "a" }));
  const joiner = await ReferenceNode.start(
    { ...defaultNodeOptions({ clock, seed: 11, name: "b" }), peers: [founder.url] },
  );
  try {
    const heads = (node: ReferenceNode) => getJson(node, "/sync/v1/heads");
    const digest = ({ core }: ReferenceNode) => headsDocument(core)["event_digest"];
    const level = (node: ReferenceNode) => node.core.community.level(joiner.nodeId);
    await until(() => level(founder) === "anchor", "the founder admits the joiner");
    await until(() => digest(founder) === digest(joiner), "one log");

    const member = identityFromSeed(deriveBytes("composed", "member"));
    const { root } = founder.core.options;
    const invited = event(founder, root, 100, "community.member.invited", {
      invitee_node_id: member.id,
      initial_level: "member",
    }) as JsonObject;
    const joined = event(founder, member, 101, "community.member.joined", {
      invite_event_id: invited["event_id"] ?? "",
      node_manifest: {},
    });
    await push(founder, [invited, joined]);
    await push(joiner, [invited, joined]);
    const post = { client_id: "c", category: "info", title: "t", body: "b" };
    assertEquals((await push(founder, [event(founder, member, 110, "market.post.created", post)])).body["accepted"], 1);
    assertEquals((await push(joiner, [event(joiner, member, 105, "market.post.created", post)])).body["accepted"], 1);
    await joiner.core.peers.gossip();
    assertEquals(await heads(founder), await heads(joiner));
    const withoutSignature = ({ signature: _, ...rest }: JsonObject) => rest;
    assertEquals(
      withoutSignature(await getJson(founder, "/community/manifest")),
      withoutSignature(await getJson(joiner, "/community/manifest")),
    );
  } finally {
    await joiner.stop();
    await founder.stop();
  }
});

Deno.test("malformed pushes are refused as a whole, an empty one is harmless", async () => {
  const node = await ReferenceNode.start(defaultNodeOptions({ clock, seed: 12 }));
  try {
    const statusOf = async (body: string) =>
      (await fetch(`${node.url}/sync/v1/events`, { method: "POST", body }).then(async (answer) => {
        await answer.body?.cancel();
        return answer;
      })).status;
    const { communityId } = node;
    const bodies = ['{"events":[', "[]", JSON.stringify({ community_id: communityId })];
    for (const body of [...bodies, JSON.stringify({ community_id: communityId, events: {} })]) {
      assertEquals(await statusOf(body), 400);
    }
    assertEquals((await push(node, [])).body["accepted"], 0);
  } finally {
    await node.stop();
  }
});
