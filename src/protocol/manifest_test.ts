import { assertEquals } from "@std/assert";
import { atLeast, LEVELS, MANIFEST_REPUBLISH_SECONDS, MANIFEST_TTL_SECONDS } from "./manifest.ts";

Deno.test("levels rise from unknown to anchor", () => {
  for (const [i, level] of LEVELS.entries()) {
    assertEquals(LEVELS.map((required) => atLeast(level, required)), LEVELS.map((_, j) => j <= i));
  }
});

Deno.test("a manifest is renewed before it expires", () => {
  assertEquals([MANIFEST_TTL_SECONDS, MANIFEST_REPUBLISH_SECONDS], [30, 20]);
});
