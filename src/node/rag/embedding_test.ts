import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import fc from "fast-check";
import { cosine, embed, EMBEDDING_DIM } from "./embedding.ts";

Deno.test("every text has a finite vector other than zero, the same each time", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const vector = embed(text);
    assertEquals(vector.length, EMBEDDING_DIM);
    assert(vector.every(Number.isFinite) && Math.hypot(...vector) > 0);
    assertEquals(embed(text), vector);
  }));
});

Deno.test("related texts are closer than unrelated ones", () => {
  const a = embed("how to repair the village well pump");
  assertGreater(cosine(a, embed("repairing a pump at the well")), cosine(a, embed("chocolate cake with cherries")));
  assertLess(cosine(a, embed("chocolate cake with cherries")), 0.9);
});
