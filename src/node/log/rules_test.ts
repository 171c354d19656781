import { assertEquals, assertNotEquals } from "@std/assert";
import { isObject, type Json } from "../../protocol/mod.ts";
import type { Overrides } from "../fault.ts";
import type { Rules } from "../rules.ts";
import { headsDocument } from "./sync.ts";
import { actor, admission, coSigned, eventBy, openTestLog, ROOT, TEST_TIME, type TestEvent } from "./testing.ts";

const [MEM, OTHER, STRANGER, FRESH] = [actor("mem"), actor("other"), actor("stranger"), actor("fresh")];
const TRUSTED = ["t1", "t2", "t3"].map(actor);
const CID = { cid: "blake3:00" };
const advertised = (lamport: number, author = MEM) => eventBy(author, lamport, "file.cid.advertised", CID);

function opened(overrides: Overrides = {}) {
  const test = openTestLog({ overrides });
  test.log.receive([
    ...admission(MEM, 10),
    ...admission(OTHER, 12),
    ...TRUSTED.flatMap((identity, i) => admission(identity, 20 + 2 * i, "trusted")),
  ]);
  return test;
}
type Test = ReturnType<typeof opened>;

const tampered = (lamport: number): Json => ({ ...advertised(lamport), data: {} });
const accepted = (...events: readonly Json[]) => ({ log }: Test): unknown => log.receive(events).accepted;
const next = ({ log }: Test) => log.append("file.cid.advertised", CID).lamport;

/** A created post with an update for each Lamport value, in this order of arrival; what is shown in the end. */
const updates = (...lamports: readonly number[]) => ({ log }: Test): unknown => {
  const created = { client_id: "c", category: "info", title: "t", body: "first" };
  const post = eventBy(MEM, 50, "market.post.created", created);
  const update = (lamport: number): TestEvent =>
    eventBy(MEM, lamport, "market.post.updated", { target_event_id: post.event_id, fields: { body: `at ${lamport}` } });
  log.receive([post, ...lamports.map(update)]);
  return log.views.market.live(TEST_TIME).map(({ body }) => body);
};

const heads = (byType: unknown) => isObject(byType) ? byType["file.cid.advertised"] : undefined;

const revoked = (after: number) => ({ log }: Test): unknown => {
  const data = coSigned("revoked", { target_node_id: MEM.id, reason: "other" }, TRUSTED);
  log.receive([eventBy(TRUSTED[0] ?? ROOT, 60, "community.member.revoked", data)]);
  return log.receive([advertised(60 + after)]).accepted;
};

const joins = (named: typeof MEM, expires: string) => ({ log, community }: Test): unknown => {
  const invitation = { invitee_node_id: FRESH.id, initial_level: "trusted", expires_at: expires };
  const invited = eventBy(ROOT, 40, "community.member.invited", invitation);
  log.receive([invited, eventBy(named, 41, "community.member.joined", { invite_event_id: invited.event_id })]);
  return community.level(named.id);
};
const LATER = "2027-03-15T00:00:00Z";
const BEFORE = "2027-03-14T00:00:00Z";

/** What the sound node does, and what it does under one other rule. */
const CASES:
  readonly (readonly [rule: string, see: (test: Test) => unknown, sound: unknown, changed: Partial<Rules>])[] = [
    ["each event is judged alone", accepted(advertised(50), tampered(51), advertised(52)), 2, {
      batchMode: "all-or-nothing",
    }],
    ["one error does not end a push", accepted(tampered(50), advertised(51)), 1, { batchMode: "until-first-error" }],
    ["signatures are verified", accepted(tampered(50)), 0, { eventSignatureValid: () => true }],
    ["authors are members", accepted(advertised(50, STRANGER)), 0, { mayWriteEvent: () => true }],
    ["the community is ours", accepted(eventBy(MEM, 50, "file.cid.advertised", CID, { community_id: MEM.id })), 0, {
      ownCommunity: () => true,
    }],
    ["types are known", accepted(eventBy(MEM, 50, "un.known", {})), 0, { unknownTypes: "store" }],
    ["late events are taken", accepted(advertised(90), advertised(85)), 2, {
      acceptsLate: (lamport, head) => lamport > head,
    }],
    ["revoked authors are refused from then on", revoked(1), 0, { revocationCovers: () => false }],
    ["history of revoked authors is taken", revoked(-1), 1, { revocationCovers: () => true }],
    ["the later update wins", updates(52, 51), ["at 52"], { viewOrder: (a, b) => a.arrival - b.arrival }],
    ["late updates count", updates(52, 51), ["at 52"], { viewOrder: (a, b) => b.event.lamport - a.event.lamport }],
    ["the invitee joins", joins(FRESH, LATER), "trusted", { joinedLevel: () => "member" }],
    ["nobody else joins", joins(STRANGER, LATER), "unknown", { invitationAdmits: () => true }],
    ["an old invitation admits nobody", joins(FRESH, BEFORE), "unknown", { invitationAdmits: (i) => i !== undefined }],
    [
      "rejected events leave the counter",
      (test) => {
        test.log.receive([tampered(5000)]);
        return next(test) < 100;
      },
      true,
      { rejectedAdvanceClock: true },
    ],
    [
      "duplicates leave the counter",
      (test) => {
        const event = advertised(50);
        test.log.receive([event, event, event]);
        return next(test);
      },
      52,
      { duplicatesAdvanceClock: true },
    ],
    [
      "a repeated event is in no count",
      (test) => {
        const event = advertised(50);
        return accepted(event, event)(test);
      },
      1,
      { countsDuplicates: true },
    ],
    [
      "a good event before a bad one stays",
      (test) => {
        test.log.receive([advertised(50), tampered(51)]);
        return test.log.head();
      },
      50,
      { batchMode: "all-or-nothing" },
    ],
    [
      "events of a type are counted where that is asked for",
      ({ core, log }) => {
        log.receive([advertised(50), advertised(51)]);
        return heads(headsDocument(core).heads_by_type);
      },
      51,
      { headsDocument: (state) => ({ heads_by_type: { ...state.countByType() } }) },
    ],
    [
      "own values follow received ones",
      (test) => {
        test.log.receive([advertised(5000)]);
        return next(test);
      },
      5002,
      { lamportOnReceive: (counter) => counter },
    ],
    [
      "the first event of an id stays",
      ({ log }) => {
        const first = advertised(50);
        log.receive([first, eventBy(MEM, 51, "file.cid.unpinned", CID, { event_id: first.event_id })]);
        return log.get(first.event_id)?.event_type;
      },
      "file.cid.advertised",
      { onDuplicate: "replace" },
    ],
    ["the head after a push is told", ({ log }) => log.receive([advertised(500)]).new_head, 500, {
      reportedHead: (before) => before,
    }],
    [
      "the manifest follows the log",
      ({ log, community }) => {
        community.manifest();
        log.receive([advertised(500)]);
        return community.manifest().head_lamport;
      },
      500,
      { manifestStale: () => false },
    ],
  ];

for (const [rule, see, sound, changed] of CASES) {
  Deno.test(`the log asks its rules: ${rule}`, () => {
    assertEquals(see(opened()), sound);
    assertNotEquals(see(opened({ rules: changed })), sound);
  });
}

Deno.test("what a document seam changes is signed and stored", () => {
  const { log } = opened({
    document: (kind, value) => kind === "event" ? { ...value, event_type: "market.renamed" } : value,
  });
  assertEquals(log.append("file.cid.advertised", CID).event_type, "market.renamed");
});
