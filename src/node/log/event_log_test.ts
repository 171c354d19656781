import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { verifyDocument, verifyEvent } from "../../protocol/mod.ts";
import { actor, admission, eventBy, openTestLog, ROOT } from "./testing.ts";
import { answerSync, headsDocument } from "./sync.ts";

Deno.test("a fresh log holds the founding of the community", () => {
  const { log, community, core } = openTestLog();
  assertEquals(log.since(0).map((event) => event.event_type), [
    "community.created",
    "community.member.invited",
    "community.member.joined",
    "community.member.promoted",
  ]);
  assert(log.since(0).every(verifyEvent));
  assertEquals(community.level(ROOT.id), "anchor");
  assertEquals(community.level(core.identity.id), "anchor");
  log.close();
});

Deno.test("the community manifest verifies under an anchor and is made again after each event", () => {
  const { log, community, core } = openTestLog();
  const first = community.manifest();
  assert(verifyDocument(core.identity.id, first));
  assertEquals(first.head_lamport, log.head());
  assertEquals(community.manifest(), first);
  const mem = actor("mem");
  log.receive(admission(mem, 10));
  const second = community.manifest();
  assertEquals(second.head_lamport, 11);
  assertEquals(second.members.find(({ node_id }) => node_id === mem.id), {
    node_id: mem.id,
    level: "member",
    added_at: "2027-03-14T09:26:53Z",
    added_by: ROOT.id,
  });
});

Deno.test("own events rise by one, receptions by the larger value and one, duplicates and rejections not at all", () => {
  const { log } = openTestLog();
  const mem = actor("mem");
  const cid = { cid: "blake3:00" };
  log.receive(admission(mem, 10));
  const own = log.append("file.cid.advertised", cid);
  const next = (): number => log.append("file.cid.advertised", cid).lamport;
  assertEquals(next(), own.lamport + 1);
  const high = eventBy(mem, own.lamport + 1000, "file.cid.advertised", cid);
  log.receive([high]);
  assertEquals(next(), high.lamport + 2);
  log.receive([eventBy(mem, 1, "file.cid.advertised", cid)]);
  assertEquals(next(), high.lamport + 4);
  for (let i = 0; i < 10; i++) assertEquals(log.receive([high]).accepted, 0);
  assertEquals(next(), high.lamport + 5);
  log.receive([{ ...eventBy(mem, high.lamport + 1_000_000, "file.cid.advertised", cid), data: {} }]);
  assertEquals(next(), high.lamport + 6);
});

Deno.test("a restarted log goes on above every stored event", async () => {
  const dataDirectory = await Deno.makeTempDir();
  try {
    const first = openTestLog({ dataDirectory });
    const events = [1, 2, 3].map(() => first.log.append("file.cid.advertised", { cid: "blake3:00" }));
    const before = { heads: headsDocument(first.core), manifest: first.community.manifest() };
    first.log.close();
    const second = openTestLog({ dataDirectory });
    assertEquals(headsDocument(second.core), before.heads);
    assertEquals(second.community.manifest(), before.manifest);
    for (const event of events) assertEquals(second.log.get(event.event_id), event);
    assertGreater(second.log.append("file.cid.advertised", { cid: "blake3:00" }).lamport, Number(before.heads["head"]));
    second.log.close();
  } finally {
    await Deno.remove(dataDirectory, { recursive: true });
  }
});

Deno.test("the log of another community is not opened", async () => {
  const dataDirectory = await Deno.makeTempDir();
  try {
    openTestLog({ dataDirectory }).log.close();
    assertThrows(() => openTestLog({ dataDirectory, root: actor("another root") }), RangeError, "current community is");
  } finally {
    await Deno.remove(dataDirectory, { recursive: true });
  }
});

Deno.test("heads and sync answers carry both spellings, and events when our_head is given", () => {
  const { log, core } = openTestLog();
  const own = log.append("chat.message.sent", { client_id: "c", recipient: ROOT.id, body: "hi" });
  assertEquals(log.head(), own.lamport);
  const { event_count: _count, event_digest: _digest, ...heads } = headsDocument(core);
  assertEquals(heads, {
    community_id: ROOT.id,
    head: 5,
    heads_by_type: { ...log.headsByType() },
    [ROOT.id]: 5,
  });
  const answer = answerSync(core, { community_id: ROOT.id, events: [], our_head: 4 });
  assertEquals(answer, {
    accepted: 0,
    rejected: 0,
    rejected_reasons: [],
    new_head: 5,
    new_head_lamport: 5,
    events: [own],
  });
  assertEquals(answerSync(core, { community_id: ROOT.id, events: [] }).events, undefined);
});

Deno.test("the first event under an id stays", () => {
  const { log } = openTestLog();
  const mem = actor("mem");
  const first = eventBy(mem, 20, "file.cid.advertised", { cid: "blake3:00" });
  const second = eventBy(mem, 21, "file.cid.advertised", { cid: "blake3:11" }, { event_id: first.event_id });
  log.receive(admission(mem, 10));
  const answer = log.receive([first, second, first]);
  assertEquals([answer.accepted, answer.rejected], [1, 0]);
  assertEquals(log.get(first.event_id), first);
});

Deno.test("listeners see events in order of storage, after they are stored, also those they cause", () => {
  const { log } = openTestLog();
  const seen: string[] = [];
  log.subscribe((event) => {
    seen.push(event.event_type);
    assertEquals(log.get(event.event_id), event);
    if (event.event_type === "file.cid.advertised") log.append("file.cid.unpinned", event.data);
  });
  log.subscribe((event) => seen.push(event.event_type));
  log.append("file.cid.advertised", { cid: "blake3:00" });
  assertEquals(seen, ["file.cid.advertised", "file.cid.advertised", "file.cid.unpinned", "file.cid.unpinned"]);
});

Deno.test("what a log seam drops is acknowledged and not stored", () => {
  const { log } = openTestLog({ overrides: { log: () => null } });
  const before = log.count();
  log.append("file.cid.advertised", { cid: "blake3:00" });
  assertEquals(log.count(), before);
});
