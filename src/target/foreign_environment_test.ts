import { assertEquals } from "@std/assert";
import { foreignEnvironment } from "./foreign_environment.ts";

Deno.test("a program of somebody else gets back the DENO_DIR that the portable file replaced", () => {
  const name = "HEARTHPROOF_OUTER_DENO_DIR";
  assertEquals(foreignEnvironment(), {});
  try {
    Deno.env.set(name, "/home/a/.deno");
    assertEquals(foreignEnvironment(), { DENO_DIR: "/home/a/.deno" });
    // Empty counts as not set for Deno.
    Deno.env.set(name, "");
    assertEquals(foreignEnvironment(), { DENO_DIR: "" });
  } finally {
    Deno.env.delete(name);
  }
});
