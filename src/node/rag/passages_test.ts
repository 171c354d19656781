import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { cutPassages } from "./passages.ts";

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join(" ");

Deno.test("passages overlap and name their page", () => {
  const passages = cutPassages([{ text: numbered(25), number: 1 }, { text: "last", number: 2 }], 10, 2);
  assertEquals(passages.map(({ page, text }) => [page, text.split(" ")[0], text.split(" ").at(-1)]), [
    [1, "w0", "w9"],
    [1, "w8", "w17"],
    [1, "w16", "w24"],
    [2, "last", "last"],
  ]);
});

Deno.test("passages cover every word and none is longer than the size", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 40 }), fc.nat(39), (n, size, overlap) => {
      const passages = cutPassages([{ text: numbered(n), number: undefined }], size, Math.min(overlap, size - 1));
      const found = new Set(passages.flatMap(({ text }) => text.split(" ")));
      assertEquals(found.size, n);
      assert(passages.every(({ text }) => text.split(" ").length <= size));
    }),
  );
});
