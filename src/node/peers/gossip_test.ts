import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import type { EventEnvelope, Json, JsonObject } from "../../protocol/mod.ts";
import type { Overrides } from "../fault.ts";
import { answerSync, headsDocument } from "../log/sync.ts";
import { actor, admission, eventBy, openTestLog, type TestEvent, type TestNode } from "../log/testing.ts";
import { Gossip, type PeerTransport } from "./gossip.ts";

type TestLog = ReturnType<typeof openTestLog>;

/** Two nodes of one community that founded it apart from each other. */
function node(name: string, more: TestNode = {}): TestLog {
  return openTestLog({ node: name, ...more });
}

/** Calls the sync endpoints of a log directly; notes what was posted. */
function reach({ core }: TestLog, posted: JsonObject[] = []): PeerTransport {
  return {
    get: () => Promise.resolve(headsDocument(core)),
    post: (_path, body) => {
      posted.push(body);
      return Promise.resolve(JSON.parse(JSON.stringify(answerSync(core, body))) as Json);
    },
  };
}

function view({ community, log }: TestLog): unknown {
  const { signature: _, ...manifest } = community.manifest();
  return { manifest, count: log.count(), posts: log.views.market.all().map(({ title, body }) => [title, body]).sort() };
}

const MEM = actor("mem");

Deno.test("two foundings with one root key become one community after a round", async () => {
  const [a, b] = [node("a"), node("b")];
  await new Gossip(b.core).round("a", reach(a));
  assertEquals(view(a), view(b));
  for (const { community } of [a, b]) {
    assertEquals([a, b].map(({ core }) => community.level(core.identity.id)), ["anchor", "anchor"]);
  }
});

Deno.test("conflicting updates on both sides of a partition end with one winner, whoever starts the round", async () => {
  const winners: unknown[] = [];
  for (const starter of [0, 1]) {
    const sides = [node("a"), node("b")] as [TestLog, TestLog];
    await new Gossip(sides[0].core).round("b", reach(sides[1]));
    const post = eventBy(MEM, 52, "market.post.created", { client_id: "c", category: "info", title: "t", body: "b" });
    for (const { log } of sides) log.receive([...admission(MEM, 50), post]);
    sides.forEach(({ log }, i) =>
      log.receive([
        eventBy(MEM, 60 + i, "market.post.updated", { target_event_id: post.event_id, fields: { body: `side ${i}` } }),
        eventBy(MEM, 70 - i, "file.cid.advertised", { cid: "blake3:00" }),
      ])
    );
    const [from, to] = starter === 0 ? sides : [sides[1], sides[0]];
    await new Gossip(from.core).round("other", reach(to));
    assertEquals(view(from), view(to));
    winners.push(from.log.views.market.get(post.event_id)?.body);
  }
  assertEquals(winners, ["side 1", "side 1"]);
});

Deno.test("a round makes any two logs equal", async () => {
  const side = fc.array(fc.nat(40), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(side, side, async (left, right) => {
      const [a, b] = [node("a"), node("b")];
      for (const [log, values] of [[a.log, left], [b.log, right]] as const) {
        log.receive(admission(MEM, 5));
        log.receive(values.map((lamport) => eventBy(MEM, lamport, "file.cid.advertised", { cid: "blake3:00" })));
      }
      await new Gossip(a.core).round("b", reach(b));
      assertEquals(headsDocument(a.core), headsDocument(b.core));
    }),
    { numRuns: 40, seed: 0xc0ffee },
  );
});

Deno.test("a peer that tells only a head is pushed everything above it, unchanged, and nothing else", async () => {
  const { core, log } = node("a");
  const events: TestEvent[] = [];
  for (let lamport = 10; lamport < 14; lamport++) {
    events.push(eventBy(MEM, lamport, "file.cid.advertised", { cid: "c" }));
  }
  log.receive([...admission(MEM, 5), ...events]);
  const posted: JsonObject[] = [];
  await new Gossip(core).round("fake", {
    get: () => Promise.resolve({ community_id: core.communityId, head: 11 }),
    post: (_path, body) => {
      posted.push(body);
      return Promise.resolve({ accepted: 0, rejected: 0, new_head: 0 });
    },
  });
  assertEquals(posted.flatMap((body) => body["events"] as Json[]), events.slice(2));
});

Deno.test("rounds between equal logs send nothing", async () => {
  const [a, b] = [node("a"), node("b")];
  const posted: JsonObject[] = [];
  const gossip = new Gossip(a.core);
  await gossip.round("b", reach(b));
  await gossip.round("b", reach(b, posted));
  assertEquals(posted, []);
});

Deno.test("logs that a revocation keeps apart are not compared again until something happens", async () => {
  const refusing = { rules: { mayWriteEvent: () => false } };
  const [a, b] = [node("a"), node("b", { overrides: refusing })];
  const gossip = new Gossip(a.core);
  await gossip.round("b", reach(b));
  const posted: JsonObject[] = [];
  await gossip.round("b", reach(b, posted));
  assertEquals(posted, []);
  a.log.append("file.cid.advertised", { cid: "blake3:00" });
  await gossip.round("b", reach(b, posted));
  assert(posted.length > 0);
});

Deno.test("meeting a founder makes it known as a member before anything was sent", async () => {
  const [a, b] = [node("a"), node("b")];
  const posted: JsonObject[] = [];
  await new Gossip(b.core).meet(reach(a, posted));
  assert(b.community.isMember(a.core.identity.id));
  assert(posted.every((body) => (body["events"] as Json[]).length === 0));
});

Deno.test("a push starts above the head that the peer tells, or where the rules say", async () => {
  const pushedLamports = async (overrides: Overrides) => {
    const a = node("a", { overrides });
    const posted: JsonObject[] = [];
    const cid = { cid: "blake3:00" };
    a.log.append("file.cid.advertised", cid);
    const own = a.log.append("file.cid.advertised", cid).lamport;
    const peer: PeerTransport = {
      get: () => Promise.resolve({ head: own - 1 }),
      post: (_path, body) => Promise.resolve((posted.push(body), { accepted: 0, rejected: 0 })),
    };
    await new Gossip(a.core).round("b", peer);
    return posted.flatMap((body) => (body["events"] as JsonObject[]).map((event) => Number(event["lamport"]) - own));
  };
  assertEquals(await pushedLamports({}), [0]);
  const deeper = {
    pushesAbove: (head: number) => head - 1,
    eventsToPush: (events: readonly EventEnvelope[]) => events,
  };
  assertEquals(await pushedLamports({ rules: deeper }), [-1, 0]);
});
