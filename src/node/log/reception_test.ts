import { assertEquals } from "@std/assert";
import { type Json, type JsonObject, signDocument } from "../../protocol/mod.ts";
import { actor, admission, coSigned, eventBy, openTestLog, ROOT, type TestEvent } from "./testing.ts";

const MEM = actor("mem");
const OTHER = actor("other");
const STRANGER = actor("stranger");
const CID = { cid: "blake3:00", sizes_bytes: 1 };
const TYPE = "file.cid.advertised";

/** A log that knows two members, at head 13. */
function opened() {
  const test = openTestLog();
  test.log.receive([...admission(MEM, 10), ...admission(OTHER, 12)]);
  return test;
}

/** The event with some members replaced and signed again by its author. */
function resigned(change: JsonObject): Json {
  const event = { ...eventBy(MEM, 20, TYPE, CID), ...change };
  return signDocument(MEM, event);
}

function lacking(name: string): Json {
  const event: JsonObject = { ...eventBy(MEM, 20, TYPE, CID) };
  delete event[name];
  return signDocument(MEM, event);
}

const REFUSED: readonly (readonly [what: string, event: () => Json, reason: string])[] = [
  ["text in place of an event", () => "event", "bad_request"],
  ["null in place of an event", () => null, "bad_request"],
  ...["schema_version", "event_id", "lamport", "wall_clock", "community_id", "event_type", "data"].map((name) =>
    [`no ${name}`, () => lacking(name), "bad_request"] as const
  ),
  ["no author", () => ({ ...eventBy(MEM, 20, TYPE, CID), author: null }), "bad_request"],
  ...[-1, 1.5, "7", null, 2 ** 53, Number.MAX_SAFE_INTEGER].map((lamport) =>
    [`lamport ${JSON.stringify(lamport)}`, () => resigned({ lamport }), "bad_request"] as const
  ),
  ...["x", "", "123e4567-e89b-12d3-a456-426614174000"].map((event_id) =>
    [`event_id "${event_id}"`, () => resigned({ event_id }), "bad_request"] as const
  ),
  ...["text", [], null].map((data) =>
    [`data ${JSON.stringify(data)}`, () => resigned({ data }), "bad_request"] as const
  ),
  ["local time", () => resigned({ wall_clock: "2027-03-14T09:26:53" }), "bad_request"],
  ["schema_version 2", () => resigned({ schema_version: 2 }), "bad_request"],
  ["a foreign community", () => resigned({ community_id: STRANGER.id }), "bad_request"],
  ["a changed lamport", () => ({ ...eventBy(MEM, 20, TYPE, CID), lamport: 21 }), "invalid_signature"],
  [
    "a changed event_type",
    () => ({ ...eventBy(MEM, 20, TYPE, CID), event_type: "file.cid.unpinned" }),
    "invalid_signature",
  ],
  ["a changed data", () => ({ ...eventBy(MEM, 20, TYPE, CID), data: {} }), "invalid_signature"],
  ["a changed author", () => ({ ...eventBy(MEM, 20, TYPE, CID), author: OTHER.id }), "invalid_signature"],
  ["an empty signature", () => ({ ...eventBy(MEM, 20, TYPE, CID), signature: "" }), "invalid_signature"],
  [
    "a bare prefix as signature",
    () => ({ ...eventBy(MEM, 20, TYPE, CID), signature: "ed25519:" }),
    "invalid_signature",
  ],
  ["a stranger", () => eventBy(STRANGER, 20, TYPE, CID), "unknown_author"],
  [
    "an uninvited joining",
    () => eventBy(STRANGER, 20, "community.member.joined", { invite_event_id: "x" }),
    "unknown_author",
  ],
  ["an unknown type", () => eventBy(MEM, 20, "unheard.of", {}), "schema_unknown"],
];

for (const [what, event, reason] of REFUSED) {
  Deno.test(`reception refuses ${what} with ${reason} and takes the rest of the batch`, () => {
    const { log } = opened();
    const before = log.count();
    const answer = log.receive([eventBy(MEM, 21, TYPE, CID), event(), eventBy(MEM, 22, TYPE, CID)]);
    assertEquals([answer.accepted, answer.rejected, answer.rejected_reasons[0]?.reason], [2, 1, reason]);
    assertEquals(log.count(), before + 2);
    log.close();
  });
}

Deno.test("a revoked author is refused from its revocation on, its history is not", () => {
  const { log, community } = opened();
  const trusted = ["t1", "t2", "t3"].map(actor);
  log.receive(trusted.flatMap((identity, i) => admission(identity, 20 + 2 * i, "trusted")));
  const data = coSigned("revoked", { target_node_id: MEM.id, reason: "other" }, trusted);
  log.receive([eventBy(trusted[0] ?? ROOT, 40, "community.member.revoked", data)]);
  assertEquals([community.isMember(MEM.id), community.isRevoked(MEM.id)], [false, true]);
  const reasonAt = (lamport: number) => log.receive([eventBy(MEM, lamport, TYPE, CID)]).rejected_reasons[0]?.reason;
  assertEquals([39, 40, 50].map(reasonAt), [undefined, "revoked_author", "revoked_author"]);
});

Deno.test("several hundred events are taken in one push", () => {
  const { log } = opened();
  const events: TestEvent[] = [];
  for (let i = 0; i < 500; i++) events.push(eventBy(MEM, 100 + i, TYPE, CID));
  assertEquals(log.receive(events).accepted, 500);
  assertEquals(log.head(), 599);
});

Deno.test("contract 3 types are kept without effect", () => {
  const { log } = opened();
  assertEquals(log.receive([eventBy(MEM, 20, "experimental.unknown.thing", {})]).accepted, 1);
});
