import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareEvents, LamportClock, signEvent, verifyEvent } from "./event.ts";
import { identityFromSeed } from "./keys.ts";

const author = identityFromSeed(new Uint8Array(32).fill(4));
const EVENT = {
  event_id: "01K40C3M7T9V5X1Z8B6D4F2H0J",
  lamport: 57,
  wall_clock: "2027-03-14T10:02:11Z",
  community_id: author.id,
  event_type: "file.cid.unpinned",
  data: { cid: "blake3:0" },
};

Deno.test("an event is signed by its author over all other members", () => {
  const signed = signEvent(author, EVENT);
  assertEquals([signed.author, signed.schema_version], [author.id, 1]);
  assert(verifyEvent(signed));
  for (const member of Object.keys(signed)) {
    assert(!verifyEvent({ ...signed, [member]: member === "lamport" ? 58 : "other" }), member);
  }
  assert(!verifyEvent({}));
});

Deno.test("the log order is total: by Lamport value, then by id", () => {
  const event = fc.record({ lamport: fc.nat(3), event_id: fc.constantFrom("A", "B", "C") });
  fc.assert(fc.property(fc.array(event), fc.array(fc.nat()), (events, keys) => {
    const shuffled = events.map((e, i) => [keys[i] ?? 0, e] as const).sort((a, b) => a[0] - b[0]).map(([, e]) => e);
    assertEquals(shuffled.toSorted(compareEvents), events.toSorted(compareEvents));
  }));
  assert(compareEvents({ lamport: 1, event_id: "Z" }, { lamport: 2, event_id: "A" }) < 0);
});

Deno.test("Lamport time rises with every event sent or received", () => {
  fc.assert(fc.property(fc.array(fc.option(fc.nat(100))), (steps) => {
    const clock = new LamportClock();
    for (const received of steps) {
      const before = clock.now;
      const after = received === null ? clock.tick() : clock.observe(received);
      assertEquals(after, received === null ? before + 1 : Math.max(before, received) + 1);
      assertEquals(clock.now, after);
    }
  }));
});
