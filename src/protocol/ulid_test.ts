import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Random } from "./random.ts";
import { isUlid, ulid, UlidSource, ulidTime } from "./ulid.ts";

Deno.test("a ULID has its form and gives its time back", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.nat(), (time, seed) => {
    const text = ulid(time, new Random(seed));
    assert(isUlid(text));
    assertEquals(ulidTime(text), time);
  }));
});

Deno.test("other texts are none", () => {
  const good = ulid(0, new Random(1));
  for (
    const bad of [good.slice(1), good + "0", "8" + good.slice(1), good.replace(/.$/, "I"), good.toLowerCase(), 5]
  ) {
    assert(!isUlid(bad), String(bad));
  }
  assertThrows(() => ulidTime("no"), SyntaxError);
});

Deno.test("a source rises although its clock stands still or goes back", () => {
  const times = [1000, 1000, 500, 2000, 2000];
  let at = 0;
  const source = new UlidSource(() => times[at++] ?? 0, new Random(7));
  const made = times.map(() => source.next());
  assertEquals(made, made.toSorted());
  assertEquals(made.map(ulidTime), [1000, 1001, 1002, 2000, 2001]);
});
