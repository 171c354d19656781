import { assertEquals } from "@std/assert";
import { matches, matchesAny } from "./glob.ts";

Deno.test("patterns match parts, everything below, and any depth", () => {
  const table: [path: string, pattern: string, expected: boolean][] = [
    ["core/kb/query", "core/kb/query", true],
    ["core/kb/query", "core/kb", true],
    ["core/kb/query", "core/", true],
    ["core/kb/query", "core", true],
    ["core/kb/query", "core/k", false],
    ["core/kb/query", "core/*", true],
    ["core/kb/query", "core/*/query", true],
    ["core/kb/query", "*/query", false],
    ["core/kb/query", "**/query", true],
    ["core/kb/query", "**query", true],
    ["core/kb/query", "core/?b", true],
    ["core/kb/query", "*", true],
    ["core/kb/query", "services/*", false],
    ["core/kb/query", "", false],
    ["IDN-021", "idn-*", true],
    ["IDN-021", "IDN-02?", true],
  ];
  for (const [path, pattern, expected] of table) assertEquals(matches(path, pattern), expected, `${path} ${pattern}`);
  assertEquals(matchesAny("core/kb/x", ["services", "core/kb"]), true);
  assertEquals(matchesAny("core/kb/x", []), false);
});

Deno.test("a pattern made to be slow is not", () => {
  assertEquals(matches("a".repeat(500), "*a".repeat(100) + "b"), false);
  assertEquals(matches("a", "*".repeat(1000)), false);
});
