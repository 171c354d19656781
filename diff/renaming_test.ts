import { assert, assertEquals, assertLess } from "@std/assert";
import * as fc from "fast-check";
import { Renaming } from "./renaming.ts";

/** Bound the issue sets for memory per distinct id. */
const MAX_BYTES_PER_NAME = 100;
const MANY_NAMES = 20_000;

const pairs = fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 4 }), fc.string({ minLength: 1, maxLength: 4 })));

Deno.test("every name corresponds to itself when both sides say the same", () => {
  fc.assert(fc.property(fc.array(fc.string({ minLength: 1 })), (names) => {
    const renaming = new Renaming();
    return names.every((name) => typeof renaming.offer(name, name) === "string");
  }));
});

Deno.test("a pair clashes exactly when a one-to-one map says so", () => {
  fc.assert(fc.property(pairs, (given) => {
    const renaming = new Renaming();
    const forward = new Map<string, string>();
    const backward = new Map<string, string>();
    for (const [left, right] of given) {
      const known = forward.get(left);
      const back = backward.get(right);
      const fits = (known === undefined || known === right) && (back === undefined || back === left);
      assertEquals(typeof renaming.offer(left, right) === "string", fits);
      if (fits) {
        forward.set(left, right);
        backward.set(right, left);
      }
    }
  }));
});

Deno.test("swapping the sides swaps nothing but the names", () => {
  fc.assert(fc.property(pairs, (given) => {
    const [one, other] = [new Renaming(), new Renaming()];
    for (const [left, right] of given) {
      assertEquals(typeof one.offer(left, right) === "string", typeof other.offer(right, left) === "string");
    }
  }));
});

Deno.test("names beyond the bound go to disk and still correspond", () => {
  const renaming = new Renaming({ maxInMemory: 10 });
  try {
    for (let i = 0; i < 100; i++) assertEquals(renaming.offer(`left ${i}`, `right ${i}`), "new");
    assertEquals(renaming.size, 100);
    assertEquals(renaming.offer("left 90", "right 90"), "known");
    assertEquals(renaming.offer("left 90", "right 91"), { clash: "left" });
    assertEquals(renaming.offer("unheard", "right 95"), { clash: "right" });
    assert(renaming.corresponds("left 5", "right 5") && renaming.corresponds("left 95", "right 95"));
  } finally {
    renaming.close();
  }
});

Deno.test("a name takes at most a hundred bytes", () => {
  const renaming = new Renaming();
  for (let i = 0; i < MANY_NAMES; i++) renaming.offer(`left ${i}`, `right ${i}`);
  assertLess(renaming.bytes / MANY_NAMES, MAX_BYTES_PER_NAME);
});
