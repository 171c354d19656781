import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Release, Slots } from "./slots.ts";

Deno.test("slots in use never exceed the limit and are all free once everything is released, in any order", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 5 }),
    fc.array(fc.record({ take: fc.boolean(), which: fc.nat(), twice: fc.boolean() }), { maxLength: 60 }),
    (limit, steps) => {
      const slots = new Slots(limit);
      const held: Release[] = [];
      for (const { take, which, twice } of steps) {
        if (take) {
          const release = slots.tryTake();
          assertEquals(release === undefined, held.length === limit);
          if (release !== undefined) held.push(release);
        } else if (held.length > 0) {
          const [release] = held.splice(which % held.length, 1);
          release?.();
          if (twice) release?.();
        }
        assertEquals(slots.used, held.length);
      }
      for (const release of held) release();
      assertEquals(slots.used, 0);
    },
  ));
});

Deno.test("who waits gets a slot in the order of asking, and leaves the queue when aborted", async () => {
  const slots = new Slots(1);
  const first = slots.tryTake();
  const impatient = new AbortController();
  const order: string[] = [];
  const lost = slots.take(impatient.signal).then(() => order.push("lost"), () => order.push("aborted"));
  const waiting = slots.take(new AbortController().signal).then((release) => {
    order.push("second");
    release();
  });
  impatient.abort();
  await lost;
  first?.();
  await waiting;
  assertEquals(order, ["aborted", "second"]);
  assertEquals(slots.used, 0);
});
