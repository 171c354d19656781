import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { deriveBytes, parseSeed, Random } from "./random.ts";

Deno.test("same seed and labels, same stream, however it is cut", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0 }), fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 5 }), (seed, cuts) => {
      const whole = new Random(seed, "a").bytes(cuts.reduce((sum, n) => sum + n, 0));
      const parts = new Random(seed, "a");
      assertEquals(cuts.flatMap((n) => [...parts.bytes(n)]), [...whole]);
    }),
  );
});

Deno.test("paths of labels are independent, also where they join to the same text", () => {
  assertNotEquals(deriveBytes(1, "ab", "c"), deriveBytes(1, "a", "bc"));
  assertNotEquals(deriveBytes(1, "a"), deriveBytes(2, "a"));
  assertEquals(deriveBytes(1, "a").length, 32);
});

Deno.test("draws stay inside their bounds", () => {
  fc.assert(fc.property(fc.nat(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
    const random = new Random(seed);
    const drawn = random.below(bound);
    assert(Number.isInteger(drawn) && drawn >= 0 && drawn < bound);
    const unit = random.unit();
    assert(unit >= 0 && unit < 1);
    assert(/^[a-z]{8}$/.test(random.word()));
  }));
  for (const bound of [0, -1, 1.5, 2 ** 32 + 1]) assertThrows(() => new Random(1).below(bound), RangeError);
  assertThrows(() => new Random(1).pick([]), RangeError);
});

Deno.test("every item is drawn about equally often", () => {
  const random = new Random("fair");
  const tally = new Map<string, number>();
  for (let n = 0; n < 3000; n++) {
    const item = random.pick(["x", "y", "z"]);
    tally.set(item, (tally.get(item) ?? 0) + 1);
  }
  for (const count of tally.values()) assert(count > 850 && count < 1150);
});

Deno.test("seeds are decimal or hexadecimal safe integers", () => {
  assertEquals(["0", "12", "0xC0FFEE", "0X1f"].map(parseSeed), [0, 12, 0xc0ffee, 0x1f]);
  for (const bad of ["", "-1", "1.5", "0x", "ten", "1e3", "9007199254740992"]) assertEquals(parseSeed(bad), undefined);
});
